"""Predictions as Parquet: one article a row, its spans as lists, its meta as JSON. Written only."""

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from asn_nlp.articles import Article
from asn_nlp.files import written_whole
from asn_nlp.formats.jsonl import to_record

_SPANS = pa.list_(
    pa.struct({"start": pa.int64(), "end": pa.int64(), "label": pa.string(), "score": pa.float32()})
)
_SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "text": pa.string(),
        "entities": _SPANS,
        "themes": _SPANS,
        "meta": pa.string(),
    }
)
_ROWS = 1024  # articles held in memory until they are written as a group


def write(articles: Iterable[Article], path: Path) -> None:
    rows = (
        to_record(article) | {"meta": json.dumps(dict(article.meta), ensure_ascii=False)}
        for article in articles
    )
    with written_whole(path) as file, ParquetWriter(file.buffer, _SCHEMA) as writer:
        while group := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(group, _SCHEMA))

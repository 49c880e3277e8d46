"""The project's own format, as the annotation guidelines give it: JSON Lines, or a JSON list."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.files import written_whole
from asn_nlp.formats.json_values import json_rows
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import (
    articles_of,
    from_record,
    json_cannot_hold,
    to_json,
)
from asn_nlp.formats.rows import jsonl_rows


def scan(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        yield from articles_of(path, jsonl_rows(file), lambda row: from_record(row.fields))


def scan_list(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        yield from articles_of(path, json_rows(file), lambda row: from_record(row.fields))


def write(articles: Iterable[Article], path: Path) -> None:
    with written_whole(path) as file:
        for article in articles:
            file.write(to_json(article.to_dict()) + "\n")


FORMAT = Format("jsonl", (".jsonl",), scan, write, json_cannot_hold)
LIST = Format("json", (".json",), scan_list)

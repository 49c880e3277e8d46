"""Articles as Parquet: one a row, its spans as lists, its meta as JSON. Needs pyarrow."""

from collections.abc import Iterable, Iterator, Mapping
from io import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.files import written_bytes
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import (
    articles_of,
    from_record,
    json_cannot_hold,
    to_json,
)
from asn_nlp.formats.rows import LONGEST_RECORD, Row, RowError, parsed

# Arrow knows values that Python does not: the year 10000, time zones of its own.
_UNKNOWN_TO_PYTHON = (ArithmeticError, LookupError, NotImplementedError, TypeError, ValueError)

_READ_ROWS = 16  # held in memory at once, where they are not too long together
_READ_BYTES = 2**20  # of the file at once; else Arrow holds all of a row group, or of all of them
_LARGEST_RATIO = 200  # as of files that gzip or Zstandard made smaller
_SMALL = 2**28  # bytes that a file may unpack to whatever its size
_WRITTEN_ROWS = 1024
_WRITTEN_CHARACTERS = 2**24  # whichever comes first closes a row group


def scan(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        yield from articles_of(path, parquet_rows(file), lambda row: article_of_columns(row.fields))


def parquet_rows(file: BinaryIO) -> Iterator[Row]:
    """The rows of a Parquet file, as dicts by column.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    line = 0
    for batch in _batches(file):
        if isinstance(batch, str):
            yield Row(None, "", problem=batch)
            return
        yield from _rows(batch, line)
        line += batch.num_rows


def _batches(file: BinaryIO) -> Iterator[Any]:
    """Record batches, or at the end the problem why there are no more."""
    arrow = _arrow()
    largest = max(_SMALL, _LARGEST_RATIO * file.seek(0, SEEK_END))
    read = 0
    try:
        with arrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=_READ_BYTES) as table:
            names = table.schema_arrow.names
            if len(set(names)) < len(names):
                yield f"each column must have a name of its own, found {names!r:.200}; rename"
                return
            for group in range(table.num_row_groups):
                unpacked = _unpacked(table.metadata.row_group(group))
                if read + unpacked > largest:
                    yield _bomb(read + unpacked, largest)
                    return
                # No row is longer than its group, but a word of a dictionary may stand in many.
                rows = max(1, min(_READ_ROWS, LONGEST_RECORD // max(1, unpacked)))
                for batch in table.iter_batches(rows, row_groups=[group], use_threads=False):
                    read += batch.nbytes
                    if read > largest:
                        yield _bomb(read, largest)
                        return
                    yield batch
    # Whatever a damaged file leads Arrow to: its own errors, UnicodeDecodeError, MemoryError …
    except Exception as error:
        yield f"the file must be readable to its end, but: {error!s:.500}; get it anew"


def _unpacked(group: Any) -> int:
    """The bytes of a row group, by what the file says of itself."""
    columns = range(group.num_columns)
    return sum(group.column(place).total_uncompressed_size for place in columns)


def _bomb(unpacked: int, largest: int) -> str:
    return (
        f"a file must unpack to at most {_LARGEST_RATIO} times its size, as text does, here "
        f"{largest:,} bytes, but this one becomes {unpacked:,} or more; if it is meant, write it "
        "anew with less compression"
    )


def write(articles: Iterable[Article], path: Path) -> None:
    """Raises MissingExtra, before an article is taken, where pyarrow is not installed."""
    arrow = _arrow()
    span = {"start": arrow.int64(), "end": arrow.int64(), "label": arrow.string()}
    spans = arrow.list_(arrow.struct(span | {"score": arrow.float64()}))
    strings = dict.fromkeys(("id", "text"), arrow.string())
    schema = arrow.schema(strings | {"entities": spans, "themes": spans, "meta": arrow.string()})
    with written_bytes(path) as file, arrow.parquet.ParquetWriter(file, schema) as writer:
        for group in _groups(articles):
            writer.write_table(arrow.Table.from_pylist(group, schema))


def _arrow() -> Any:
    with extra("tables", "a Parquet file"):
        import pyarrow
        import pyarrow.parquet
    return pyarrow


def _rows(batch: Any, before: int) -> Iterator[Row]:
    """The rows of ``batch``, which follows ``before`` others."""
    if batch.nbytes <= LONGEST_RECORD:
        try:
            values = batch.to_pylist()
        except _UNKNOWN_TO_PYTHON:
            pass
        else:
            yield from (Row(line, None, row) for line, row in enumerate(values, before + 1))
            return
    for place in range(batch.num_rows):
        yield _row(batch.slice(place, 1), before + place + 1)


def _row(batch: Any, line: int) -> Row:
    """The one row of ``batch``, where something is wrong with some row near it."""
    if batch.nbytes > LONGEST_RECORD:
        problem = (
            f"a row must hold at most {LONGEST_RECORD:,} bytes, found {batch.nbytes:,}; divide the "
            "text, or leave it out"
        )
        return Row(line, f"({batch.nbytes:,} bytes)", problem=problem)
    fields, unread = {}, []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            fields[name] = column[0].as_py()
        except _UNKNOWN_TO_PYTHON as error:
            fields[name] = _in_words(column)
            unread.append(f"column {name!r} holds what Python cannot ({error})")
    if not unread:
        return Row(line, None, fields)
    problem = f"a row must be readable, but: {'; '.join(unread)}; mend it"
    return Row(line, None, fields, problem)


def _in_words(column: Any) -> str:
    try:
        return str(column[0]) if column.type == "string" else str(column)
    except ValueError:  # a string of bytes that are no UTF-8
        return repr(column.cast("binary")[0].as_py())


def article_of_columns(fields: object) -> Article:
    """The article of a row whose meta is JSON. Raises AnnotationError: as ``from_record``."""
    if isinstance(fields, Mapping):
        meta = fields.get("meta")
        if isinstance(meta, str):
            try:
                meta = parsed(meta)
            except RowError as error:
                raise AnnotationError([f"'meta' must be one JSON object, but: {error}"]) from None
        fields = {**fields, "meta": meta or {}}
    return from_record(fields)


def _groups(articles: Iterable[Article]) -> Iterator[list[dict[str, Any]]]:
    """Rows enough for a row group, few enough to hold."""
    group: list[dict[str, Any]] = []
    characters = 0
    for article in articles:
        record = article.to_dict()
        group.append(record | {"meta": to_json(record["meta"])})
        characters += len(article.text)
        if len(group) == _WRITTEN_ROWS or characters > _WRITTEN_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


FORMAT = Format("parquet", (".parquet",), scan, write, json_cannot_hold)

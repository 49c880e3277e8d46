"""The records of CSV files, one at a time; no record stops the rest."""

import csv
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from io import TextIOWrapper
from typing import BinaryIO

from asn_nlp.formats import rows
from asn_nlp.formats.rows import EXCERPT, Row, RowError, decoded, foreign, shown, too_long


def csv_rows(file: BinaryIO, text_column: str = "text") -> Iterator[Row]:
    """The records of a CSV file by column; its header, with ``text_column`` in it, shows whether
    commas, semicolons or tabs stand between.

    Where a record with a quoted field goes wrong over several lines, as when a quote is never
    closed, the lines behind its first are read again, each as a record by itself.
    """
    if fault := foreign(file.read(4)):
        yield Row(None, "", problem=fault)
        return
    file.seek(0)
    delimiter = _delimiter(shown(file.readline(rows.LONGEST_RECORD)), text_column)
    file.seek(0)
    # A byte that is not UTF-8 becomes half a surrogate pair, so that it spoils its record alone.
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    names: list[str] | None = None
    for line, raw, values, problem in _csv_records(text, delimiter):
        if not problem:
            problem, raw = _utf8_fault(raw)
        if names is None:
            if not problem and (values.count(text_column) != 1 or len(set(values)) < len(values)):
                problem = (
                    f"the header must name each column once, one of them {text_column!r}, with "
                    f"commas, semicolons or tabs between, found {values!r:.200}; rename"
                )
            if problem:
                yield Row(None, "", problem=problem)
                break
            names = values
        else:
            fields = None if problem else dict(zip(names, values, strict=True))
            yield Row(line, raw.rstrip("\r\n"), fields, problem)
    text.detach()  # lest it close what the caller opened


def _delimiter(header: str, text_column: str) -> str:
    for delimiter in ",;\t":
        with suppress(csv.Error):  # which is told where the records are read
            names = next(csv.reader([header.removeprefix("\ufeff")], delimiter=delimiter), [])
            if text_column in names:
                return delimiter
    return ","


def _csv_records(
    file: TextIOWrapper, delimiter: str
) -> Iterator[tuple[int, str, list[str], str | None]]:
    """Line, text, values and problem of each record that is not blank, the header first."""
    # The limit of the csv module itself, 128 KB a field, would refuse long articles.
    csv.field_size_limit(2**31 - 1)
    again: deque[str] = deque()
    width, line = 0, 1
    while True:
        lines = [again.popleft()] if again else []
        values: list[str] = []
        problem = None
        try:
            values = next(
                csv.reader(lines[:] or _feed(file, lines), strict=True, delimiter=delimiter), []
            )
        except csv.Error as error:
            problem = (
                "a quoted field must end with a quote and double those inside, but: "
                f"{error}; correct the quotes"
            )
        if not lines:
            return
        raw = "".join(lines)
        width = width or len(values)
        if not problem and values and len(values) != width:
            problem = (
                f"a record must have the {width} fields of the header, found {len(values)}; "
                "quote delimiters and line breaks inside a field"
            )
        if len(raw) > rows.LONGEST_RECORD:
            problem = too_long("record")
        if problem and len(lines) > 1:
            problem += (
                f"; the record covers lines {line} to {line + len(lines) - 1}, and those behind "
                "the first are read again one by one"
            )
            again.extend(lines[1:])
            raw, lines = lines[0], lines[:1]
        if not raw.isspace():
            yield line, raw if len(raw) <= rows.LONGEST_RECORD else raw[:EXCERPT], values, problem
        line += len(lines)


def _feed(file: TextIOWrapper, lines: list[str]) -> Iterator[str]:
    """Lines of ``file``, kept in ``lines``, until they are too long for one record."""
    left = rows.LONGEST_RECORD
    while left >= 0 and (line := file.readline(rows.LONGEST_RECORD + 1)):
        left -= len(line)
        if left < 0:
            rest = line
            while len(line) > rows.LONGEST_RECORD and rest and not rest.endswith(("\n", "\r")):
                rest = file.readline(2**20)
        lines.append(line)
        yield line


def _utf8_fault(text: str) -> tuple[str | None, str]:
    """Why a text read with ``surrogateescape`` was no UTF-8, if so, and how to show it."""
    try:
        if "\0" not in text:
            text.encode()
            return None, text
    except UnicodeEncodeError:
        pass
    raw = text.encode(errors="surrogateescape")
    try:
        decoded(raw)
    except RowError as error:
        return str(error), shown(raw)
    return None, text

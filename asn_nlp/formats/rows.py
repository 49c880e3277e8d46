"""The rows of text, JSON Lines and CSV files, one at a time; the one reader of such files.

No row stops the rest, and none takes more memory than a record of ``LONGEST_RECORD``.
"""

import csv
import json
import math
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from typing import BinaryIO, NamedTuple, NoReturn

LONGEST_RECORD = 64 * 2**20  # bytes of a line or row, characters in CSV
DEEPEST_JSON = 100  # objects and lists inside each other

_EXCERPT = 1_000  # characters kept of a record that is too long
_DEEP = (
    f"lists and objects must stand at most {DEEPEST_JSON} deep inside each other, but stand "
    "deeper; flatten them"
)


class Row(NamedTuple):
    """A place in a file: the fields of a record, or the problem why it has none.

    ``line`` counts from 1; None, and no ``raw``, where the whole file is the record, or is meant.
    ``raw`` is None where ``fields`` hold all there is.
    """

    line: int | None
    raw: str | None
    fields: object = None
    problem: str | None = None


class RowError(ValueError):
    """The bytes of a row are no text, or its text is no JSON; the message is a problem's."""


def text_rows(file: BinaryIO) -> Iterator[Row]:
    """The one row of a plain text, its words in ``text``."""
    raw = file.read(LONGEST_RECORD + 1)
    if fault := _foreign(raw):
        yield Row(None, "", problem=fault)
    elif len(raw) > LONGEST_RECORD:
        yield Row(None, "", problem=_too_long("file"))
    elif raw:
        try:
            yield Row(None, "", {"text": decoded(raw)})
        except RowError as error:
            yield Row(None, "", problem=str(error))


def jsonl_rows(file: BinaryIO) -> Iterator[Row]:
    """The value of each line that is not blank."""
    line = 0
    while raw := file.readline(LONGEST_RECORD + 1):
        line += 1
        if line == 1 and (fault := _foreign(raw)):
            yield Row(None, "", problem=fault)
            return
        if len(raw) > LONGEST_RECORD and not raw.endswith(b"\n"):
            yield Row(line, _shown(raw[:_EXCERPT]), problem=_too_long("line"))
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(2**20)
        elif raw.strip():
            try:
                yield Row(line, _shown(raw), parsed(decoded(raw)))
            except RowError as error:
                yield Row(line, _shown(raw), problem=str(error))


def csv_rows(file: BinaryIO) -> Iterator[Row]:
    """The records of a CSV file (commas, a header with ``text`` in it), by column.

    Where a record with a quoted field goes wrong over several lines, as when a quote is never
    closed, the lines behind its first are read again, each as a record by itself.
    """
    if fault := _foreign(file.read(4)):
        yield Row(None, "", problem=fault)
        return
    file.seek(0)
    # A byte that is not UTF-8 becomes half a surrogate pair, so that it spoils its record alone.
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    names: list[str] | None = None
    for line, raw, values, problem in _csv_records(text):
        if not problem:
            problem, raw = _utf8_fault(raw)
        if names is None:
            if not problem and (values.count("text") != 1 or len(set(values)) < len(values)):
                problem = (
                    "the header must name each column once, one of them 'text', with commas "
                    f"between, found {values!r:.200}; rename"
                )
            if problem:
                yield Row(None, "", problem=problem)
                break
            names = values
        else:
            fields = None if problem else dict(zip(names, values, strict=True))
            yield Row(line, raw.rstrip("\r\n"), fields, problem)
    text.detach()  # lest it close what the caller opened


def decoded(raw: bytes) -> str:
    """UTF-8 text, without a mark in front.

    Raises:
        RowError: the bytes are something else.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RowError(
            f"text must be UTF-8, but byte {error.start} of the record is "
            f"0x{error.object[error.start]:02x}; save it as UTF-8"
        ) from None
    if "\0" in text:
        raise RowError(
            f"text must hold no NUL, as UTF-16 would, but character {text.index(chr(0))} of the "
            "record is one; save it as UTF-8, or remove the NUL"
        )
    return text


def parsed(text: str) -> object:
    """The value of JSON that every reader of JSON understands alike.

    Raises:
        RowError: the text is no JSON, repeats a key, holds NaN, an infinite number, half a
            surrogate pair, or more than ``DEEPEST_JSON`` lists or objects inside each other.
    """
    try:
        value = _JSON.decode(text)
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 20) : error.pos + 20]
        raise RowError(
            f"a line must be one JSON object, but column {error.colno} breaks it "
            f"({error.msg}) near {near!r}; repair the line"
        ) from None
    except RecursionError:
        raise RowError(_DEEP) from None
    except RowError:
        raise
    except ValueError:  # the only other: Python reads no whole number of more digits
        raise RowError(
            "a line must be one JSON object, but it holds a whole number of more than 4,300 "
            "digits; shorten it, or make it a string"
        ) from None
    if text.count("[") + text.count("{") > DEEPEST_JSON and _is_deep(value):
        raise RowError(_DEEP)
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise RowError(
                "a line must hold whole characters, but it has half a surrogate pair, "
                f"\\u{ord(error.object[error.start]):04x}; remove it"
            ) from None
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        met: set[str] = set()
        for name, _ in pairs:
            if name in met:
                raise RowError(
                    f"a key must stand once in an object, but {name!r:.60} is repeated; keep one"
                )
            met.add(name)
    return fields


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _not_finite(number)


def _not_finite(number: str) -> NoReturn:
    raise RowError(
        f"a number must be finite, as JSON has it, found {number:.40}; correct it, or use null"
    )


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_not_finite)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(DEEPEST_JSON + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def _csv_records(file: TextIOWrapper) -> Iterator[tuple[int, str, list[str], str | None]]:
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
            values = next(csv.reader(lines[:] or _feed(file, lines), strict=True), [])
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
                "quote commas and line breaks inside a field"
            )
        if len(raw) > LONGEST_RECORD:
            problem = _too_long("record")
        if problem and len(lines) > 1:
            problem += (
                f"; the record covers lines {line} to {line + len(lines) - 1}, and those behind "
                "the first are read again one by one"
            )
            again.extend(lines[1:])
            raw, lines = lines[0], lines[:1]
        if not raw.isspace():
            yield line, raw if len(raw) <= LONGEST_RECORD else raw[:_EXCERPT], values, problem
        line += len(lines)


def _feed(file: TextIOWrapper, lines: list[str]) -> Iterator[str]:
    """Lines of ``file``, kept in ``lines``, until they are too long for one record."""
    left = LONGEST_RECORD
    while left >= 0 and (line := file.readline(LONGEST_RECORD + 1)):
        left -= len(line)
        if left < 0:
            rest = line
            while len(line) > LONGEST_RECORD and rest and not rest.endswith(("\n", "\r")):
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
        return str(error), _shown(raw)
    return None, text


def _foreign(raw: bytes) -> str | None:
    """Why a file that begins with ``raw`` is no UTF-8, where its first bytes tell."""
    encoding = json.detect_encoding(raw[:4])
    if encoding.startswith("utf-8"):
        return None
    return f"text must be UTF-8, but the file looks like {encoding.upper()}; save it as UTF-8"


def _too_long(what: str) -> str:
    return (
        f"a {what} must hold at most {LONGEST_RECORD:,} bytes, but is longer; divide the text, or "
        "leave it out"
    )


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace").rstrip("\r\n")

"""The rows of text, JSON and JSON Lines files, one at a time; the one reader of such files.

No row stops the rest, and none takes more memory than a record of ``LONGEST_RECORD``.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

LONGEST_RECORD = 64 * 2**20  # bytes of a line or row, characters in CSV
DEEPEST_JSON = 100  # objects and lists inside each other

EXCERPT = 1_000  # characters kept of a record that is too long
_DEEP = (
    f"lists and objects must stand at most {DEEPEST_JSON} deep inside each other, but stand "
    "deeper; flatten them"
)
_LONG_NUMBER = "{} holds a whole number of more than 4,300 digits; shorten it, or make it a string"


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
    if fault := foreign(raw):
        yield Row(None, "", problem=fault)
    elif len(raw) > LONGEST_RECORD:
        yield Row(None, "", problem=too_long("file"))
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
        if line == 1 and (fault := foreign(raw)):
            yield Row(None, "", problem=fault)
            return
        if len(raw) > LONGEST_RECORD and not raw.endswith(b"\n"):
            yield Row(line, shown(raw[:EXCERPT]), problem=too_long("line"))
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(2**20)
        elif raw.strip():
            try:
                yield Row(line, shown(raw), parsed(decoded(raw)))
            except RowError as error:
                yield Row(line, shown(raw), problem=str(error))


def json_rows(file: BinaryIO) -> Iterator[Row]:
    """The elements of a JSON list, or the one value of a file that holds no list.

    Their ``line`` is their place in the list. What breaks the JSON ends the reading.
    """
    try:
        text = decoded(file.read())
    except RowError as error:
        yield Row(None, "", problem=str(error))
        return
    place = _past_space(text, 0)
    listed = text[place : place + 1] == "["
    place = _past_space(text, place + listed)
    number = 0
    while place < len(text):
        if listed and text[place] == "]":
            break
        number += 1
        try:
            value, end = _value_at(text, place)
        except RowError as error:
            yield Row(number, text[place : place + EXCERPT], problem=str(error))
            return
        yield Row(number, None, value)
        place = _past_space(text, end)
        if not listed:
            break
        if text[place : place + 1] == ",":
            place = _past_space(text, place + 1)
        elif text[place : place + 1] != "]":
            yield Row(None, "", problem=_broken_list(text, place))
            return
    if listed and text[place : place + 1] != "]":
        yield Row(None, "", problem=_broken_list(text, place))
    elif rest := text[place + listed :].strip():
        yield Row(
            None,
            "",
            problem=f"a JSON file must end where its value does, but goes on with {rest!r:.60}; "
            "remove that, or call the file .jsonl if each line is a record",
        )


def first_record(path: Path) -> Mapping[str, object]:
    """The first object of a JSON or JSON Lines file, by its ending; empty where there is none."""
    try:
        with path.open("rb") as file:
            rows = json_rows(file) if path.suffix.lower() == ".json" else jsonl_rows(file)
            first = next(rows, None)
    except OSError:
        return {}
    return first.fields if first and isinstance(first.fields, Mapping) else {}


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
        return _checked(_JSON.decode(text), text)
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
        raise RowError(_LONG_NUMBER.format("a line must be one JSON object, but it")) from None


def _value_at(text: str, place: int) -> tuple[object, int]:
    """The value that begins at ``place``, and where it ends; raises as ``parsed``."""
    try:
        value, end = _JSON.raw_decode(text, place)
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 20) : error.pos + 20]
        raise RowError(
            f"a JSON file must hold one value or a list, but line {error.lineno}, column "
            f"{error.colno} breaks it ({error.msg}) near {near!r}; repair the file"
        ) from None
    except RecursionError:
        raise RowError(_DEEP) from None
    except RowError:
        raise
    except ValueError:
        raise RowError(_LONG_NUMBER.format("a JSON file must be readable, but it")) from None
    return _checked(value, text[place:end]), end


def _past_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _broken_list(text: str, place: int) -> str:
    line = text.count("\n", 0, place) + 1
    found = repr(text[place : place + 20]) if place < len(text) else "the end"
    return (
        f"the elements of a JSON list must be divided by commas up to ']', but line {line} has "
        f"{found}; repair the file"
    )


def _checked(value: object, text: str) -> object:
    """``value``, which ``text`` means, unless it is too deep or holds half a character."""
    if text.count("[") + text.count("{") > DEEPEST_JSON and _is_deep(value):
        raise RowError(_DEEP)
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
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


def foreign(raw: bytes) -> str | None:
    """Why a file that begins with ``raw`` is no UTF-8, where its first bytes tell."""
    encoding = json.detect_encoding(raw[:4])
    if encoding.startswith("utf-8"):
        return None
    return f"text must be UTF-8, but the file looks like {encoding.upper()}; save it as UTF-8"


def too_long(what: str) -> str:
    return (
        f"a {what} must hold at most {LONGEST_RECORD:,} bytes, but is longer; divide the text, or "
        "leave it out"
    )


def shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace").rstrip("\r\n")

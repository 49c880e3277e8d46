"""The rows of text and JSON Lines files, one at a time, and what is asked of each.

No row stops the rest, and none takes more memory than a record of ``LONGEST_RECORD``.
"""

import json
import math
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, NoReturn

LONGEST_RECORD = 64 * 2**20  # bytes of a line or row, characters in CSV
DEEPEST_JSON = 100  # objects and lists inside each other

EXCERPT = 1_000  # characters kept of a record that is too long
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


def decoded(raw: bytes) -> str:
    """UTF-8 text, without a mark in front.

    Raises:
        RowError: the bytes are something else.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(error) from None
    check_no_nul(text)
    return text


def not_utf8(error: UnicodeDecodeError, before: int = 0) -> RowError:
    """``before``: bytes of the record that were decoded already."""
    return RowError(
        f"text must be UTF-8, but byte {before + error.start} of the record is "
        f"0x{error.object[error.start]:02x}; save it as UTF-8"
    )


def check_no_nul(text: str, before: int = 0) -> None:
    """Raises RowError; ``before``: characters of the record in front of ``text``."""
    if "\0" in text:
        raise RowError(
            f"text must hold no NUL, as UTF-16 would, but character {before + text.index(chr(0))} "
            "of the record is one; save it as UTF-8, or remove the NUL"
        )


def parsed(text: str) -> object:
    """The value of JSON that every reader of JSON understands alike.

    Raises:
        RowError: the text is no JSON, repeats a key, holds NaN, an infinite number, half a
            surrogate pair, or more than ``DEEPEST_JSON`` lists or objects inside each other.
    """
    try:
        return checked(DECODER.decode(text), text)
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 20) : error.pos + 20]
        raise RowError(
            f"a line must be one JSON object, but column {error.colno} breaks it "
            f"({error.msg}) near {near!r}; repair the line"
        ) from None
    except (RecursionError, ValueError) as error:
        raise RowError(unread(error, "a line must be one JSON object, but it")) from None


def unread(error: Exception, what: str) -> str:
    """Why ``DECODER`` stopped at what is JSON, ``what`` and a verb."""
    if isinstance(error, RowError):
        return str(error)
    if isinstance(error, RecursionError):
        return _DEEP
    # The only other: Python reads no whole number of more digits.
    return f"{what} holds a whole number of more than 4,300 digits; shorten it, or make it a string"


def checked(value: object, text: str) -> object:
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


DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_not_finite
)


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

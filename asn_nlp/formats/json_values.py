"""The values of a JSON file, one after the other; of a list, which may be of any length, no more is
held than one of them needs.
"""

import codecs
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from asn_nlp.formats.rows import (
    DECODER,
    EXCERPT,
    LONGEST_RECORD,
    Row,
    RowError,
    check_no_nul,
    checked,
    jsonl_rows,
    not_utf8,
    too_long,
    unread,
)

_BLOCK = 2**20  # bytes that are read at once, at least
_LONGEST_WORD = 10  # -Infinity and what follows it


def json_rows(file: BinaryIO) -> Iterator[Row]:
    """The elements of a JSON list, or the one value of a file that holds no list.

    Their ``line`` is their place in the list. What breaks the JSON ends the reading.
    """
    text = _Text(file)
    number = 0
    try:
        sign = text.sign()
        if listed := sign == "[":
            sign = text.past(sign)
        while sign and not (listed and sign == "]"):
            number += 1
            yield Row(number, None, text.value())
            sign = text.sign()
            if not listed:
                break
            if sign == ",":
                sign = text.past(sign)
                if sign == "]":
                    raise RowError(text.undivided())
            elif sign != "]":
                raise RowError(text.undivided())
        if listed:
            if not sign:
                raise RowError(text.undivided())
            sign = text.past(sign)
        if sign:
            raise RowError(
                f"a JSON file must end where its value does, but goes on with {text.near()!r:.60}; "
                "remove that, or call the file .jsonl if each line is a record"
            )
    except _ValueError as error:
        yield Row(number, text.near(EXCERPT), problem=str(error))
    except RowError as error:
        yield Row(None, "", problem=str(error))


def first_record(path: Path) -> Mapping[str, object]:
    """The first object of a JSON or JSON Lines file, by its ending; empty where there is none."""
    try:
        with path.open("rb") as file:
            rows = json_rows(file) if path.suffix.lower() == ".json" else jsonl_rows(file)
            first = next(rows, None)
    except OSError:
        return {}
    return first.fields if first and isinstance(first.fields, Mapping) else {}


class _ValueError(RowError):
    """A value cannot be had; the others are about what stands between them."""


class _Text:
    """A JSON file as text, held from where it is read to where it was asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._held = ""
        self._place = 0  # in what is held
        self._bytes = 0  # read
        self._characters = self._line = self._column = 0  # before what is held

    def sign(self) -> str:
        """The next character that is no space; none at the end."""
        while True:
            while self._place < len(self._held):
                if (sign := self._held[self._place]) not in " \t\r\n":
                    return sign
                self._place += 1
            if not self._more():
                return ""

    def past(self, sign: str) -> str:
        """Pass over ``sign``, which comes next; the sign behind it."""
        self._place += len(sign)
        return self.sign()

    def near(self, characters: int = 60) -> str:
        """Some of what comes next."""
        return self._held[self._place : self._place + characters]

    def undivided(self) -> str:
        """What is wrong where a list's element has no comma behind it, or the last one has."""
        line = self._line + self._held.count("\n", 0, self._place) + 1
        found = repr(self.near(20)) if self._place < len(self._held) else "the end"
        return (
            "the elements of a JSON list must be divided by commas, with none before ']', but line "
            f"{line} has {found}; repair the file"
        )

    def value(self) -> object:
        """The value that begins here.

        Raises:
            RowError: there is none, it is longer than ``LONGEST_RECORD``, or as ``rows.parsed``.
        """
        whole = False
        while True:
            try:
                value, end = DECODER.raw_decode(self._held, self._place)
            except json.JSONDecodeError as error:
                cut = "Unterminated" in error.msg or len(self._held) - error.pos < _LONGEST_WORD
                if whole or not cut:
                    raise _ValueError(self._broken(error)) from None
            except (RowError, RecursionError, ValueError) as error:
                raise _ValueError(unread(error, "a JSON file must be readable, but it")) from None
            else:
                # Else it may be a number cut in two: 1 of 1.5, or of 1e-5.
                if whole or end + 2 < len(self._held):
                    break
            if len(self._held) - self._place > LONGEST_RECORD:
                raise _ValueError(too_long("record"))
            whole = not self._more()
        start, self._place = self._place, end
        try:
            return checked(value, self._held[start:end])
        except RowError as error:
            self._place = start
            raise _ValueError(str(error)) from None

    def _more(self) -> bool:
        """Hold more of the file, as much again as is wanted already; False at its end.

        Raises:
            RowError: the bytes are no text.
        """
        held = len(self._held) - self._place
        raw = self._file.read(max(_BLOCK, held))
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            raise not_utf8(error, self._bytes - (len(error.object) - len(raw))) from None
        self._bytes += len(raw)
        check_no_nul(text, self._characters + len(self._held))
        gone = self._held[: self._place]
        if lines := gone.count("\n"):
            self._line += lines
            self._column = 0
        self._column += len(gone) - (gone.rfind("\n") + 1)
        self._characters += len(gone)
        self._held, self._place = self._held[self._place :] + text, 0
        return bool(raw)

    def _broken(self, error: json.JSONDecodeError) -> str:
        near = error.doc[max(0, error.pos - 20) : error.pos + 20]
        column = error.colno + (self._column if error.lineno == 1 else 0)
        return (
            f"a JSON file must hold one value or a list, but line {self._line + error.lineno}, "
            f"column {column} breaks it ({error.msg}) near {near!r}; repair the file"
        )

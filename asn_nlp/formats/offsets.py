"""Offsets of tools that count otherwise: JavaScript and Java count UTF-16 units, not characters."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from asn_nlp.errors import AnnotationError

_QUOTED = 60  # characters of a surface in a message


class Utf16:
    """The UTF-16 offsets of a text. A character above U+FFFF, such as an emoji, takes two units."""

    def __init__(self, text: str) -> None:
        wide = [place for place, one in enumerate(text) if one > "\uffff"] if text else []
        self._wide = wide
        self._middles = [place + count + 1 for count, place in enumerate(wide)]
        self.length = len(text) + len(wide)

    def character(self, unit: int) -> int | None:
        """The place of the character that begins at ``unit``; None inside one."""
        before = bisect_left(self._middles, unit)
        if before < len(self._middles) and self._middles[before] == unit:
            return None
        return unit - before

    def unit(self, character: int) -> int:
        """The unit at which the character at this place begins."""
        return character + bisect_left(self._wide, character)


class Mark(NamedTuple):
    """A place that a tool marked, in whatever it counts, and the words it says it marked."""

    start: int
    end: int
    surface: str | None = None


def fitted(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """The offsets of ``marks`` in characters, once their words have shown what the tool counted.

    White space is not compared: some tools write line breaks in a surface as spaces.

    Raises:
        AnnotationError: the words stand at neither reading of the offsets, or none are given where
            the two readings differ.
    """
    plain = [(mark.start, mark.end) for mark in marks]
    if text.isascii() or max(text) <= "\uffff":
        converted: list[tuple[int | None, int | None]] = []
    else:
        units = Utf16(text)
        converted = [(units.character(start), units.character(end)) for start, end in plain]
    told = [place for place, mark in enumerate(marks) if mark.surface is not None]
    if converted and converted != plain and not told:
        raise AnnotationError(
            [
                "offsets must count characters, but whether these count characters or UTF-16 units "
                "cannot be told: the text holds emoji or the like before them, and no mark says "
                "which words it is on; export again with a newer version, or give each mark its "
                "text"
            ]
        )
    if not _misplaced(text, marks, plain):
        return plain
    if converted and not _misplaced(text, marks, converted):
        return [(start, end) for start, end in converted if start is not None and end is not None]
    raise AnnotationError(
        [
            f"offsets must point at the words they mark, but {start}:{end} is "
            f"{text[max(0, start) : max(0, end)]!r:.{_QUOTED}} and its words are "
            f"{surface!r:.{_QUOTED}}; the text was changed after it was annotated, so annotate "
            "it anew or give the text back"
            for start, end, surface in _misplaced(text, marks, plain)
        ]
    )


def _misplaced(
    text: str, marks: Sequence[Mark], places: Sequence[tuple[int | None, int | None]]
) -> list[Mark]:
    return [
        mark
        for mark, (start, end) in zip(marks, places, strict=True)
        if start is None
        or end is None
        or (mark.surface is not None and _bare(text[max(0, start) : end]) != _bare(mark.surface))
    ]


def _bare(surface: str) -> str:
    return "".join(surface.replace("\\n", " ").split())


def characters(text: str, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Offsets in UTF-16 units, of a tool that is known to count them, in characters.

    Raises:
        AnnotationError: one lies inside a character.
    """
    units = Utf16(text)
    found = []
    problems = []
    for start, end in places:
        first, last = units.character(start), units.character(end)
        if first is None or last is None:
            problems.append(
                f"offsets must count UTF-16 units, but {start}:{end} begins or ends inside a "
                "character above U+FFFF, such as an emoji; correct them"
            )
        else:
            found.append((first, last))
    if problems:
        raise AnnotationError(problems)
    return found


def look_like_utf16(text: str, places: Sequence[tuple[int, int]]) -> str | None:
    """That ``places``, taken for characters, were counted in UTF-16 units, if they look so: read as
    units all begin and end where words do, and read as characters some do not."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return None
    units = Utf16(text)
    converted = [(units.character(start), units.character(end)) for start, end in places]
    rough = sum(_is_rough(text, *place) for place in places)
    if not rough or any(_is_rough(text, *place) for place in converted):
        return None
    return (
        f"offsets must count characters, but these look like UTF-16 units, as JavaScript and Java "
        f"count: so read, all {len(places)} marks begin and end with words, and as characters "
        f"{rough} do not; count an emoji once"
    )


def _is_rough(text: str, start: int | None, end: int | None) -> bool:
    """Whether a mark is outside the text, begins or ends inside a word, or with white space."""
    if start is None or end is None or not 0 <= start < end <= len(text):
        return True
    if text[start].isspace() or text[end - 1].isspace():
        return True
    return any(
        0 < edge < len(text) and text[edge - 1].isalnum() and text[edge].isalnum()
        for edge in (start, end)
    )

"""Where the passages of a text begin and end."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

# Only what publishers use as line ends; str.splitlines would also split at form feeds and at
# U+2028, which news carries inside paragraphs.
_LINE = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """The characters ``start:end`` of a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """The characters ``start:end`` that a theme span shares with the passage at ``place``.

    The theme marks the passage where that is half of it or more.
    """

    place: int
    start: int
    end: int
    marks: bool


def split_passages(text: str) -> list[Passage]:
    """The passages of ``text`` in order: each line that holds a letter, white space trimmed off."""
    passages = []
    for line in _LINE.finditer(text):
        content = line.group()
        if any(map(str.isalpha, content)):
            start = line.start() + len(content) - len(content.lstrip())
            passages.append(Passage(start, start + len(content.strip())))
    return passages


def overlaps(start: int, end: int, passages: Sequence[Passage]) -> list[Overlap]:
    """What a theme span ``start:end`` shares with each of ``passages`` (in order) it touches."""
    shared = []
    for place in range(bisect_right(passages, start, key=lambda p: p.end), len(passages)):
        passage = passages[place]
        if passage.start >= end:
            break
        first, last = max(start, passage.start), min(end, passage.end)
        marks = 2 * (last - first) >= passage.end - passage.start
        shared.append(Overlap(place, first, last, marks))
    return shared


def marked_passages(start: int, end: int, passages: Sequence[Passage]) -> list[int]:
    """The places in ``passages`` of those that a theme span ``start:end`` marks."""
    return [overlap.place for overlap in overlaps(start, end, passages) if overlap.marks]

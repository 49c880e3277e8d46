"""The central types: an article and the spans marked on it.

Offsets count Unicode code points of ``Article.text``, start inclusive, end exclusive, so
``article.surface(span)`` is what was marked. The text is never normalised.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asn_nlp.errors import AnnotationError

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_QUOTED = 80  # characters of a surface in a message


@dataclass(frozen=True, slots=True)
class EntitySpan:
    """A mention of an official, a title or a province; ``score`` in [0, 1] where predicted."""

    start: int
    end: int
    label: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ThemeSpan:
    """A theme of the passage ``start:end``; ``score`` in [0, 1] where predicted."""

    start: int
    end: int
    label: str
    score: float | None = None


Span = EntitySpan | ThemeSpan


@dataclass(frozen=True, slots=True)
class Article:
    """One article with its spans, gold or predicted; entities are kept in reading order.

    Raises:
        AnnotationError: a span lies outside the text, is empty or reversed, two entities
            overlap, or id or text holds half a surrogate pair, which no UTF-8 file can.
    """

    id: str
    text: str
    entities: tuple[EntitySpan, ...] = ()
    themes: tuple[ThemeSpan, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def reading_order(span: Span) -> tuple[int, int, str]:
            return span.start, span.end, span.label

        object.__setattr__(self, "entities", tuple(sorted(self.entities, key=reading_order)))
        object.__setattr__(self, "themes", tuple(sorted(self.themes, key=reading_order)))
        problems = [problem for span in self.spans for problem in self._bounds_problems(span)]
        for name, value in (("id", self.id), ("text", self.text)):
            if half := _HALF_PAIR.search(value):
                problems.append(
                    f"article {self.id!r}: its {name} must hold whole characters, but character "
                    f"{half.start()} is half a surrogate pair, {half.group()!a}; remove it"
                )
        problems += self._overlaps()
        if problems:
            raise AnnotationError(problems)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The entities, then the themes."""
        return (*self.entities, *self.themes)

    def to_dict(self) -> dict[str, Any]:
        """The article as a line of JSON Lines has it: plain values, and scores, to 4 decimals, only
        where spans have them."""

        def plain(span: Span) -> dict[str, Any]:
            score = {} if span.score is None else {"score": round(span.score, 4)}
            return {"start": span.start, "end": span.end, "label": span.label, **score}

        return {
            "id": self.id,
            "text": self.text,
            "entities": [plain(span) for span in self.entities],
            "themes": [plain(span) for span in self.themes],
            "meta": dict(self.meta),
        }

    def _bounds_problems(self, span: Span) -> list[str]:
        where = f"article {self.id!r}: {span.label} span [{span.start}, {span.end})"
        if span.start == span.end:
            return [f"{where} is empty; a span holds at least one character, remove it"]
        if span.start > span.end:
            return [f"{where} is reversed; start must be below end, swap them"]
        if span.start < 0 or span.end > len(self.text):
            return [
                f"{where} is out of bounds: the text has {len(self.text)} characters; "
                "offsets count code points from 0, correct them"
            ]
        return []

    def _overlaps(self) -> list[str]:
        problems = []
        furthest: EntitySpan | None = None
        for span in self.entities:
            if furthest and span.start < furthest.end:
                problems.append(
                    f"article {self.id!r}: entities must not overlap, but {furthest.label} "
                    f"{self.quote(furthest)} and {span.label} {self.quote(span)} do; keep one"
                )
            if furthest is None or span.end > furthest.end:
                furthest = span
        return problems

    def surface(self, span: Span) -> str:
        """The text that ``span`` marks."""
        return self.text[span.start : span.end]

    def quote(self, span: Span) -> str:
        """The marked text with its offsets, for messages: ``'Bupati Sigi' [10, 21)``."""
        surface = self.surface(span)
        shown = surface if len(surface) <= _QUOTED else surface[: _QUOTED - 1] + "…"
        return f"{shown!r} [{span.start}, {span.end})"

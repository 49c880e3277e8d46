"""What kind of error each wrong span is: what an editor, or whoever trains, would mend alike."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from asn_nlp.articles import Article, EntitySpan, Span, ThemeSpan
from asn_nlp.evaluation.alignment import Case, Pair
from asn_nlp.evaluation.scores import NONE, Confusion
from asn_nlp.labels import LabelSet

KINDS = {
    "type": "the right words, or some of them, with another type",
    "edge": "the right type with other offsets",
    "swallowed": "missed, because the span of a neighbour covers it",
    "split": "spurious, as another piece of a mention that was read in part",
    "repeated": "missed, though it, or a longer form of it, was read elsewhere in the article",
    "missed": "marked in gold, and nothing was read there",
    "spurious": "read where gold marks nothing",
    "other theme": "a passage with another theme than gold's",
    "theme missed": "a passage without a theme that gold has",
    "theme spurious": "a passage with a theme too many",
}
"""The kinds of mistakes, and what each means."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """``kind`` is one of ``KINDS``. ``gold`` and ``predicted`` are the spans it is about, None
    where there is no such; those of themes cover their passage."""

    kind: str
    gold: Span | None
    predicted: Span | None

    @property
    def labels(self) -> tuple[str, ...]:
        """Gold's and the prediction's, once where they are the same."""
        spans = (self.gold, self.predicted)
        return tuple(dict.fromkeys(span.label for span in spans if span))


def mistakes(case: Case) -> tuple[Mistake, ...]:
    """All that is wrong in an article's prediction: mentions in reading order, then themes.

    A passage that lacks several themes and has several too many gives every combination.
    """
    entities = sorted((_mistake(pair, case) for pair in case.pairs if not pair.exact), key=_place)
    return (*entities, *_theme_mistakes(case))


def count_mistakes(cases: Sequence[Case]) -> dict[str, int]:
    """How many there are of each kind that occurs, in the order of ``KINDS``."""
    counts = Counter(mistake.kind for case in cases for mistake in mistakes(case))
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def theme_confusion(cases: Sequence[Case], labels: LabelSet) -> Confusion:
    """Theme against theme on the same passage, as ``mistakes`` pairs them."""
    none = len(labels.themes)
    counts = np.zeros((none + 1, none + 1), dtype=np.int64)
    for case in cases:
        for wanted, given in case.themes:
            for theme in wanted.keys() & given.keys():
                counts[labels.theme_ids[theme], labels.theme_ids[theme]] += 1
        for mistake in _theme_mistakes(case):
            row = labels.theme_ids[mistake.gold.label] if mistake.gold else none
            column = labels.theme_ids[mistake.predicted.label] if mistake.predicted else none
            counts[row, column] += 1
    return Confusion((*labels.themes, NONE), tuple(map(tuple, counts.tolist())))


def _place(mistake: Mistake) -> int:
    return min(span.start for span in (mistake.gold, mistake.predicted) if span)


def _mistake(pair: Pair, case: Case) -> Mistake:
    gold, predicted = pair.gold, pair.predicted
    if gold and predicted:
        return Mistake("edge" if pair.same_type else "type", gold, predicted)
    if gold:
        if cover := _overlapping(gold, case.predicted):
            return Mistake("swallowed", gold, cover)
        return Mistake("repeated" if _read_elsewhere(gold, case) else "missed", gold, None)
    assert predicted
    whole = _overlapping(predicted, case.gold)
    return Mistake("split" if whole else "spurious", whole, predicted)


def _overlapping(span: EntitySpan, article: Article) -> EntitySpan | None:
    return next(
        (one for one in article.entities if one.start < span.end and span.start < one.end), None
    )


def _read_elsewhere(gold: EntitySpan, case: Case) -> bool:
    words = set(case.gold.surface(gold).casefold().split())
    return any(
        pair.exact
        and pair.gold
        and pair.gold.label == gold.label
        and words <= set(case.gold.surface(pair.gold).casefold().split())
        for pair in case.pairs
    )


def _theme_mistakes(case: Case) -> Iterator[Mistake]:
    for passage, (wanted, given) in zip(case.passages, case.themes, strict=True):
        missed: list[Span | None] = [
            ThemeSpan(passage.start, passage.end, theme) for theme in wanted if theme not in given
        ]
        spurious: list[Span | None] = [
            ThemeSpan(passage.start, passage.end, theme, score)
            for theme, score in given.items()
            if theme not in wanted
        ]
        if missed or spurious:
            for gold, predicted in product(missed or [None], spurious or [None]):
                kind = (
                    "other theme"
                    if gold and predicted
                    else f"theme {'missed' if gold else 'spurious'}"
                )
                yield Mistake(kind, gold, predicted)

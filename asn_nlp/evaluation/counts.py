"""What was correct, predicted and gold, by label and article: the numbers behind every score.

Counts are arrays (3, labels, articles) of correct, predicted and gold, in this order; their sum
over articles is what a score is made of, and resampling articles resamples their last axis.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from asn_nlp.evaluation.alignment import Case, Pair
from asn_nlp.labels import LabelSet

exact: Callable[[Pair], bool] = attrgetter("exact")
same_type: Callable[[Pair], bool] = attrgetter("same_type")


def entity_counts(
    cases: Sequence[Case], labels: LabelSet, *, correct: Callable[[Pair], bool] = exact
) -> NDArray[np.int64]:
    """Mentions (3, types, articles); ``correct`` judges a pair."""
    ids = labels.entity_ids
    counts = np.zeros((3, len(ids), len(cases)), dtype=np.int64)
    for index, case in enumerate(cases):
        for pair in case.pairs:
            if pair.predicted:
                counts[1, ids[pair.predicted.label], index] += 1
            if pair.gold:
                counts[2, ids[pair.gold.label], index] += 1
                counts[0, ids[pair.gold.label], index] += correct(pair)
    return counts


def theme_counts(cases: Sequence[Case], labels: LabelSet) -> NDArray[np.int64]:
    """Marks of passages (3, themes, articles)."""
    return _set_counts([case.themes for case in cases], labels)


def article_theme_counts(cases: Sequence[Case], labels: LabelSet) -> NDArray[np.int64]:
    """Marks of whole articles (3, themes, articles): does a theme occur in it anywhere?"""
    return _set_counts(
        [
            [({s.label for s in case.gold.themes}, {s.label for s in case.predicted.themes})]
            for case in cases
        ],
        labels,
    )


def _set_counts(
    articles: Sequence[Iterable[tuple[Iterable[str], Iterable[str]]]], labels: LabelSet
) -> NDArray[np.int64]:
    """Counts (3, themes, articles) of pairs of gold and predicted sets, many an article."""
    ids = labels.theme_ids
    counts = np.zeros((3, len(ids), len(articles)), dtype=np.int64)
    for index, sets in enumerate(articles):
        for gold, predicted in sets:
            for label in predicted:
                counts[1, ids[label], index] += 1
                counts[0, ids[label], index] += label in gold
            for label in gold:
                counts[2, ids[label], index] += 1
    return counts


def f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(3, ...) to (...); 0 where nothing is gold and nothing predicted."""
    return 2 * counts[0] / np.maximum(counts[1] + counts[2], 1)


def micro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(3, labels, ...) to (...)."""
    return f1(counts.sum(axis=1))


def macro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(3, labels, ...) to (...): the mean over the labels that occur."""
    occurring = (counts[1] + counts[2] > 0).sum(axis=0)
    return f1(counts).sum(axis=0) / np.maximum(occurring, 1)

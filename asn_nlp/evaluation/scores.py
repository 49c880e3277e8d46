"""Counts to precision, recall and F1.

Where a denominator is zero a score is 0, and macro means run over the labels that occur in gold
or predictions, as seqeval has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from asn_nlp.evaluation.alignment import Case
from asn_nlp.evaluation.counts import f1, macro_f1, micro_f1
from asn_nlp.evaluation.intervals import Interval, resample
from asn_nlp.labels import LabelSet

NONE = "none"


@dataclass(frozen=True, slots=True)
class Score:
    """``support`` and ``predicted`` count gold and predictions; ``interval``, of ``f1``, is None
    where none is drawn, the label does not occur or a single article has no spread."""

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    interval: Interval | None = None

    @classmethod
    def from_counts(cls, correct: int, predicted: int, gold: int) -> "Score":
        return cls(
            correct / predicted if predicted else 0.0,
            correct / gold if gold else 0.0,
            2 * correct / (predicted + gold) if predicted + gold else 0.0,
            gold,
            predicted,
        )

    @property
    def occurs(self) -> bool:
        return self.support + self.predicted > 0


@dataclass(frozen=True, slots=True)
class Scores:
    labels: Mapping[str, Score]
    micro: Score
    macro: Score

    @classmethod
    def from_counts(cls, labels: Sequence[str], counts: NDArray[np.int64]) -> "Scores":
        """Of ``counts`` (3, labels, articles), without intervals."""
        totals = counts.sum(axis=-1)
        scores = [Score.from_counts(*row) for row in totals.T.tolist()]
        return cls(
            dict(zip(labels, scores, strict=True)),
            Score.from_counts(*totals.sum(axis=1).tolist()),
            _macro(scores),
        )

    def with_intervals(self, counts: NDArray[np.int64], *, seed: int, resamples: int) -> "Scores":
        """The scores with the intervals that their ``counts`` (3, labels, articles) give."""

        def statistic(totals: NDArray[np.int64]) -> NDArray[np.float64]:
            return np.stack([micro_f1(totals), macro_f1(totals), *f1(totals)])

        sampled = resample(counts, statistic, seed=seed, resamples=resamples)
        if sampled is None:
            return self
        micro, macro, *each = sampled.intervals
        return Scores(
            {
                label: replace(score, interval=interval) if score.occurs else score
                for (label, score), interval in zip(self.labels.items(), each, strict=True)
            },
            replace(self.micro, interval=micro),
            replace(self.macro, interval=macro),
        )


@dataclass(frozen=True, slots=True)
class Confusion:
    """``counts[gold][predicted]`` of paired mentions, in the order of ``labels``, whose last is
    ``"none"``: the missed stand in the last column, the spurious in the last row."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @classmethod
    def from_cases(cls, cases: Sequence[Case], labels: LabelSet) -> "Confusion":
        none = len(labels.entities)
        counts = np.zeros((none + 1, none + 1), dtype=np.int64)
        for case in cases:
            for pair in case.pairs:
                row = labels.entity_ids[pair.gold.label] if pair.gold else none
                column = labels.entity_ids[pair.predicted.label] if pair.predicted else none
                counts[row, column] += 1
        return cls((*labels.entities, NONE), tuple(map(tuple, counts.tolist())))


def known_score(cases: Sequence[Case], known_mentions: frozenset[str], *, known: bool) -> Score:
    """Strict score on the mentions whose surface is known, or on those whose is not."""
    correct = predicted = gold = 0
    for case in cases:
        for pair in case.pairs:
            if pair.predicted:
                predicted += (case.gold.surface(pair.predicted) in known_mentions) == known
            if pair.gold and (case.gold.surface(pair.gold) in known_mentions) == known:
                gold += 1
                correct += pair.exact
    return Score.from_counts(correct, predicted, gold)


def _macro(scores: Sequence[Score]) -> Score:
    """The mean over the labels that occur."""
    occurring = [score for score in scores if score.occurs]
    if not occurring:
        return Score.from_counts(0, 0, 0)
    return Score(
        fmean(score.precision for score in occurring),
        fmean(score.recall for score in occurring),
        fmean(score.f1 for score in occurring),
        sum(score.support for score in occurring),
        sum(score.predicted for score in occurring),
    )

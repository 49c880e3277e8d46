"""May a score be believed? Is it the share that is right, and are the surest spans the rightest?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asn_nlp.evaluation.alignment import Case
from asn_nlp.evaluation.intervals import Interval, resample
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import equal_mass_bins

_BINS = 10
_POINTS = 100  # of a curve; more are not seen
_DRAWS = 1000  # of what chance alone does

_Row = tuple[float | None, bool]  # the score of a predicted span, and whether it is right


@dataclass(frozen=True, slots=True)
class Bin:
    """``spans`` of about the same score: the mean score, and the share that is right."""

    score: float
    right: float
    spans: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """Scores against the share of predictions that is right.

    Attributes:
        error: expected calibration error, over ``bins`` of about as many spans each.
        interval: basic bootstrap over articles, 95 %, since chance makes an error larger and never
            smaller; None for a single article.
        chance: the error to expect of as many spans if every score were exactly the probability
            of being right.
    """

    error: float
    interval: Interval | None
    chance: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The share that is wrong (``risk``) of the surest spans, by the share of all spans that
    these are (``coverage``); ``area`` below the curve: 0 is best, and the last risk is no use."""

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float


@dataclass(frozen=True, slots=True)
class Trust:
    """What the scores of entities, or of themes, are worth.

    Attributes:
        spans: that are scored.
        raw: of the model's own scores, where ``scores`` is of calibrated ones.
        risk_coverage: None where the scores are not only of what is read.
    """

    spans: int
    scores: Reliability
    raw: Reliability | None
    risk_coverage: RiskCoverage | None


@dataclass(frozen=True, slots=True)
class _Judged:
    """Scores, whether right, and the place of the article (spans,), among how many."""

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    article: NDArray[np.int64]
    articles: int


def entity_trust(
    cases: Sequence[Case], raw: Sequence[Case] | None, *, seed: int, resamples: int
) -> Trust | None:
    """Strict; None where nothing is predicted, or a prediction has no score."""
    return _trust(_judged_entities, cases, raw, seed=seed, resamples=resamples)


def theme_trust(
    cases: Sequence[Case], raw: Sequence[Case] | None, *, seed: int, resamples: int
) -> Trust | None:
    """Over passages; None as of ``entity_trust``."""
    return _trust(_judged_themes, cases, raw, seed=seed, resamples=resamples)


def decision_trust(
    cases: Sequence[Case],
    probabilities: Sequence[NDArray[np.float64]],
    raw: Sequence[NDArray[np.float64]] | None,
    *,
    labels: LabelSet,
    seed: int,
    resamples: int,
) -> Trust | None:
    """Of every passage with every theme, read or not, as is usual where labels are many.

    Args:
        probabilities: (passages, themes) of each case.
        raw: likewise, of the model's own.
    """
    marked = [
        np.array([[theme in wanted for theme in labels.themes] for wanted, _ in case.themes])
        for case in cases
    ]
    right = np.concatenate([one.ravel() for one in marked]).astype(np.bool_)
    article = np.repeat(np.arange(len(cases)), [one.size for one in marked])
    if not len(right):
        return None

    def reliability(scores: Sequence[NDArray[np.float64]]) -> Reliability:
        flat = np.concatenate([one.ravel() for one in scores])
        judged = _Judged(flat, right, article, len(cases))
        return _reliability(judged, seed=seed, resamples=resamples)

    before = None if raw is None else reliability(raw)
    return Trust(len(right), reliability(probabilities), before, None)


def _judged_entities(case: Case) -> Iterator[_Row]:
    yield from ((pair.predicted.score, pair.exact) for pair in case.pairs if pair.predicted)


def _judged_themes(case: Case) -> Iterator[_Row]:
    for wanted, given in case.themes:
        yield from ((score, label in wanted) for label, score in given.items())


def _trust(
    judge: Callable[[Case], Iterator[_Row]],
    cases: Sequence[Case],
    raw: Sequence[Case] | None,
    *,
    seed: int,
    resamples: int,
) -> Trust | None:
    judged = _judged(judge, cases)
    if judged is None:
        return None
    before = _judged(judge, raw) if raw else None
    return Trust(
        len(judged.scores),
        _reliability(judged, seed=seed, resamples=resamples),
        _reliability(before, seed=seed, resamples=resamples) if before else None,
        risk_coverage(judged.scores, judged.right),
    )


def _judged(judge: Callable[[Case], Iterator[_Row]], cases: Sequence[Case]) -> _Judged | None:
    rows = [(*row, place) for place, case in enumerate(cases) for row in judge(case)]
    scores = [score for score, _, _ in rows if score is not None]
    if not scores or len(scores) < len(rows):
        return None
    return _Judged(
        np.array(scores),
        np.array([right for _, right, _ in rows], dtype=np.bool_),
        np.array([place for *_, place in rows], dtype=np.int64),
        len(cases),
    )


def _reliability(judged: _Judged, *, seed: int, resamples: int) -> Reliability:
    scores, right = judged.scores, judged.right
    _, bins = np.unique(equal_mass_bins(scores, _BINS), return_inverse=True)
    spans = np.bincount(bins)
    counts = np.zeros((2, len(spans), judged.articles))  # right less score, and spans
    np.add.at(counts[0], (bins, judged.article), right - scores)
    np.add.at(counts[1], (bins, judged.article), 1)

    def error(totals: NDArray[np.float64]) -> NDArray[np.float64]:
        return (np.abs(totals[0]).sum(axis=0) / np.maximum(totals[1].sum(axis=0), 1))[None]

    value = float(error(counts.sum(axis=-1))[0])
    sampled = resample(counts, error, seed=seed, resamples=resamples)
    interval = None
    if sampled is not None:
        low, high = sampled.intervals[0].low, sampled.intervals[0].high
        interval = Interval(max(2 * value - high, 0.0), max(2 * value - low, 0.0))
    return Reliability(
        value,
        interval,
        _chance(scores, bins, seed=seed),
        tuple(
            Bin(float(score), float(share), int(count))
            for score, share, count in zip(
                np.bincount(bins, scores) / spans,
                np.bincount(bins, right) / spans,
                spans,
                strict=True,
            )
        ),
    )


def _chance(scores: NDArray[np.float64], bins: NDArray[np.int64], *, seed: int) -> float:
    rng = np.random.default_rng(seed)
    errors = [
        np.abs(np.bincount(bins, (rng.random(len(scores)) < scores) - scores)).sum()
        for _ in range(_DRAWS)
    ]
    return float(np.mean(errors) / len(scores))


def risk_coverage(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> RiskCoverage:
    """Of one span at least; equal scores are kept or left together."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    wrong = np.cumsum(~right[order])[last]
    coverage, risk = (last + 1) / len(scores), wrong / (last + 1)
    area = float((risk * np.diff(coverage, prepend=0)).sum())
    shown = np.unique(np.linspace(0, len(last) - 1, min(len(last), _POINTS)).round().astype(int))
    return RiskCoverage(tuple(coverage[shown].tolist()), tuple(risk[shown].tolist()), area)

"""How far a figure would move with other articles: percentile bootstraps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from asn_nlp.errors import extra

N = TypeVar("N", np.int64, np.float64)

_CONFIDENCE = 0.95
_BATCH_NUMBERS = 10_000_000  # what the bootstrap holds in memory at a time


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval over articles, 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Resampled:
    """An interval a figure, and the figures (figures, resamples) it was read off."""

    intervals: tuple[Interval, ...]
    figures: NDArray[np.float64]


def resample(
    counts: NDArray[N],
    statistic: Callable[[NDArray[N]], NDArray[np.float64]],
    *,
    seed: int,
    resamples: int,
) -> Resampled | None:
    """The figures of resampled articles; None where a single article gives no spread.

    SciPy draws the same articles for every row of ``counts``, which is what makes counts of
    different labels, and of two systems, belong together.

    Args:
        counts: (..., articles).
        statistic: totals (..., any) to figures (figures, any).

    Raises:
        MissingExtra: SciPy is not installed.
    """
    if counts.shape[-1] < 2:
        return None
    with extra("train", "an interval"):
        from scipy.stats import bootstrap
    drawn = bootstrap(
        (counts,),
        lambda sample, axis: statistic(sample.sum(axis=axis)),
        n_resamples=resamples,
        batch=max(1, _BATCH_NUMBERS // counts.size),
        vectorized=True,
        axis=-1,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    ends = zip(*drawn.confidence_interval, strict=True)
    return Resampled(
        tuple(Interval(float(low), float(high)) for low, high in ends),
        drawn.bootstrap_distribution,
    )

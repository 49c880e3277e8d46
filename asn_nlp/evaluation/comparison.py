"""Is one prediction better than another of the same articles?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asn_nlp.errors import EvaluationError
from asn_nlp.evaluation.alignment import Case
from asn_nlp.evaluation.counts import entity_counts, f1, theme_counts
from asn_nlp.evaluation.intervals import Interval, resample
from asn_nlp.evaluation.summary import Report

_COUNTS = {"entities": entity_counts, "themes": theme_counts}


@dataclass(frozen=True, slots=True)
class Difference:
    """``value`` of the first less the second; None stands where one article gives no bootstrap."""

    value: float
    interval: Interval | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two predictions of the same articles: differences in micro F1, by paired bootstrap; None
    where one of the two does not read entities, or themes."""

    entities: Difference | None
    themes: Difference | None
    seed: int
    resamples: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(report: Report, other: Report) -> Comparison:
    """How much better the prediction of ``report`` is than that of ``other``.

    Their labels may differ. Both meet the same resampled articles, drawn as ``report`` drew. The
    two-sided p-value is twice the share of samples whose difference falls on the rarer side of
    zero, with one added to both counts so that it is never 0.

    Raises:
        EvaluationError: the two do not rest on the same gold articles.
        MissingExtra: SciPy is not installed.
    """
    kinds = (
        *(("entities",) if report.entities and other.entities else ()),
        *(("themes",) if report.themes and other.themes else ()),
    )
    twins = _same_gold(report.cases, other.cases, kinds=kinds)
    differences = {
        kind: _difference(
            _COUNTS[kind](report.cases, report.labels),
            _COUNTS[kind](twins, other.labels),
            seed=report.seed,
            resamples=report.resamples,
        )
        for kind in kinds
    }
    return Comparison(
        differences.get("entities"), differences.get("themes"), report.seed, report.resamples
    )


def _same_gold(
    cases: Sequence[Case], others: Sequence[Case], *, kinds: Sequence[str]
) -> list[Case]:
    """``others`` in the order of ``cases``, once their gold articles are known to be the same."""
    one, other = ({case.gold.id: case for case in side} for side in (cases, others))
    parted = [name for name, case in one.items() if not _equal(case, other.get(name), kinds)]
    if parted := parted or [name for name in other if name not in one]:
        raise EvaluationError(
            f"two predictions can be compared on the same gold articles only, but of {len(cases)} "
            f"and {len(others)} articles {len(parted)} differ, first {parted[0]!r}; evaluate both "
            "on one file"
        )
    return [other[name] for name in one]


def _equal(case: Case, twin: Case | None, kinds: Sequence[str]) -> bool:
    return twin is not None and all(
        getattr(case.gold, part) == getattr(twin.gold, part) for part in ("text", *kinds)
    )


def _difference(
    one: NDArray[np.int64], other: NDArray[np.int64], *, seed: int, resamples: int
) -> Difference:
    """Of two counts (3, labels, articles)."""
    both = np.stack([one.sum(axis=1), other.sum(axis=1)])  # (2, 3, articles)

    def statistic(totals: NDArray[np.int64]) -> NDArray[np.float64]:
        return (f1(totals[0]) - f1(totals[1]))[None]

    value = float(statistic(both.sum(axis=-1))[0])
    sampled = resample(both, statistic, seed=seed, resamples=resamples)
    if sampled is None:
        return Difference(value, None, None)
    drawn = sampled.figures[0]
    rarer = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p_value = min(1.0, 2 * float(rarer + 1) / (resamples + 1))
    return Difference(value, sampled.intervals[0], p_value)

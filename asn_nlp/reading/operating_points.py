"""Score thresholds that reached a precision on dev, and the recall that they cost."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, EntitySpan, ThemeSpan

S = TypeVar("S", EntitySpan, ThemeSpan)

_ROWS = 50  # of a table; finer steps are within what dev can tell apart
_FEWEST = 20  # spans above a threshold that say anything of its precision
_NORMAL = 1.645  # a normal variable is above minus this in 95 of 100


@dataclass(frozen=True, slots=True)
class Threshold:
    """A span is kept that scores ``score`` or more.

    Attributes:
        precision: of what is kept, on dev; ``least`` is the lower end of its one-sided 95 %
            interval over articles.
        recall: likewise; ``recall_before``, without a threshold.
        spans: that are kept of dev.
    """

    score: float
    precision: float
    least: float
    recall: float
    recall_before: float
    spans: int


@dataclass(frozen=True, slots=True)
class Table:
    """What falling thresholds keep of dev; the last keeps everything.

    The others stand just above a wrong span: no threshold between two of them has both a higher
    precision and a higher recall.

    Attributes:
        gold: spans that there are to find.
        thresholds: of scores.
        predicted: spans that score as much or more; ``right`` of them are right.
        least: lower ends of the precisions' one-sided 95 % intervals over articles.
    """

    gold: int
    thresholds: tuple[float, ...]
    predicted: tuple[int, ...]
    right: tuple[int, ...]
    least: tuple[float, ...]

    @classmethod
    def from_scores(
        cls,
        scores: NDArray[np.float64],
        right: NDArray[np.bool_],
        article: NDArray[np.int64],
        *,
        gold: int,
    ) -> "Table":
        """Of one span at least; ``scores``, ``right`` and the places of articles are (spans,)."""
        order = np.argsort(-scores, kind="stable")
        falling, correct = scores[order], np.cumsum(right[order])
        last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # of equal scores
        wrong_behind = np.diff(last + 1 - correct[last], append=len(falling) + 1) > 0
        last = last[wrong_behind]
        if len(last) > _ROWS:
            last = last[np.linspace(0, len(last) - 1, _ROWS).round().astype(int)]
        # Rounded down, so that a threshold keeps the span that it was taken from.
        thresholds = np.floor(falling[last] * 1e5) / 1e5
        thresholds[-1] = 0.0
        effect = _design_effect(right, article)
        return cls(
            gold,
            tuple(thresholds.tolist()),
            tuple((last + 1).tolist()),
            tuple(correct[last].tolist()),
            tuple(_wilson(correct[last], (last + 1), effect).round(4).tolist()),
        )

    def reaching(self, precision: float) -> Threshold | None:
        """The threshold to read with so that the precision is ``precision`` or more.

        Of those that reached it on dev, the one of the highest recall whose interval reaches it
        too; where none's does, the one whose interval goes down least. None where none reached it:
        that takes 20 spans, and that one wrong span more would leave it so.
        """
        reached = [row for row, shown in enumerate(self._shown()) if shown >= precision]
        if not reached:
            return None
        assured = [row for row in reached if self.least[row] >= precision]
        row = max(assured) if assured else max(reached, key=lambda one: (self.least[one], one))
        return Threshold(
            self.thresholds[row],
            self.right[row] / self.predicted[row],
            self.least[row],
            self.right[row] / max(self.gold, 1),
            self.right[-1] / max(self.gold, 1),
            self.predicted[row],
        )

    @property
    def best(self) -> float:
        """The highest precision that ``reaching`` finds, to three decimals; 0 where none is."""
        return math.floor(1000 * max(self._shown())) / 1000

    def _shown(self) -> list[float]:
        """The precision that each row shows beyond a wrong span more; 0 for a handful of spans."""
        rows = zip(self.right, self.predicted, strict=True)
        return [right / (count + 1) if count >= _FEWEST else 0.0 for right, count in rows]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Table":
        """What ``to_dict`` gave.

        Raises:
            KeyError, TypeError, ValueError: a value is missing or odd.
        """
        columns = [tuple(values[name]) for name in ("thresholds", "predicted", "right", "least")]
        numbers = [value for column in columns for value in column]
        if len({*map(len, columns)}) != 1 or not numbers:
            raise ValueError("the columns of a table must have as many rows each, and one at least")
        if not all(type(one) in (int, float) and 0 <= one < math.inf for one in numbers):
            raise ValueError("a table must hold finite numbers, 0 or more")
        gold = values["gold"]
        if type(gold) is not int or gold < 0 or 0 in columns[1]:
            raise ValueError("a table must count the gold spans, and those of each row")
        return cls(gold, *columns)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How a run is read for a wished precision: thresholds by label; a label without one is read
    as ever."""

    entities: Mapping[str, Threshold]
    themes: Mapping[str, Threshold]

    def keep(self, article: Article) -> Article:
        """``article`` with the spans that reach their threshold."""
        return replace(
            article,
            entities=_kept(article.entities, self.entities),
            themes=_kept(article.themes, self.themes),
        )

    def __str__(self) -> str:
        """What was reached on dev, and what recall that costs."""
        by_threshold: dict[Threshold, list[str]] = {}
        for label, one in (*self.entities.items(), *self.themes.items()):
            by_threshold.setdefault(one, []).append(label)
        return "; ".join(
            f"{_enumerated(labels)} from score {one.score:.2f}: on {one.spans:,} spans of dev "
            f"precision {one.precision:.3f} (at least {one.least:.3f}), recall {one.recall:.3f} "
            f"(without threshold {one.recall_before:.3f})"
            for one, labels in by_threshold.items()
        )


def _enumerated(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{len(labels)} labels alike ({labels[0]} …)"


def _kept(spans: Sequence[S], thresholds: Mapping[str, Threshold]) -> tuple[S, ...]:
    return tuple(
        span
        for span in spans
        if span.label not in thresholds or (span.score or 0.0) >= thresholds[span.label].score
    )


def _design_effect(right: NDArray[np.bool_], article: NDArray[np.int64]) -> float:
    """By how much the variance of a precision grows because spans of an article fail together."""
    precision = right.mean()
    residuals = np.bincount(article, weights=right - precision)
    alone = len(right) * precision * (1 - precision)
    return max(1.0, float((residuals**2).sum() / alone)) if alone else 1.0


def _wilson(
    right: NDArray[np.int64], predicted: NDArray[np.int64], effect: float
) -> NDArray[np.float64]:
    """The lower end of Wilson's one-sided interval, the spans counted for ``effect`` less."""
    n, p, z2 = predicted / effect, right / predicted, _NORMAL**2
    spread = _NORMAL * np.sqrt(p * (1 - p) / n + z2 / (4 * n**2))
    return (p + z2 / (2 * n) - spread) / (1 + z2 / n)

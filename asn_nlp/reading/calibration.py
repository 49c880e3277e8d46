"""What the model says of a span, to the probability that the span is right.

The model's own word is the probability of the weakest of the decisions that make up a span: for an
entity, that it begins, goes on, and ends where it does, each with its type; for a theme, that the
passage has it. Calibration changes scores alone: which spans are read stays as it was.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from asn_nlp.errors import RunError
from asn_nlp.labels import LabelSet
from asn_nlp.reading.operating_points import OperatingPoint, Table, Threshold

F = TypeVar("F", np.float32, np.float64)

CURE = "fit a calibration to annotated articles: asn-nlp calibrate RUN FILE"

_KINDS = ("entities", "themes")
_LEAST_DOUBT = 1e-9  # keeps logarithms finite where the model has none


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A score is ``sigmoid(right · log p − wrong · log(1 − p) + offset)``, where p is what the
    model says of the span. With slopes of 1 and no offset a score is p itself.

    Attributes:
        temperature: divides the logits that p is computed from.
        right: slope, 0 or more, so that a surer span never scores less than another of its label.
        wrong: likewise.
        offsets: one a label, in the order of the label set.
    """

    temperature: float
    right: float
    wrong: float
    offsets: tuple[float, ...]

    @classmethod
    def identity(cls, temperature: float, n_labels: int) -> "Calibrator":
        """Scores are p."""
        return cls(temperature, 1.0, 1.0, (0.0,) * n_labels)

    def __call__(self, p: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores, of the shape of ``p``, of what has the label ids ``labels``, which broadcast."""
        values = features(p) @ [self.right, self.wrong] + np.array(self.offsets)[labels]
        return sigmoid(values)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The calibrator of entities or of themes, and what it rests on.

    Attributes:
        spans: decoded on dev, of which ``right`` were right.
        error_before: expected calibration error of the model's own scores on dev.
        error: that of calibrated ones, each span's by a calibrator that has not seen its article.
        tables: what a threshold costs, for each label with spans enough.
        table: for the other labels; of all labels together.
    """

    calibrator: Calibrator
    spans: int
    right: int
    error_before: float
    error: float
    tables: Mapping[str, Table]
    table: Table


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of a run; a side is None where the run does not read it, or dev was too small."""

    entities: Calibrated | None
    themes: Calibrated | None

    def reaching(self, precision: float | Mapping[str, float], labels: LabelSet) -> OperatingPoint:
        """How to read with ``precision`` on dev: for each label that has a table of its own, and
        for the others together.

        Args:
            precision: above 0 and below 1, or one for ``entities``, ``themes`` or both; a kind
                without one is read as ever.

        Raises:
            RunError: it is no such number, the kind is not calibrated, or dev cannot show it.
        """
        read = [kind for kind in _KINDS if getattr(labels, kind)]
        wished = precision if isinstance(precision, Mapping) else dict.fromkeys(read, precision)
        if unknown := wished.keys() - set(read):
            raise RunError(
                f"precision is asked for by kind, {' and '.join(read)}, found {min(unknown)!r}"
            )
        points = {kind: self._thresholds(kind, one, labels) for kind, one in wished.items()}
        return OperatingPoint(*(points.get(kind, {}) for kind in _KINDS))

    def _thresholds(self, kind: str, precision: float, labels: LabelSet) -> dict[str, Threshold]:
        if isinstance(precision, bool) or not isinstance(precision, int | float):
            raise RunError(f"precision must be a number, found {precision!r}")
        if not 0 < precision < 1:
            raise RunError(f"precision must be above 0 and below 1, found {precision:g}")
        side: Calibrated | None = getattr(self, kind)
        if side is None:
            raise RunError(
                f"{kind} of this run are not calibrated, so no threshold is known to reach "
                f"precision {precision:g}; {CURE}"
            )
        tables = {label: side.tables.get(label, side.table) for label in getattr(labels, kind)}
        found = {label: table.reaching(precision) for label, table in tables.items()}
        failing = [label for label, threshold in found.items() if threshold is None]
        if failing:
            best = min(tables[label].best for label in failing)
            raise RunError(
                f"precision {precision:g} was not reached on dev by {', '.join(failing)}, whatever "
                f"the threshold; the best is {best:g}: ask for that, or for less, of {kind} alone: "
                f"{{'{kind}': {best:g}}}"
            )
        return {label: threshold for label, threshold in found.items() if threshold}

    def to_dict(self, labels: LabelSet) -> dict[str, Any]:
        """In plain types, labels by name."""
        sides = {kind: getattr(self, kind) for kind in _KINDS}
        return {
            kind: side and _side_to_dict(side, getattr(labels, kind))
            for kind, side in sides.items()
        }

    @classmethod
    def from_dict(cls, values: Any, labels: LabelSet) -> "Calibration":
        """What ``to_dict`` gave.

        Raises:
            RunError: a value is missing or odd.
        """
        if not isinstance(values, dict) or values.keys() != set(_KINDS):
            raise RunError("must be an object of entities and themes")
        return cls(
            *(
                None if values[name] is None else _side(name, values[name], getattr(labels, name))
                for name in _KINDS
            )
        )


def features(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two in a last dimension: log p, and −log(1 − p)."""
    inner = np.clip(p, _LEAST_DOUBT, 1 - _LEAST_DOUBT)
    return np.stack([np.log(inner), -np.log1p(-inner)], axis=-1)


def sigmoid(values: NDArray[F]) -> NDArray[F]:
    return np.exp(-np.logaddexp(0, -values))


def weakest_decision(
    log_probabilities: NDArray[np.float32], first: int, last: int, begin: int
) -> float:
    """The probability of the least sure decision that makes tokens ``first:last`` an entity.

    Args:
        log_probabilities: (n, tags); -inf where a tag is not possible.
        begin: id of the tag that begins entities of its type.
    """
    weakest = float(log_probabilities[first, begin])
    if last - first > 1:
        weakest = min(weakest, float(log_probabilities[first + 1 : last, begin + 1].min()))
    p = math.exp(weakest)
    if last < len(log_probabilities):
        p = min(p, 1 - math.exp(float(log_probabilities[last, begin + 1])))
    return min(max(p, 0.0), 1.0)


def equal_mass_bins(scores: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The bin (spans,) of each score; bins hold about as many each, and equal scores share one."""
    edges = np.unique(np.quantile(scores, np.arange(1, bins) / bins, method="lower"))
    return np.searchsorted(edges, scores, side="left").astype(np.int64)


def expected_error(scores: NDArray[np.float64], right: NDArray[np.bool_], *, bins: int) -> float:
    """Expected calibration error: how far scores are from the share that is right, bin by bin."""
    gaps = np.bincount(equal_mass_bins(scores, bins), weights=right - scores)
    return float(np.abs(gaps).sum() / len(scores))


def _side_to_dict(side: Calibrated, labels: Sequence[str]) -> dict[str, Any]:
    calibrator = side.calibrator
    return {
        "temperature": calibrator.temperature,
        "right": calibrator.right,
        "wrong": calibrator.wrong,
        "offsets": dict(zip(labels, calibrator.offsets, strict=True)),
        "dev": {
            "spans": side.spans,
            "right": side.right,
            "error_before": side.error_before,
            "error": side.error,
            "tables": {label: table.to_dict() for label, table in side.tables.items()},
            "table": side.table.to_dict(),
        },
    }


def _side(name: str, values: Any, labels: Sequence[str]) -> Calibrated:
    try:
        offsets, dev = values["offsets"], values["dev"]
        if offsets.keys() != set(labels):
            raise ValueError(f"offsets must be an object of {', '.join(labels)}")
        calibrator = Calibrator(
            _number(values, "temperature", least=1e-3),
            _number(values, "right"),
            _number(values, "wrong"),
            tuple(_number(offsets, label, least=-math.inf) for label in labels),
        )
        if strange := set(dev["tables"]) - set(labels):
            raise ValueError(f"tables must be of the run's labels, found {min(strange)!r}")
        return Calibrated(
            calibrator,
            int(_number(dev, "spans")),
            int(_number(dev, "right")),
            _number(dev, "error_before"),
            _number(dev, "error"),
            {label: Table.from_dict(table) for label, table in dev["tables"].items()},
            Table.from_dict(dev["table"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise RunError(f"{name} must be what calibration wrote, but {reason}") from error


def _number(values: Mapping[str, Any], name: str, *, least: float = 0.0) -> float:
    value = values[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, found {value!r:.80}")
    if not math.isfinite(value) or value < least:
        raise ValueError(f"{name} must be finite and {least:g} or more, found {value!r}")
    return float(value)

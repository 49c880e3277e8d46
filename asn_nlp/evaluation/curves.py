"""Precision and recall over the scores of predictions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from asn_nlp.evaluation.alignment import Case
from asn_nlp.labels import LabelSet


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision and recall when only predictions that score ``thresholds`` or more are kept.

    Thresholds fall, to three decimals. Only what was predicted has a score, so the curve ends at
    the operating point, short of recall 1.
    """

    thresholds: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]


def entity_curves(cases: Sequence[Case], labels: LabelSet) -> dict[str, Curve]:
    """Strict; labels without gold, or without a score on each prediction, are left out."""
    found: dict[str, list[tuple[float | None, bool]]] = {label: [] for label in labels.entities}
    gold: Counter[str] = Counter()
    for case in cases:
        for pair in case.pairs:
            if pair.predicted:
                found[pair.predicted.label].append((pair.predicted.score, pair.exact))
            if pair.gold:
                gold[pair.gold.label] += 1
    return _curves(found, gold)


def theme_curves(cases: Sequence[Case], labels: LabelSet) -> dict[str, Curve]:
    """Over passages; left out are the same labels as of ``entity_curves``."""
    found: dict[str, list[tuple[float | None, bool]]] = {label: [] for label in labels.themes}
    gold: Counter[str] = Counter()
    for case in cases:
        for wanted, given in case.themes:
            gold.update(wanted.keys())
            for label, score in given.items():
                found[label].append((score, label in wanted))
    return _curves(found, gold)


def _curves(
    predictions: Mapping[str, Sequence[tuple[float | None, bool]]], gold: Mapping[str, int]
) -> dict[str, Curve]:
    """Curves of the labels whose ``predictions``, score and whether correct, all have a score."""
    curves = {}
    for label, rows in predictions.items():
        scores = [score for score, _ in rows if score is not None]
        if not scores or len(scores) < len(rows) or not gold[label]:
            continue
        rounded = np.round(scores, 3)
        order = np.argsort(-rounded, kind="stable")
        correct = np.cumsum([rows[index][1] for index in order.tolist()])
        thresholds = np.unique(rounded)[::-1]
        kept = np.searchsorted(-rounded[order], -thresholds, side="right")
        curves[label] = Curve(
            tuple(thresholds.tolist()),
            tuple((correct[kept - 1] / kept).tolist()),
            tuple((correct[kept - 1] / gold[label]).tolist()),
        )
    return curves

"""The two figures that training watches, without bootstrap and each alone where one is enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article
from asn_nlp.evaluation.alignment import match_articles
from asn_nlp.evaluation.counts import entity_counts, micro_f1, theme_counts
from asn_nlp.labels import LabelSet


@dataclass(frozen=True, slots=True)
class LeadingF1:
    """Strict micro F1 of entities, micro F1 of themes; None where the labels have none such."""

    entity_f1: float | None
    theme_f1: float | None

    def __str__(self) -> str:
        named = {"entities": self.entity_f1, "themes": self.theme_f1}
        return ", ".join(f"{name} {f1:.3f}" for name, f1 in named.items() if f1 is not None)

    @property
    def mean(self) -> float:
        """The mean of those there are."""
        return fmean(one for one in (self.entity_f1, self.theme_f1) if one is not None)


def leading_f1(
    gold: Sequence[Article], predicted: Iterable[Article], *, labels: LabelSet
) -> LeadingF1:
    """Both figures; arguments and errors as ``evaluate``."""
    cases = match_articles(gold, predicted, labels=labels)
    return LeadingF1(
        _micro(entity_counts(cases, labels)) if labels.entities else None,
        _micro(theme_counts(cases, labels)) if labels.themes else None,
    )


def entity_f1(gold: Sequence[Article], predicted: Iterable[Article], *, labels: LabelSet) -> float:
    """Strict micro F1 of entities, 0 without entity types; arguments and errors as ``evaluate``."""
    return _micro(entity_counts(match_articles(gold, predicted, labels=labels), labels))


def theme_f1(gold: Sequence[Article], predicted: Iterable[Article], *, labels: LabelSet) -> float:
    """Micro F1 of passages' themes, 0 without themes; arguments and errors as ``evaluate``."""
    return _micro(theme_counts(match_articles(gold, predicted, labels=labels), labels))


def _micro(counts: NDArray[np.int64]) -> float:
    return float(micro_f1(counts.sum(axis=-1)))

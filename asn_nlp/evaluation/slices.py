"""Scores by what ``meta`` says of the articles: outlet, region, year."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article
from asn_nlp.evaluation.alignment import Case
from asn_nlp.evaluation.counts import entity_counts, f1, theme_counts
from asn_nlp.evaluation.intervals import resample
from asn_nlp.evaluation.scores import Score
from asn_nlp.labels import LabelSet

_MOST_VALUES = 40  # of a field; the largest slices are kept
_FEWEST_ARTICLES = 5  # resamples of fewer are too much alike for an interval


@dataclass(frozen=True, slots=True)
class Slice:
    """The articles whose meta field is, or as a list holds, ``value``; micro scores, strict and
    over passages, None of what the run does not read."""

    value: str
    articles: int
    entities: Score | None
    themes: Score | None


def slices(
    cases: Sequence[Case], labels: LabelSet, *, seed: int, resamples: int
) -> dict[str, tuple[Slice, ...]]:
    """The slices of every field of ``meta``, the largest first.

    A value that one article has alone is no slice, and a field that makes fewer than two is left
    out, as an address or a date is.
    """
    places: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, case in enumerate(cases):
        for field, value in slice_values(case.gold):
            places[field][value].append(place)
    counts = {
        kind: count(cases, labels).sum(axis=1)  # (3, articles)
        for kind, count, wanted in (
            ("entities", entity_counts, labels.entities),
            ("themes", theme_counts, labels.themes),
        )
        if wanted
    }
    found = {}
    for field, values in places.items():
        shared = {value: where for value, where in values.items() if len(where) > 1}
        if len(shared) < 2:
            continue
        largest = sorted(shared.items(), key=lambda row: -len(row[1]))[:_MOST_VALUES]
        found[field] = tuple(
            Slice(
                value,
                len(where),
                *(
                    _score(counts[kind][:, where], seed=seed, resamples=resamples)
                    if kind in counts
                    else None
                    for kind in ("entities", "themes")
                ),
            )
            for value, where in largest
        )
    return found


def slice_values(article: Article) -> Iterator[tuple[str, str]]:
    """The fields of meta with their values, as far as these can be told in a word."""
    for field, value in article.meta.items():
        values = value if isinstance(value, list) else [value]
        words = (str(one).strip() for one in values if isinstance(one, str | int | float))
        yield from ((field, one) for one in dict.fromkeys(words) if one)


def _score(counts: NDArray[np.int64], *, seed: int, resamples: int) -> Score:
    """Of ``counts`` (3, articles)."""
    score = Score.from_counts(*counts.sum(axis=-1).tolist())
    if counts.shape[-1] < _FEWEST_ARTICLES:
        return score
    sampled = resample(counts, lambda totals: f1(totals)[None], seed=seed, resamples=resamples)
    if sampled is None or not score.occurs:
        return score
    return replace(score, interval=sampled.intervals[0])

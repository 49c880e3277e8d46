"""Which raw articles to annotate next: those a model is unsure of, unlike each other.

Weighted k-means over uncertain articles (Zhdanov 2019): the most uncertain are divided into as many
clusters as are wanted, which uncertain articles pull towards themselves, and the one nearest to
each centre is taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asn_nlp.annotation.splits import near_duplicate_groups
from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError, extra
from asn_nlp.reading.opinions import Opinion

with extra("train", "choosing what to annotate next"):
    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances_argmin
    from sklearn.preprocessing import normalize

_SHORTLIST = 10  # times as many uncertain articles are clustered as are wanted


@dataclass(frozen=True, slots=True)
class Candidate:
    """A raw article that might be annotated.

    Attributes:
        article: with what the model reads on it.
        entities: nats of the model's doubt about tags, the mean over tokens.
        themes: nats of its doubt about themes, the mean over passages.
        vector: (hidden,) where it lies among the others.
    """

    article: Article
    entities: float
    themes: float
    vector: NDArray[np.float32]


def candidates(opinions: Iterable[Opinion]) -> list[Candidate]:
    """What choosing needs of the opinions, those of articles without a token left out."""
    return [
        Candidate(
            opinion.article,
            float(_entropy(opinion.tags).sum(axis=1).mean()),
            float((_entropy(opinion.themes) + _entropy(1 - opinion.themes)).sum(axis=1).mean()),
            opinion.vector,
        )
        for opinion in opinions
        if len(opinion.vector)
    ]


def choose(pool: Sequence[Candidate], number: int) -> list[Candidate]:
    """``number`` of the articles, fewer where there are no more, the most uncertain first.

    Of near-duplicates only the most uncertain may be chosen. Doubt about entities and doubt about
    themes weigh the same, each as a share of the pool's mean.

    Raises:
        ConfigError: ``number`` is below 1, or the pool is empty.
    """
    if number < 1:
        raise ConfigError(f"number must be 1 or more, found {number}; correct it")
    if not pool:
        raise ConfigError("the pool holds no article with words; name more news")
    doubts = np.array([(one.entities, one.themes) for one in pool])
    doubt = (doubts / np.maximum(doubts.mean(axis=0), 1e-9)).sum(axis=1)
    groups = near_duplicate_groups([one.article for one in pool])
    single = np.array([max(group, key=lambda place: doubt[place]) for group in groups])
    ranked = single[np.argsort(-doubt[single], kind="stable")]
    if number >= len(ranked):
        return [pool[place] for place in ranked]
    ranked = ranked[: _SHORTLIST * number]
    vectors = normalize(np.stack([pool[place].vector for place in ranked]))
    means = KMeans(number, n_init=1, random_state=0).fit(vectors, sample_weight=doubt[ranked])
    nearest = pairwise_distances_argmin(means.cluster_centers_, vectors)
    return [pool[ranked[place]] for place in sorted(set(nearest.tolist()))]


def _entropy(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of each probability, -p log p."""
    wide = p.astype(np.float64)
    return -wide * np.log(np.maximum(wide, 1e-12))

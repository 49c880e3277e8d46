"""Articles to train, dev and test parts, near-duplicates kept together."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError, extra

with extra("train", "finding near-duplicates"):
    from datasketch import MinHash, MinHashLSH
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

SHINGLE_WORDS = 5
NEAR_DUPLICATE = 0.5  # shared part of two articles' shingles (Jaccard)

_PERMUTATIONS = 128


@dataclass(frozen=True, slots=True)
class Split:
    train: tuple[Article, ...]
    dev: tuple[Article, ...]
    test: tuple[Article, ...]


def split_articles(articles: Sequence[Article], *, dev: float, test: float, seed: int) -> Split:
    """Draw the parts; the same articles and seed give the same parts.

    Near-duplicates stay in one part, so shares are met as nearly as whole groups permit. Each part
    keeps the order of ``articles``.

    Args:
        dev: share of the articles in [0, 1); what ``dev`` and ``test`` leave is for training.
        test: likewise.

    Raises:
        ConfigError: the shares leave nothing for training, or no article is left for a part whose
            share is above 0.
    """
    if dev < 0 or test < 0 or dev + test >= 1:
        raise ConfigError(
            f"the shares of dev and test must be at least 0 and together below 1, found dev={dev} "
            f"and test={test}; lower them"
        )
    shares = {"train": 1 - dev - test, "dev": dev, "test": test}
    missing = {name: share * len(articles) for name, share in shares.items()}
    members: dict[str, list[int]] = {name: [] for name in shares}
    groups = near_duplicate_groups(articles)
    random.Random(seed).shuffle(groups)
    # The largest groups first: they find room in train, and single articles even out the rest.
    for group in sorted(groups, key=len, reverse=True):
        part = max(missing, key=lambda name: missing[name])
        members[part] += group
        missing[part] -= len(group)
    for name, share in shares.items():
        if share > 0 and not members[name]:
            raise ConfigError(
                f"no article is left for {name}, whose share is {share:g}: {len(articles)} "
                f"articles in {len(groups)} groups of near-duplicates are too few; "
                "give more articles or another share"
            )
    return Split(**{name: tuple(articles[i] for i in sorted(members[name])) for name in members})


def near_duplicate_groups(articles: Sequence[Article]) -> list[tuple[int, ...]]:
    """Every position of ``articles`` in exactly one group; an article like no other is alone.

    Two articles are near-duplicates when they share ``NEAR_DUPLICATE`` of their runs of
    ``SHINGLE_WORDS`` words; a group is what a chain of near-duplicates connects. MinHash
    (Broder 1997) proposes pairs, which are then compared exactly.
    """
    if not articles:
        return []
    shingles = [_shingles(article.text) for article in articles]
    # Weights favour finding a pair over proposing few: false proposals are sorted out below.
    index = MinHashLSH(threshold=NEAR_DUPLICATE, num_perm=_PERMUTATIONS, weights=(0.1, 0.9))
    pairs = []
    for place, own in enumerate(shingles):
        sketch = MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch([shingle.encode() for shingle in own])
        pairs += [
            (other, place)
            for other in index.query(sketch)
            if len(own & shingles[other]) >= NEAR_DUPLICATE * len(own | shingles[other])
        ]
        index.insert(place, sketch)
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(articles),) * 2)
    _, component = connected_components(graph, directed=False)
    groups: dict[int, list[int]] = {}
    for place, group in enumerate(component.tolist()):
        groups.setdefault(group, []).append(place)
    return [tuple(group) for group in groups.values()]


def _shingles(text: str) -> set[str]:
    words = re.findall(r"\w+", text.lower())
    return {
        " ".join(words[first : first + SHINGLE_WORDS])
        for first in range(max(1, len(words) - SHINGLE_WORDS + 1))
    }

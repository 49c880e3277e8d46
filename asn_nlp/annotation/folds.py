"""Every article read by a model that has not learned from it: k-fold cross-validation."""

import random
from collections.abc import Callable, Iterable, Sequence

from asn_nlp.annotation.splits import near_duplicate_groups
from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError
from asn_nlp.reading.opinions import Opinion

Read = Callable[[Sequence[Article]], Iterable[Opinion]]
Learn = Callable[[Sequence[Article]], Read]  # from annotated articles to what reads others


def fold_opinions(
    articles: Sequence[Article], learn: Learn, *, folds: int, seed: int
) -> list[Opinion]:
    """An opinion of each article, in their order, by what was learned from the other folds.

    Raises:
        ConfigError: there are fewer than two folds, or fewer articles that are no near-duplicates
            than folds.
    """
    opinions: dict[int, Opinion] = {}
    for held_out in divide(articles, folds=folds, seed=seed):
        kept_apart = set(held_out)
        read = learn([one for place, one in enumerate(articles) if place not in kept_apart])
        unseen = read([articles[place] for place in held_out])
        opinions |= dict(zip(held_out, unseen, strict=True))
    return [opinions[place] for place in range(len(articles))]


def divide(articles: Sequence[Article], *, folds: int, seed: int) -> list[list[int]]:
    """The places of ``articles`` in ``folds`` parts of about one size, near-duplicates in one.

    Raises:
        ConfigError: as ``fold_opinions``.
    """
    groups = near_duplicate_groups(articles)
    if not 2 <= folds <= len(groups):
        raise ConfigError(
            f"folds must be from 2 to {len(groups)}, the articles without their near-duplicates, "
            f"found {folds}; give another number, or more articles"
        )
    random.Random(seed).shuffle(groups)
    parts: list[list[int]] = [[] for _ in range(folds)]
    for group in sorted(groups, key=len, reverse=True):
        min(parts, key=len).extend(group)
    return parts

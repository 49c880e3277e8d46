"""Every article read by a model that has not learned from it: k-fold cross-validation."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from asn_nlp.annotation.kept import read_opinions, write_opinions
from asn_nlp.annotation.splits import near_duplicate_groups
from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError
from asn_nlp.reading.opinions import Opinion

Read = Callable[[Sequence[Article]], Iterable[Opinion]]
Learn = Callable[[Sequence[Article]], Read]  # from annotated articles to what reads others


def fold_opinions(
    articles: Sequence[Article],
    learn: Learn,
    *,
    folds: int,
    seed: int,
    kept: Path,
    made_with: Mapping[str, Any],
) -> list[Opinion]:
    """An opinion of each article, in their order, by what was learned from the other folds.

    Args:
        kept: folder of the opinions of each fold that is done; those that lie there are not made
            again.
        made_with: all else that ``learn`` learns by, of JSON, for those must have been made so.

    Raises:
        ConfigError: there are fewer than two folds, or fewer articles that are no near-duplicates
            than folds; or what is kept was made with something else or is damaged.
        OSError: what is learned cannot be kept.
    """
    made_with = {"folds": folds, "seed": seed, **made_with}
    opinions: dict[int, Opinion] = {}
    for number, held_out in enumerate(divide(articles, folds=folds, seed=seed), 1):
        unseen, path = [articles[place] for place in held_out], kept / f"fold-{number}.safetensors"
        if not path.exists():
            kept_apart = set(held_out)
            read = learn([one for place, one in enumerate(articles) if place not in kept_apart])
            write_opinions(list(read(unseen)), path, made_with=made_with)
        opinions |= dict(
            zip(held_out, read_opinions(path, unseen, made_with=made_with), strict=True)
        )
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

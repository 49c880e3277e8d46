from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asn_nlp.annotation.folds import Learn, Read, divide, fold_opinions
from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import ConfigError
from asn_nlp.passages import split_passages
from asn_nlp.reading.opinions import Opinion


def story(seed: int) -> str:
    return " ".join(f"kata{seed}x{place}" for place in range(20))


ARTICLES = [Article(f"{n}{twin}", story(n)) for n in range(9) for twin in ("ab" if n < 3 else "a")]


def opinion(article: Article) -> Opinion:
    read = replace(article, entities=(EntitySpan(0, 4, "TITLE", 1 / 3),))
    passages = tuple(split_passages(article.text))
    numbers = np.arange(8.0).reshape(4, 2) / 7
    return Opinion(read, numbers.astype(np.int64), numbers, passages, numbers[:1], numbers[0])


def learn(articles: Sequence[Article]) -> Read:
    known = {article.text for article in articles}

    def read(unseen: Sequence[Article]) -> list[Opinion]:
        assert not known & {article.text for article in unseen}
        return list(map(opinion, unseen))

    return read


def opinions(kept: Path, *, learn: Learn = learn, folds: int = 3, **made_with) -> list[Opinion]:
    return fold_opinions(ARTICLES, learn, folds=folds, seed=1, kept=kept, made_with=made_with)


def test_every_article_is_read_by_who_has_not_learned_from_it_or_its_likes(tmp_path):
    for found, article in zip(opinions(tmp_path), ARTICLES, strict=True):
        wanted = opinion(article)
        assert (found.article, found.passages) == (wanted.article, wanted.passages)
        for name in ("offsets", "tags", "themes", "vector"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_folds_that_were_done_are_not_learned_again(tmp_path):
    learned = []

    def counted(articles: Sequence[Article]) -> Read:
        if len(learned) == 2:
            raise KeyboardInterrupt
        learned.append(articles)
        return learn(articles)

    with pytest.raises(KeyboardInterrupt):
        opinions(tmp_path, learn=counted)
    del learned[:1]
    assert [one.article.id for one in opinions(tmp_path, learn=counted)] == [
        one.id for one in ARTICLES
    ]
    assert len(learned) == 2  # one before, and the last


@pytest.mark.parametrize("damage", [b"", b"\0" * 40])
def test_kept_folds_of_something_else_or_damaged_are_refused(tmp_path, damage):
    opinions(tmp_path, epochs=3)
    with pytest.raises(ConfigError, match=r"made with epochs 3, not 4; .* or remove .* or name"):
        opinions(tmp_path, epochs=4)
    with pytest.raises(ConfigError, match="made with folds 3, not 4"):
        opinions(tmp_path, folds=4, epochs=3)
    (tmp_path / "fold-2.safetensors").write_bytes(damage)
    with pytest.raises(ConfigError, match=r"fold-2\.safetensors is damaged .* makes it again"):
        opinions(tmp_path, epochs=3)


def test_folds_are_of_one_size_and_drawn_by_the_seed():
    parts = divide(ARTICLES, folds=3, seed=0)
    assert [len(part) for part in parts] == [4, 4, 4]
    assert parts == divide(ARTICLES, folds=3, seed=0)
    assert parts != divide(ARTICLES, folds=3, seed=1)


@pytest.mark.parametrize("folds", [1, 10])
def test_too_few_or_many_folds_are_refused(folds):
    with pytest.raises(ConfigError, match=f"must be from 2 to 9, .* found {folds}; give another"):
        divide(ARTICLES, folds=folds, seed=0)

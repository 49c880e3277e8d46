from collections.abc import Sequence

import numpy as np
import pytest

from asn_nlp.annotation.folds import Read, divide, fold_opinions
from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError
from asn_nlp.reading.opinions import Opinion


def story(seed: int) -> str:
    return " ".join(f"kata{seed}x{place}" for place in range(20))


ARTICLES = [Article(f"{n}{twin}", story(n)) for n in range(9) for twin in ("ab" if n < 3 else "a")]


def test_every_article_is_read_by_who_has_not_learned_from_it_or_its_likes():
    def learn(articles: Sequence[Article]) -> Read:
        known = {article.text for article in articles}

        def read(unseen: Sequence[Article]) -> list[Opinion]:
            assert not known & {article.text for article in unseen}
            nothing = np.zeros((0, 0))
            return [Opinion(one, nothing, nothing, (), nothing, nothing) for one in unseen]

        return read

    opinions = fold_opinions(ARTICLES, learn, folds=3, seed=1)
    assert [opinion.article for opinion in opinions] == ARTICLES


def test_folds_are_of_one_size_and_drawn_by_the_seed():
    parts = divide(ARTICLES, folds=3, seed=0)
    assert [len(part) for part in parts] == [4, 4, 4]
    assert parts == divide(ARTICLES, folds=3, seed=0)
    assert parts != divide(ARTICLES, folds=3, seed=1)


@pytest.mark.parametrize("folds", [1, 10])
def test_too_few_or_many_folds_are_refused(folds):
    with pytest.raises(ConfigError, match=f"must be from 2 to 9, .* found {folds}; give another"):
        divide(ARTICLES, folds=folds, seed=0)

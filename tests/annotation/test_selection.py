import numpy as np
import pytest

from asn_nlp.annotation.selection import Candidate, candidates, choose
from asn_nlp.articles import Article
from asn_nlp.errors import ConfigError
from asn_nlp.reading.opinions import Opinion


def candidate(name: str, doubt: float, vector: list[float], text: str = "") -> Candidate:
    return Candidate(Article(name, text or f"berita {name}"), doubt, doubt, np.array(vector))


def names(chosen: list[Candidate]) -> list[str]:
    return [one.article.id for one in chosen]


def test_one_of_each_kind_is_chosen_and_the_most_doubtful_stand_first():
    pool = [candidate(f"kiri{n}", 1 + n / 100, [1, n / 1000]) for n in range(9)]
    pool += [candidate(f"atas{n}", 2 + n / 100, [n / 1000, 1]) for n in range(9)]
    first, second = names(choose(pool, 2))
    assert (first[:4], second[:4]) == ("atas", "kiri")


def test_the_sure_are_not_asked_for():
    pool = [candidate(f"ragu{n}", 5 + n, [1, n]) for n in range(10)]
    pool += [candidate(f"yakin{n}", 0.1, [-n, -1]) for n in range(10)]
    assert names(choose(pool, 1))[0].startswith("ragu")


def test_of_near_duplicates_the_most_doubtful_is_chosen():
    text = " ".join(f"kata{n}" for n in range(50))
    pool = [candidate("a", 1, [1, 0], text), candidate("b", 2, [1, 0], text + " lagi")]
    assert names(choose([*pool, candidate("c", 1, [0, 1])], 3)) == ["b", "c"]


def test_too_small_a_number_and_an_empty_pool_are_refused():
    with pytest.raises(ConfigError, match="number must be 1 or more, found 0"):
        choose([candidate("a", 1, [1])], 0)
    with pytest.raises(ConfigError, match="the pool holds no article with words"):
        choose([], 1)


def test_doubt_is_entropy_and_an_article_without_tokens_is_no_candidate():
    even, sure = np.full((3, 2), 0.5), np.eye(2)[[0, 0, 1]]
    opinions = [
        Opinion(Article("a", "x"), np.zeros((3, 2)), even, (), sure, np.ones(4)),
        Opinion(Article("b", ""), np.zeros((0, 2)), even[:0], (), sure[:0], np.zeros(0)),
    ]
    (one,) = candidates(opinions)
    assert (one.article.id, one.entities) == ("a", pytest.approx(np.log(2)))
    assert one.themes == pytest.approx(0, abs=1e-9)

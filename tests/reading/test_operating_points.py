import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.reading.operating_points import OperatingPoint, Table, Threshold

rows = st.lists(
    st.tuples(st.sampled_from(np.linspace(0.05, 1, 20).round(2).tolist()), st.booleans()),
    min_size=1,
    max_size=150,
)


def table(pairs: list[tuple[float, bool]], *, articles: int = 7, gold: int = 200) -> Table:
    scores, right = (np.array(column) for column in zip(*pairs, strict=True))
    return Table.from_scores(scores, right, np.arange(len(pairs)) % articles, gold=gold)


@given(rows, st.floats(0.05, 0.99))
def test_a_threshold_keeps_what_it_promises(pairs, precision):
    found = table(pairs).reaching(precision)
    if found is None:
        for score in {score for score, _ in pairs}:
            kept = [right for other, right in pairs if other >= score]
            assert len(kept) < 20 or sum(kept) / (len(kept) + 1) < precision
    else:
        kept = [right for score, right in pairs if score >= found.score]
        assert len(kept) == found.spans >= 20
        assert found.precision == pytest.approx(np.mean(kept))
        assert found.precision >= precision
        assert found.least <= found.precision + 1e-4
        assert found.recall == pytest.approx(sum(kept) / 200)
        assert found.recall <= found.recall_before


@given(rows, st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_more_precision_never_has_more_recall(pairs, one, other):
    low, high = (table(pairs).reaching(wish) for wish in sorted((one, other)))
    assert high is None or (low is not None and low.spans >= high.spans)


@given(rows)
def test_the_best_is_found_and_more_is_not(pairs):
    made = table(pairs)
    if made.best:
        assert made.reaching(made.best) is not None
    assert made.reaching(made.best + 0.0011) is None


def test_an_interval_reaches_where_it_can_and_goes_down_least_where_not():
    # 20 sure and right, then 80 with one wrong in ten, then as many right as wrong.
    pairs = [(0.99, True)] * 20
    pairs += [(0.9 - place / 1000, place % 10 != 9) for place in range(80)]
    pairs += [(0.5 - place / 1000, place % 2 == 0) for place in range(40)]
    made = table(pairs, articles=len(pairs))
    assured = made.reaching(0.8)
    assert assured.least >= 0.8
    doubtful = made.reaching(0.94)
    assert doubtful.least < 0.94 <= doubtful.precision
    assert doubtful.least == max(
        least
        for least, right, count in zip(made.least, made.right, made.predicted, strict=True)
        if count >= 20 and right / (count + 1) >= 0.94
    )
    assert made.reaching(0.5).score == 0


def test_a_hundred_right_spans_do_not_show_one_wrong_in_a_thousand():
    made = table([(0.9, True)] * 100)
    assert made.reaching(0.99).spans == 100
    assert made.reaching(0.999) is None
    assert made.best == 0.99


def test_spans_that_fail_together_make_an_interval_wider():
    pairs = [(0.9, place % 10 != 0) for place in range(100)]
    scores, right = (np.array(column) for column in zip(*pairs, strict=True))
    apart = Table.from_scores(scores, right, np.arange(100), gold=100)
    # The ten wrong ones stand in one article.
    together = Table.from_scores(scores, right, np.where(right, np.arange(100), 0), gold=100)
    assert apart.least == (0.8396,)  # 90 of 100 by Wilson, one-sided
    assert together.least[0] < 0.75


def test_a_table_stays_small_whatever_dev_holds():
    rng = np.random.default_rng(0)
    made = table([(float(score), bool(score > 0.3)) for score in rng.random(5_000)])
    assert len(made.thresholds) <= 50
    made = table([(float(score), bool(rng.random() < score)) for score in rng.random(5_000)])
    assert len(made.thresholds) == 50
    assert made.thresholds[-1] == 0
    assert made.predicted[-1] == 5_000


def test_what_scores_too_little_is_left_out():
    article = Article(
        "a",
        "Sekda Bali hadir.",
        (EntitySpan(0, 5, "TITLE", 0.7), EntitySpan(6, 10, "PROVINCE", 0.7)),
        (ThemeSpan(0, 17, "KARIER", 0.7), ThemeSpan(0, 17, "KINERJA", 0.7)),
    )

    def threshold(score: float) -> Threshold:
        return Threshold(score, 1.0, 1.0, 1.0, 1.0, 20)

    point = OperatingPoint({"TITLE": threshold(0.71), "PROVINCE": threshold(0.7)}, {})
    assert [span.label for span in point.keep(article).spans] == ["PROVINCE", "KARIER", "KINERJA"]
    point = OperatingPoint({}, dict.fromkeys(("KARIER", "KINERJA"), threshold(0.9)))
    assert point.keep(article).themes == ()
    assert point.keep(article).entities == article.entities
    assert str(point).startswith("2 labels alike (KARIER …) from score 0.90: on 20 spans of dev")

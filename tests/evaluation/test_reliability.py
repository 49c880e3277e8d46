from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from asn_nlp.articles import Article
from asn_nlp.evaluation import Report, evaluate
from asn_nlp.evaluation.reliability import risk_coverage
from asn_nlp.labels import ASN_LABELS
from asn_nlp.passages import split_passages

THEMES = ASN_LABELS.themes
SCORES = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1))


def judge(gold: list[Article], predicted: list[Article], **options) -> Report:
    return evaluate(gold, predicted, labels=ASN_LABELS, resamples=200, **options)


def copies(article: Article, number: int) -> list[Article]:
    return [replace(article, id=str(place)) for place in range(number)]


def test_error_and_bins_are_those_of_the_predictions(gold, mark):
    golds = copies(gold, 10)
    predicted = [
        replace(
            one,
            entities=(
                mark("Sekda", "TITLE", 0.9),
                mark("Bali" if place < 5 else "Suwirya", "PROVINCE", 0.6),
            ),
            themes=(),
        )
        for place, one in enumerate(golds)
    ]
    trust = judge(golds, predicted).entity_trust
    assert trust.spans == 20
    assert [(one.score, one.right, one.spans) for one in trust.scores.bins] == [
        (pytest.approx(0.6), 0.5, 10),
        (pytest.approx(0.9), 1.0, 10),
    ]
    assert trust.scores.error == pytest.approx(0.1)
    assert trust.raw is None
    # The surest half is right, and of all a quarter is not.
    assert trust.risk_coverage.coverage == (0.5, 1.0)
    assert trust.risk_coverage.risk == (0.0, 0.25)
    assert trust.risk_coverage.area == pytest.approx(0.125)
    assert judge(golds, predicted).theme_trust is None  # none is predicted


def test_themes_are_judged_by_passage(gold, theme):
    golds = copies(gold, 4)
    predicted = [
        replace(one, themes=(theme("Apel", "DISIPLIN", 0.75), theme("Warga", "KARIER", 0.25)))
        for one in golds
    ]
    trust = judge(golds, predicted).theme_trust
    assert [(one.score, one.right) for one in trust.scores.bins] == [(0.25, 0.0), (0.75, 1.0)]
    assert trust.scores.error == pytest.approx(0.25)


def test_every_passage_and_theme_is_a_decision(gold):
    golds = copies(gold, 20)
    passages = split_passages(gold.text)
    wanted = np.array(
        [
            [
                any(s.start == one.start and s.label == theme for s in gold.themes)
                for theme in THEMES
            ]
            for one in passages
        ]
    )
    exact = [np.where(wanted, 1.0, 0.0)] * 20
    unsure = [np.where(wanted, 0.6, 0.0)] * 20
    predicted = [replace(one, entities=(), themes=()) for one in golds]
    report = judge(golds, predicted, probabilities=exact, raw_probabilities=unsure)
    trust = report.decision_trust
    assert trust.spans == 20 * wanted.size
    assert (trust.scores.error, trust.scores.chance) == (0, 0)
    assert trust.raw.error == pytest.approx(0.4 * wanted.mean())
    assert trust.risk_coverage is None
    assert judge(golds, predicted).decision_trust is None


def test_a_prediction_without_a_score_is_not_judged(gold, mark):
    predicted = replace(gold, entities=(mark("Sekda", "TITLE", 0.5), mark("Bali", "PROVINCE")))
    report = judge([gold], [predicted])
    assert (report.entity_trust, report.theme_trust) == (None, None)


def sampled(gold: Article, mark, *, said: float, right: float) -> Report:
    """Two hundred articles whose one span says ``said``; a share of ``right`` of them is right."""
    golds = copies(gold, 200)
    predicted = [
        replace(
            one,
            entities=(mark("Sekda" if place < 200 * right else "hadir", "TITLE", said),),
            themes=(),
        )
        for place, one in enumerate(golds)
    ]
    return judge(golds, predicted)


def test_an_interval_holds_zero_where_scores_are_right_and_not_where_they_are_wrong(gold, mark):
    good = sampled(gold, mark, said=0.8, right=0.8).entity_trust.scores
    assert good.interval.low == 0
    # The mean distance of a share of 200 from .8: .8 deviations of sqrt(.8 · .2 / 200).
    assert good.chance == pytest.approx(0.8 * (0.16 / 200) ** 0.5, rel=0.1)
    bad = sampled(gold, mark, said=0.95, right=0.8).entity_trust.scores
    assert 0.05 < bad.interval.low < bad.error < bad.interval.high < 0.3
    assert bad.error > 3 * bad.chance


def test_raw_scores_stand_beside_calibrated_ones(gold, mark):
    golds = copies(gold, 3)

    def scored(score: float) -> list[Article]:
        return [replace(one, entities=(mark("Sekda", "TITLE", score),), themes=()) for one in golds]

    report = judge(golds, scored(0.9), raw=scored(0.5))
    assert report.calibrated
    assert report.entity_trust.scores.error == pytest.approx(0.1)
    assert report.entity_trust.raw.error == pytest.approx(0.5)
    assert not judge(golds, scored(0.9)).calibrated


def test_one_article_has_no_interval(gold, mark):
    report = judge([gold], [replace(gold, entities=(mark("Sekda", "TITLE", 0.5),), themes=())])
    assert report.entity_trust.scores.interval is None


@given(SCORES, st.randoms(use_true_random=False))
def test_risk_ends_at_the_share_of_all_that_is_wrong_whatever_the_order(scores, random):
    right = np.array([random.random() < 0.7 for _ in scores])
    curve = risk_coverage(scores, right)
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(1 - right.mean())
    assert 0 <= curve.area <= 1
    order = np.array(random.sample(range(len(scores)), len(scores)))
    assert risk_coverage(scores[order], right[order]) == curve


@given(SCORES)
def test_a_curve_has_no_more_points_than_can_be_seen_and_falls_nowhere_in_coverage(scores):
    curve = risk_coverage(
        np.tile(scores, 4) + np.repeat([0, 1, 2, 3], len(scores)),
        np.ones(4 * len(scores), dtype=np.bool_),
    )
    assert len(curve.coverage) <= 100
    assert (np.diff(curve.coverage) > 0).all()
    assert set(curve.risk) == {0.0}

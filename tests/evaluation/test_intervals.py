import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import EvaluationError, MissingExtra
from asn_nlp.evaluation import Report, compare, evaluate
from asn_nlp.labels import ASN_LABELS, LabelSet

GOLD = Article(
    "a",
    "Sekda Bali Made Suwirya hadir.",
    (EntitySpan(0, 5, "TITLE"), EntitySpan(6, 10, "PROVINCE"), EntitySpan(11, 23, "OFFICIAL")),
    (ThemeSpan(0, 30, "DISIPLIN"),),
)


def many(keep: Callable[[int], bool], n: int = 40) -> list[Article]:
    """Articles like ``GOLD`` whose spans stay where ``keep`` says so."""
    return [
        replace(GOLD, id=str(index))
        if keep(index)
        else replace(GOLD, id=str(index), entities=(), themes=())
        for index in range(n)
    ]


ALL = many(lambda _: True)
GOOD, POOR = many(lambda index: index % 8 > 0), many(lambda index: index % 2 > 0)


def judge(predicted: list[Article], gold: list[Article] = ALL, **options) -> Report:
    return evaluate(gold, predicted, **({"labels": ASN_LABELS} | options))


def test_intervals_hold_the_score_and_follow_the_seed() -> None:
    predicted = many(lambda index: index % 4 > 0)
    report = judge(predicted)
    for score in (
        report.entities.micro,
        report.entities.macro,
        *report.entities.labels.values(),
        report.themes.micro,
        report.themes.macro,
    ):
        assert score.interval is not None
        assert score.interval.low < score.f1 < score.interval.high
    # 30 of 40 articles kept: recall .75 with a standard error of .068.
    assert report.entities.micro.interval.low == pytest.approx(0.76, abs=0.03)
    assert report.themes.labels["NETRALITAS"].interval is None
    assert judge(predicted) == report
    assert judge(predicted, seed=1).entities.micro.interval != report.entities.micro.interval


def test_one_article_has_no_interval() -> None:
    report = judge([GOLD], [GOLD])
    assert report.entities.micro.interval is None
    assert report.themes.macro.interval is None
    comparison = compare(report, judge([replace(GOLD, entities=())], [GOLD]))
    assert comparison.entities.value == 1
    assert comparison.entities.interval is None
    assert comparison.entities.p_value is None


def test_compare_tells_better_from_equal() -> None:
    good, poor = judge(GOOD), judge(POOR)
    comparison = compare(good, poor)
    for difference in (comparison.entities, comparison.themes):
        assert difference.value > 0.2
        assert difference.interval.low > 0
        assert difference.p_value < 0.01
    reverse = compare(poor, good).entities
    assert reverse.value == -comparison.entities.value
    assert reverse.interval.high == -comparison.entities.interval.low
    equal = compare(good, judge(GOOD[::-1])).entities
    assert (equal.value, equal.p_value) == (0, 1)
    assert comparison.to_dict()["entities"]["p_value"] == comparison.entities.p_value


def test_compare_meets_the_same_articles_in_any_order() -> None:
    there = judge(GOOD), judge(POOR)
    assert compare(there[0], judge(POOR[::-1], ALL[::-1])) == compare(*there)


def test_the_bootstrap_is_paired() -> None:
    """Two predictions that differ on one article differ by little in every sample."""
    other = [ALL[0], *POOR[1:]]
    interval = compare(judge(other), judge(POOR)).entities.interval
    assert 0 <= interval.low <= interval.high < 0.08


def test_runs_of_different_labels_are_compared_on_what_both_read() -> None:
    more = LabelSet((*ASN_LABELS.entities, "AGENCY"), ())
    comparison = compare(judge(GOOD), judge(POOR, labels=more))
    assert comparison.entities == compare(judge(GOOD), judge(POOR)).entities
    assert comparison.themes is None


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (ALL[:-1], "but of 40 and 39 articles 1 differ, first '39'; evaluate both on one file"),
        ([*ALL, GOLD], "but of 40 and 41 articles 1 differ, first 'a'"),
        ([*ALL[:2], *many(lambda _: False)[2:]], "but of 40 and 40 articles 38 differ, first '2'"),
    ],
)
def test_other_gold_articles_cannot_be_compared(gold: list[Article], message: str) -> None:
    with pytest.raises(EvaluationError, match=re.escape(message)):
        compare(judge(ALL), judge(gold, gold))


def test_without_scipy_the_leading_figures_remain_and_intervals_name_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(MissingExtra, match=r'an interval needs scipy.stats.*"asn-nlp\[train\]"'):
        judge(ALL)
    code = "import sys, asn_nlp.evaluation; print({'scipy', 'sklearn', 'seqeval'} & {*sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert loaded.strip() == "set()"

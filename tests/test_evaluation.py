import json
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from asn_nlp import evaluation
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.evaluation import (
    Pair,
    Report,
    align,
    compare,
    evaluate,
    headline,
    passage_themes,
)
from asn_nlp.labels import ASN_LABELS, LabelSet

TEXT = "Sekda Bali Made Suwirya hadir.\nApel pagi dimulai pukul tujuh.\n***\nWarga antre."


def mark(surface: str, label: str, score: float | None = None) -> EntitySpan:
    start = TEXT.index(surface)
    return EntitySpan(start, start + len(surface), label, score)


def theme(passage: str, label: str, score: float | None = None) -> ThemeSpan:
    start = TEXT.index(passage)
    return ThemeSpan(
        start, TEXT.index("\n", start) if passage != "Warga" else len(TEXT), label, score
    )


SEKDA, BALI, MADE = (
    mark("Sekda", "TITLE"),
    mark("Bali", "PROVINCE"),
    mark("Made Suwirya", "OFFICIAL"),
)
GOLD = Article("a", TEXT, (SEKDA, BALI, MADE), (theme("Apel", "DISIPLIN"),))


@st.composite
def entities(draw: st.DrawFn, length: int) -> tuple[EntitySpan, ...]:
    edges = sorted(draw(st.sets(st.integers(0, length), max_size=12)))
    spans = []
    for start, end in pairwise(edges):
        if label := draw(st.sampled_from((*ASN_LABELS.entities, None))):
            spans.append(EntitySpan(start, end, label))
    return tuple(spans)


@st.composite
def themes(draw: st.DrawFn, length: int) -> tuple[ThemeSpan, ...]:
    place = st.tuples(st.integers(0, length - 1), st.integers(1, length)).filter(
        lambda ends: ends[0] < ends[1]
    )
    rows = draw(st.lists(st.tuples(place, st.sampled_from(ASN_LABELS.themes[:3])), max_size=4))
    return tuple(ThemeSpan(start, end, label) for (start, end), label in rows)


@st.composite
def twins(draw: st.DrawFn) -> tuple[list[Article], list[Article]]:
    gold, predicted = [], []
    for index in range(draw(st.integers(1, 4))):
        text = draw(st.text("ab \n", min_size=1, max_size=30))
        for side in (gold, predicted):
            spans = draw(entities(len(text))), draw(themes(len(text)))
            side.append(Article(str(index), text, *spans))
    return gold, predicted


def test_gold_itself_is_perfect(tiny_articles: list[Article]) -> None:
    report = evaluate(tiny_articles, tiny_articles)
    for scores in (report.entities, report.partial, report.themes):
        for score in (scores.micro, scores.macro):
            assert (score.precision, score.recall, score.f1) == (1, 1, 1)
    assert report.article_themes.f1 == 1
    assert report.entities.micro.support == sum(len(one.entities) for one in tiny_articles)


def test_scores_by_hand() -> None:
    """One mention exact, one with another end, one of another type, one out of nothing."""
    predicted = replace(
        GOLD,
        entities=(
            SEKDA,
            replace(BALI, label="OFFICIAL"),
            replace(MADE, end=MADE.end - 3),
            mark("Warga", "TITLE"),
        ),
        themes=(theme("Apel", "DISIPLIN"), theme("Warga", "PELAYANAN_PUBLIK")),
    )
    report = evaluate([GOLD], [predicted])
    micro = report.entities.micro
    assert (micro.precision, micro.recall, micro.support, micro.predicted) == (1 / 4, 1 / 3, 3, 4)
    assert micro.f1 == pytest.approx(2 / 7)
    assert report.entities.labels["TITLE"].precision == 0.5
    assert report.entities.labels["TITLE"].recall == 1
    assert report.entities.labels["OFFICIAL"].f1 == 0
    assert report.partial.micro.recall == pytest.approx(2 / 3)
    assert report.partial.labels["OFFICIAL"].precision == 0.5
    assert report.confusion.labels == ("OFFICIAL", "TITLE", "PROVINCE", "none")
    assert report.confusion.counts == ((1, 0, 0, 0), (0, 1, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0))
    assert (report.themes.micro.precision, report.themes.micro.recall) == (0.5, 1)
    assert report.themes.macro.f1 == 0.5  # DISIPLIN 1, PELAYANAN_PUBLIK 0, the others absent
    assert report.article_themes.precision == 0.5
    assert report.passages == 3


def test_passages_and_articles_count_themes_apart() -> None:
    themes = theme("Sekda", "KARIER"), theme("Apel", "KARIER"), theme("Warga", "KARIER")
    gold = replace(GOLD, themes=themes)
    report = evaluate([gold], [replace(gold, themes=themes[:1])])
    assert report.themes.labels["KARIER"].recall == pytest.approx(1 / 3)
    assert report.article_themes.recall == 1


@settings(max_examples=50)
@given(twins())
def test_counts_reproduce_seqeval_and_scikit_learn(
    articles: tuple[list[Article], list[Article]],
) -> None:
    """The bootstrap resamples these counts, so they must say what the libraries say."""
    report = evaluate(*articles, resamples=2)
    cases = evaluation._compare_articles(*articles, ASN_LABELS)
    for scores, labels, count in (
        (report.entities, ASN_LABELS.entities, evaluation._entity_counts),
        (report.themes, ASN_LABELS.themes, evaluation._theme_counts),
    ):
        totals = count(cases, ASN_LABELS).sum(axis=-1)
        assert evaluation._micro_f1(totals) == pytest.approx(scores.micro.f1)
        assert evaluation._macro_f1(totals) == pytest.approx(scores.macro.f1)
        each = [scores.labels[label] for label in labels]
        assert evaluation._f1(totals) == pytest.approx([score.f1 for score in each])
        assert totals[1].tolist() == [score.predicted for score in each]
        assert totals[2].tolist() == [score.support for score in each]
    leading = headline(*articles)
    assert leading.entity_f1 == pytest.approx(report.entities.micro.f1)
    assert leading.theme_f1 == pytest.approx(report.themes.micro.f1)


@settings(max_examples=50)
@given(twins())
def test_strict_scores_compare_exact_spans(articles: tuple[list[Article], list[Article]]) -> None:
    gold, predicted = ({(a.id, span) for a in side for span in a.entities} for side in articles)
    micro = evaluate(*articles, resamples=2).entities.micro
    assert micro.precision == pytest.approx(len(gold & predicted) / max(len(predicted), 1))
    assert micro.recall == pytest.approx(len(gold & predicted) / max(len(gold), 1))


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(entities(n), entities(n))))
def test_align_pairs_one_to_one_and_most_of_a_type(
    sides: tuple[tuple[EntitySpan, ...], tuple[EntitySpan, ...]],
) -> None:
    gold, predicted = sides
    pairs = align(gold, predicted)
    assert sorted((p.gold for p in pairs if p.gold), key=lambda s: s.start) == list(gold)
    assert sorted((p.predicted for p in pairs if p.predicted), key=lambda s: s.start) == list(
        predicted
    )
    meets = np.array(
        [[g.start < p.end and p.start < g.end for p in predicted] for g in gold], dtype=bool
    ).reshape(len(gold), len(predicted))
    same = np.array([[g.label == p.label for p in predicted] for g in gold]).reshape(meets.shape)
    if meets.size:
        most = (maximum_bipartite_matching(csr_array(meets & same)) >= 0).sum()
        assert sum(pair.same_type for pair in pairs) == most
    assert {pair.gold for pair in pairs if pair.exact} == set(gold) & set(predicted)
    assert all(
        pair.gold.start < pair.predicted.end and pair.predicted.start < pair.gold.end
        for pair in pairs
        if pair.gold and pair.predicted
    )
    lonely = [pair for pair in pairs if not (pair.gold and pair.predicted)]
    assert not any(
        one.gold
        and other.predicted
        and meets[gold.index(one.gold), predicted.index(other.predicted)]
        for one in lonely
        for other in lonely
    )


def test_align_prefers_the_same_type_to_the_first_met() -> None:
    gold = EntitySpan(0, 10, "TITLE")
    first, second = EntitySpan(0, 4, "PROVINCE"), EntitySpan(5, 10, "TITLE")
    assert align([gold], [first, second]) == (Pair(gold, second), Pair(None, first))


def test_passages_keep_the_scores_of_their_themes() -> None:
    article = replace(GOLD, themes=(theme("Apel", "DISIPLIN", 0.7), theme("Apel", "KINERJA", 0.6)))
    assert passage_themes(article) == [{}, {"DISIPLIN": 0.7, "KINERJA": 0.6}, {}]


def test_mentions_seen_in_training_are_scored_apart() -> None:
    spurious = mark("Warga", "TITLE")
    predicted = replace(GOLD, entities=(SEKDA, BALI, spurious))
    report = evaluate([GOLD], [predicted], known_mentions=frozenset({"Bali", "made suwirya"}))
    assert report.seen is not None
    assert report.unseen is not None
    assert (report.seen.recall, report.seen.precision, report.seen.support) == (1, 1, 1)
    assert (report.unseen.recall, report.unseen.precision) == (0.5, 0.5)
    assert evaluate([GOLD], [predicted]).seen is None


def many(keep: Callable[[int], bool], n: int = 40) -> list[Article]:
    """Articles like ``GOLD`` whose spans stay where ``keep`` says so."""
    return [
        replace(GOLD, id=str(index))
        if keep(index)
        else replace(GOLD, id=str(index), entities=(), themes=())
        for index in range(n)
    ]


def test_intervals_hold_the_score_and_follow_the_seed() -> None:
    gold, predicted = many(lambda _: True), many(lambda index: index % 4 > 0)
    report = evaluate(gold, predicted)
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
    assert evaluate(gold, predicted) == report
    other = evaluate(gold, predicted, seed=1)
    assert other.entities.micro.interval != report.entities.micro.interval


def test_one_article_has_no_interval() -> None:
    report = evaluate([GOLD], [GOLD])
    assert report.entities.micro.interval is None
    assert report.themes.macro.interval is None
    comparison = compare([GOLD], [GOLD], [replace(GOLD, entities=())])
    assert comparison.entities.value == 1
    assert comparison.entities.interval is None
    assert comparison.entities.p_value is None


def test_compare_tells_better_from_equal() -> None:
    gold = many(lambda _: True)
    good, poor = many(lambda index: index % 8 > 0), many(lambda index: index % 2 > 0)
    comparison = compare(gold, good, poor)
    for difference in (comparison.entities, comparison.themes):
        assert difference.value > 0.2
        assert difference.interval.low > 0
        assert difference.p_value < 0.01
    reverse = compare(gold, poor, good).entities
    assert reverse.value == -comparison.entities.value
    assert reverse.interval.high == -comparison.entities.interval.low
    equal = compare(gold, good, list(reversed(good))).entities
    assert (equal.value, equal.p_value) == (0, 1)


def test_the_bootstrap_is_paired() -> None:
    """Two predictions that differ on one article differ by little in every sample."""
    gold, one = many(lambda _: True), many(lambda index: index % 2 > 0)
    other = [gold[0], *one[1:]]
    interval = compare(gold, other, one).entities.interval
    assert 0 <= interval.low <= interval.high < 0.08


def test_curves_end_at_the_operating_point() -> None:
    predicted = replace(
        GOLD,
        entities=(
            replace(SEKDA, score=0.9),
            mark("Warga", "TITLE", 0.8),
            replace(MADE, score=0.70001),
            mark("Apel", "OFFICIAL", 0.7),
            BALI,
            mark("pagi", "PROVINCE", 0.6),
        ),
        themes=(theme("Sekda", "DISIPLIN", 0.6), theme("Apel", "DISIPLIN", 0.5)),
    )
    report = evaluate([GOLD], [predicted])
    title = report.entity_curves["TITLE"]
    assert (title.thresholds, title.precision, title.recall) == ((0.9, 0.8), (1, 0.5), (1, 1))
    official = report.entity_curves["OFFICIAL"]  # scores equal to three decimals are one point
    assert (official.thresholds, official.precision, official.recall) == ((0.7,), (0.5,), (1,))
    assert "PROVINCE" not in report.entity_curves  # one of the two has no score
    assert report.theme_curves.keys() == {"DISIPLIN"}
    assert report.theme_curves["DISIPLIN"].precision == (0, 0.5)
    for label, curve in report.entity_curves.items():
        assert curve.precision[-1] == report.entities.labels[label].precision
        assert curve.recall[-1] == report.entities.labels[label].recall


def test_report_is_plain(tiny_articles: list[Article]) -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(map(plain, (*value.keys(), *value.values())))
        if isinstance(value, list | tuple):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, float)

    report = evaluate(tiny_articles, many_scored(tiny_articles), known_mentions=frozenset({"Bali"}))
    assert report.entity_curves
    assert plain(report.to_dict())
    assert json.loads(json.dumps(report.to_dict()))["articles"] == len(tiny_articles)
    assert plain(compare(tiny_articles, tiny_articles, tiny_articles).to_dict())


def many_scored(articles: list[Article]) -> list[Article]:
    return [
        replace(
            article,
            entities=tuple(replace(span, score=0.9) for span in article.entities),
            themes=tuple(replace(span, score=0.9) for span in article.themes),
        )
        for article in articles
    ]


@pytest.mark.parametrize("text", ["", " \n ", "tanpa nama"])
def test_articles_without_spans_score_zero(text: str) -> None:
    articles = [Article("a", text), Article("b", text)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = evaluate(articles, articles)
    assert report.entities.macro.f1 == report.themes.macro.f1 == report.article_themes.f1 == 0


def test_order_of_articles_does_not_matter(tiny_articles: list[Article]) -> None:
    predicted = [replace(article, entities=article.entities[:1]) for article in tiny_articles]
    assert evaluate(tiny_articles, predicted) == evaluate(tiny_articles, predicted[::-1])


def test_other_labels() -> None:
    labels = LabelSet(("SHIP",), ("SEA",))
    article = Article(
        "a", "KM Kelimutu berlayar", (EntitySpan(0, 11, "SHIP"),), (ThemeSpan(0, 20, "SEA"),)
    )
    report: Report = evaluate([article], [article], labels=labels)
    assert (report.entities.micro.f1, report.themes.micro.f1) == (1, 1)


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([], [], "evaluation needs an article at least"),
        (
            [GOLD, replace(GOLD, id="b")],
            [GOLD],
            "1 of 2 are not among the predicted ones, first 'b'; predict the gold file itself",
        ),
        ([GOLD], [GOLD, replace(GOLD, id="b")], "1 of 2 are not among the gold ones, first 'b'"),
        ([GOLD], [GOLD, GOLD], "'a' occurs twice among the predicted articles"),
        ([GOLD, GOLD], [GOLD], "'a' occurs twice among the gold articles"),
        (
            [GOLD],
            [Article("a", TEXT.replace("Made", "made"))],
            "they part at character 11: 'Made Suwirya hadir.\\n' against 'made",
        ),
        ([GOLD], [Article("a", TEXT + "!")], "they part at character 78: '' against '!'"),
        (
            [GOLD],
            [replace(GOLD, entities=(mark("Bali", "PROVINSI"),))],
            "unknown label 'PROVINSI' among the predicted spans; did you mean 'PROVINCE'?",
        ),
        (
            [replace(GOLD, themes=(theme("Apel", "Kinerja"),))],
            [GOLD],
            "unknown label 'Kinerja' among the gold spans; did you mean 'KINERJA'?",
        ),
    ],
)
def test_errors_name_rule_value_and_cure(
    gold: list[Article], predicted: list[Article], message: str
) -> None:
    for judge in (evaluate, headline):
        with pytest.raises(ValueError, match=re.escape(message)):
            judge(gold, predicted)

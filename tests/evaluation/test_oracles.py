"""Counts against what seqeval, scikit-learn and SciPy make of the same articles."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import precision_recall_fscore_support

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.evaluation import (
    Score,
    align,
    entity_f1,
    evaluate,
    leading_f1,
    passage_themes,
    theme_f1,
)
from asn_nlp.labels import ASN_LABELS

Twins = tuple[list[Article], list[Article]]


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
def twins(draw: st.DrawFn) -> Twins:
    gold, predicted = [], []
    for index in range(draw(st.integers(1, 4))):
        text = draw(st.text("ab \n", min_size=1, max_size=30))
        for side in (gold, predicted):
            spans = draw(entities(len(text))), draw(themes(len(text)))
            side.append(Article(str(index), text, *spans))
    return gold, predicted


def figures(score: Score) -> tuple[float, ...]:
    return score.precision, score.recall, score.f1, score.support


def tags(article: Article) -> list[str]:
    """IOB2 over characters, which no span can straddle."""
    tagged = ["O"] * len(article.text)
    for span in article.entities:
        tagged[span.start : span.end] = [
            f"B-{span.label}",
            *[f"I-{span.label}"] * (span.end - span.start - 1),
        ]
    return tagged


@settings(max_examples=30)
@given(twins())
def test_entities_are_scored_as_seqeval_does(articles: Twins) -> None:
    gold, predicted = articles
    scores = evaluate(gold, predicted, labels=ASN_LABELS, resamples=2).entities
    if not any(one.entities for side in articles for one in side):
        assert figures(scores.micro) == figures(scores.macro) == (0, 0, 0, 0)
        return  # seqeval has no report of nothing
    rows = classification_report(
        list(map(tags, gold)),
        list(map(tags, predicted)),
        mode="strict",
        scheme=IOB2,
        output_dict=True,
        zero_division=0,
    )
    ours = {**scores.labels, "micro avg": scores.micro, "macro avg": scores.macro}
    for name, score in ours.items():
        row = rows.get(name, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
        theirs = row["precision"], row["recall"], row["f1-score"], row["support"]
        assert figures(score) == pytest.approx(theirs)


@settings(max_examples=30)
@given(twins())
def test_themes_are_scored_as_scikit_learn_does(articles: Twins) -> None:
    def marks(rows: list[set[str]]) -> np.ndarray:
        flags = [[theme in row for theme in ASN_LABELS.themes] for row in rows]
        return np.array(flags, dtype=bool).reshape(len(rows), len(ASN_LABELS.themes))

    report = evaluate(*articles, labels=ASN_LABELS, resamples=2)
    passages = [
        marks([set(row) for article in side for row in passage_themes(article)])
        for side in articles
    ]
    wholes = [marks([{s.label for s in article.themes} for article in side]) for side in articles]
    assert report.passages == len(passages[0])
    columns = [[side[:, i] for side in passages] for i in range(len(ASN_LABELS.themes))]
    for score, (gold, predicted) in zip(
        [*report.themes.labels.values(), report.themes.micro, report.article_themes],
        [*columns, passages, wholes],
        strict=True,
    ):
        if not gold.size:
            assert figures(score) == (0, 0, 0, 0)
            continue
        *theirs, _ = precision_recall_fscore_support(
            gold.ravel(), predicted.ravel(), average="binary", zero_division=0
        )
        assert figures(score) == pytest.approx((*theirs, gold.sum()))
        assert score.predicted == predicted.sum()


@given(twins())
def test_the_leading_figures_are_those_of_the_report(articles: Twins) -> None:
    report = evaluate(*articles, labels=ASN_LABELS, resamples=2)
    leading = leading_f1(*articles, labels=ASN_LABELS)
    assert report.leading == leading
    assert leading.entity_f1 == entity_f1(*articles, labels=ASN_LABELS)
    assert leading.theme_f1 == theme_f1(*articles, labels=ASN_LABELS)
    assert leading.mean == pytest.approx((leading.entity_f1 + leading.theme_f1) / 2)


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


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(entities(n), entities(n))))
def test_align_knows_no_sides(
    sides: tuple[tuple[EntitySpan, ...], tuple[EntitySpan, ...]],
) -> None:
    gold, predicted = sides
    mirrored = {(pair.predicted, pair.gold) for pair in align(predicted, gold)}
    assert {(pair.gold, pair.predicted) for pair in align(gold, predicted)} == mirrored

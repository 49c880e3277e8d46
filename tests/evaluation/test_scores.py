import json
import warnings
from dataclasses import replace

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.evaluation import Report, entity_f1, evaluate, leading_f1, theme_f1
from asn_nlp.labels import ASN_LABELS, LabelSet


def judge(gold: list[Article], predicted: list[Article], **options) -> Report:
    return evaluate(gold, predicted, labels=ASN_LABELS, **options)


def scored(articles: list[Article]) -> list[Article]:
    return [
        replace(
            article,
            entities=tuple(replace(span, score=0.9) for span in article.entities),
            themes=tuple(replace(span, score=0.9) for span in article.themes),
        )
        for article in articles
    ]


def test_gold_itself_is_perfect(tiny_articles) -> None:
    report = judge(tiny_articles, tiny_articles)
    for scores in (report.entities, report.partial, report.themes):
        for score in (scores.micro, scores.macro):
            assert (score.precision, score.recall, score.f1) == (1, 1, 1)
    assert report.article_themes.f1 == 1
    assert report.entities.micro.support == sum(len(one.entities) for one in tiny_articles)


def test_scores_by_hand(gold, mark, theme) -> None:
    """One mention exact, one with another end, one of another type, one out of nothing."""
    bali, made = mark("Bali", "PROVINCE"), mark("Made Suwirya", "OFFICIAL")
    predicted = replace(
        gold,
        entities=(
            mark("Sekda", "TITLE"),
            replace(bali, label="OFFICIAL"),
            replace(made, end=made.end - 3),
            mark("Warga", "TITLE"),
        ),
        themes=(theme("Apel", "DISIPLIN"), theme("Warga", "PELAYANAN_PUBLIK")),
    )
    report = judge([gold], [predicted])
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


def test_passages_and_articles_count_themes_apart(gold, theme) -> None:
    themes = theme("Sekda", "KARIER"), theme("Apel", "KARIER"), theme("Warga", "KARIER")
    gold = replace(gold, themes=themes)
    report = judge([gold], [replace(gold, themes=themes[:1])])
    assert report.themes.labels["KARIER"].recall == pytest.approx(1 / 3)
    assert report.article_themes.recall == 1


def test_mentions_seen_in_training_are_scored_apart(gold, mark) -> None:
    sekda, bali, _ = gold.entities
    predicted = replace(gold, entities=(sekda, bali, mark("Warga", "TITLE")))
    report = judge([gold], [predicted], known_mentions=frozenset({"Bali", "made suwirya"}))
    assert (report.seen.recall, report.seen.precision, report.seen.support) == (1, 1, 1)
    assert (report.unseen.recall, report.unseen.precision) == (0.5, 0.5)
    assert judge([gold], [predicted]).seen is None


def test_curves_end_at_the_operating_point(gold, mark, theme) -> None:
    sekda, bali, made = gold.entities
    predicted = replace(
        gold,
        entities=(
            replace(sekda, score=0.9),
            mark("Warga", "TITLE", 0.8),
            replace(made, score=0.70001),
            mark("Apel", "OFFICIAL", 0.7),
            bali,
            mark("pagi", "PROVINCE", 0.6),
        ),
        themes=(theme("Sekda", "DISIPLIN", 0.6), theme("Apel", "DISIPLIN", 0.5)),
    )
    report = judge([gold], [predicted])
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


def test_report_is_plain(tiny_articles) -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(map(plain, (*value.keys(), *value.values())))
        if isinstance(value, list | tuple):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, float, bool)

    report = judge(tiny_articles, scored(tiny_articles), known_mentions=frozenset({"Bali"}))
    assert report.entity_curves
    assert plain(report.to_dict())
    assert json.loads(json.dumps(report.to_dict()))["articles"] == len(tiny_articles)
    assert "cases" not in report.to_dict()


@pytest.mark.parametrize("text", ["", " \n ", "tanpa nama"])
def test_articles_without_spans_score_zero(text: str) -> None:
    articles = [Article("a", text), Article("b", text)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = judge(articles, articles)
    assert report.entities.macro.f1 == report.themes.macro.f1 == report.article_themes.f1 == 0


def test_order_of_articles_does_not_matter(tiny_articles) -> None:
    predicted = [replace(article, entities=article.entities[:1]) for article in tiny_articles]
    assert judge(tiny_articles, predicted) == judge(tiny_articles, predicted[::-1])


SAILS = Article(
    "a", "KM Kelimutu berlayar", (EntitySpan(0, 11, "SHIP"),), (ThemeSpan(0, 20, "SEA"),)
)


def test_other_labels() -> None:
    report = evaluate([SAILS], [SAILS], labels=LabelSet(("SHIP",), ("SEA",)))
    assert (report.entities.micro.f1, report.themes.micro.f1) == (1, 1)
    assert (report.unmarked, report.unread) == ((), ())


def test_labels_that_gold_never_marks_are_named_and_count_as_spurious() -> None:
    labels = LabelSet(("PORT", "SHIP"), ("SEA", "AIR"))
    predicted = replace(
        SAILS,
        entities=(*SAILS.entities, EntitySpan(12, 20, "PORT")),
        themes=(*SAILS.themes, ThemeSpan(0, 20, "AIR")),
    )
    report = evaluate([SAILS], [predicted], labels=labels)
    assert report.unmarked == ("PORT", "AIR")
    for scores, label in ((report.entities, "PORT"), (report.themes, "AIR")):
        assert scores.micro.precision == 0.5
        assert (scores.labels[label].predicted, scores.labels[label].support) == (1, 0)


def test_entities_alone() -> None:
    labels = LabelSet(("SHIP",), ())
    report = evaluate([SAILS], [replace(SAILS, themes=())], labels=labels)
    assert report.entities.micro.f1 == 1
    assert (report.themes, report.article_themes, report.theme_curves) == (None, None, {})
    assert report.unread == ("SEA",)
    leading = leading_f1([SAILS], [SAILS], labels=labels)
    assert (leading.entity_f1, leading.theme_f1, leading.mean) == (1, None, 1)
    assert leading == report.leading
    assert theme_f1([SAILS], [SAILS], labels=labels) == 0


def test_themes_alone() -> None:
    labels = LabelSet((), ("SEA", "AIR"))
    report = evaluate([SAILS], [SAILS], labels=labels, known_mentions=frozenset({"KM Kelimutu"}))
    assert report.themes.micro.f1 == 1
    assert (report.entities, report.partial, report.confusion, report.seen) == (None,) * 4
    assert (report.unmarked, report.unread) == (("AIR",), ("SHIP",))
    assert leading_f1([SAILS], [SAILS], labels=labels).mean == 1
    assert entity_f1([SAILS], [SAILS], labels=labels) == 0

import re
from dataclasses import replace

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import EvaluationError
from asn_nlp.evaluation import Case, Pair, align, evaluate, leading_f1, passage_themes
from asn_nlp.evaluation import alignment as alignment_module
from asn_nlp.labels import ASN_LABELS, LabelSet


def test_align_prefers_the_same_type_to_the_first_met() -> None:
    gold = EntitySpan(0, 10, "TITLE")
    first, second = EntitySpan(0, 4, "PROVINCE"), EntitySpan(5, 10, "TITLE")
    assert align([gold], [first, second]) == (Pair(gold, second), Pair(None, first))


def test_passages_keep_the_scores_of_their_themes(gold, theme) -> None:
    article = replace(gold, themes=(theme("Apel", "DISIPLIN", 0.7), theme("Apel", "KINERJA", 0.6)))
    assert passage_themes(article) == [{}, {"DISIPLIN": 0.7, "KINERJA": 0.6}, {}]
    assert Case(gold, article).themes[1] == ({"DISIPLIN": None}, {"DISIPLIN": 0.7, "KINERJA": 0.6})


def test_every_article_is_aligned_once(gold, monkeypatch) -> None:
    calls = []

    def counted(*sides):
        calls.append(sides)
        return align(*sides)

    monkeypatch.setattr(alignment_module, "align", counted)
    report = evaluate([gold], [gold], labels=ASN_LABELS, known_mentions=frozenset({"Bali"}))
    assert report.cases[0].pairs
    assert len(calls) == 1


TEXT = "Sekda Bali Made Suwirya hadir.\nApel pagi dimulai pukul tujuh.\n***\nWarga antre."
GOLD = Article("a", TEXT, (EntitySpan(6, 10, "PROVINCE"),), (ThemeSpan(31, 61, "DISIPLIN"),))


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([], [], "evaluation needs an article at least, but gold has none; name more data"),
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
            [replace(GOLD, entities=(EntitySpan(6, 10, "PROVINSI"),))],
            "predicted article 'a': unknown entity type 'PROVINSI' on 'Bali' [6, 10); did you mean "
            "'PROVINCE'? If not, give the labels of the run that predicted",
        ),
        (
            [replace(GOLD, themes=(ThemeSpan(66, 78, "Kinerja"),))],
            [GOLD],
            "gold article 'a': unknown theme 'Kinerja' on 'Warga antre.' [66, 78); did you mean "
            "'KINERJA'? If not, evaluate a run that was trained with it",
        ),
    ],
)
def test_errors_name_rule_value_and_cure(
    gold: list[Article], predicted: list[Article], message: str
) -> None:
    for judge in (evaluate, leading_f1):
        with pytest.raises(EvaluationError, match=re.escape(message)):
            judge(gold, predicted, labels=ASN_LABELS)


def test_a_kind_that_is_not_read_is_left_out_of_both_sides() -> None:
    entities_only = LabelSet(ASN_LABELS.entities, ())
    (case,) = alignment_module.match_articles([GOLD], [GOLD], labels=entities_only)
    assert case.gold.themes == case.predicted.themes == ()
    assert case.gold.entities == GOLD.entities

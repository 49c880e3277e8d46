"""Kinds of mistakes, and themes against themes."""

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.evaluation import Case, mistakes
from asn_nlp.evaluation.mistakes import KINDS, count_mistakes, theme_confusion
from asn_nlp.labels import LabelSet

TEXT = "Bupati Rini Sondakh dan Made Wirya rapat; Rini pulang.\nCuaca cerah."


def at(words: str, label: str, last: bool = False) -> EntitySpan:
    start = TEXT.rindex(words) if last else TEXT.index(words)
    return EntitySpan(start, start + len(words), label)


def case(gold: tuple, predicted: tuple, themes: tuple = ((), ())) -> Case:
    return Case(
        *(
            Article("a", TEXT, spans, marks)
            for spans, marks in zip((gold, predicted), themes, strict=True)
        )
    )


def kinds(gold: tuple, predicted: tuple) -> list[str]:
    return [mistake.kind for mistake in mistakes(case(gold, predicted))]


RINI, MADE = at("Rini Sondakh", "OFFICIAL"), at("Made Wirya", "OFFICIAL")


def test_what_is_right_is_no_mistake() -> None:
    assert kinds((RINI, MADE), (RINI, MADE)) == []


def test_each_kind() -> None:
    assert kinds((RINI,), (at("Rini", "OFFICIAL"),)) == ["edge"]
    assert kinds((RINI,), (at("Rini", "TITLE"),)) == ["type"]
    assert kinds((RINI, MADE), (at("Rini Sondakh dan Made Wirya", "OFFICIAL"),)) == [
        "edge",
        "swallowed",
    ]
    assert kinds((RINI,), (at("Rini", "OFFICIAL"), at("Sondakh", "OFFICIAL"))) == ["edge", "split"]
    again = at("Rini", "OFFICIAL", last=True)
    assert kinds((RINI, again), (RINI,)) == ["repeated"]
    assert kinds((RINI, again), ()) == ["missed", "missed"]
    assert kinds((), (MADE,)) == ["spurious"]


def test_a_name_is_not_repeated_where_its_type_differs() -> None:
    again = at("Rini", "TITLE", last=True)
    assert kinds((RINI, again), (RINI,)) == ["missed"]


def test_swallowed_and_split_name_the_span_that_is_to_blame() -> None:
    both = at("Rini Sondakh dan Made Wirya", "OFFICIAL")
    _, swallowed = mistakes(case((RINI, MADE), (both,)))
    assert (swallowed.gold, swallowed.predicted) == (MADE, both)
    assert swallowed.labels == ("OFFICIAL",)


def test_themes_of_a_passage_stand_against_each_other() -> None:
    end = TEXT.index("\n")
    marks = tuple(
        tuple(ThemeSpan(0, end, label) for label in labels)
        for labels in (("KARIER", "DISIPLIN"), ("KARIER", "KINERJA", "JAM_KERJA"))
    )
    second = ThemeSpan(end + 1, len(TEXT), "KARIER")
    one = case((), (), (marks[0], (*marks[1], second)))
    found = [(mistake.kind, mistake.labels) for mistake in mistakes(one)]
    assert found == [
        ("other theme", ("DISIPLIN", "JAM_KERJA")),
        ("other theme", ("DISIPLIN", "KINERJA")),
        ("theme spurious", ("KARIER",)),
    ]
    labels = LabelSet((), ("DISIPLIN", "KARIER", "KINERJA", "JAM_KERJA"))
    assert theme_confusion([one], labels).counts == (
        (0, 0, 1, 1, 0),
        (0, 1, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (0, 1, 0, 0, 0),
    )
    assert count_mistakes([one, one]) == {"other theme": 4, "theme spurious": 2}
    assert count_mistakes([one]).keys() <= KINDS.keys()

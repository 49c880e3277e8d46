import re

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import ConfigError
from asn_nlp.labels import ASN_LABELS, LabelSet

ARTICLE = Article(
    "a",
    "KM Rinjani berlabuh di Bitung",
    (EntitySpan(23, 29, "PORT"), EntitySpan(0, 10, "SHIP")),
    (ThemeSpan(0, 29, "SEA"),),
)


def test_tags_begin_with_outside_and_pair_begin_with_inside():
    labels = LabelSet(("A", "B"), ("T",))
    assert labels.tags == ("O", "B-A", "I-A", "B-B", "I-B")


def test_ids_are_places_in_the_lists():
    assert [ASN_LABELS.tag_ids[tag] for tag in ASN_LABELS.tags] == list(range(7))
    assert [ASN_LABELS.entity_ids[label] for label in ASN_LABELS.entities] == list(range(3))
    assert [ASN_LABELS.theme_ids[theme] for theme in ASN_LABELS.themes] == list(range(12))


def test_labels_met_are_sorted():
    other = Article("b", "KM Rinjani", (EntitySpan(0, 10, "SHIP"),), (ThemeSpan(0, 10, "AIR"),))
    assert LabelSet.from_articles([ARTICLE, other]) == LabelSet(("PORT", "SHIP"), ("AIR", "SEA"))


def test_either_kind_may_be_missing():
    bare = Article("a", ARTICLE.text, themes=ARTICLE.themes)
    assert LabelSet.from_articles([bare]) == LabelSet((), ("SEA",))
    assert LabelSet((), ("SEA",)).tags == ("O",)
    assert LabelSet(("SHIP",), ()).theme_ids == {}


def test_lists_are_taken_as_tuples():
    labels = LabelSet(["SHIP"], ["SEA"])  # type: ignore[arg-type]
    assert labels == LabelSet(("SHIP",), ("SEA",))
    assert hash(labels) == hash(LabelSet(("SHIP",), ("SEA",)))


@pytest.mark.parametrize(
    ("entities", "themes", "message"),
    [
        ((), (), "labels must hold an entity type or a theme at least, but has none; name some in"),
        (("A", "A"), (), "labels.entities must name each label once, but has 'A' twice; drop one"),
        ((), ("",), "labels.themes must hold names without white space, but '' is none; write it"),
        (("A B",), (), "labels.entities must hold names without white space, but 'A B' is none"),
        (("A\u00a0B",), (), "white space, but 'A\\xa0B' is none"),
        (("A\u200bB",), (), "but 'A\\u200bB' is none"),
        (
            ("A", False),
            (),
            "labels.entities must hold names, but False is a bool; put it in quotes",
        ),
        ("TITLE", (), "labels.entities must be a list, but is 'TITLE'; write [TITLE]"),
    ],
)
def test_names_that_cannot_work_are_refused(entities, themes, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        LabelSet(entities, themes)


def test_articles_without_spans_give_no_labels():
    with pytest.raises(ConfigError, match="or mark some in the training files"):
        LabelSet.from_articles([Article("a", "KM Rinjani")])


def test_unknown_labels_are_named_with_the_nearest():
    assert list(LabelSet(("SHIP", "PORTS"), ("LAND",)).problems(ARTICLE)) == [
        "article 'a': unknown entity type 'PORT' on 'Bitung' [23, 29); did you mean 'PORTS'?",
        "article 'a': unknown theme 'SEA' on 'KM Rinjani berlabuh di Bitung' [0, 29); "
        "did you mean 'LAND'?",
    ]
    assert list(LabelSet(("SHIP", "PORT"), ("SEA",)).problems(ARTICLE)) == []


def test_a_kind_that_is_not_read_has_no_unknown_labels():
    assert list(LabelSet((), ("SEA",)).problems(ARTICLE)) == []
    assert list(LabelSet(("SHIP", "PORT"), ()).problems(ARTICLE)) == []

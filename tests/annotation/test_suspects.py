"""Disagreements between marks and a model, ranked; no model is asked here."""

from dataclasses import replace

import numpy as np
import pytest

from asn_nlp.annotation.suspects import Suspect, find_suspects, review
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.baselines import word_offsets
from asn_nlp.errors import EvaluationError
from asn_nlp.formats import label_studio, read_articles
from asn_nlp.labels import LabelSet
from asn_nlp.passages import split_passages
from asn_nlp.reading.opinions import Opinion
from asn_nlp.reading.tagging import spans_to_tags
from asn_nlp.report.suspects import print_suspects, write_suspects

LABELS = LabelSet(("OFFICIAL", "TITLE"), ("KARIER", "KINERJA"))
TEXT = "Bupati Sigi Rina Astari hadir.\nKata <b>Rina</b> singkat."


def entity(surface: str, label: str, nth: int = 0) -> EntitySpan:
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(surface, start + 1)
    return EntitySpan(start, start + len(surface), label)


READ = Article(
    "a",
    TEXT,
    (
        entity("Bupati Sigi", "TITLE"),
        entity("Rina Astari", "OFFICIAL"),
        entity("Rina", "OFFICIAL", 1),
    ),
    (ThemeSpan(0, 30, "KARIER"),),
)


def opinion(read: Article, belief: float = 0.9) -> Opinion:
    """One that gives ``belief`` to each tag and theme it reads, and the rest to the others."""
    passages = tuple(split_passages(read.text))
    offsets = np.concatenate([word_offsets(read.text, passage) for passage in passages])
    tags = spans_to_tags(read.entities, offsets, LABELS).tags
    sure = np.full((len(offsets), len(LABELS.tags)), (1 - belief) / (len(LABELS.tags) - 1))
    sure[np.arange(len(offsets)), tags] = belief
    themes = np.full((len(passages), len(LABELS.themes)), 1 - belief)
    for place, passage in enumerate(passages):
        for span in read.themes:
            if span.start == passage.start:
                themes[place, LABELS.theme_ids[span.label]] = belief
    return Opinion(read, offsets, sure, passages, themes, np.zeros(4))


def suspects(given: Article, belief: float = 0.9) -> list[Suspect]:
    return find_suspects([given], [opinion(READ, belief)], labels=LABELS)


def test_who_agrees_is_no_suspect():
    assert suspects(READ) == []


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        (READ.entities[1:], "missing: TITLE 'Bupati Sigi' [0, 11)"),
        ((*READ.entities, entity("hadir", "OFFICIAL")), "spurious: OFFICIAL 'hadir' [24, 29)"),
        (
            (READ.entities[0], entity("Rina", "OFFICIAL"), READ.entities[2]),
            "edge: OFFICIAL 'Rina' [12, 16), read as OFFICIAL 'Rina Astari' [12, 23)",
        ),
        (
            (replace(READ.entities[0], label="OFFICIAL"), *READ.entities[1:]),
            "label: OFFICIAL 'Bupati Sigi' [0, 11), read as TITLE 'Bupati Sigi' [0, 11)",
        ),
    ],
)
def test_each_kind_of_wrong_entity_is_one_suspect(entities, told):
    (suspect,) = suspects(replace(READ, entities=entities))
    assert str(suspect) == told
    assert suspect.quality == pytest.approx(0.1 / 4, abs=1e-3)


@pytest.mark.parametrize(
    ("themes", "told"),
    [
        ((), "missing: KARIER"),
        ((*READ.themes, ThemeSpan(31, 56, "KINERJA")), "spurious: KINERJA"),
        ((ThemeSpan(0, 30, "KINERJA"),), "label: KINERJA"),
    ],
)
def test_each_kind_of_wrong_theme_is_one_suspect(themes, told):
    (suspect,) = suspects(replace(READ, themes=themes))
    assert str(suspect).startswith(told)
    assert suspect.quality == pytest.approx(0.1)


def test_the_surer_the_model_the_earlier_the_suspect():
    bare = replace(READ, entities=READ.entities[1:])
    opinions = [opinion(replace(READ, id=name), sure) for name, sure in (("b", 0.6), ("c", 0.99))]
    found = find_suspects([replace(bare, id="b"), replace(bare, id="c")], opinions, labels=LABELS)
    assert [suspect.case.gold.id for suspect in found] == ["c", "b"]


def test_what_the_tokeniser_does_not_see_is_no_suspect():
    blind = replace(opinion(READ), offsets=np.zeros((0, 2), np.int64), tags=np.zeros((0, 5)))
    assert find_suspects([replace(READ, entities=())], [blind], labels=LABELS) == []


def test_kinds_that_the_model_does_not_read_are_left_out():
    of_entities = LabelSet(LABELS.entities, ())
    blind = replace(opinion(replace(READ, themes=())), themes=np.zeros((2, 0)))
    assert find_suspects([READ], [blind], labels=of_entities) == []


def test_a_label_that_the_model_does_not_know_is_refused():
    with pytest.raises(EvaluationError, match="unknown entity type 'PLACE'"):
        suspects(replace(READ, entities=(entity("Sigi", "PLACE"),)))


def test_tasks_stand_by_their_worst_suspect_and_open_as_they_were_marked(tmp_path):
    given = [replace(READ, entities=(), meta={"url": "u"}), replace(READ, id="b", entities=())]
    read = [opinion(READ, 0.6), opinion(replace(READ, id="b"), 0.99)]
    pairs = review(find_suspects(given, read, labels=LABELS))
    assert [one.id for one, _ in pairs] == ["b", "a"]
    path = tmp_path / "tasks.json"
    label_studio.write_review(pairs, path, model_version="folds")
    text = path.read_text("utf-8")
    assert '"model_version": "folds"' in text
    back = read_articles(path)
    assert [replace(one, meta={}) for one in back] == [
        replace(given[1], meta={}),
        replace(given[0], meta={}),
    ]
    assert back[1].meta["url"] == "u"
    assert back[1].meta["suspects"][0].startswith("missing: ")


def test_the_page_shows_both_sides_and_escapes_the_text(tmp_path, capsys):
    read = opinion(replace(READ, id="<i>"))
    given = replace(READ, entities=READ.entities[:2], id="<i>")
    found = find_suspects([given], [read], labels=LABELS)
    write_suspects(found, tmp_path / "page.html", labels=LABELS, provenance={"data": "<x>"})
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "&lt;b&gt;" in page
    assert [raw for raw in ("<b>Rina", "<i>", "<x>") if raw in page] == []
    assert 'class="asn-entity alone"' in page
    assert "http" not in page
    assert "hadir" not in page  # of another passage
    print_suspects(found)
    assert "missing: OFFICIAL" in capsys.readouterr().out


def test_what_an_article_says_does_not_steer_the_terminal(capsys):
    sides = [
        replace(one, id="a\x1b[2J", text=one.text.replace("Sigi", "\x1b[1m"))
        for one in (replace(READ, entities=READ.entities[1:]), READ)
    ]
    print_suspects(find_suspects(sides[:1], [opinion(sides[1])], labels=LABELS))
    told = capsys.readouterr().out
    assert r"a\x1b[2J" in told
    assert "\x1b" not in told

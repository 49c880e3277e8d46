"""What every format holds comes back as it was, and what it does not is named."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError
from asn_nlp.formats import choose, from_dataset, read_articles, to_dataset, write_articles

# Glued words, marks that belong to the letter before, line breaks of every kind, emoji.
pieces = st.sampled_from(
    [
        *("Bupati Sigi", "SH.MHmengatakan", "I Made 😀", "e\u0301", "👩\u200d👩\u200d👧", "𝔾", "ﬁ"),
        *("\r\n", "\n", "\r", "\n\n", "\u2028", "\x85", "\x0c", "\u200b", "\ufeff", "\x07"),
        *(" ", "  ", "\t", ", ", ".", '"', "'", "<b>&amp;", "[", "]", "{", "|", "\\", "#"),
        *("-DOCSTART-", "K-1", "=1+1", ";", "_x000D_"),
    ]
)
characters = st.text(st.characters(codec="utf-8"), max_size=3)
texts = st.lists(pieces | characters, max_size=12).map("".join)
labels = st.sampled_from(["OFFICIAL", "AGENCY", "Jabatan é", "K"])
themes = st.sampled_from(["KARIER", "BUDAYA_KERJA", "Tema é", "K"])
scores = st.none() | st.integers(0, 10_000).map(lambda n: n / 10_000)
ids = st.text(st.sampled_from("aZ0.-_/%é 😀\\:") | st.characters(codec="utf-8"), max_size=8)
values = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
metas = st.dictionaries(
    st.sampled_from(["meta", "text", "id", "label", "sumber", "data"]) | st.text(max_size=4),
    values | st.lists(values, max_size=2) | st.dictionaries(characters, values, max_size=2),
    max_size=3,
)


@st.composite
def articles(draw) -> Article:
    text = draw(texts.filter(str.strip))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    places = list(zip(cuts[::2], cuts[1::2], strict=False))
    rough = [EntitySpan(*place, draw(labels), draw(scores)) for place in places]
    marks = [
        ThemeSpan(*place, draw(themes), draw(scores)) for place in zip(cuts, cuts[2:], strict=False)
    ]
    return Article(draw(ids), text, tuple(rough), tuple(marks), draw(metas))


def lightened(article: Article, name: str) -> Article:
    """Without what a format holds of no article, so that the rest is put to the test."""
    if name in {"doccano", "brat", "uima"}:
        entities = tuple(replace(span, score=None) for span in article.entities)
        article = replace(
            article,
            entities=entities,
            themes=tuple(replace(span, score=None) for span in article.themes),
        )
    if name in {"brat", "uima"}:
        article = replace(article, meta={})
    return article


WRITTEN = [
    "jsonl",
    "label-studio",
    "doccano",
    "brat",
    "prodigy",
    "conll",
    "table",
    "xlsx",
    "spacy",
    "uima",
]


SLOW = {"spacy", "uima", "xlsx"}  # fewer articles, for their libraries take a while


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_format_holds_comes_back(tmp_path, name):
    pytest.importorskip({"spacy": "spacy", "uima": "cassis", "xlsx": "openpyxl"}.get(name, "json"))

    @settings(
        max_examples=20 if name in SLOW else 80,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(articles(), min_size=1, max_size=3, unique_by=lambda one: one.id.casefold()))
    def comes_back(drawn):
        held = [lightened(article, name) for article in drawn]
        held = [article for article in held if not choose("", name).cannot_hold(article)]
        assume(held)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        write_articles(held, path, name)
        back = {article.id: article for article in read_articles(path, name)}
        assert back == {article.id: article for article in held}

    comes_back()


@given(articles())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_dataset_holds_all(article):
    pytest.importorskip("datasets")
    assert list(from_dataset(to_dataset([article]))) == [article]


def test_a_dataset_is_typed_and_its_rows_are_checked():
    pytest.importorskip("datasets")
    dataset = to_dataset([Article("a", "Sigi", (EntitySpan(0, 4, "PROVINCE"),))])
    assert dataset[0]["entities"] == [{"start": 0, "end": 4, "label": "PROVINCE", "score": None}]
    assert dataset.features["themes"].feature["score"].dtype == "float64"
    rows = [*dataset, {**dataset[0], "id": "b", "text": ""}]
    with pytest.raises(AnnotationError, match="row 1: article 'b': 'text' must hold the article"):
        list(from_dataset(rows))
    with pytest.raises(
        AnnotationError, match="row 1: article ids must be unique, but 'a' is row 0"
    ):
        list(from_dataset([*dataset, *dataset]))

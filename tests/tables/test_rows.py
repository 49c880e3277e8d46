import pytest

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import ConfigError
from asn_nlp.formats import inline
from asn_nlp.tables import columns, to_frame, to_rows

MARKED = """\
kind: berita
url: u

[Gubernur|T] [Bali|P] [Rudi Hakim|O] membuka apel, Senin. {DISIPLIN,KINERJA}
Hujan turun. {KARIER}
Kata [Rudi|O], disiplin wajib. {DISIPLIN}
"""


@pytest.fixture
def article():
    return inline.parse(MARKED, "a", "test")


def test_a_record_is_a_row_with_codes_of_three_registries(article):
    (row,) = to_rows([article], "records", meta=["url", "penulis"])
    assert row == {
        "article": "a",
        "url": "u",
        "penulis": None,
        "name": "Rudi Hakim",
        "titles": "Gubernur",
        "province": "Bali",
        "kemendagri": "51",
        "iso": "ID-BA",
        "bps": "51",
        "basis": "stated",
        "mentions": 2,
        "score": None,
        "themes": "DISIPLIN; KINERJA",  # not KARIER, whose passage names nobody
    }
    assert list(row) == list(columns("records", meta=["url", "penulis"]))


def test_entities_and_themes_carry_their_text(article):
    rows = list(to_rows([article]))
    assert [(row["label"], row["text"]) for row in rows] == [
        ("TITLE", "Gubernur"),
        ("PROVINCE", "Bali"),
        ("OFFICIAL", "Rudi Hakim"),
        ("OFFICIAL", "Rudi"),
    ]
    assert list(rows[0]) == list(columns())
    themes = list(to_rows([article], "themes"))
    assert [row["theme"] for row in themes] == ["DISIPLIN", "KINERJA", "KARIER", "DISIPLIN"]
    assert themes[2]["text"] == "Hujan turun."
    assert list(themes[0]) == list(columns("themes"))


def test_ids_names_and_meta_come_out_whole():
    text = "Rudi\u2028“Hakim” 😀"
    span = EntitySpan(0, len(text), "OFFICIAL", 0.123456)
    article = Article("a;\n'b", text, (span,), meta={"tags": ["x", {"y": 1}], "n": 3})
    (row,) = to_rows([article], "records", meta=["tags", "n"])
    assert (row["article"], row["name"], row["score"]) == ("a;\n'b", text, 0.1235)
    assert (row["tags"], row["n"]) == ('["x", {"y": 1}]', "3")


def test_articles_are_taken_one_at_a_time(article):
    def endless():
        while True:
            yield article

    assert next(to_rows(endless(), "records"))["name"] == "Rudi Hakim"


def test_a_wrong_kind_or_column_is_told_before_an_article_is_taken():
    with pytest.raises(ConfigError, match=r"not of 'record'; did you mean 'records'\?"):
        to_rows([], "record")
    with pytest.raises(ConfigError, match=r"'name' is asked for from the meta .* leave it out"):
        to_rows([], "records", meta=["url", "name"])
    with pytest.raises(ConfigError, match="'url' is asked for"):
        to_rows([], meta=["url", "url"])


@pytest.mark.parametrize("kind", ["entities", "themes", "records"])
def test_frames_have_the_same_columns_with_rows_or_without(article, kind):
    full, empty = to_frame([article], kind, meta=["url"]), to_frame([], kind, meta=["url"])
    assert list(full.columns) == list(empty.columns) == list(columns(kind, meta=["url"]))
    assert full.dtypes.equals(empty.dtypes)
    assert len(full) > len(empty) == 0
    assert full["url"].tolist() == ["u"] * len(full)

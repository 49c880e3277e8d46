import re

import pytest

from asn_nlp.formats import inline
from asn_nlp.provinces import province_of_code, provinces
from asn_nlp.tables import print_summary, summarise, write_page
from asn_nlp.tables.summary import _TILES

BALI, RIAU = province_of_code("51"), province_of_code("14")


@pytest.fixture
def articles():
    texts = [
        # Two posts in Riau, one in Bali: an article of Riau.
        "[Bupati Kampar|T] [Rudi Hakim|O], [Bupati Siak|T] [Ayu Tirta|O] dan [Gubernur|T] [Bali|P]"
        " [Made Arta|O] hadir. {KARIER}",
        "Apel di [Bali|P] dan [Bali|P], bukan [Riau|P]. {DISIPLIN,KARIER}",  # no officials
        "[Mendagri|T] [Sri Wati|O] hadir.",  # a national post
    ]
    return [
        inline.parse(f"kind: berita\n\n{text}", str(index), "test")
        for index, text in enumerate(texts)
    ]


def test_an_article_counts_once_and_an_official_where_the_post_is(articles):
    summary = summarise(iter(articles))
    assert [(row.province, row.articles, row.officials) for row in summary.rows] == [
        (RIAU, 1, 2),
        (BALI, 1, 1),
        (None, 1, 1),
    ]
    assert [dict(row.themes) for row in summary.rows] == [
        {"KARIER": 1},
        {"DISIPLIN": 1, "KARIER": 1},
        {},
    ]
    assert (summary.articles, summary.officials) == (3, 4)
    assert list(summary.themes.items()) == [("KARIER", 2), ("DISIPLIN", 1)]


def test_the_table_shows_the_themes_that_fit(articles, monkeypatch, capsys):
    def printed(width):
        monkeypatch.setenv("COLUMNS", str(width))
        print_summary(summarise(articles))
        return capsys.readouterr().out

    wide, narrow = printed(100), printed(64)
    assert re.search(r"^province +articles +officials +KARIER +DISIPLIN$", wide, re.M)
    assert re.search(r"^\(none\) +1 +1$", wide, re.M)
    assert "KARIER" in narrow
    assert "DISIPLIN" not in narrow


def test_the_page_is_one_file_with_every_province_and_nothing_that_runs(articles, tmp_path):
    path = tmp_path / "peta.html"
    write_page(summarise(articles), path, title="Berita <script>alert(1)</script>")
    page = path.read_text("utf-8")
    assert page.count('class="tile') == 38
    assert "<script" not in page
    assert re.search(r'title="Riau: 1 articles, 2 officials">Riau<span>1</span>', page)
    assert re.search(
        r'<th scope="row">Bali</th><td>1</td><td>1</td>\s*<td>1</td>\s*<td>1</td>', page
    )
    assert not re.search(r"(?:src|href)=|url\(", page)


def test_a_page_of_nothing_is_a_page(tmp_path):
    write_page(summarise([]), tmp_path / "peta.html", title="Kosong")
    assert (tmp_path / "peta.html").read_text("utf-8").count('class="tile') == 38


def test_every_province_has_a_tile_of_its_own():
    assert _TILES.keys() == {one.kemendagri for one in provinces()}
    assert len({(row, column) for row, column, _ in _TILES.values()}) == 38
    assert max(column for _, column, _ in _TILES.values()) == 12  # the columns of the page

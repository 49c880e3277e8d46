from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.passages import marked_passages, split_passages
from asn_nlp.training.augmentation import vary_headlines, vary_line_breaks

NEWS = [
    Article(
        f"a{number}",
        "\nBupati Umar Lantik Camat\nKata Umar, camat harus siap.",
        (EntitySpan(8, 12, "OFFICIAL"),),
    )
    for number in range(400)
]
CAPITALS = "\nBUPATI UMAR LANTIK CAMAT\nKata Umar, camat harus siap."
LOWER_CASE = "\nbupati umar lantik camat\nKata Umar, camat harus siap."


def texts(articles: list[Article]) -> list[str]:
    return [article.text for article in articles]


def test_half_of_the_share_is_in_capitals_and_half_in_lower_case():
    varied = texts(vary_headlines(NEWS, share=0.5, seed=0))
    assert set(varied) == {NEWS[0].text, CAPITALS, LOWER_CASE}
    assert 60 < varied.count(CAPITALS) < 140
    assert 60 < varied.count(LOWER_CASE) < 140


def test_the_seed_decides():
    assert vary_headlines(NEWS, share=0.5, seed=0) == vary_headlines(NEWS, share=0.5, seed=0)
    assert vary_headlines(NEWS, share=0.5, seed=0) != vary_headlines(NEWS, share=0.5, seed=1)


def test_no_share_changes_nothing():
    assert vary_headlines(NEWS, share=0, seed=0) == NEWS


def test_a_first_passage_too_long_for_a_headline_is_kept():
    article = Article("a", "Satu paragraf. " * 20)
    assert vary_headlines([article], share=1, seed=0) == [article]


def test_a_headline_that_would_grow_in_capitals_keeps_its_offsets():
    article = Article("a", "Straße Umar\nisi", (EntitySpan(7, 11, "OFFICIAL"),))
    for seed in range(8):
        (varied,) = vary_headlines([article], share=1, seed=seed)
        assert varied.text in {article.text, "straße umar\nisi"}


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9))
def test_only_case_changes_and_no_offset(text, seed):
    (varied,) = vary_headlines([Article("a", text)], share=1, seed=seed)
    assert len(varied.text) == len(text)
    assert varied.text.casefold() == text.casefold() or varied.text.upper() == text.upper()


def test_line_breaks_go_and_nothing_else_moves():
    text = "Judul berita\n\nApel pagi.\r\nSidak pegawai.\n"
    themes = (
        ThemeSpan(14, 24, "DISIPLIN"),
        ThemeSpan(26, 40, "DISIPLIN"),
        ThemeSpan(26, 40, "KINERJA"),
    )
    article = Article("a", text, (EntitySpan(0, 5, "TITLE"),), themes)
    seen = {one.text for one in vary_line_breaks([article] * 40, share=1.0, seed=0)}
    assert "Judul berita  Apel pagi.  Sidak pegawai.\n" in seen
    for one in vary_line_breaks([article] * 40, share=1.0, seed=0):
        assert one.entities == article.entities
        assert one.text.split() == text.split()
        passages = split_passages(one.text)
        for theme in one.themes:
            (place,) = marked_passages(theme.start, theme.end, passages)
            assert (passages[place].start, passages[place].end) == (theme.start, theme.end)
        assert {(theme.label) for theme in one.themes} == {"DISIPLIN", "KINERJA"}
    assert vary_line_breaks([article] * 3, share=0.0, seed=0) == [article] * 3


def test_line_breaks_are_varied_by_the_seed():
    articles = [Article(str(i), "Satu.\nDua.\nTiga.\nEmpat.") for i in range(30)]
    first, again, other = (vary_line_breaks(articles, share=0.5, seed=s) for s in (0, 0, 1))
    assert first == again != other

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError
from asn_nlp.formats import Problem, inline, read_articles, scan, write_articles
from asn_nlp.labels import LabelSet
from asn_nlp.passages import split_passages

HEAD = "kind: berita\nregion: Bali\n\n"


def test_inline_marks_become_spans():
    source = (
        HEAD + "[Bupati Badung|T] [I Made Rundah|O] melantik camat. {KARIER, KINERJA}\n"
        "\n  Warga [Bali|P] datang \\[humas\\] \\\\ \\{x\\|y\\}\n"
    )
    article = inline.parse(source, "badung", "badung.txt")
    assert article == Article(
        "badung",
        "Bupati Badung I Made Rundah melantik camat.\n\n  Warga Bali datang [humas] \\ {x|y}",
        (
            EntitySpan(0, 13, "TITLE"),
            EntitySpan(14, 27, "OFFICIAL"),
            EntitySpan(53, 57, "PROVINCE"),
        ),
        (ThemeSpan(0, 43, "KARIER"), ThemeSpan(0, 43, "KINERJA")),
        {"kind": "berita", "region": "Bali"},
    )


def test_inline_theme_spans_the_trimmed_passage():
    article = inline.parse(HEAD + "\n\t Apel pagi.  {DISIPLIN}", "a", "a.txt")
    (theme,) = article.themes
    assert article.surface(theme) == "Apel pagi."


def test_inline_marks_may_lie_inside_glued_words():
    article = inline.parse(HEAD + "[Sari, SH.MH|O]mengatakan", "a", "a.txt")
    assert article.text == "Sari, SH.MHmengatakan"
    assert article.entities == (EntitySpan(0, 11, "OFFICIAL"),)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("kind berita\n\nApel", "a.txt:1: a line of the head must read 'name: value', found"),
        ("kind: berita\nApel", "a.txt:1: a blank line must divide the head from the text; add it"),
        (
            HEAD + "Apel\n[Bupati|X] hadir",
            "a.txt:5: unknown entity type 'X' in '[Bupati|X]'; the types are O (OFFICIAL), "
            "T (TITLE), P (PROVINCE), or any name in full",
        ),
        (HEAD + "Apel. {KARIER,}", "a.txt:4: a theme must have a name, found {KARIER,}; remove"),
        ("a: b\na: c\n\nApel", "a.txt:2: 'a' must stand once in the head; keep one"),
        (HEAD + "Apel. {KARIER,KARIER}", "a.txt:4: a theme must be listed once a passage, found"),
        (HEAD + "123 {KARIER}", "a.txt:4: a passage with themes must hold a letter; move {KARIER}"),
        (
            HEAD + "Kata [Bupati hadir",
            "a.txt:4: '[' belongs to no mark near 'Kata [Bupati hadir'; complete the mark as "
            "[surface|T], or put a backslash before the character to take it literally",
        ),
        (HEAD + "[Bupati [Bali|P]|T]", "a.txt:4: '[' belongs to no mark"),
        (HEAD + "Apel {KARIER} pagi", "a.txt:4: '{' belongs to no mark"),
        (HEAD + "Apel \\ pagi", "a.txt:4: '\\\\' belongs to no mark"),
    ],
)
def test_broken_mark_up_is_refused(source, words):
    with pytest.raises(AnnotationError) as caught:
        inline.parse(source, "a", "a.txt")
    assert words in str(caught.value)


OFFICES = LabelSet(("OFFICIAL", "OFFICE", "TITLE"), ())


def test_types_that_begin_alike_are_marked_in_full():
    article = Article(
        "a",
        "Sekda Irma di Dinas Sosial",
        (EntitySpan(0, 5, "TITLE"), EntitySpan(6, 10, "OFFICIAL"), EntitySpan(14, 26, "OFFICE")),
    )
    source = inline.render(article, labels=OFFICES)
    assert source == "\n[Sekda|T] [Irma|OFFICIAL] di [Dinas Sosial|OFFICE]\n"
    assert inline.parse(source, "a", "a.txt", labels=OFFICES) == article
    with pytest.raises(AnnotationError, match=r"2: unknown entity type 'O' in .* T \(TITLE\), or"):
        inline.parse("\n[Irma|O]", "a", "a.txt", labels=OFFICES)


def test_any_label_in_full_is_taken():
    article = inline.parse("\n[Dinas Sosial|AGENCY] tutup {CUACA}", "a", "a.txt")
    assert article.entities == (EntitySpan(0, 12, "AGENCY"),)
    assert article.themes == (ThemeSpan(0, 18, "CUACA"),)


def test_signs_inside_a_mark_are_taken_literally_behind_a_backslash():
    article = inline.parse("\n[Ida \\[Dayu\\]|O]", "a", "a.txt")
    assert article.surface(article.entities[0]) == "Ida [Dayu]"


@st.composite
def held(draw) -> Article:
    """Articles such as people write, with signs that could upset the marks."""
    text = draw(st.text(st.sampled_from("ab [](){}|\\,:\n\t")).filter(str.strip))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    entities = [
        EntitySpan(start, end, draw(st.sampled_from(["OFFICIAL", "TITLE", "AGENCY"])))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    themes = [
        ThemeSpan(passage.start, passage.end, label)
        for passage in split_passages(text)
        for label in draw(st.sets(st.sampled_from(["KARIER", "CUACA"])))
    ]
    meta = draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "x: y", " z"])))
    return Article("a", text, tuple(entities), tuple(themes), meta)


@given(held())
def test_what_the_marks_can_hold_comes_back_as_it_was(tmp_path_factory, article):
    path = tmp_path_factory.mktemp("inline") / "a.txt"
    if inline.cannot_hold(article):
        with pytest.raises(AnnotationError, match="marks in the text cannot hold"):
            write_articles([article], path, "inline")
        assert not path.exists()
    else:
        write_articles([article], path, "inline")
        assert read_articles(path, "inline") == [article]


@given(held())
def test_the_marks_hold_all_that_stays_within_lines(article):
    plain = not any(line != line.strip() for line in article.text.split("\n"))
    within = not any("\n" in article.surface(span) for span in article.entities)
    if plain and within:
        assert inline.cannot_hold(article) == []


@pytest.mark.parametrize(
    ("article", "words"),
    [
        (Article("a", "Sigi", (EntitySpan(0, 4, "TITLE", 0.5),)), "cannot hold scores, found 1;"),
        (
            Article("a", "Ida\nAyu", (EntitySpan(0, 7, "OFFICIAL"),)),
            r"cannot hold OFFICIAL 'Ida\nAyu' [0, 7) over a line break; write JSON Lines",
        ),
        (
            Article("a", "Apel pagi", (), (ThemeSpan(0, 4, "KARIER"),)),
            "cannot hold KARIER on [0, 4), 1 times, but only whole passages and each theme once;",
        ),
        (
            Article("a", "Apel", (), (ThemeSpan(0, 4, "KARIER"),) * 2),
            "cannot hold KARIER on [0, 4), 2 times",
        ),
        (Article("a", "Apel", meta={"n": 1}), "cannot hold 'n' of the meta, which is no line;"),
        (Article("a", "Apel\r"), "cannot hold its white space, line ends or label names as they"),
        (Article("a", "Sigi", (EntitySpan(0, 4, "T"),)), "label names as they are; write JSON"),
    ],
)
def test_what_the_marks_cannot_hold_is_named(tmp_path, article, words):
    with pytest.raises(AnnotationError) as caught:
        write_articles([article], tmp_path / "a.txt", "inline")
    assert words in str(caught.value)
    assert str(caught.value).startswith("article 'a': marks in the text cannot hold ")


def test_a_file_holds_one_article(tmp_path):
    with pytest.raises(AnnotationError, match=r"a\.txt: a text file holds one article, found more"):
        write_articles([Article("a", "x"), Article("b", "y")], tmp_path / "a.txt", "inline")


def test_problems_have_their_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"kind: berita\r\n\r\nApel [\r\nRapat {A,A}\r\n")
    assert [(one.line, type(one)) for one in scan(path, "inline")] == [(3, Problem), (4, Problem)]

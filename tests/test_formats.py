import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import AnnotationError, Article, EntitySpan, ThemeSpan
from asn_nlp.formats import inline, jsonl, read_articles, write_articles
from asn_nlp.labels import ASN_LABELS

GOOD = {"id": "a", "text": "Bupati Sigi hadir", "entities": [], "themes": []}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# The format keeps four decimals of a score.
scores = st.none() | st.integers(0, 10_000).map(lambda n: n / 10_000)


@st.composite
def articles(draw) -> Article:
    text = draw(
        st.text(
            st.sampled_from('aé \n\r\t\u2028\x85\u200b\ufeff"\\😀') | st.characters(codec="utf-8")
        )
    )
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    entities = [
        EntitySpan(start, end, draw(st.sampled_from(ASN_LABELS.entities)), draw(scores))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    themes = [
        ThemeSpan(start, end, draw(st.sampled_from(ASN_LABELS.themes)), draw(scores))
        for start, end in zip(cuts, cuts[2:], strict=False)
    ]
    return Article(
        draw(st.text()),
        text,
        tuple(entities),
        tuple(themes),
        draw(st.dictionaries(st.text(), json_values, max_size=3)),
    )


@given(st.lists(articles(), min_size=1, max_size=4, unique_by=lambda article: article.id))
def test_jsonl_comes_back_as_it_was(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("jsonl") / "articles.jsonl"
    write_articles(written, path)
    assert read_articles(path) == written
    assert path.read_bytes().count(b"\n") == len(written)


def test_jsonl_writes_what_the_guidelines_show(tmp_path):
    path = tmp_path / "articles.jsonl"
    entity = EntitySpan(0, 11, "TITLE", 0.98765)
    theme = ThemeSpan(0, 17, "DISIPLIN")
    write_articles([Article("a", "Bupati Sigi hadir", (entity,), (theme,), {"x": 1})], path)
    assert path.read_text(encoding="utf-8") == (
        '{"id": "a", "text": "Bupati Sigi hadir", '
        '"entities": [{"start": 0, "end": 11, "label": "TITLE", "score": 0.9877}], '
        '"themes": [{"start": 0, "end": 17, "label": "DISIPLIN"}], "meta": {"x": 1}}\n'
    )


def refusal(tmp_path, *lines: object) -> str:
    """What reading says of a file of ``lines``: bytes as they are, anything else as JSON."""
    path = tmp_path / "bad.jsonl"
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(raw))
    with pytest.raises(AnnotationError) as caught:
        read_articles(path)
    return str(caught.value).replace(str(path), "FILE")


def span(start: object, end: object, label: object, **others: object) -> dict:
    return {"start": start, "end": end, "label": label, **others}


def test_broken_json_names_line_column_and_cure(tmp_path):
    assert refusal(tmp_path, GOOD, b'{"id": "b", "text": oops}') == (
        "FILE:2: a line must be one JSON object, but column 21 breaks it (Expecting value) near "
        '\'{"id": "b", "text": oops}\'; repair the line'
    )


def test_blank_lines_are_passed_over_but_counted(tmp_path):
    assert refusal(tmp_path, GOOD, b"  ", b"[]").startswith("FILE:3: ")


def test_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert read_articles(path)[0].text == GOOD["text"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([1], "FILE:1: a line must be one JSON object, found list"),
        ({"id": "a"}, "FILE:1: the field 'text' is missing; add it"),
        (GOOD | {"text": 5}, "FILE:1: 'text' must be a string, found 5"),
        (GOOD | {"entities": {}}, "FILE:1: 'entities' must be a list, found {}"),
        (GOOD | {"meta": []}, "FILE:1: 'meta' must be an object, found []"),
        (GOOD | {"entites": []}, "FILE:1: unknown field 'entites'; did you mean 'entities'?"),
        (GOOD | {"themes": [7]}, "themes[0] must be an object with start, end and label, found 7"),
        (
            GOOD | {"entities": [span(0, 6, "Titel")]},
            "FILE:1: article 'a': entities[0]: unknown label 'Titel'; did you mean 'TITLE'?",
        ),
        (
            GOOD | {"themes": [span(0, 6, "DISPLIN")]},
            "FILE:1: article 'a': themes[0]: unknown label 'DISPLIN'; did you mean 'DISIPLIN'?",
        ),
        (
            GOOD | {"entities": [span(True, 6.0, "TITLE")]},
            "entities[0]: 'start' must be a whole number, found True",
        ),
        (
            GOOD | {"entities": [span(0, 6, "TITLE", score="high")]},
            "entities[0]: 'score' must be a number, found 'high'",
        ),
        (
            GOOD | {"entities": [span(0, 6, "TITLE", lable=1)]},
            "entities[0]: unknown field 'lable'; did you mean 'label'?",
        ),
        (GOOD | {"entities": [span(3, 3, "TITLE")]}, "FILE:1: article 'a': TITLE span [3, 3) is"),
        (GOOD | {"entities": [span(9, 3, "TITLE")]}, "TITLE span [9, 3) is reversed"),
        (GOOD | {"themes": [span(0, 99, "KARIER")]}, "KARIER span [0, 99) is out of bounds"),
        (
            GOOD | {"entities": [span(0, 11, "TITLE"), span(7, 11, "PROVINCE")]},
            "FILE:1: article 'a': entities must not overlap, but TITLE 'Bupati Sigi' [0, 11) and "
            "PROVINCE 'Sigi' [7, 11) do; keep one",
        ),
        (
            GOOD | {"text": "Bupati \ud800"},
            "FILE:1: a line must hold whole characters, but it has half a surrogate pair, \\ud800",
        ),
        (b'{"id": "\xe9"}', "FILE:1: the file must be UTF-8, but byte 8 of the line is 0xe9"),
        (b"", "FILE: the file holds no article; one JSON object a line is due"),
    ],
)
def test_broken_record_is_refused(tmp_path, line, words):
    assert words in refusal(tmp_path, line)


def test_id_used_twice_names_both_lines(tmp_path):
    assert refusal(tmp_path, GOOD, GOOD | {"id": "b"}, GOOD) == (
        "FILE:3: article ids must be unique, but 'a' stands on line 1 too; rename or remove one"
    )


def test_every_problem_of_a_record_is_told(tmp_path):
    spans = [span(0, 6, "Titel"), span("0", 6, "TITLE")]
    assert len(refusal(tmp_path, GOOD | {"entities": spans}).splitlines()) == 2


def test_scan_goes_on_behind_a_bad_record(tmp_path):
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(["{", json.dumps(GOOD), "]"]))
    contents = [(line.number, type(line.content)) for line in jsonl.scan(path)]
    assert contents == [(1, AnnotationError), (2, Article), (3, AnnotationError)]


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
    assert article.text[theme.start : theme.end] == "Apel pagi."


def test_inline_marks_may_lie_inside_glued_words():
    article = inline.parse(HEAD + "[Sari, SH.MH|O]mengatakan", "a", "a.txt")
    assert article.text == "Sari, SH.MHmengatakan"
    assert article.entities == (EntitySpan(0, 11, "OFFICIAL"),)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("kind berita\n\nApel", "a.txt:1: a line of the head must read 'name: value', found"),
        ("kind: berita\nApel", "a.txt: a blank line must divide the head from the text; add it"),
        (
            HEAD + "Apel\n[Bupati|X] hadir",
            "a.txt:5: unknown entity type 'X' in '[Bupati|X]'; the types are O (OFFICIAL), "
            "T (TITLE), P (PROVINCE)",
        ),
        (
            HEAD + "Apel. {DISPLIN}",
            "a.txt:4: unknown theme 'DISPLIN'; did you mean 'DISIPLIN'?",
        ),
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

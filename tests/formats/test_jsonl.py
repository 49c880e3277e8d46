import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError
from asn_nlp.formats import Problem, read_articles, scan, write_articles

GOOD = {"id": "a", "text": "Bupati Sigi hadir", "entities": [], "themes": []}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# The formats keep four decimals of a score.
scores = st.none() | st.integers(0, 10_000).map(lambda n: n / 10_000)
labels = st.sampled_from(["OFFICIAL", "AGENCY", "Jabatan é", "K"])


@st.composite
def articles(draw) -> Article:
    text = draw(
        st.text(
            st.sampled_from('aé \n\r\t\u2028\x85\u200b\ufeff"\\😀') | st.characters(codec="utf-8")
        ).filter(str.strip)
    )
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    entities = [
        EntitySpan(start, end, draw(labels), draw(scores))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    themes = [
        ThemeSpan(start, end, draw(labels), draw(scores))
        for start, end in zip(cuts, cuts[2:], strict=False)
    ]
    return Article(
        draw(st.text()),
        text,
        tuple(entities),
        tuple(themes),
        draw(st.dictionaries(st.text(), json_values, max_size=3)),
    )


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@given(st.lists(articles(), min_size=1, max_size=4, unique_by=lambda article: article.id))
def test_articles_come_back_as_they_were(tmp_path_factory, ending, written):
    path = tmp_path_factory.mktemp("articles") / f"articles.{ending}"
    write_articles(written, path)
    assert read_articles(path) == written


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
            GOOD | {"entities": [span(0, 6, " ")]},
            "FILE:1: article 'a': entities[0]: 'label' must be a name, found ' '",
        ),
        (
            GOOD | {"themes": [span(0, 6, 7)]},
            "FILE:1: article 'a': themes[0]: 'label' must be a name, found 7",
        ),
        (GOOD | {"text": " \n"}, "FILE:1: article 'a': 'text' must hold the article, but is empty"),
        (
            GOOD | {"text": "a" * 10_000_001},
            "'text' must hold at most 10,000,000 characters, found 10,000,001; divide it",
        ),
        (
            GOOD | {"entities": [span(True, 6.0, "TITLE")]},
            "entities[0]: 'start' must be a whole number, found True",
        ),
        (
            GOOD | {"entities": [span(0, 6, "TITLE", score="high")]},
            "entities[0]: 'score' must be a number from 0 to 1, found 'high'",
        ),
        (
            GOOD | {"entities": [span(0, 6, "TITLE", score=True)]},
            "'score' must be a number from 0 to 1, found True",
        ),
        (
            GOOD | {"entities": [span(0, 6, "TITLE", score=10**400)]},
            "'score' must be a number from 0 to 1, found 1000",
        ),
        (
            GOOD | {"entities": [span(0, 6, "TITLE", score=-0.1)]},
            "'score' must be a number from 0 to 1, found -0.1",
        ),
        (GOOD | {"meta": {"x": math.nan}}, "a number must be finite, as JSON has it, found NaN;"),
        (GOOD | {"meta": {"x": -math.inf}}, "a number must be finite, as JSON has it, found -Inf"),
        (
            b'{"id": "a", "text": "x", "entities": [], "themes": [], "meta": {"x": 1e400}}',
            "FILE:1: a number must be finite, as JSON has it, found 1e400; correct it, or use null",
        ),
        (
            b'{"id": "a", "text": "x", "entities": [], "themes": [], "text": "y"}',
            "FILE:1: a key must stand once in an object, but 'text' is repeated; keep one",
        ),
        (
            GOOD | {"meta": {"x": json.loads("[" * 900 + "]" * 900)}},
            "FILE:1: lists and objects must stand at most 100 deep inside each other, but stand",
        ),
        (b'{"x": ' * 100_000, "FILE:1: lists and objects must stand at most 100 deep"),
        (
            b'{"id": ' + b"7" * 5_000 + b"}",
            "FILE:1: a line must be one JSON object, but it holds a whole number of more than",
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
        (b'{"id": "\xe9"}', "FILE:1: text must be UTF-8, but byte 8 of the record is 0xe9"),
        (b"", "FILE: the file holds no article; fill it or leave it out"),
        (
            json.dumps(GOOD).encode("utf-16-le"),
            "FILE: text must be UTF-8, but the file looks like UTF-16-LE; save it as UTF-8",
        ),
    ],
)
def test_broken_record_is_refused(tmp_path, line, words):
    assert words in refusal(tmp_path, line)


def test_id_used_twice_names_both_lines(tmp_path):
    assert refusal(tmp_path, GOOD, GOOD | {"id": "b"}, GOOD) == (
        "FILE:3: article ids must be unique, but 'a' stands on line 1 too; rename or remove one"
    )


def test_every_problem_of_a_record_is_told(tmp_path):
    spans = [span(0, 6, ""), span("0", 6, "TITLE"), span(0, 60, "TITLE"), span(0, 70, "TITLE")]
    record = GOOD | {"id": 7, "entities": spans, "themes": [3], "themse": 1}
    assert refusal(tmp_path, record).replace("FILE:1: ", "").splitlines() == [
        "unknown field 'themse'; did you mean 'themes'? Anything of your own goes into 'meta'",
        "'id' must be a string, found 7",
        "entities[0]: 'label' must be a name, found ''",
        "entities[1]: 'start' must be a whole number, found '0'",
        "themes[0] must be an object with start, end and label, found 3",
        "article '': TITLE span [0, 60) is out of bounds: the text has 17 characters; offsets "
        "count code points from 0, correct them",
        "article '': TITLE span [0, 70) is out of bounds: the text has 17 characters; offsets "
        "count code points from 0, correct them",
        "article '': entities must not overlap, but TITLE 'Bupati Sigi hadir' [0, 60) and TITLE "
        "'Bupati Sigi hadir' [0, 70) do; keep one",
    ]


def test_scan_goes_on_behind_a_bad_record_and_keeps_it_whole(tmp_path):
    path = tmp_path / "mixed.jsonl"
    long = json.dumps({"id": "b", "text": "panjang " * 1_000})
    path.write_text("\n".join(["{", json.dumps(GOOD), long]), encoding="utf-8")
    first, article, last = scan(path)
    assert isinstance(article, Article)
    assert isinstance(first, Problem)
    assert (first.line, first.raw, str(first)[: len(str(path)) + 3]) == (1, "{", f"{path}:1:")
    assert isinstance(last, Problem)
    assert (last.line, last.raw, len(last.messages)) == (3, long, 2)


def test_a_line_without_end_is_refused_and_the_rest_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("asn_nlp.formats.rows.LONGEST_RECORD", 2_000)
    path = tmp_path / "long.jsonl"
    path.write_text("[" * 9_999_999 + "\n" + json.dumps(GOOD), encoding="utf-8")
    problem, article = scan(path)
    assert isinstance(article, Article)
    assert problem == Problem(
        path,
        1,
        ("a line must hold at most 2,000 bytes, but is longer; divide the text, or leave it out",),
        "[" * 1_000,
    )


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("article", "words"),
    [
        (
            Article("a", "Sigi", (EntitySpan(0, 4, "PROVINCE", math.nan),)),
            "article 'a': the score of PROVINCE 'Sigi' [0, 4) must be a number from 0 to 1, found "
            "nan; correct it",
        ),
        (
            Article("a", "Sigi", meta={"x": [math.inf]}),
            "its meta and labels must be what JSON can hold, but: Out of range float values",
        ),
        (
            Article("a", "Sigi", meta={"x": 10**5_000}),
            "its meta and labels must be what JSON can hold, but",
        ),
        (Article("a", "Sigi", meta={"x": "\ud800"}), "surrogates not allowed"),
        (Article("a", "Sigi", (EntitySpan(0, 4, "\udfff"),)), "surrogates not allowed"),
        (Article("a", "Sigi", meta={"x": {1}}), "Object of type set is not JSON serializable"),
    ],
)
def test_what_json_cannot_hold_is_named_and_not_written(tmp_path, ending, article, words):
    path = tmp_path / f"out.{ending}"
    with pytest.raises(AnnotationError) as caught:
        write_articles([Article("b", "baik"), article], path)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_offsets_in_utf_16_units_are_recognised(tmp_path):
    record = {"id": "a", "text": "😀 Bupati Sigi", "entities": [span(3, 14, "TITLE")], "themes": []}
    assert refusal(tmp_path, record).splitlines()[-1] == (
        "FILE:1: article 'a': offsets must count characters, but these look like UTF-16 units, as "
        "JavaScript and Java count: so read, all 1 marks begin and end with words, and as "
        "characters 1 do not; count an emoji once"
    )

import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.annotation.guidelines import headings
from asn_nlp.annotation.validation import FileCounts, ValidationReport, _places, validate
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.formats import write_articles
from asn_nlp.labels import LabelSet


@pytest.fixture
def check(tmp_path):
    """What validation says of articles in one file, which messages call FILE."""

    def check(*articles: Article, **options) -> tuple[list[str], list[str]]:
        path = tmp_path / "articles.jsonl"
        write_articles(articles, path)
        report = validate([path], **options)
        errors, warnings = (
            [message.replace(str(path), "FILE") for message in messages]
            for messages in (report.errors, report.warnings)
        )
        return errors, warnings

    return check


def marked(text: str, surface: str, label: str = "OFFICIAL") -> Article:
    start = text.index(surface)
    return Article("a", text, (EntitySpan(start, start + len(surface), label),))


def test_clean_articles_have_no_findings_and_are_counted(tmp_path, tiny_articles):
    path = tmp_path / "tiny.jsonl"
    write_articles(tiny_articles, path)
    themes = Counter(DISIPLIN=2, KARIER=2, KINERJA=1, DIGITALISASI=1)
    labels = Counter(TITLE=3, OFFICIAL=3, PROVINCE=2)
    assert validate([path]) == ValidationReport((), (FileCounts(path, 3, 7, labels, themes),))


def test_every_unreadable_record_is_an_error_and_the_rest_is_checked(tmp_path, tiny_articles):
    path = tmp_path / "mixed.jsonl"
    write_articles(tiny_articles, path)
    good = path.read_text(encoding="utf-8").splitlines()
    overlapping = {
        "id": "b",
        "text": "Bupati Sigi",
        "entities": [
            {"start": 0, "end": 11, "label": "TITLE"},
            {"start": 7, "end": 11, "label": "PROVINCE"},
        ],
        "themes": [],
    }
    unknown = {"id": "c", "text": "x", "entities": [{"start": 0, "end": 9, "label": "NAMA"}]}
    lines = ["{oops", *good, good[0], json.dumps(overlapping), json.dumps(unknown)]
    path.write_text("\n".join(lines), encoding="utf-8")
    report = validate([path])
    assert report.files[0].articles == len(good)
    assert [message.removeprefix(f"{path}:")[:45] for message in report.errors] == [
        "1: a line must be one JSON object, but column",
        "5: article ids must be unique, but 'apel' sta",
        "6: article 'b': entities must not overlap, bu",
        "7: the field 'themes' is missing; add it",
        "7: article 'c': NAMA span [0, 9) is out of bo",
    ]


def test_empty_and_missing_files_are_errors(tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    missing = tmp_path / "missing.jsonl"
    assert validate([empty, missing]).errors == (
        f"{empty}: the file holds no article; fill it or leave it out",
        f"{missing}: the file cannot be read (No such file or directory); check its name",
    )


@pytest.mark.parametrize(
    "surface", [" Ida Ayu", "Ida Ayu\n", "Ida Ayu\t", "Ida Ayu\x00", "\u200bIda Ayu", "Ida Ayu\xa0"]
)
def test_white_space_at_an_edge_is_an_error(check, surface):
    errors, warnings = check(marked(f"kata:{surface}: hadir", surface))
    assert warnings == []
    (error,) = errors
    assert f"OFFICIAL {surface!r}" in error
    verb = "ends" if surface.startswith("Ida") else "begins"
    assert f"{verb} with white space (U+" in error
    assert error.endswith("leave it outside the span")


@pytest.mark.parametrize(
    "surface",
    [
        "“Ida Ayu",
        "(Ida Ayu",
        "Ida Ayu, S.H.,",
        "Ida Ayu)",
        "Ida Ayu”",
        ", S.H",
        "-Ida Ayu",
        "Ida –",
    ],
)
def test_punctuation_at_an_edge_is_an_error(check, surface):
    errors, warnings = check(marked(f"kata {surface} hadir", surface))
    assert warnings == []
    assert len(errors) == 1
    assert "a span leaves out punctuation that is not part of the name" in errors[0]


@pytest.mark.parametrize(
    "surface", ["Ida Ayu, M.Si.", "dr. Ida Ayu, Sp.OG(K)", "'Aisyah", "Syafi’", "Ida Ayu [Dayu]"]
)
def test_punctuation_that_may_belong_to_a_name_is_a_warning(check, surface):
    errors, warnings = check(marked(f"kata {surface} hadir", surface))
    assert errors == []
    assert len(warnings) == 1
    assert f"OFFICIAL {surface!r}" in warnings[0]


def test_quoted_name_is_an_error_at_both_edges(check):
    errors, warnings = check(marked("kata 'Ida Ayu' hadir", "'Ida Ayu'"))
    assert (len(errors), warnings) == (2, [])


def test_an_entity_over_a_line_break_is_a_warning(check):
    errors, warnings = check(marked("kata Ida\r\nAyu hadir", "Ida\r\nAyu"))
    assert errors == []
    assert len(warnings) == 1
    assert r"OFFICIAL 'Ida\r\nAyu' [5, 13) goes over a line break" in warnings[0]


def test_surface_unmarked_elsewhere_is_one_warning_with_its_place(check):
    text = "Warga Sigi dan Bupati Sigi hadir. Di rumah Bupati Sigi sepi. WaBupati Sigi absen."
    spans = (
        EntitySpan(6, 10, "PROVINCE"),
        EntitySpan(15, 26, "TITLE"),
        EntitySpan(70, 74, "PROVINCE"),
    )
    errors, warnings = check(Article("a", text, spans))
    assert errors == []
    assert warnings == [
        "FILE:1: article 'a': 'Bupati Sigi' is TITLE elsewhere in the article, but unmarked at "
        "[43, 54) in '…ati Sigi hadir. Di rumah Bupati Sigi sepi. WaBupati Sigi abse…'; mark "
        "it where it means the same"
    ]


def test_surface_under_a_longer_span_is_marked(check):
    text = "Bupati Sigi hadir, lalu Bupati Sigi Irma pulang."
    spans = EntitySpan(0, 11, "TITLE"), EntitySpan(24, 40, "OFFICIAL")
    assert check(Article("a", text, spans)) == ([], [])


def test_theme_on_part_of_a_passage_is_a_warning(check):
    text = "  Apel pagi di kantor.\nRapat."
    whole, part = ThemeSpan(2, 22, "DISIPLIN"), ThemeSpan(0, 22, "KINERJA")
    errors, warnings = check(Article("a", text, (), (whole, part)))
    assert errors == []
    assert warnings == [
        "FILE:1: article 'a': KINERJA [0, 22) on '  Apel pagi di kantor.…' is no whole passage; "
        "a theme's span is the line it was marked on, without white space around it"
    ]


def test_theme_marked_twice_is_an_error(check):
    theme = ThemeSpan(0, 5, "KINERJA")
    errors, warnings = check(Article("a", "Rapat", (), (theme, theme)))
    assert warnings == []
    assert errors == ["FILE:1: article 'a': KINERJA [0, 5) on 'Rapat…' is marked 2 times; keep one"]


def test_copies_are_errors_and_near_copies_warnings_across_files(tmp_path):
    words = " ".join(f"kata{n}" for n in range(80))
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    write_articles([Article("asli", words), Article("lain", "Cuaca cerah")], train)
    write_articles([Article("salinan", words), Article("mirip", words + " tamat")], test)
    report = validate([train, test])
    assert report.errors == (
        f"{train}:1: article 'asli' has the same text as 'salinan' ({test}:1); keep one of them",
    )
    assert report.warnings == (
        f"{train}:1: article 'asli' is a near-duplicate of 'mirip' ({test}:2); "
        "keep them in one part of a split",
    )


def word_offsets(text: str) -> np.ndarray:
    words = [match.span() for match in re.finditer(r"\w+|[^\w\s]+", text)]
    return np.array(words, dtype=np.int64).reshape(-1, 2)


def test_span_inside_a_token_is_a_warning(check):
    article = Article(
        "a",
        "Ida Ayu, S.Hmenjawab Rai",
        (EntitySpan(0, 12, "OFFICIAL"), EntitySpan(21, 24, "OFFICIAL")),
    )
    assert check(article) == ([], [])
    errors, warnings = check(article, tokens=word_offsets)
    assert errors == []
    assert warnings == [
        "FILE:1: article 'a': OFFICIAL 'Ida Ayu, S.H' [0, 12) begins or ends inside a token of "
        "the encoder in '…Ida Ayu, S.Hmenjawab Rai…'; training tags the whole token, so correct "
        "the edge unless the outlet glued words together"
    ]


def test_a_letter_and_its_mark_stay_together(check):
    text = "kata Se\u0301ma hadir"
    parts = Article("a", text, (EntitySpan(5, 7, "OFFICIAL"), EntitySpan(7, 10, "OFFICIAL")))
    errors, warnings = check(parts)
    assert warnings == []
    assert [error.partition(" OFFICIAL ")[2] for error in errors] == [
        "'Se' [5, 7) ends before a mark (U+0301) that belongs to the letter before it; keep the "
        "two together",
        "'\u0301ma' [7, 10) begins with a mark (U+0301) that belongs to the letter before it; keep "
        "the two together",
    ]


def test_labels_are_checked_against_a_set_or_not_at_all(check):
    article = Article(
        "a", "Apel pagi", (EntitySpan(0, 4, "OFISIAL"),), (ThemeSpan(0, 9, "DISPLIN"),)
    )
    errors, _ = check(article)
    assert errors == [
        "FILE:1: article 'a': unknown entity type 'OFISIAL' on 'Apel' [0, 4); did you mean "
        "'OFFICIAL'?",
        "FILE:1: article 'a': unknown theme 'DISPLIN' on 'Apel pagi' [0, 9); did you mean "
        "'DISIPLIN'?",
    ]
    assert check(article, labels=None) == ([], [])
    assert check(article, labels=LabelSet(("OFISIAL",), ("DISPLIN",))) == ([], [])
    assert check(article, labels=LabelSet((), ("DISPLIN",))) == ([], [])


def test_any_format_is_checked(tmp_path, tiny_articles):
    path = tmp_path / "tiny.parquet"
    write_articles(tiny_articles, path)
    report = validate([path])
    assert (report.findings, report.files[0].articles) == ((), 3)
    source = tmp_path / "a.txt"
    source.write_text("kind: berita\n\nApel [Sigi|P] {DISPLIN}\n", "utf-8")
    (error,) = validate([source], format="inline").errors
    assert error.startswith(f"{source}: article 'a': unknown theme 'DISPLIN'")


def test_thousands_of_entities_are_checked(check):
    names = [f"Nama{n} bin{n % 7}" for n in range(8_000)]
    text = "\n".join(f"kata {name} hadir bersama {name}" for name in names)
    spans, place = [], 0
    for name in names:
        start = text.index(name, place)
        spans.append(EntitySpan(start, start + len(name), "OFFICIAL"))
        place = text.index("\n", start) if "\n" in text[start:] else start
    errors, warnings = check(Article("a", text, tuple(spans)))
    assert errors == []
    assert len(warnings) == 8_000


surfaces = st.text(st.sampled_from("ab' "), min_size=1, max_size=4)


@given(st.text(st.sampled_from("ab' \n"), max_size=40), st.sets(surfaces, max_size=5))
def test_places_are_those_a_search_for_each_surface_finds(text, wanted):
    expected = {
        (start, start + len(surface))
        for surface in wanted
        for start in range(len(text))
        if re.compile(rf"(?<!\w){re.escape(surface)}(?!\w)").match(text, start)
    }
    assert set(_places(text, wanted)) == expected


def test_offsets_in_utf_16_units_are_an_error(check):
    text = "😀 kata Rina Sari dan Bupati Sigi kemarin"
    shifted = Article("a", text, (EntitySpan(8, 17, "OFFICIAL"), EntitySpan(22, 33, "TITLE")))
    ((error,), warnings) = check(shifted)
    assert "these look like UTF-16 units" in error
    assert warnings == []  # of offsets that are all wrong there is no more to say
    right = Article("a", text, (EntitySpan(7, 16, "OFFICIAL"), EntitySpan(21, 32, "TITLE")))
    assert not check(right)[0]


def test_findings_cite_a_heading_of_the_guidelines_and_the_place(tmp_path):
    path = tmp_path / "a.jsonl"
    text = "Bupati Sigi, hadir. Bupati Sigi"
    spans = (EntitySpan(0, 12, "TITLE"), EntitySpan(20, 31, "JOB"))
    write_articles([Article("a", text, spans, (ThemeSpan(0, 4, "KARIER"),))], path)
    findings = validate([path]).findings
    assert {(one.rule, one.path, one.line, one.article) for one in findings} == {
        (rule, path, 1, "a")
        for rule in ("Files and sets", "Text and offsets", "Themes: line by line")
    }
    (edge,) = (one for one in findings if one.rule == "Text and offsets")
    assert (edge.severity, edge.start, edge.end) == ("error", 0, 12)
    spans = (EntitySpan(0, 11, "TITLE"),)
    write_articles([Article("a", text, spans)], path)
    (unmarked,) = validate([path]).findings
    assert unmarked.rule == "TITLE: the post or the rank"
    assert {unmarked.rule, *(one.rule for one in findings)} <= set(headings())


def test_broken_spans_do_not_hide_what_is_wrong_with_the_others(tmp_path):
    path = tmp_path / "a.jsonl"
    spans = [
        {"start": 5, "end": 15, "label": "OFFICIAL"},
        {"start": 10, "end": 18, "label": "TITLE"},
        {"start": 20, "end": 31, "label": 3},
        {"start": 20, "end": 90, "label": "TITLE"},
        {"start": 0, "end": 4, "label": "TITEL"},
    ]
    record = {"id": "a", "text": "kata Rina Sari, dan Bupati Sigi", "entities": spans, "themes": []}
    path.write_text(json.dumps(record), "utf-8")
    errors = "\n".join(validate([path]).errors)
    for told in (
        "'label' must be a name, found 3",
        "is out of bounds",
        "entities must not overlap",
        "unknown entity type 'TITEL'",
        "'Rina Sari,' [5, 15) ends with ','",
    ):
        assert errors.count(told) == 1, told


@pytest.mark.parametrize("text", ["", " \n\u00a0"])
def test_an_empty_text_is_an_error(tmp_path, text):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"id": "a", "text": text, "entities": [], "themes": []}), "utf-8")
    (error,) = validate([path]).errors
    assert "'text' must hold the article, but is empty" in error


def test_an_article_without_entities_has_none_inside_tokens(check):
    assert check(Article("a", "Apel pagi"), tokens=word_offsets) == ([], [])

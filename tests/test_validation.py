import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.formats import write_articles
from asn_nlp.validation import FileCounts, ValidationReport, validate

SCRIPT = Path(__file__).parents[1] / "scripts" / "validate.py"


@pytest.fixture
def check(tmp_path):
    """What validation says of articles in one file, which messages call FILE."""

    def check(*articles: Article, encoder: str | None = None) -> tuple[list[str], list[str]]:
        path = tmp_path / "articles.jsonl"
        write_articles(articles, path)
        report = validate([path], encoder=encoder)
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
    ]


def test_empty_and_missing_files_are_errors(tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    missing = tmp_path / "missing.jsonl"
    assert validate([empty, missing]).errors == (
        f"{empty}: the file holds no article; one JSON object a line is due",
        f"{missing}: the file cannot be read (No such file or directory); check its name",
    )


@pytest.mark.parametrize("surface", [" Ida Ayu", "Ida Ayu\n", "\u200bIda Ayu", "Ida Ayu\xa0"])
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
    ["“Ida Ayu", "(Ida Ayu", "Ida Ayu, S.H.,", "Ida Ayu)", "Ida Ayu”", "-Ida Ayu", "Ida –"],
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


@pytest.fixture
def encoder(tmp_path) -> str:
    """A tokeniser whose tokens are words and punctuation marks."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    fast.save_pretrained(tmp_path / "encoder")
    return str(tmp_path / "encoder")


def test_span_inside_a_token_is_a_warning(check, encoder):
    article = Article(
        "a",
        "Ida Ayu, S.Hmenjawab Rai",
        (EntitySpan(0, 12, "OFFICIAL"), EntitySpan(21, 24, "OFFICIAL")),
    )
    assert check(article) == ([], [])
    errors, warnings = check(article, encoder=encoder)
    assert errors == []
    assert warnings == [
        "FILE:1: article 'a': OFFICIAL 'Ida Ayu, S.H' [0, 12) begins or ends inside a token of "
        f"{encoder} in '…Ida Ayu, S.Hmenjawab Rai…'; training tags the whole token, so correct "
        "the edge unless the outlet glued words together"
    ]


def run_script(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_script_prints_findings_and_counts_and_exits_by_them(tmp_path, tiny_articles):
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    write_articles(tiny_articles, good)
    write_articles([marked("kata [markup] hadir", "[markup]")], bad)
    clean = run_script(good)
    assert clean.returncode == 0, clean.stderr
    assert "errors: 0" in clean.stdout
    row = next(line for line in clean.stdout.splitlines() if "KARIER" in line)
    assert row.replace("│", " ").split() == ["KARIER", "2", "2"]
    broken = run_script(good, bad)
    assert broken.returncode == 1, broken.stderr
    assert "warnings: 1" in broken.stdout
    assert "errors: 1" in broken.stdout
    assert "OFFICIAL '[markup]' [5, 13) begins with '['" in broken.stdout


def test_checking_without_an_encoder_imports_no_transformers(tmp_path, tiny_articles):
    path = tmp_path / "tiny.jsonl"
    write_articles(tiny_articles, path)
    program = (
        "import sys; from pathlib import Path; from asn_nlp.validation import validate\n"
        "validate([Path(sys.argv[1])]); sys.exit(str({'torch', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"

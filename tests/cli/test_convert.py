"""convert, agreement, label-studio-config, and raw news as people have it."""

import io
import json
import sys
from pathlib import Path

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.cli import main
from asn_nlp.formats import read_articles, read_news, write_articles

ROOT = Path(__file__).parents[2]
TEXT = "Bupati Sigi hadir 😀.\nHujan turun."
ARTICLE = Article("a", TEXT, (EntitySpan(0, 11, "TITLE"),), (ThemeSpan(0, 20, "DISIPLIN"),))
SCORED = Article("b", TEXT, (EntitySpan(0, 11, "TITLE", 0.5),), meta={"url": "u"})


def run(*arguments: object) -> int:
    return main([str(one) for one in arguments])


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    write_articles([ARTICLE, SCORED], tmp_path / "mine.jsonl")
    return tmp_path / "mine.jsonl"


def test_convert_there_and_back_loses_nothing(tmp_path, mine, capsys):
    for name in ("out.json", "out.csv", "out.conll"):
        out, back = tmp_path / name, tmp_path / "back.jsonl"
        assert run("convert", mine, out) == 0
        assert run("convert", out, back) == 0
        assert read_articles(back) == [ARTICLE, SCORED]
    assert "2 articles, conll to jsonl: " in capsys.readouterr().out


def test_convert_names_what_is_lost_before_it_writes(tmp_path, mine, capsys):
    out = tmp_path / "out"
    assert run("convert", mine, out, "--to", "brat") == 2
    told = capsys.readouterr().err
    assert "brat cannot hold all of it, 2 losses:" in told
    assert "article 'b': brat cannot hold its 1 scores; write JSON Lines, or accept" in told
    assert "nothing was written; --lossy writes without them" in told
    assert not out.exists()
    assert run("convert", mine, out, "--to", "brat", "--lossy") == 0
    assert [one.spans for one in read_articles(out)] == [
        ARTICLE.spans,
        (EntitySpan(0, 11, "TITLE"),),
    ]


def test_convert_keeps_what_is_broken_apart(tmp_path, capsys):
    source = tmp_path / "doccano.jsonl"
    good = {"id": 1, "text": "Apel", "label": []}
    source.write_text("\n".join(map(json.dumps, (good, {"id": 2, "label": []}))), "utf-8")
    assert run("convert", source, tmp_path / "out.jsonl", "--from", "doccano") == 1
    assert read_articles(tmp_path / "out.jsonl") == [Article("1", "Apel")]
    assert "1 REJECTED, all in " in capsys.readouterr().err
    assert "a line must be an object with a 'text'" in (
        tmp_path / "out.jsonl.rejects.jsonl"
    ).read_text("utf-8")


def test_convert_says_that_a_text_was_rebuilt(tmp_path, capsys):
    (tmp_path / "x.conll").write_text("Apel O\n", "utf-8")
    assert run("convert", tmp_path / "x.conll", tmp_path / "x.jsonl") == 0
    assert "1 texts were rebuilt with spaces between the tokens" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--to", "bratt"), "not as 'bratt'; did you mean 'brat'?"),
        (("--from", "dokano"), "not as 'dokano'; did you mean 'doccano'?"),
    ],
)
def test_convert_refuses_unknown_formats(tmp_path, mine, capsys, arguments, words):
    assert run("convert", mine, tmp_path / "out.jsonl", *arguments) == 2
    assert words in capsys.readouterr().err


def test_agreement_of_two_files(tmp_path, mine, capsys):
    other = tmp_path / "other.jsonl"
    write_articles([Article("a", TEXT, (EntitySpan(7, 11, "TITLE"),)), SCORED], other)
    assert run("agreement", mine, other) == 0
    told = capsys.readouterr().out
    row = next(line for line in told.splitlines() if "TITLE" in line)
    assert row.split() == ["TITLE", "0.500", "1.000", "2", "2"]
    assert f"{mine} and {other}: 2 articles" in told.replace("\n", "")


def test_agreement_of_the_annotators_of_an_export(tmp_path, capsys):
    def task(number: int, *marks: tuple[str, int]) -> dict:
        annotations = [
            {
                "completed_by": {"email": who},
                "result": [
                    {
                        "from_name": "entities",
                        "type": "labels",
                        "value": {"start": 0, "end": end, "text": TEXT[:end], "labels": ["TITLE"]},
                    }
                ],
            }
            for who, end in marks
        ]
        return {"id": number, "data": {"text": TEXT}, "annotations": annotations}

    path = tmp_path / "export.json"
    tasks = [task(1, ("ani", 11), ("budi", 11)), task(2, ("ani", 11), ("budi", 6)), task(3)]
    path.write_text(json.dumps([*tasks[:2], task(3, ("ani", 11))]), "utf-8")
    assert run("agreement", path) == 0
    told = capsys.readouterr().out
    assert "ani and budi: 2 articles, 1 that only one has left out" in told
    row = next(line for line in told.splitlines() if "TITLE" in line)
    assert row.split() == ["TITLE", "0.500", "1.000", "2", "2"]
    path.write_text(json.dumps(tasks[2:]), "utf-8")
    assert run("agreement", path) == 2
    assert "has the annotations of nobody, but agreement needs two" in capsys.readouterr().err


def test_the_labelling_configuration_has_the_labels_asked_for(capsys):
    assert run("label-studio-config", "--labels.entities", "[AGENCY]") == 0
    told = capsys.readouterr().out
    assert '<Label value="AGENCY"' in told
    assert '<Label value="KARIER"' in told
    assert "OFFICIAL" not in told


def test_news_with_columns_and_delimiters_of_its_own(tmp_path):
    (tmp_path / "a.csv").write_text("url;isi\nu1;Satu, dua\n", "utf-8")
    (tmp_path / "b.csv").write_text("isi\turl\nTiga\tu2\n", "utf-8")
    (tmp_path / "c.json").write_text('[{"isi": "Empat", "url": 3}]', "utf-8")
    (tmp_path / "d.txt").write_text("Lima", "utf-8")
    assert list(read_news([tmp_path], text_column="isi", id_column="url")) == [
        Article("u1", "Satu, dua"),
        Article("u2", "Tiga"),
        Article("3", "Empat"),
        Article("d", "Lima"),
    ]
    (problem,) = read_news([tmp_path / "c.json"])
    assert str(problem).endswith(
        "'text' must hold the article, but is missing or null beside 'isi', 'url'; add it, or name "
        "the column that does"
    )


@pytest.mark.parametrize(
    ("given", "articles"),
    [
        ("Apel pagi.\n", [Article("stdin", "Apel pagi.\n")]),
        ('{"text": "a"}\n{"text": "b"}', [Article("stdin:1", "a"), Article("stdin:2", "b")]),
        ('[{"text": "a", "id": "x"}]', [Article("x", "a")]),
    ],
)
def test_news_from_standard_input(monkeypatch, given, articles):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    assert list(read_news([Path("-")])) == articles


def test_predictions_go_into_a_table_or_to_label_studio(tiny_run, tmp_path):
    (tmp_path / "in.csv").write_text("nomor;isi\n7;Bupati Kampar menegur pegawai.\n", "utf-8")
    for name in ("out.csv", "out.json"):
        out = tmp_path / name
        columns = ("--text-column", "isi", "--id-column", "nomor")
        assert run("predict", tiny_run, tmp_path / "in.csv", "--output", out, *columns) == 0
        (article,) = read_articles(out)
        assert article.id == "7"


def test_what_each_format_holds_is_listed_as_the_documentation_has_it(capsys):
    assert main(["convert", "--formats"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert "\n".join(lines) in (ROOT / "docs" / "formats.md").read_text("utf-8")
    first, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert first == ["format", "entities", "themes", "scores", "meta", "any text", "records"]
    table = {name: cells for name, *cells in rows}
    assert table["jsonl"] == ["yes"] * 5 + ["–"]
    assert table["label-studio"] == ["yes"] * 6
    assert table["uima"] == ["yes", "yes", "–", "–", "–", "–"]
    assert "news" not in table

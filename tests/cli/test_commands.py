"""The commands that parse, call one function of the package, and print."""

import hashlib
import json
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.cli import COMMANDS, main
from asn_nlp.formats import read_articles, write_articles

ROOT = Path(__file__).parents[2]
TEXT = "Bupati Kampar hadir."


@pytest.fixture
def good(tmp_path: Path, tiny_articles: list[Article]) -> Path:
    write_articles(tiny_articles, tmp_path / "good.jsonl")
    return tmp_path / "good.jsonl"


def row(text: str, name: str) -> list[str]:
    return next(line for line in text.splitlines() if name in line).split()


def test_validate_prints_findings_and_counts_and_ends_by_them(tmp_path, good, capsys):
    assert main(["validate", str(good)]) == 0
    told = capsys.readouterr().out
    assert "errors: 0" in told
    assert row(told, "KARIER") == ["KARIER", "2", "2"]
    bad = tmp_path / "bad.jsonl"
    write_articles([Article("a", "kata [markup] hadir", (EntitySpan(5, 13, "OFFICIAL"),))], bad)
    assert main(["validate", str(good), str(bad), "--encoder", "null"]) == 1
    told = capsys.readouterr().out
    assert "errors: 1" in told
    assert "OFFICIAL '[markup]' [5, 13) begins with '['" in told


def test_validate_takes_the_labels_it_is_given(tmp_path, capsys):
    path = tmp_path / "own.jsonl"
    write_articles([Article("a", TEXT, (EntitySpan(0, 13, "JOB"),))], path)
    assert main(["validate", str(path)]) == 1
    assert "unknown entity type 'JOB'" in capsys.readouterr().out
    for options in (["--labels", "null"], ["--labels.entities", "[JOB]"]):
        assert main(["validate", str(path), *options]) == 0
        assert row(capsys.readouterr().out, "JOB") == ["JOB", "1", "1"]


def test_validate_with_an_encoder_that_is_not_there_is_a_line(good, capsys, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["validate", str(good), "--encoder", "nowhere"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the encoder 'nowhere' ")


def test_validate_with_a_damaged_tokeniser_is_a_line(tmp_path, good, capsys):
    (tmp_path / "tokenizer.json").write_text("{", "utf-8")
    assert main(["validate", str(good), "--encoder", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path}/tokenizer.json is no tokeniser (")


def test_corpus_build_splits_the_sources(tmp_path, news, capsys):
    sources, output = tmp_path / "sources", tmp_path / "built"
    sources.mkdir()
    assert main(["corpus", "build", "--sources", str(sources)]) == 2
    assert "holds no .txt file" in capsys.readouterr().err
    for article in news:
        write_articles([article], sources / f"{article.id}.txt", "inline")
    assert main(["corpus", "build", "--sources", str(sources), "--output", str(output)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == ["train.jsonl", "dev.jsonl", "test.jsonl"]
    built = {a.id for path in output.iterdir() for a in read_articles(path)}
    assert built == {article.id for article in news}


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.parquet"
    parquet.write_table(pyarrow.table({"text": ["lain", f" {TEXT} Cuaca cerah."]}), path)
    return path


def standoff(path: Path, **changes: object) -> Path:
    record = {
        "row": 1,
        "characters": len(TEXT),
        "sha256": hashlib.sha256(TEXT.encode()).hexdigest()[:16],
        "entities": [[0, 13, "TITLE"]],
        "themes": [[0, 20, "KARIER"]],
    }
    path.write_text(json.dumps(record | changes) + "\n", "utf-8")
    return path


def attach(standoff: Path, texts: Path, output: Path) -> int:
    arguments = map(str, (standoff, texts, "--output", output))
    return main(["corpus", "attach-text", *arguments])


def test_corpus_attach_text_joins_marks_and_text(tmp_path, texts, capsys):
    output = tmp_path / "out.jsonl"
    assert attach(standoff(tmp_path / "marks.jsonl"), texts, output) == 0
    assert capsys.readouterr().out == f"1 articles written to {output}\n"
    assert read_articles(output) == [
        Article(
            f"{texts.stem}-1", TEXT, (EntitySpan(0, 13, "TITLE"),), (ThemeSpan(0, 20, "KARIER"),)
        )
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0"}, "is not the text that was annotated, it begins 'Bupati Kampar hadir.'"),
        ({"row": 7}, "the line is no stand-off annotation"),
        ({"entities": 3}, "the line is no stand-off annotation"),
    ],
)
def test_marks_of_another_text_are_refused(tmp_path, texts, capsys, changes, message):
    marks = standoff(tmp_path / "marks.jsonl", **changes)
    assert attach(marks, texts, tmp_path / "out.jsonl") == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {marks}:1: ")
    assert message in error


def test_what_is_no_table_of_texts_is_a_line(tmp_path, capsys):
    marks = standoff(tmp_path / "marks.jsonl")
    assert attach(marks, marks, tmp_path / "out.jsonl") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {marks} is no Parquet file with a column text (")


@pytest.mark.parametrize("script", sorted((ROOT / "scripts").glob("*.py")), ids=lambda p: p.stem)
def test_scripts_are_doors_of_commands(script, monkeypatch):
    opened: list[list[str]] = []

    def opens(arguments: Sequence[str]) -> int:
        opened.append(list(arguments))
        return 7

    monkeypatch.setattr("asn_nlp.cli.main", opens)
    monkeypatch.setattr(sys, "argv", [str(script), "--seed", "3"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(script), run_name="__main__")
    assert caught.value.code == 7
    ((*words, option, value),) = opened
    assert " ".join(words) in COMMANDS
    assert (option, value) == ("--seed", "3")


def test_python_m_opens_the_same_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["asn_nlp", "--version"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("asn_nlp", run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("asn-nlp ")

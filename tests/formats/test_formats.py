"""How a format is chosen, and what each has in common."""

import subprocess
import sys

import pytest

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, ConfigError
from asn_nlp.formats import (
    FORMATS,
    Problem,
    choose,
    read_articles,
    scan,
    scan_placed,
    write_articles,
)

ARTICLE = Article("a", "Apel pagi")


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("a.jsonl", "jsonl"), ("a.PARQUET", "parquet"), ("a.txt", "text"), ("a.csv", "csv")],
)
def test_the_ending_chooses(name, chosen):
    assert choose(name).name == chosen


def test_a_name_chooses_before_the_ending(tmp_path):
    write_articles([ARTICLE], tmp_path / "a.data", "parquet")
    assert (tmp_path / "a.data").read_bytes().startswith(b"PAR1")
    assert read_articles(tmp_path / "a.data", "parquet") == [ARTICLE]


def test_names_and_endings_tell_formats_apart():
    names = [one.name for one in FORMATS]
    endings = [ending for one in FORMATS for ending in one.endings if not one.recognises]
    assert len(set(names)) == len(names)
    assert len(set(endings)) == len(endings), "those that share one must recognise their files"


def test_parquet_is_written_as_parquet(tmp_path):
    write_articles([ARTICLE], tmp_path / "x.parquet")
    assert (tmp_path / "x.parquet").read_bytes().startswith(b"PAR1")
    assert read_articles(tmp_path / "x.parquet") == [ARTICLE]


@pytest.mark.parametrize(
    ("name", "format", "words"),
    [
        ("a.jso", None, "read must end in .* found 'a.jso'; did you mean '.json'?"),
        ("a", None, "Else name its format"),
        ("a.jsonl", "jsnol", "not as 'jsnol'; did you mean 'jsonl'?"),
    ],
)
def test_an_unknown_format_names_the_nearest(name, format, words):
    with pytest.raises(ConfigError, match=words):
        scan(name, format)
    with pytest.raises(ConfigError):
        read_articles(name, format)
    with pytest.raises(ConfigError):
        write_articles([], name, format)


def test_a_format_that_is_only_read_is_not_written(tmp_path):
    with pytest.raises(ConfigError, match=r"files are written as .*, not as 'news'; did you mean"):
        write_articles([ARTICLE], tmp_path / "a.jsonl", "news")


def test_a_missing_file_is_a_problem_of_a_scan_and_an_error_of_reading(tmp_path):
    path = tmp_path / "a.jsonl"
    message = "the file cannot be read (No such file or directory); check its name"
    assert list(scan(path)) == [Problem(path, None, (message,))]
    with pytest.raises(FileNotFoundError):
        read_articles(path)


def test_reading_stops_at_the_first_problem_with_all_it_says(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a"}\n{"id": "b"}', "utf-8")
    with pytest.raises(AnnotationError) as caught:
        read_articles(path)
    assert [problem.removeprefix(f"{path}:") for problem in caught.value.problems] == [
        f"1: the field '{name}' is missing; add it" for name in ("text", "entities", "themes")
    ]


def test_articles_are_read_with_their_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"id": "a", "text": "x", "entities": [], "themes": []}', "utf-8")
    (placed,) = scan_placed(path)
    assert not isinstance(placed, Problem)
    assert (placed.line, placed.article.id) == (2, "a")


@pytest.mark.parametrize(
    "format", [one.name for one in FORMATS if one.name not in {"spacy", "uima", "xlsx"}]
)
def test_nothing_but_parquet_needs_pyarrow(tmp_path, format):
    path = tmp_path / f"a.{format}"
    path.write_text("text\nbaik\n", "utf-8")
    program = f"""
import sys
from pathlib import Path
sys.modules["pyarrow"] = None
from asn_nlp.errors import MissingExtra
from asn_nlp.formats import read_news, scan
try:
    print([type(one).__name__ for one in scan({str(path)!r}, {format!r})])
except MissingExtra as error:
    print(error)
print(*read_news([Path({str(tmp_path / "b.parquet")!r})]))
"""
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    words = 'a Parquet file needs pyarrow, which is not installed; pip install "asn-nlp[tables]"'
    first, last = done.stdout.splitlines()
    assert last.endswith(words), done.stderr
    assert (words in first) == (format == "parquet"), done.stderr

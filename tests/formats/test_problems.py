import json
from pathlib import Path

import pytest

from asn_nlp.formats import Problem, problem_log, write_problems

WHOLE = Problem(Path("a.doc"), None, ("ubah", "buang"))
ROW = Problem(Path("b.csv"), 7, ("perbaiki\nkutipan",), "kafé 😀" * 1_000)


def test_each_message_has_its_place():
    assert str(WHOLE) == "a.doc: ubah\na.doc: buang"
    assert ROW.lines == ("b.csv:7: perbaiki\nkutipan",)


def test_problems_are_written_one_a_line_and_whole(tmp_path):
    write_problems([WHOLE, ROW], tmp_path / "new" / "rejects.jsonl")
    lines = (tmp_path / "new" / "rejects.jsonl").read_text("utf-8").splitlines()
    assert list(map(json.loads, lines)) == [
        {"path": "a.doc", "line": None, "messages": ["ubah", "buang"], "raw": ""},
        {"path": "b.csv", "line": 7, "messages": ["perbaiki\nkutipan"], "raw": ROW.raw},
    ]


def test_a_name_that_is_no_utf8_is_written(tmp_path):
    write_problems([Problem(Path("a\udce9.txt"), None, ("x",))], tmp_path / "rejects.jsonl")
    (line,) = (tmp_path / "rejects.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["path"] == "a\udce9.txt"


def test_no_problems_leave_no_file(tmp_path):
    path = tmp_path / "rejects.jsonl"
    write_problems([ROW], path)
    assert path.exists()
    write_problems([], path)
    write_problems([], path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_cut_off_leaves_the_old_one(tmp_path):
    path = tmp_path / "rejects.jsonl"
    path.write_text("lama")

    def cut_off() -> None:
        with problem_log(path) as keep:
            keep(ROW)
            raise KeyError

    with pytest.raises(KeyError):
        cut_off()
    assert path.read_text() == "lama"
    assert list(tmp_path.iterdir()) == [path]

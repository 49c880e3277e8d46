import csv
import json

import openpyxl
import pytest
from pyarrow import parquet

from asn_nlp.errors import ConfigError, TextError
from asn_nlp.tables import write_rows

COLUMNS = {"article": str, "name": str, "mentions": int, "score": float}
ROWS = [
    {"article": "a", "name": "Rudi “R” Hakim; 😀", "mentions": 2, "score": 0.5},
    {"article": "=1+1", "name": "@rudi", "mentions": -2, "score": None},
    {"article": "-b", "name": "+62\r\nhal", "mentions": 1, "score": None},
    {"article": "\tc", "name": "'Rudi'", "mentions": 1, "score": 1.0},
]
HARMLESS = [
    ("a", "Rudi “R” Hakim; 😀"),
    ("'=1+1", "'@rudi"),
    ("'-b", "'+62\r\nhal"),
    ("'\tc", "'Rudi'"),
]


def write(path):
    assert write_rows(iter(ROWS), path, COLUMNS) == 4
    assert list(path.parent.iterdir()) == [path]


def test_csv_opens_as_text_and_runs_nothing(tmp_path):
    path = tmp_path / "o.csv"
    write(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfarticle,name,")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["article"], row["name"]) for row in rows] == HARMLESS
    assert [row["mentions"] for row in rows] == ["2", "-2", "1", "1"]  # numbers stay numbers
    assert [row["score"] for row in rows] == ["0.5", "", "", "1.0"]


def test_a_spreadsheet_holds_text_not_formulas(tmp_path):
    path = tmp_path / "o.xlsx"
    write(path)
    head, *rows = openpyxl.load_workbook(path).active.iter_rows()
    assert [cell.value for cell in head] == list(COLUMNS)
    assert {cell.data_type for row in rows for cell in row} == {"s", "n"}
    told = [(row[0].value, row[1].value.replace("_x000D_", "\r")) for row in rows]
    assert told == HARMLESS
    assert [row[2].value for row in rows] == [2, -2, 1, 1]


def test_a_spreadsheet_cell_has_an_end(tmp_path):
    row = {"article": "a", "name": "x" * 32_768, "mentions": 1, "score": None}
    message = "at most 32,767 characters, but 'name' of article 'a' has 32,768; write .csv"
    with pytest.raises(TextError, match=message):
        write_rows([row], tmp_path / "o.xlsx", COLUMNS)
    assert list(tmp_path.iterdir()) == []


def test_control_characters_do_not_break_a_spreadsheet(tmp_path):
    row = {"article": "a\x07", "name": "b", "mentions": 1, "score": None}
    write_rows([row], tmp_path / "o.xlsx", COLUMNS)
    _, (article, *_) = openpyxl.load_workbook(tmp_path / "o.xlsx").active.iter_rows()
    assert article.value == "a_x0007_"


def test_jsonl_and_parquet_hold_what_is_there(tmp_path):
    write_rows(ROWS, tmp_path / "o.jsonl", COLUMNS)
    lines = (tmp_path / "o.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == ROWS
    write_rows(ROWS, tmp_path / "o.parquet", COLUMNS)
    assert parquet.read_table(tmp_path / "o.parquet").to_pylist() == ROWS


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_no_rows_are_a_table_too(tmp_path, ending):
    assert write_rows([], tmp_path / f"o.{ending}", COLUMNS) == 0
    assert (tmp_path / f"o.{ending}").exists()


def test_an_unknown_ending_is_told_before_a_row_is_taken(tmp_path):
    def rows():
        raise AssertionError
        yield

    with pytest.raises(ConfigError, match=r"o\.xls' ends otherwise; did you mean 'o\.xlsx'\?"):
        write_rows(rows(), tmp_path / "o.xls", COLUMNS)

import csv

import pytest

from asn_nlp.cli import main

TEXT = (
    "Gubernur Bali Irma Yuliana menegur pegawai yang terlambat apel pagi.\n"
    "“Datanglah tepat waktu,” kata Irma."
)


@pytest.fixture
def news(tmp_path):
    folder = tmp_path / "berita"
    folder.mkdir()
    (folder / "apel.txt").write_text(TEXT, "utf-8")
    (folder / "lain.csv").write_text(f'text,url,id\n"{TEXT}",u,b\n,v,c\n', "utf-8")
    return folder


def test_it_lists_people_and_draws_where_they_are(news, tmp_path, capsys):
    output, page = tmp_path / "out" / "officials.csv", tmp_path / "out" / "peta.html"
    arguments = ["records", "ready", news, "--output", output, "--meta", "url", "--summary", page]
    assert main(list(map(str, arguments))) == 0
    with output.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["article"], row["url"]) for row in rows] == [("apel", ""), ("b", "u")]
    for row in rows:
        assert (row["name"], row["titles"], row["mentions"]) == ("Irma Yuliana", "Gubernur", "2")
        assert (row["province"], row["iso"], row["basis"]) == ("Bali", "ID-BA", "stated")
        assert 0.5 < float(row["score"]) <= 1
    told = capsys.readouterr()
    assert told.out.startswith("2 people in 2 articles, ")
    assert f"1 REJECTED, all in {output}.rejects.jsonl" in told.err
    assert f"page: {page}" in told.out
    assert "2 articles" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "o.doc"], "a table is written as .csv, .jsonl, .parquet, .xlsx, but 'o.doc'"),
        (["--output", "o.csv", "--meta", "url, name"], "'name' is asked for from the meta"),
    ],
)
def test_wrong_options_are_told_before_anything_is_read(options, message, capsys):
    assert main(["records", "nowhere", "nothing", *options]) == 2
    assert message in capsys.readouterr().err


def test_nothing_read_is_status_1(tmp_path, capsys):
    (tmp_path / "kosong.csv").write_text("text\n\n,\n", "utf-8")
    output = tmp_path / "o.csv"
    assert main(["records", "ready", str(tmp_path / "kosong.csv"), "--output", str(output)]) == 1
    assert "nothing was read; name files or folders that hold news" in capsys.readouterr().err

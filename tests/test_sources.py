import csv
import json
import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from asn_nlp.articles import Article
from asn_nlp.sources import RejectedRecord, read_records, write_rejects


def read(*paths: Path) -> tuple[list[Article], list[RejectedRecord]]:
    records = list(read_records(paths))
    return (
        [record for record in records if isinstance(record, Article)],
        [record for record in records if isinstance(record, RejectedRecord)],
    )


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_file_keeps_every_character(tmp_path):
    text = "Apel pagi\r\n\tdi Palu \u200b😀 "
    articles, rejects = read(written(tmp_path / "apel.txt", "\ufeff" + text))
    assert articles == [Article("apel", text)]
    assert not rejects


def test_folder_is_read_in_order_of_name_with_all_below(tmp_path):
    (tmp_path / "b").mkdir()
    written(tmp_path / "c.txt", "tiga")
    written(tmp_path / "b" / "z.TXT", "dua")
    written(tmp_path / "a.txt", "satu")
    written(tmp_path / "b" / "foto.jpg", b"\xff\xd8")
    articles, rejects = read(tmp_path)
    assert [article.text for article in articles] == ["satu", "dua", "tiga"]
    assert [str(reject) for reject in rejects] == [
        f"{tmp_path / 'b' / 'foto.jpg'}: the file's ending must be one of .txt, .jsonl, .csv, "
        ".parquet, found '.jpg'; convert it"
    ]


def test_missing_path_stops_before_anything_is_read(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nama\.txt does not exist; name a file or folder"):
        read_records([tmp_path / "nama.txt"])


def test_jsonl_keeps_other_fields_in_meta(tmp_path):
    lines = [
        {"text": "Satu", "id": "x1", "url": "u", "meta": {"outlet": "Harian"}},
        {"text": "Dua", "id": 7, "url": "u", "meta": {"url": "lain"}},
        {"text": "Tiga", "meta": "catatan", "tags": [1, None]},
    ]
    articles, _ = read(written(tmp_path / "b.jsonl", "\n\n".join(map(json.dumps, lines))))
    assert articles == [
        Article("x1", "Satu", meta={"outlet": "Harian", "url": "u"}),
        Article("7", "Dua", meta={"url": "u", "meta": {"url": "lain"}}),
        Article("b:5", "Tiga", meta={"meta": "catatan", "tags": [1, None]}),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"text": "rusak"', r"a line must be JSON, but: .* repair it"),
        (b"[" * 100_000, r"a line must be JSON, but: .*recursion"),
        (b'"teks"', r"a record must be an object with a 'text', found str; repair it"),
        (b'{"id": "a"}', r"'text' must hold the article, but is missing or null beside 'id'; add"),
        (b"{}", r"missing or null beside no field; add it"),
        (b'{"text": null}', r"missing or null beside 'text'; add it"),
        (b'{"text": 5}', r"'text' must be a string, found int 5; correct it"),
        (b'{"text": " "}', r"'text' must hold the article, but is empty; fill it or remove"),
        (b'{"text": "a", "id": true}', r"'id' must be a string or a whole number, found bool True"),
        (b'{"text": "a", "id": [1]}', r"'id' must be a string or a whole number, found list \[1\]"),
        (b'{"text": "a\\ud83d"}', r"a text must be whole Unicode, found half a pair, U\+D83D"),
        (b'{"text": "a", "k": {"\\udc00": 1}}', r"found half a pair, U\+DC00; remove it"),
        (b'{"text": "caf\xe9"}', r"text must be UTF-8, but byte 13 of the record is 0xe9; save"),
    ],
)
def test_bad_line_is_rejected_and_reading_goes_on(tmp_path, line, words):
    path = written(tmp_path / "berita.jsonl", line + b'\n{"text": "baik"}\n')
    articles, [reject] = read(path)
    assert articles == [Article("berita:2", "baik")]
    assert (reject.path, reject.line) == (path, 1)
    assert reject.raw == (line + b"\n").decode(errors="replace")[:200]
    assert re.search(words, reject.reason)


def test_ids_met_before_get_a_number(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder / "berita.txt", folder)
    lines = '{"text": "1", "id": "berita#2"}\n{"text": "2", "id": "berita"}'
    path = written(tmp_path / "c.jsonl", lines)
    articles, _ = read(tmp_path / "a", path, tmp_path / "b")
    assert [article.id for article in articles] == ["berita", "berita#2", "berita#3", "berita#4"]


@given(st.lists(st.sampled_from(["a", "a#2", "a#2#2", "a#3", "b", "f:1", "f:3", None])))
def test_ids_are_unique_whatever_they_were(tmp_path_factory, ids):
    path = tmp_path_factory.mktemp("ids") / "f.jsonl"
    written(path, "\n".join(json.dumps({"text": "t", "id": one}) for one in [*ids, "z"]))
    articles, rejects = read(path)
    assert not rejects
    assert len({article.id for article in articles}) == len(ids) + 1


def test_csv_with_quotes_line_breaks_and_long_fields(tmp_path):
    path = tmp_path / "berita.csv"
    long = 'Apel, "pagi"\r\ndi Palu\n' * 10_000
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [("judul", "text", "id"), ("A", long, "x"), ("", "=SUM(1)", ""), (), ("B", "dua", "y")]
        )
    articles, rejects = read(path)
    assert not rejects
    assert [(a.id, a.text, a.meta) for a in articles] == [
        ("x", long, {"judul": "A"}),
        ("berita:20003", "=SUM(1)", {"judul": ""}),
        ("y", "dua", {"judul": "B"}),
    ]


def test_bad_csv_rows_are_rejected_and_reading_goes_on(tmp_path):
    path = tmp_path / "berita.csv"
    content = b'id,text\n1,satu,lebih\n2\n3,caf\xe9\n4,"em"pat\n5,lima\n6,\n7,"tujuh\ndan\n'
    articles, rejects = read(written(path, content))
    assert [article.text for article in articles] == ["lima"]
    assert [(reject.line, reject.reason.split(";")[0]) for reject in rejects] == [
        (2, "a record must have the 2 fields of the header, found 3"),
        (3, "a record must have the 2 fields of the header, found 1"),
        (4, "text must be UTF-8, but byte 5 of the record is 0xe9"),
        (
            5,
            "a quoted field must end with a quote and double those inside, but: ',' expected "
            "after '\"', in lines 5 to 5",
        ),
        (7, "'text' must hold the article, but is empty"),
        (
            8,
            "a quoted field must end with a quote and double those inside, but: unexpected end "
            "of data, in lines 8 to 9",
        ),
    ]
    assert rejects[2].raw == "3,caf\ufffd\n"


@pytest.mark.parametrize("header", ["judul;text", "teks", "text,text", "text,a,a"])
def test_csv_without_usable_header_is_rejected_as_a_whole(tmp_path, header):
    path = written(tmp_path / "berita.csv", f"{header}\nsatu,dua\n")
    articles, [reject] = read(path)
    assert not articles
    assert reject.line is None
    assert "the header must name each column once, one of them 'text', with commas" in reject.reason
    assert repr(header.split(",")) in reject.reason


def test_parquet(tmp_path):
    path = tmp_path / "berita.parquet"
    columns = {
        "text": ["satu", None, "tiga"],
        "id": [11, 12, None],
        "terbit": [date(2025, 3, 1), None, None],
    }
    parquet.write_table(pa.table(columns), path)
    articles, [reject] = read(path)
    assert articles == [
        Article("11", "satu", meta={"terbit": "2025-03-01"}),
        Article("berita:3", "tiga", meta={"terbit": None}),
    ]
    assert reject.line == 2
    assert "'text' must hold the article, but is missing or null beside 'text', 'id'" in (
        reject.reason
    )


def test_parquet_row_that_is_not_utf8_spoils_itself_alone(tmp_path):
    path = tmp_path / "berita.parquet"
    text = pa.array([b"satu", b"caf\xe9", b"tiga"], pa.binary()).view(pa.string())
    parquet.write_table(pa.table({"text": text}), path)
    articles, [reject] = read(path)
    assert [article.text for article in articles] == ["satu", "tiga"]
    assert reject.line == 2
    assert "a row must be readable, but: 'utf-8' codec can't decode byte 0xe9" in reject.reason


def test_unreadable_and_empty_files_are_rejected(tmp_path):
    written(tmp_path / "a.parquet", b"PAR1 bukan")
    written(tmp_path / "b.jsonl", "\n")
    written(tmp_path / "c.csv", "text,id\n")
    written(tmp_path / "d.csv", "")
    written(tmp_path / "e.txt", b"caf\xe9 pagi")
    written(tmp_path / "f.txt", "enam")
    articles, rejects = read(tmp_path)
    assert [article.id for article in articles] == ["f"]
    assert [(reject.path.name, reject.line) for reject in rejects] == [
        (name, None) for name in ("a.parquet", "b.jsonl", "c.csv", "d.csv", "e.txt")
    ]
    assert rejects[0].reason.startswith("the file must be readable to its end, but: ")
    for reject in rejects[1:4]:
        assert reject.reason == "the file holds no record; fill it or leave it out"
    assert (
        rejects[4].reason
        == "text must be UTF-8, but byte 3 of the record is 0xe9; save it as UTF-8"
    )


def test_rejects_are_written_one_a_line_with_all_they_know(tmp_path):
    whole = RejectedRecord(Path("a.doc"), None, "ubah", "")
    row = RejectedRecord(Path("b.csv"), 7, "perbaiki\nkutipan", "kafé 😀")
    write_rejects([whole, row], tmp_path / "new" / "rejects.jsonl")
    lines = (tmp_path / "new" / "rejects.jsonl").read_text("utf-8").splitlines()
    assert list(map(json.loads, lines)) == [
        {"path": "a.doc", "line": None, "reason": "ubah", "raw": ""},
        {"path": "b.csv", "line": 7, "reason": "perbaiki\nkutipan", "raw": "kafé 😀"},
    ]


def test_no_rejects_leave_no_file(tmp_path):
    path = tmp_path / "rejects.jsonl"
    write_rejects([RejectedRecord(Path("a.csv"), 1, "perbaiki", "x")], path)
    write_rejects([], path)
    write_rejects([], path)
    assert list(tmp_path.iterdir()) == []


@given(
    st.sampled_from([".txt", ".jsonl", ".csv", ".parquet", ".doc"]),
    st.lists(st.sampled_from([b"text", b"id", b",", b'"', b"\n", b"\r", b"{", b"}", b":", b"7"]))
    | st.lists(st.binary(max_size=3)),
)
def test_no_bytes_stop_the_reading(tmp_path_factory, ending, pieces):
    folder = tmp_path_factory.mktemp("bytes")
    written(folder / f"a{ending}", b"".join(pieces))
    written(folder / "b.txt", "akhir")
    articles, rejects = read(folder)
    assert articles[-1].text == "akhir"
    assert len(articles) > 1 or rejects
    for article in articles:
        json.dumps([article.id, article.text, article.meta], ensure_ascii=False).encode()

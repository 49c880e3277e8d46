import gzip
import json
import tracemalloc
from pathlib import Path

import pyarrow
import pytest

from asn_nlp.articles import Article
from asn_nlp.formats import Problem, read_news
from asn_nlp.formats.ids import MetIds


def packed(path: Path, content: bytes) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    else:
        with pyarrow.CompressedOutputStream(str(path), "zstd") as file:
            file.write(content)
    return path


CONTENTS = {
    "berita.json": b'[{"text": "satu", "id": "a"}, {"id": "kosong"}]',
    "berita.txt": b"Bupati Sigi hadir.",
    "berita.jsonl": b'{"text": "satu", "id": "a"}\n{"id": "kosong"}\n{"text": "dua"}\n',
    "berita.csv": 'text,url\n"satu\nbaris",u\ndua,v\n'.encode("utf-8-sig"),
}


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("name", CONTENTS)
def test_a_packed_file_reads_as_the_file_itself(tmp_path, name, ending):
    plain = tmp_path / name
    plain.write_bytes(CONTENTS[name])
    expected = list(read_news([plain]))
    records = list(read_news([packed(tmp_path / f"{name}{ending}", CONTENTS[name])]))
    assert len(records) == len(expected)
    for record, other in zip(records, expected, strict=True):
        if isinstance(record, Problem):
            assert (record.line, record.messages) == (other.line, other.messages)
        else:
            assert record == other


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_columns_and_delimiters_are_met_in_a_packed_file_too(tmp_path, ending):
    path = packed(tmp_path / f"a.csv{ending}", b"nomor;isi;url\n7;satu, dua;u\n")
    (article,) = read_news([path], text_column="isi", id_column="nomor")
    assert article == Article("7", "satu, dua", meta={"url": "u"})


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_file_in_two_members_is_read_to_its_end(tmp_path, ending):
    one = packed(tmp_path / f"a{ending}", b'{"text": "satu"}\n').read_bytes()
    two = packed(tmp_path / f"a{ending}", b'{"text": "dua"}\n').read_bytes()
    path = tmp_path / f"b.jsonl{ending}"
    path.write_bytes(one + two)
    assert list(read_news([path])) == [Article("b:1", "satu"), Article("b:2", "dua")]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("damage", ["cut", "foreign"])
def test_a_damaged_file_is_a_problem_behind_what_could_be_read(tmp_path, ending, damage):
    lines = b"".join(json.dumps({"text": f"berita {n * n}"}).encode() + b"\n" for n in range(20000))
    path = packed(tmp_path / f"a.jsonl{ending}", lines)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"text,url\nx,y\n")
    (tmp_path / "b.txt").write_text("lain")
    *records, last = list(read_news([tmp_path]))
    assert last == Article("b", "lain")
    problems = [str(record) for record in records if isinstance(record, Problem)]
    assert f"{path}: a compressed file must unpack to its end, but: " in problems[-1]
    assert problems[-1].endswith("; get it anew")
    assert damage == "foreign" or len(records) > 1


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_bomb_is_a_problem_and_takes_no_memory(tmp_path, ending):
    path = tmp_path / f"bom.jsonl{ending}"
    block = b"a" * 2**20
    if ending == ".gz":  # three megabytes that would become three gigabytes
        path.write_bytes(gzip.compress(block * 16) * 200)
    else:
        with pyarrow.CompressedOutputStream(str(path), "zstd") as file:
            for _ in range(1000):
                file.write(block)
    tracemalloc.start()
    problems = [str(one) for one in read_news([path]) if isinstance(one, Problem)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "must unpack to at most 200 times its size, as text does, but" in problems[-1]
    assert peak < 300 * 2**20


def test_parquet_is_not_read_packed(tmp_path):
    (problem,) = read_news([packed(tmp_path / "a.parquet.gz", b"PAR1")])
    assert str(problem).endswith("must not be packed again, found '.gz'; unpack it")


def test_ids_stay_unique_where_most_are_no_longer_kept(monkeypatch):
    monkeypatch.setattr("asn_nlp.formats.ids._RECENT", 16)
    met = MetIds()
    names = [met.unique(f"a{n % 50}") for n in range(200)]
    assert names[:50] == [f"a{n}" for n in range(50)]
    assert names[50:100] == [f"a{n}#2" for n in range(50)]
    assert len(set(names)) == 200
    assert met.unique("a0#2") == "a0#2#2"

import json
from datetime import date

import pyarrow as pa
import pytest
from news_files import read
from pyarrow import parquet

from asn_nlp.articles import Article
from asn_nlp.formats import read_news


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
        str(reject)
    )


def test_parquet_row_that_is_not_utf8_spoils_itself_alone(tmp_path):
    path = tmp_path / "berita.parquet"
    text = pa.array([b"satu", b"caf\xe9", b"tiga"], pa.binary()).view(pa.string())
    parquet.write_table(pa.table({"text": text}), path)
    articles, [reject] = read(path)
    assert [article.text for article in articles] == ["satu", "tiga"]
    assert reject.line == 2
    assert "column 'text' holds what Python cannot ('utf-8' codec can't decode" in str(reject)


def test_no_value_of_parquet_ends_the_reading(tmp_path):
    path = tmp_path / "berita.parquet"
    far = pa.array([0, 2**30, 0], pa.int32()).cast(pa.date32())
    table = {"text": ["satu", "dua", "tiga"], "terbit": far, "nilai": [0.5, 1.0, float("nan")]}
    parquet.write_table(pa.table(table), path)
    articles, [reject] = read(path)
    assert [article.meta for article in articles] == [
        {"terbit": "1970-01-01", "nilai": 0.5},
        {"terbit": "1970-01-01", "nilai": None},
    ]
    assert reject.line == 2
    assert "a row must be readable, but: column 'terbit' holds what Python cannot" in str(reject)
    assert json.loads(reject.raw)["text"] == "dua"
    assert "value out of range: 1073741824" in reject.raw


def test_parquet_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "berita.parquet"
    columns = pa.schema([("text", pa.string()), ("text", pa.string())])
    parquet.write_table(pa.table([["a"], ["b"]], schema=columns), path)
    _, [reject] = read(path)
    assert "each column must have a name of its own, found ['text', 'text']; rename" in str(reject)


def test_a_row_group_is_read_in_pieces(tmp_path):
    path = tmp_path / "berita.parquet"
    texts = [f"{n} " + "kata " * 2_000 for n in range(4_000)]
    parquet.write_table(pa.table({"text": texts}), path, compression="none", use_dictionary=False)
    before = pa.total_allocated_bytes()
    peak = max(pa.total_allocated_bytes() - before for _ in read_news([path]))
    assert peak < path.stat().st_size / 2


@pytest.mark.parametrize("rows", [1, 100])
def test_a_bomb_is_a_problem_and_takes_no_memory(tmp_path, monkeypatch, rows):
    monkeypatch.setattr("asn_nlp.formats.parquet._SMALL", 2**22)
    path = tmp_path / "bom.parquet"
    size = 2**23 // (1 if rows == 1 else 16)  # one that is long, or many from one dictionary
    parquet.write_table(pa.table({"text": ["a" * size] * rows}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    peak = pa.total_allocated_bytes()
    kept = 0
    for record in read_news([path]):
        peak = max(peak, pa.total_allocated_bytes())
        kept += isinstance(record, Article)
    assert f"a file must unpack to at most 200 times its size, as text does, here {2**22:,}" in (
        str(record)
    )
    assert kept < 9
    assert peak < 2**24

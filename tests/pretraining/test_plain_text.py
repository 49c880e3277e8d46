import logging

import pyarrow as pa
import pytest
from pyarrow import parquet

from asn_nlp.config import PretrainDataConfig
from asn_nlp.errors import TextError
from asn_nlp.pretraining.plain_text import read_text


def write_parquet(path, **columns):
    parquet.write_table(pa.table(columns), path)


def read(*paths, seed=0, **options):
    return read_text(PretrainDataConfig(train=tuple(map(str, paths)), **options), seed=seed)


def test_a_text_file_is_one_document_and_a_parquet_row_is_one(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "berita [1].txt").write_text("Apel pagi.\n\nHujan turun.")
    (tmp_path / "kosong.txt").write_text(" \n")
    write_parquet(tmp_path / "a.parquet", text=["Rapat.", None, ""], source=["x", "x", "y"])
    write_parquet(tmp_path / "b.parquet", text=["Panen raya."])
    text = read(tmp_path)
    assert sorted(text.documents) == ["Apel pagi.\n\nHujan turun.", "Panen raya.", "Rapat."]
    assert text.copies.tolist() == [1, 1, 1]
    assert text.held_out.sum() == 1
    assert not text.domain.any()
    assert text.fingerprint == read(tmp_path).fingerprint
    (tmp_path / "kosong.txt").write_text("isi")
    assert text.fingerprint != read(tmp_path).fingerprint


def test_sources_are_weighed(tmp_path):
    sources = ["berat", "ringan", "buang", "biasa", None]
    write_parquet(
        tmp_path / "a.parquet",
        text=[f"{source} {number}" for source in sources for number in range(200)],
        source=[source for source in sources for _ in range(200)],
    )
    text = read(tmp_path, weights={"berat": 2.5, "ringan": 0.3, "buang": 0})

    def copies(source):
        pairs = zip(text.documents, text.copies.tolist(), strict=True)
        return [count for document, count in pairs if document.startswith(f"{source} ")]

    assert set(copies("berat")) == {2, 3}
    assert sum(copies("berat")) == pytest.approx(500, rel=0.1)
    assert set(copies("ringan")) == {1}
    assert len(copies("ringan")) == pytest.approx(60, rel=0.4)
    assert copies("buang") == []
    assert copies("biasa") == copies("None") == [1] * 200


def test_a_weight_for_no_source_is_told(tmp_path, caplog):
    write_parquet(tmp_path / "a.parquet", text=["satu", "dua"], source=["hukum", "berita"])
    with caplog.at_level(logging.WARNING):
        read(tmp_path, weights={"hukun": 0.5})
    assert "data.weights names 'hukun', the source of no document" in caplog.text
    assert "did you mean 'hukum'?" in caplog.text


def test_domain_documents_are_found_and_held_out_ones_are_drawn_by_seed(tmp_path):
    for number in range(40):
        (tmp_path / f"{number:02}.txt").write_text("Apel ASN" if number % 4 == 0 else "Cuaca")
    text = read(tmp_path, domain=r"(?i)\basn\b", held_out=0.1)
    assert text.domain.tolist() == [document == "Apel ASN" for document in text.documents]
    assert text.domain.sum() == 10
    assert text.held_out.sum() == 4
    assert text.held_out.tolist() == read(tmp_path, held_out=0.1).held_out.tolist()
    assert text.held_out.tolist() != read(tmp_path, held_out=0.1, seed=1).held_out.tolist()


def test_files_left_out_are_counted(tmp_path, caplog):
    for name in ("a.txt", "b.txt", "c.md", "d.pdf"):
        (tmp_path / name).write_text(name)
    with caplog.at_level(logging.WARNING):
        assert sorted(read(tmp_path).documents) == ["a.txt", "b.txt"]
    assert f"2 files below {tmp_path} are neither .txt nor .parquet" in caplog.text


def test_errors_name_the_file_and_the_cure(tmp_path):
    with pytest.raises(TextError, match=r"nirgends does not exist; name a file or folder that"):
        read(tmp_path / "nirgends")
    with pytest.raises(TextError, match=r"no text to learn from; name \.txt or \.parquet files"):
        read(tmp_path)
    with pytest.raises(TextError, match=r"data\.train"):
        read()
    (tmp_path / "a.csv").write_text("text")
    with pytest.raises(TextError, match=r"\.txt and \.parquet files, not from .*a\.csv"):
        read(tmp_path / "a.csv")
    (tmp_path / "a.txt").write_text("satu-satunya")
    with pytest.raises(TextError, match=r"needs two documents .* but found 1 in .*; give more"):
        read(tmp_path / "a.txt")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(TextError, match=r"latin\.txt cannot be read as UTF-8 .*; convert it"):
        read(tmp_path / "a.txt", tmp_path / "latin.txt")
    write_parquet(tmp_path / "b.parquet", isi=["satu"], judul=["dua"])
    with pytest.raises(TextError, match=r"b\.parquet needs a column 'text' but has isi, judul"):
        read(tmp_path / "b.parquet")
    (tmp_path / "c.txt").write_text("cuaca")
    with pytest.raises(TextError, match=r"data\.domain 'asn' is found in none of the 1 documents"):
        read(tmp_path / "a.txt", tmp_path / "c.txt", domain="asn")

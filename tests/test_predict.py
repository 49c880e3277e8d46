import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from pyarrow import parquet

from asn_nlp import Article, Predictor, read_articles
from asn_nlp.formats.jsonl import to_record

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "predict.py"
TEXT = "Bupati Kampar menegur pegawai.\r\nHujan turun 😀."


@pytest.fixture(scope="module")
def main() -> Callable[..., None]:
    return runpy.run_path(str(SCRIPT))["main"]


@pytest.fixture
def inputs(tmp_path) -> list[Path]:
    """A folder with a text, and a file whose second record is bad."""
    folder, more = tmp_path / "berita", tmp_path / "lain.jsonl"
    folder.mkdir()
    (folder / "apel.txt").write_bytes(TEXT.encode())
    records = [{"text": "Sekda melantik camat.", "id": "r", "url": "u"}, {"id": "kosong"}]
    more.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return [folder, more]


@pytest.fixture
def expected(tiny_run) -> list[Article]:
    articles = [
        Article("apel", TEXT),
        Article("r", "Sekda melantik camat.", meta={"url": "u"}),
    ]
    return list(Predictor.from_pretrained(tiny_run, device="cpu").predict(articles))


def test_the_script_reads_writes_and_reports(tiny_run, inputs, expected, tmp_path):
    output = tmp_path / "new" / "predictions.jsonl"
    done = subprocess.run(
        [sys.executable, SCRIPT, tiny_run, *inputs, "--output", output, "--device", "cpu"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [to_record(article) for article in read_articles(output)] == [
        to_record(article) for article in expected
    ]
    rejects = output.with_name("predictions.jsonl.rejects.jsonl")
    assert "2 articles, " in done.stdout
    assert f"a second: {output}" in done.stdout
    assert f"1 REJECTED, all in {rejects}" in done.stderr
    assert f"{inputs[1]}:2: 'text' must hold the article, but is missing" in done.stderr
    (reject,) = map(json.loads, rejects.read_text("utf-8").splitlines())
    assert reject == {
        "path": str(inputs[1]),
        "line": 2,
        "reason": "'text' must hold the article, but is missing or null beside 'id'; add it",
        "raw": '{"id": "kosong"}',
    }
    assert sorted(output.parent.iterdir()) == [output, rejects]


def test_parquet_holds_what_jsonl_does(main, tiny_run, inputs, expected, tmp_path):
    output = tmp_path / "out" / "predictions.parquet"
    main(str(tiny_run), inputs, output, "cpu")
    rows = parquet.read_table(output).to_pylist()
    assert any(row["themes"] for row in rows)
    for row, article in zip(rows, expected, strict=True):
        record = to_record(article)
        for name in ("entities", "themes"):
            for span in record[name]:
                span["score"] = pytest.approx(span["score"], abs=1e-6)
        assert row == record | {"meta": json.dumps(dict(article.meta))}
    assert not [path for path in output.parent.iterdir() if path.name.endswith(".tmp")]


def test_rejects_of_an_earlier_run_do_not_stay(main, tiny_run, inputs, tmp_path):
    output = tmp_path / "out.jsonl"
    main(str(tiny_run), inputs, output, "cpu")
    assert (tmp_path / "out.jsonl.rejects.jsonl").exists()
    main(str(tiny_run), inputs[:1], output, "cpu")
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()
    assert [article.id for article in read_articles(output)] == ["apel"]


def test_a_run_cut_off_leaves_the_old_output(main, tiny_run, inputs, tmp_path, monkeypatch):
    output = tmp_path / "out.jsonl"
    output.write_text("old")
    monkeypatch.setattr(Predictor, "_read", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        main(str(tiny_run), inputs, output, "cpu")
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["berita", "lain.jsonl", "out.jsonl"]


def test_unknown_output_is_refused_before_any_work(main, tmp_path):
    with pytest.raises(SystemExit, match=r"must end in \.jsonl or \.parquet, found 'o.csv'"):
        main("no run", [tmp_path / "nothing"], tmp_path / "o.csv", None)

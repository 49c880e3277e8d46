import io
import json
import re
from pathlib import Path
from unittest.mock import Mock

import pytest
from pyarrow import parquet

from asn_nlp import Article, Predictor, read_articles
from asn_nlp.cli import main
from asn_nlp.cli.predict import _bar
from asn_nlp.files import claimed

TEXT = "Bupati Kampar menegur pegawai.\r\nHujan turun 😀."


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


def predict(run: Path, inputs: list[Path], output: Path) -> int:
    return main(["predict", *map(str, (run, *inputs)), "--output", str(output), "--device", "cpu"])


def test_it_reads_writes_and_reports(tiny_run, inputs, expected, tmp_path, capsys):
    output = tmp_path / "new" / "predictions.jsonl"
    assert predict(tiny_run, inputs, output) == 0
    told = capsys.readouterr()
    assert [article.to_dict() for article in read_articles(output)] == [
        article.to_dict() for article in expected
    ]
    rejects = output.with_name("predictions.jsonl.rejects.jsonl")
    assert told.out.startswith("2 articles, ")
    assert told.out.endswith(f" a second: {output}\n")
    assert f"1 REJECTED, all in {rejects}" in told.err
    assert f"{inputs[1]}:2: 'text' must hold the article, but is missing" in told.err
    (reject,) = map(json.loads, rejects.read_text("utf-8").splitlines())
    assert (reject["path"], reject["line"], reject["raw"]) == (
        str(inputs[1]),
        2,
        '{"id": "kosong"}',
    )
    assert sorted(output.parent.iterdir()) == [output, rejects]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (200, r"reading:  95%\|.*\| [\d:]+<[\d:?]+, 1,200 articles, [\d,]+ words a second"),
        (0, r"reading: [\d:]+, 1,200 articles, [\d,]+ words a second"),  # unknown
    ],
)
def test_a_bar_tells_articles_words_a_second_and_the_time_left(monkeypatch, size, shown):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with _bar() as progress:
        assert terminal.getvalue() == ""  # an error would be a line alone
        progress.total(size)
        progress.finished(150)  # in an earlier attempt
        progress.read(1200, 30_000)
        progress.finished(40)
    *_, last = terminal.getvalue().rstrip().split("\r")
    assert re.fullmatch(shown, last)


def test_there_is_no_bar_where_no_one_looks(capsys):
    with _bar() as progress:
        progress.total(200)
        progress.finished(150)
        progress.read(1, 20)
        progress.finished(50)
    assert capsys.readouterr() == ("", "")


def test_a_precision_leaves_out_what_is_doubtful_and_says_what_it_costs(
    tiny_run, inputs, tmp_path, capsys, caplog
):
    given = [*map(str, inputs), "--output", str(tmp_path / "p.jsonl")]
    assert main(["predict", str(tiny_run), *given, "--precision", ".9"]) == 2
    assert "the run has no calibration; fit a calibration to" in capsys.readouterr().err
    assert main(["predict", str(tiny_run), *given]) == 0
    assert f"scores of {tiny_run} are not calibrated" in capsys.readouterr().err
    assert main(["predict", "ready", *given, "--precision", "{entities: .97}"]) == 0
    assert "are not calibrated" not in capsys.readouterr().err
    (told,) = caplog.messages
    assert told.startswith("OFFICIAL from score 0.")
    assert "KARIER" not in told


def test_parquet_holds_what_jsonl_does(tiny_run, inputs, expected, tmp_path):
    output = tmp_path / "out" / "predictions.parquet"
    assert predict(tiny_run, inputs, output) == 0
    rows = parquet.read_table(output).to_pylist()
    assert any(row["themes"] for row in rows)
    for row, article in zip(rows, expected, strict=True):
        record = article.to_dict()
        for name in ("entities", "themes"):
            for span in record[name]:
                span["score"] = pytest.approx(span["score"], abs=1e-6)
        assert row == record | {"meta": json.dumps(dict(article.meta))}
    assert not [path for path in output.parent.iterdir() if path.name.endswith(".tmp")]


def test_rejects_of_an_earlier_run_do_not_stay(tiny_run, inputs, tmp_path):
    output = tmp_path / "out.jsonl"
    predict(tiny_run, inputs, output)
    assert (tmp_path / "out.jsonl.rejects.jsonl").exists()
    predict(tiny_run, inputs[:1], output)
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()
    assert [article.id for article in read_articles(output)] == ["apel"]


def test_its_own_output_is_no_news(tiny_run, inputs):
    output = inputs[0] / "out.jsonl"
    for _ in range(2):
        assert predict(tiny_run, inputs[:1], output) == 0
        assert [article.id for article in read_articles(output)] == ["apel"]


def test_a_run_cut_off_leaves_the_old_output(tiny_run, inputs, tmp_path, monkeypatch, capsys):
    output = tmp_path / "out.jsonl"
    output.write_text("old")
    monkeypatch.setattr(Predictor, "_read", Mock(side_effect=KeyboardInterrupt))
    assert predict(tiny_run, inputs, output) == 130
    assert capsys.readouterr().err.endswith(
        "stopped; the same command goes on behind the last part that was written\n"
    )
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["berita", "lain.jsonl", "out.jsonl"]


@pytest.mark.parametrize("record", [None, {"id": "kosong"}])
@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_nothing_to_read_is_said_and_told_by_the_status(tiny_run, tmp_path, capsys, record, ending):
    folder = tmp_path / "news"
    folder.mkdir()
    if record:
        (folder / "a.jsonl").write_text(json.dumps(record), "utf-8")
    assert predict(tiny_run, [folder], tmp_path / f"out.{ending}") == 1
    told = capsys.readouterr()
    assert told.out.startswith("0 articles, ")
    assert told.err.endswith("nothing was read; name files or folders that hold news\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "x", "--output", "o.jsonl"], "nowhere is no folder; name a run folder"),
        (["ready", "x", "--output", "o.doc"], ".xlsx, .xmi, found 'o.doc'"),
        (["ready", "x"], "the following arguments are required: output; see asn-nlp predict"),
        (["ready", "x", "--output", "o.jsonl", "--engine", "jax"], "'jax'"),
    ],
)
def test_what_cannot_be_worked_with_is_a_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["predict", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_news_that_is_not_there_is_a_line(tiny_run, tmp_path, capsys):
    assert predict(tiny_run, [tmp_path / "nowhere"], tmp_path / "out.jsonl") == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"error: {tmp_path}/nowhere does not exist; name a file or folder that does"
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_an_output_is_told_before_a_run_is_opened(tmp_path, inputs, capsys):
    link, folder = tmp_path / "tautan.jsonl", tmp_path / "hasil.jsonl"
    link.symlink_to(inputs[1])
    folder.mkdir()
    before = inputs[1].read_bytes()
    for output, message in (
        (inputs[1], "is both read and written; name another file for what is written"),
        (link, "is both read and written; name another file for what is written"),
        (folder, "is a folder; name a file to write"),
    ):
        assert predict(tmp_path / "no run", inputs, output) == 2
        assert message in capsys.readouterr().err
    with claimed(tmp_path / "out.jsonl"):
        assert predict(tmp_path / "no run", inputs, tmp_path / "out.jsonl") == 2
    assert "out.jsonl is being written by another process" in capsys.readouterr().err
    assert inputs[1].read_bytes() == before


@pytest.mark.parametrize("name", ["hasil.csv", "hasil.json", "hasil.xlsx", "hasil.conll"])
def test_a_file_of_any_format_is_put_together_from_parts(
    tiny_run, inputs, expected, tmp_path, name
):
    output = tmp_path / "out" / name
    assert predict(tiny_run, inputs, output) == 0
    assert [article.text for article in read_articles(output)] == [one.text for one in expected]
    beside = [f"{name}.jsonl"] if name.endswith("conll") else []
    assert sorted(path.name for path in output.parent.iterdir()) == sorted(
        [name, f"{name}.rejects.jsonl", *beside]
    )


def test_a_format_without_spans_is_refused_before_anything_is_read(
    tiny_run, inputs, tmp_path, capsys
):
    assert predict(tiny_run, inputs, tmp_path / "out.txt") == 2
    assert "a file of text, cannot hold; name a .jsonl file" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["berita", "lain.jsonl"]


def test_standard_input_is_read_straight_through(tiny_run, tmp_path, monkeypatch, capsys):
    given = b'{"isi": "Bupati Kampar menegur pegawai.", "nomor": 7}\n{"nomor": 8}\n'
    stdin = [Path("-")]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    columns = ["--text-column", "isi", "--id-column", "nomor", "--output"]
    assert main(["predict", str(tiny_run), "-", *columns, str(tmp_path / "a.jsonl")]) == 0
    assert [article.id for article in read_articles(tmp_path / "a.jsonl")] == ["7"]
    told = capsys.readouterr()
    assert told.out.startswith("1 articles, ")
    assert "-:2: 'isi' must hold the article" in told.err
    assert predict(tiny_run, stdin, tmp_path / "folder") == 2
    assert "standard input is read in one process into one file; name" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "a.jsonl.rejects.jsonl"]

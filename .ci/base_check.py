"""Run by the Python of an environment that holds the base install alone; see base_install.py."""

import importlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

VERSION = sys.argv[1]
HERE = Path(__file__).parent
TEXT = "Bupati Sigi Irma Yuliana menghukum pegawai yang melanggar disiplin."
MENTIONS = {("TITLE", "Bupati Sigi"), ("OFFICIAL", "Irma Yuliana")}
# Of the extras; matplotlib and pandas stand for what only a report or a notebook needs.
ABSENT = ("torch", "transformers", "onnx", "datasets", "sklearn", "pyarrow", "matplotlib", "pandas")


def main() -> None:
    assert [name for name in ABSENT if importlib.util.find_spec(name)] == []
    reads_an_article()
    reads_files()
    names_the_extra()
    for room in (
        "articles",
        "config",
        "formats",
        "reading.decoding",
        "evaluation",
        "report",
        "cli",
    ):
        importlib.import_module(f"asn_nlp.{room}")


def reads_an_article() -> None:
    start = time.perf_counter()
    import asn_nlp
    from asn_nlp import Predictor

    assert Path(asn_nlp.__file__).is_relative_to(sys.prefix), asn_nlp.__file__
    assert asn_nlp.__version__ == VERSION, asn_nlp.__version__
    article = Predictor.from_pretrained()(TEXT)
    print(f"  first prediction after {time.perf_counter() - start:.2f} s")
    assert {(span.label, article.surface(span)) for span in article.entities} == MENTIONS, article
    assert [span.label for span in article.themes] == ["DISIPLIN"], article


def reads_files() -> None:
    from asn_nlp import read_articles
    from asn_nlp.report import highlight

    (HERE / "apel.txt").write_text(TEXT, encoding="utf-8")
    (HERE / "news.csv").write_text(f"text,url\n{TEXT},u\n,v\n", encoding="utf-8")
    done = command("predict", "ready", "apel.txt", "news.csv", "--output", "out.jsonl")
    assert done.returncode == 0, done.stderr
    assert "1 REJECTED" in done.stderr, done.stderr
    articles = read_articles(HERE / "out.jsonl")
    assert [article.text for article in articles] == [TEXT, TEXT], articles
    assert all(len(article.entities) == len(MENTIONS) for article in articles), articles
    assert "<mark" in highlight(articles[0])


def names_the_extra() -> None:
    for extra, arguments in (
        ("train", ["train", "--output", "run"]),
        ("train", ["evaluate", "ready", "out.jsonl"]),
        ("train", ["export", "run"]),
        ("tables", ["predict", "ready", "apel.txt", "--output", "out.parquet"]),
    ):
        done = command(*arguments)
        assert done.returncode == 2, (arguments, done)
        assert f'pip install "asn-nlp[{extra}]"' in done.stderr, (arguments, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
    assert command("--version").stdout == f"asn-nlp {VERSION}\n"
    assert "--optimizer.epochs" in command("train", "--help").stdout


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.prefix) / "bin" / "asn-nlp", *arguments],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    main()

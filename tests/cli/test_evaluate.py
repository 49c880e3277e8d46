"""The command that scores a run."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asn_nlp.articles import Article
from asn_nlp.cli import main
from asn_nlp.engines.run_folder import write_known_mentions
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.labels import ASN_LABELS
from asn_nlp.passages import split_passages
from asn_nlp.predictor import Predictor
from asn_nlp.reading.opinions import Opinion


class Parrot:
    """Predicts nothing, or what it was told."""

    labels = ASN_LABELS
    calibration = None

    def __init__(self, known: dict[str, Article]) -> None:
        self._known = known

    def opinions(self, articles: Iterable[Article]) -> Iterator[Opinion]:
        for article in articles:
            read = self._known.get(article.id, replace(article, entities=(), themes=()))
            passages = tuple(split_passages(article.text))
            themes = np.zeros((len(passages), len(ASN_LABELS.themes)))
            nothing = np.zeros((0, 0))
            yield Opinion(read, nothing.astype(np.int64), nothing, passages, themes, themes[0])


def test_it_writes_beside_the_run(
    tiny_articles: list[Article],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = tiny_articles
    predicted = [replace(first, entities=first.entities[:-1]), *others]
    run, other, data = tmp_path / "run", tmp_path / "other", tmp_path / "tes.jsonl"
    for folder in (run, other):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
    write_known_mentions(run, frozenset({"Bali", "Tirta"}))
    write_articles(tiny_articles, data)
    parrots = {run: Parrot({one.id: one for one in predicted}), other: Parrot({})}
    monkeypatch.setattr(Predictor, "from_pretrained", lambda folder: parrots[folder])
    assert main(["evaluate", str(run), str(data), "--against", str(other)]) == 0
    folder = run / "evaluation-tes"
    assert read_articles(folder / "predictions.jsonl") == predicted
    record = json.loads((folder / "report.json").read_text("utf-8"))
    assert record["seen"]["support"] == 2
    assert record["provenance"]["known mentions"] == "2"
    assert record["comparison"]["entities"]["value"] == record["entities"]["micro"]["f1"]
    assert f"page: {folder / 'report.html'}" in capsys.readouterr().out.replace("\n", "")
    assert main(["evaluate", str(run), str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seen"] == record["seen"]


def test_a_bad_run_or_file_is_a_line(
    tiny_articles: list[Article], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "tes.jsonl"
    assert main(["evaluate", "ready", str(data)]) == 2
    assert capsys.readouterr().err == f"error: {data}: No such file or directory\n"
    write_articles(tiny_articles, data)
    assert main(["evaluate", str(tmp_path / "no"), str(data)]) == 2
    message = f"error: {tmp_path / 'no'} is no folder; name a run folder that training wrote\n"
    assert capsys.readouterr().err == message


def test_what_is_wrong_with_an_output_or_a_run_is_told_before_reading(
    tiny_articles: list[Article],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "predictions.jsonl"
    write_articles(tiny_articles, data)
    monkeypatch.setattr(Predictor, "predict", lambda *_: pytest.fail("it reads"))
    for options, message in (
        (["--against", str(tmp_path / "no")], f"{tmp_path / 'no'} is no folder; name a run folder"),
        (["--output", str(data)], f"{data} is a file; name a folder to write to"),
        (["--output", str(tmp_path)], f"{data} is both read and written; name another file"),
    ):
        assert main(["evaluate", "ready", str(data), *options]) == 2
        assert message in capsys.readouterr().err
    assert read_articles(data) == tiny_articles

"""``asn-nlp export``: a smaller graph is scored, and kept only where it reads as well."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from asn_nlp.cli import main
from asn_nlp.engines.quantization import Quantization
from asn_nlp.engines.run_folder import open_run, rewrite_record
from asn_nlp.errors import RunError
from asn_nlp.formats import write_articles
from asn_nlp.predictor import Predictor


@pytest.fixture
def run(tiny_run, tmp_path) -> Path:
    """With weights large enough that what a layer does shows in what is read."""
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    weights = load_file(folder / "model.safetensors")
    for name, tensor in weights.items():
        if tensor.ndim == 2 and "embeddings" not in name:
            weights[name] = 8 * tensor
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    rewrite_record(open_run(folder))
    assert main(["export", str(folder)]) == 0
    return folder


@pytest.fixture
def dev(run, news, tmp_path) -> list[str]:
    """Gold that the run reads without a mistake, in two files."""
    read = list(Predictor.from_pretrained(run).predict(news))
    paths = [tmp_path / "one.jsonl", tmp_path / "other.jsonl"]
    for path, articles in zip(paths, (read[:2], read[2:]), strict=True):
        write_articles(articles, path)
    return list(map(str, paths))


def test_an_int8_graph_is_kept_with_both_scores(run, dev, news, capsys):
    before = (run / "model.onnx").stat().st_size
    assert main(["export", str(run), "--int8", "--data.dev", *dev, "--max-loss", "1"]) == 0
    told = capsys.readouterr().out
    assert "theme F1 1.0000 in float32 and " in told
    assert f"on {len(news)} articles" in told
    assert (run / "model.onnx").stat().st_size < before
    scores = open_run(run).quantization
    assert scores is not None
    assert (scores.articles, scores.max_loss) == (len(news), 1.0)
    assert scores.float32["theme_f1"] == 1
    assert scores.float32.keys() == scores.int8.keys() == {"entity_f1", "theme_f1"}
    rewrite_record(open_run(run))  # as a calibration does
    assert open_run(run).quantization == scores
    assert len(list(Predictor.from_pretrained(run).predict(news))) == len(news)
    assert main(["export", str(run)]) == 0
    assert open_run(run).quantization is None


def test_an_int8_graph_that_loses_too_much_is_refused(run, dev, capsys, monkeypatch):
    content = {path.name: path.read_bytes() for path in run.iterdir()}
    # Weights of no size: no graph reads with that.
    monkeypatch.setattr("asn_nlp.export.int8._LARGEST_WEIGHT", 1e-3)
    assert main(["export", str(run), "--int8", "--data.dev", *dev]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "an int8 graph may lose 0.002 of either F1, and loses more (entity F1" in line
    assert line.endswith("the run stays as it was: keep it, or allow more by --max-loss")
    assert {path.name: path.read_bytes() for path in run.iterdir()} == content


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--int8"], "--int8 needs articles that tell whether the smaller graph reads as well"),
        (["--data.dev", "dev.jsonl"], "--data.dev is for --int8 alone; give both, or neither"),
    ],
)
def test_the_gate_and_its_articles_go_together(run, options, message, capsys):
    assert main(["export", str(run), *options]) == 2
    assert message in capsys.readouterr().err


def test_a_damaged_score_is_named(run):
    record = json.loads((run / "run.json").read_text("utf-8"))
    record["quantization"] = {"articles": 3, "max_loss": 0.1, "float32": {"entity_f1": 2}}
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(RunError, match=r"'int8' must be an object, but it is missing"):
        open_run(run)
    record["quantization"]["int8"] = {"entity_f1": 0.5}
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(RunError, match=r"float32: 'entity_f1' must be a finite number in \[0, 1\]"):
        open_run(run)


@pytest.mark.parametrize(("lost", "passes"), [(0.001, True), (0.0021, False), (-0.1, True)])
def test_either_score_may_lose_no_more_than_allowed(lost, passes):
    scores = {"entity_f1": 0.8, "theme_f1": 0.7}
    for name in scores:
        worse = scores | {name: scores[name] - lost}
        assert Quantization(9, 0.002, scores, worse).passes == passes


def test_articles_of_labels_that_the_run_lacks_are_refused(run, tmp_path, capsys):
    path = tmp_path / "foreign.jsonl"
    path.write_text(json.dumps({"id": "a", "text": "kapal", "entities": [[0, 5, "SHIP"]]}), "utf-8")
    assert main(["export", str(run), "--int8", "--data.dev", str(path)]) == 2
    assert capsys.readouterr().err

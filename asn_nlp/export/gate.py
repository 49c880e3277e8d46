"""The int8 graph of a run, which takes the float32 graph's place unless it reads worse."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article
from asn_nlp.engines.onnx import OnnxEngine
from asn_nlp.engines.quantization import Quantization
from asn_nlp.engines.run_folder import GRAPH, Run, open_run, open_tokenizer, rewrite_record
from asn_nlp.engines.torch import open_classifier
from asn_nlp.errors import ConfigError, RunError
from asn_nlp.evaluation import leading_f1
from asn_nlp.export.int8 import quantize
from asn_nlp.export.writing import make_graph, save_graph, stores_half
from asn_nlp.files import temporary_folder
from asn_nlp.formats import read_articles
from asn_nlp.predictor import Predictor
from asn_nlp.reading.encoding import encode_articles
from asn_nlp.shipped import CORPUS

_SPARED = (0.0, 0.025, 0.05, 0.1, 0.2)  # of the products, in float32: tried one after the other
_MEASURED = 16  # of so many articles of the shipped corpus, one is measured on


def export_int8(folder: Path, dev: Sequence[Path], *, max_loss: float) -> Quantization:
    """Write the int8 graph of a run, and both graphs' scores on ``dev`` into its record.

    Raises:
        RunError: it loses more than ``max_loss`` of a score, and the run stays as it was; or as
            ``writing.export_run``.
        AnnotationError: ``dev`` cannot be read, or holds no article.
        ConfigError: it has labels that the run does not know.
    """
    run = open_run(folder)
    gold = [article for file in dev for article in _dev(file, run)]
    classifier, half = open_classifier(folder), stores_half(run)
    windows = _windows(run)
    with temporary_folder(folder, "quantization") as scratch:
        float32 = _scores(
            run, save_graph(make_graph(classifier, scratch), scratch, half=half), gold
        )
        for spared in _SPARED:
            model = make_graph(classifier, scratch)
            quantize(model, windows, spared=spared)
            graph = save_graph(model, scratch, half=half)
            scored = Quantization(len(gold), max_loss, float32, _scores(run, graph, gold))
            if scored.passes:
                break
        else:
            raise RunError(
                f"{folder}: an int8 graph may lose {max_loss:g} of either F1, and loses more "
                f"({scored}); the run stays as it was: keep it, or allow more by --max-loss"
            )
        graph.replace(folder / GRAPH)
    rewrite_record(replace(run, quantization=scored))
    return scored


def _dev(file: Path, run: Run) -> list[Article]:
    articles = read_articles(file)
    for article in articles:
        for problem in run.labels.problems(article):
            raise ConfigError(f"{file}: {problem}")
    return articles


def _windows(run: Run) -> list[NDArray[np.int64]]:
    """Token ids (t,) of windows of the shipped corpus."""
    encoded = encode_articles(
        read_articles(CORPUS / "train.jsonl")[::_MEASURED],
        open_tokenizer(run),
        run.labels,
        run.window,
    )
    return [window.input_ids for article in encoded for window in article.windows]


def _scores(run: Run, graph: Path, gold: Sequence[Article]) -> dict[str, float]:
    engine = OnnxEngine(graph, n_tags=len(run.labels.tags), hidden_size=run.hidden_size)
    scores = leading_f1(gold, Predictor(run, engine).predict(gold), labels=run.labels)
    return {name: score for name, score in asdict(scores).items() if score is not None}

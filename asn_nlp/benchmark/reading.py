"""Reading: ``Predictor`` with each engine against two stock pipelines."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    pipeline,
)

from asn_nlp.articles import Article
from asn_nlp.benchmark.laps import Inference, Lap
from asn_nlp.config import WindowConfig
from asn_nlp.engines.protocol import Engine, Output
from asn_nlp.engines.run_folder import open_run
from asn_nlp.engines.torch import TorchEngine, open_classifier
from asn_nlp.passages import split_passages
from asn_nlp.predictor import Predictor, open_engine

STOCK_WINDOW = 512  # tokens that stock pipelines read at once, where the encoder has positions


def benchmark_inference(run: Path, articles: Sequence[Article], *, rounds: int) -> Inference:
    """``Predictor`` with each engine against two stock pipelines, in float32, article by article.

    The pipelines have the encoder of ``run`` twice, as token classifier over windows of up to 512
    tokens, which overlap, and as text classifier over passages. All read every token.
    """
    opened = open_run(run)
    tokenizer = AutoTokenizer.from_pretrained(run, trust_remote_code=False)
    tagger = AutoModelForTokenClassification.from_pretrained(
        run, dtype=torch.float32, trust_remote_code=False
    )
    classifier = AutoModelForSequenceClassification.from_pretrained(
        run,
        dtype=torch.float32,
        trust_remote_code=False,
        id2label=dict(enumerate(opened.labels.themes)),
        label2id=dict(opened.labels.theme_ids),
        problem_type="multi_label_classification",
        ignore_mismatched_sizes=True,  # the head of the tagger has other labels
    )
    tokenizer.model_max_length = min(STOCK_WINDOW, tagger.config.max_position_embeddings)
    tag = pipeline(
        "token-classification",
        model=tagger,
        tokenizer=tokenizer,
        device="cpu",
        aggregation_strategy="simple",
        stride=2 * WindowConfig().context,
    )
    classify = pipeline(
        "text-classification",
        model=classifier,
        tokenizer=tokenizer,
        device="cpu",
        top_k=None,
        truncation=True,
    )
    engines = {
        "PyTorch": _TimedEngine(TorchEngine(open_classifier(run))),
        "ONNX Runtime": _TimedEngine(open_engine(opened, "onnx")),
    }
    predictors = {name: Predictor(opened, engine) for name, engine in engines.items()}
    texts = [article.text for article in articles]
    passages = [list(_passage_texts(text, tokenizer)) for text in texts]
    tokens = sum(len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"])

    def read_tags(n: int) -> None:
        for text in texts[:n]:
            tag(text)

    def read_themes(n: int) -> None:
        for article in passages[:n]:
            classify(article)

    def reads_both(predictor: Predictor) -> Callable[[int], None]:
        def read(n: int) -> None:
            for _ in predictor.predict(articles[:n]):
                pass

        return read

    contestants: list[tuple[Callable[[int], None], _EncoderClock | _TimedEngine]] = [
        (read_tags, _EncoderClock(tagger.base_model)),
        (read_themes, _EncoderClock(classifier.base_model)),
        *((reads_both(predictors[name]), engine) for name, engine in engines.items()),
    ]
    for read, _ in contestants:
        read(2)  # warms up
    laps: list[list[Lap]] = [[] for _ in contestants]
    for _ in range(rounds):
        for own, (read, clock) in zip(laps, contestants, strict=True):
            before, start = clock.seconds, time.perf_counter()
            read(len(texts))
            seconds = time.perf_counter() - start
            own.append(Lap(seconds, tokens, clock.seconds - before))
    tags, themes, *ours = map(tuple, laps)
    return Inference(len(articles), tags, themes, dict(zip(engines, ours, strict=True)))


class _EncoderClock:
    """``seconds`` that passed in an encoder's forward pass so far."""

    def __init__(self, encoder: nn.Module) -> None:
        self.seconds = 0.0
        encoder.register_forward_pre_hook(self._start)
        encoder.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self._started = time.perf_counter()

    def _stop(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._started


class _TimedEngine:
    """An engine, and the ``seconds`` that passed in it so far."""

    def __init__(self, engine: Engine) -> None:
        self.seconds = 0.0
        self.token_budget = engine.token_budget
        self._engine = engine

    def __call__(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Output:
        start = time.perf_counter()
        output = self._engine(input_ids, attention_mask)
        self.seconds += time.perf_counter() - start
        return output


def _passage_texts(text: str, tokenizer: PreTrainedTokenizerBase) -> Iterator[str]:
    """The passages of ``text``, in pieces where one is longer than a text classifier reads."""
    for passage in split_passages(text):
        content = text[passage.start : passage.end]
        pieces = tokenizer(
            content,
            truncation=True,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )["offset_mapping"]
        for offsets in pieces:
            # Special tokens have the empty offsets (0, 0).
            inner = [offset for offset in offsets if offset[0] < offset[1]]
            if inner:
                yield content[inner[0][0] : inner[-1][1]]

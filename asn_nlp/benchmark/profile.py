"""Where the time of a reading goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from asn_nlp.engines.inference import article_logits
from asn_nlp.engines.protocol import Engine, Output
from asn_nlp.engines.run_folder import Run, open_theme_head, open_tokenizer
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.predictor import open_engine
from asn_nlp.reading.decoding import decode
from asn_nlp.reading.encoding import encode_articles


def profile_reading(run: Run, file: Path) -> dict[str, float]:
    """Seconds of each step, in their order, of reading all of ``file`` with the run's own engine.

    The steps are the predictor's; the first two articles are read before the clocks start.
    """
    engine, tokenizer = _TimedEngine(open_engine(run)), _TimedTokenizer(open_tokenizer(run))
    head = open_theme_head(run)
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[step] = time.perf_counter() - start

    with timed("opening the file"):
        articles = read_articles(file)
    for part in (articles[:2], articles):
        engine.seconds = tokenizer.seconds = 0.0
        with timed("windows"):
            encoded = encode_articles(part, cast(Tokenizer, tokenizer), run.labels, run.window)
        with timed("theme head"):
            logits = article_logits(engine, head, encoded, pad_id=run.pad_id)
        with timed("decode"):
            read = decode(encoded, logits, run.labels, run.options, run.calibration)
    with TemporaryDirectory() as folder, timed("writing"):
        write_articles(read, Path(folder, "read.jsonl"))
    return {
        "opening the file": seconds["opening the file"],
        "tokenising": tokenizer.seconds,
        "windows": seconds["windows"] - tokenizer.seconds,
        "encoder": engine.seconds,
        "batches and theme head": seconds["theme head"] - engine.seconds,
        "decode": seconds["decode"],
        "writing": seconds["writing"],
    }


class _TimedEngine:
    """An engine, and the ``seconds`` that passed in it so far."""

    def __init__(self, engine: Engine) -> None:
        self.seconds = 0.0
        self.token_budget = engine.token_budget
        self.at_once = 1  # so that seconds add up
        self._engine = engine

    def __call__(self, input_ids: NDArray[np.int64], attention_mask: NDArray[np.int64]) -> Output:
        start = time.perf_counter()
        output = self._engine(input_ids, attention_mask)
        self.seconds += time.perf_counter() - start
        return output


class _TimedTokenizer:
    """A tokeniser, and the ``seconds`` that passed in it so far."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.seconds = 0.0
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        def timed(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            made = getattr(self._tokenizer, name)(*given, **named)
            self.seconds += time.perf_counter() - start
            return made

        return timed

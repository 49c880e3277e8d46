"""Training: our loop against the stock one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from asn_nlp.articles import Article
from asn_nlp.benchmark.stock import STOCK_WINDOW
from asn_nlp.config import EncoderConfig, OptimizerConfig, WindowConfig
from asn_nlp.encoders import find_encoder
from asn_nlp.engines.run_folder import open_run
from asn_nlp.engines.torch import fast_dtype, open_classifier
from asn_nlp.reading.encoding import EncodedWindow, batches_by_tokens, encode_articles
from asn_nlp.training.batches import collate_gold
from asn_nlp.training.loss import joint_loss
from asn_nlp.training.model import JointModel

_STOCK_BATCH = 8


@dataclass(frozen=True, slots=True)
class Lap:
    """``tokens`` are those of the articles, each once: padding, context and special tokens are left
    out."""

    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Training:
    """A lap a round for each contestant."""

    stock: tuple[Lap, ...]
    ours: tuple[Lap, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times as many tokens a second ours reads, round by round."""
        return [
            (ours.tokens / ours.seconds) / (stock.tokens / stock.seconds)
            for stock, ours in zip(self.stock, self.ours, strict=True)
        ]


def benchmark_training(
    run: Path, articles: Sequence[Article], *, rounds: int, steps: int
) -> Training:
    """Our training loop against the stock one, ``steps`` steps of each in every round.

    The stock loop pads eight shuffled windows of up to 512 tokens to the longest of them, in
    float32 with AdamW and dropout as they come; ours has the defaults of ``config``: batches of
    like length by token budget, bf16 where the processor multiplies it, fused AdamW, no dropout of
    attention weights. The model with its two heads, its loss and the clipping of gradients are the
    same.
    """
    window = WindowConfig()
    tokenizer = AutoTokenizer.from_pretrained(run, trust_remote_code=False)
    labels = open_run(run).labels
    stock = JointModel(open_classifier(run), len(labels.themes))
    stock.token_classifier.set_attn_implementation("sdpa")
    ours = JointModel.from_encoder(find_encoder(str(run)), labels, dropout=EncoderConfig().dropout)
    limit = min(STOCK_WINDOW, stock.config.max_position_embeddings)

    def windows(config: WindowConfig) -> list[EncodedWindow]:
        """In random order."""
        encoded = encode_articles(
            articles, tokenizer.backend_tokenizer, labels, config, with_gold=True
        )
        every = [window for article in encoded for window in article.windows]
        return [every[index] for index in np.random.default_rng(0).permutation(len(every))]

    long = windows(WindowConfig(limit, context=0))
    short = windows(replace(window, size=min(window.size, limit)))

    def loop(
        model: JointModel,
        optimizer: torch.optim.Optimizer,
        batches: Sequence[Sequence[EncodedWindow]],
        *,
        bf16: bool,
    ) -> _Loop:
        collated = [
            collate_gold(batch, pad_id=tokenizer.pad_token_id, n_themes=len(labels.themes))
            for batch in batches
        ]
        tokens = [sum(w.own.stop - w.own.start for w in batch) for batch in batches]
        return _Loop(model, optimizer, list(zip(collated, tokens, strict=True)), bf16=bf16)

    loops = (
        loop(
            stock,
            torch.optim.AdamW(stock.parameters(), lr=1e-5),
            [long[i : i + _STOCK_BATCH] for i in range(0, len(long), _STOCK_BATCH)],
            bf16=False,
        ),
        loop(
            ours,
            torch.optim.AdamW(ours.parameters(), lr=1e-5, fused=True),
            _by_length(short, OptimizerConfig().batch_tokens),
            bf16=fast_dtype("cpu") == torch.bfloat16,
        ),
    )
    for one in loops:
        one.lap(1)  # warms up
    laps = [[one.lap(steps) for one in loops] for _ in range(rounds)]
    return Training(*map(tuple, zip(*laps, strict=True)))


class _Loop:
    """Training steps over the same batches, each with its number of tokens, again and again."""

    def __init__(
        self,
        model: JointModel,
        optimizer: torch.optim.Optimizer,
        batches: Sequence[tuple[dict[str, Tensor], int]],
        *,
        bf16: bool,
    ) -> None:
        self._model = model.train()
        self._optimizer = optimizer
        order = np.random.default_rng(0).permutation(len(batches)).tolist()
        self._batches = cycle([batches[index] for index in order])
        n_themes = len(model.theme_head.bias)
        self._loss = joint_loss(theme_weight=1.0, theme_positive_weight=torch.ones(n_themes))
        self._bf16 = bf16

    def lap(self, steps: int) -> Lap:
        read, start = 0, time.perf_counter()
        for batch, tokens in islice(self._batches, steps):
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
                output = self._model(batch["input_ids"], batch["attention_mask"], batch["pieces"])
                loss = self._loss(output, batch["tags"], batch["themes"], (1.0, 1.0))
            loss.backward()
            nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad()
            read += tokens
        return Lap(time.perf_counter() - start, read)


def _by_length(windows: Sequence[EncodedWindow], budget: int) -> list[list[EncodedWindow]]:
    ordered = sorted(windows, key=len)
    batches = batches_by_tokens(map(len, ordered), budget)
    return [[ordered[index] for index in batch] for batch in batches]

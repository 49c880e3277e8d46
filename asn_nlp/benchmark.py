"""How much faster than the stock tools: the same articles and weights, rounds interleaved."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich.console import Console
from rich.table import Column, Table
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    PreTrainedTokenizerBase,
    pipeline,
)

from asn_nlp.articles import Article
from asn_nlp.config import EncoderConfig, OptimizerConfig, WindowConfig
from asn_nlp.encoding import EncodedWindow, batches_by_tokens, collate, encode_articles
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import JointModel, Reading, fast_dtype, open_run
from asn_nlp.passages import split_passages
from asn_nlp.predictor import Predictor

_STOCK_WINDOW = 512
_STOCK_BATCH = 8


@dataclass(frozen=True, slots=True)
class Lap:
    """One contestant in one round.

    ``tokens`` are those of the articles, each once: padding, context and special tokens are left
    out. Of ``seconds``, ``encoder_seconds`` passed in the encoder's forward pass; training leaves
    it 0.
    """

    seconds: float
    tokens: int
    encoder_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """Over the rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Inference:
    """A lap a round for each contestant, all over the same ``articles``."""

    articles: int
    tagging_pipeline: tuple[Lap, ...]
    theme_pipeline: tuple[Lap, ...]
    predictor: tuple[Lap, ...]

    @property
    def stock(self) -> tuple[Lap, ...]:
        """Both pipelines one after the other, as it takes both to read what the predictor reads."""
        return tuple(
            Lap(
                one.seconds + other.seconds,
                one.tokens,
                one.encoder_seconds + other.encoder_seconds,
            )
            for one, other in zip(self.tagging_pipeline, self.theme_pipeline, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Training:
    """A lap a round for each contestant."""

    stock: tuple[Lap, ...]
    ours: tuple[Lap, ...]


def speed_up(slow: Sequence[Lap], fast: Sequence[Lap]) -> Ratio:
    """How many times as many tokens a second ``fast`` reads, round by round."""
    ratios = [
        (f.tokens / f.seconds) / (s.tokens / s.seconds) for s, f in zip(slow, fast, strict=True)
    ]
    return Ratio(median(ratios), min(ratios), max(ratios))


def write_random_run(
    folder: Path, tokenizer: PreTrainedTokenizerBase, *, encoder: str | None = None
) -> None:
    """A run folder with random weights.

    Args:
        encoder: hub name, folder or ``config.json`` that gives the encoder's shape; by default
            BERT-base.
    """
    config = (
        AutoConfig.from_pretrained(encoder) if encoder else BertConfig(vocab_size=len(tokenizer))
    )
    config.vocab_size = max(config.vocab_size, len(tokenizer))
    config.pad_token_id = tokenizer.pad_token_id
    config.id2label = dict(enumerate(ASN_LABELS.tags))
    config.label2id = dict(ASN_LABELS.tag_ids)
    classifier = AutoModelForTokenClassification.from_config(config, dtype=torch.float32)
    # Most tokens of news belong to no entity; without this, random weights mark nearly all of them
    # and the time goes into spans.
    with torch.no_grad():
        classifier.classifier.bias[0] += 4
    window = WindowConfig()
    reading = Reading(window.size, window.context, 4.0, 0.0, (0.6,) * len(ASN_LABELS.themes))
    JointModel(classifier, ASN_LABELS).save(folder, tokenizer, reading)


def benchmark_inference(run: Path, articles: Sequence[Article], *, rounds: int) -> Inference:
    """``Predictor`` against two stock pipelines in float32 that read article by article.

    The pipelines have the encoder of ``run`` twice, as token classifier over windows of up to 512
    tokens, which overlap, and as text classifier over passages. All three read every token.
    """
    tokenizer = AutoTokenizer.from_pretrained(run)
    tagger = AutoModelForTokenClassification.from_pretrained(run, dtype=torch.float32)
    classifier = AutoModelForSequenceClassification.from_pretrained(
        run,
        dtype=torch.float32,
        id2label=dict(enumerate(ASN_LABELS.themes)),
        label2id=dict(ASN_LABELS.theme_ids),
        problem_type="multi_label_classification",
        ignore_mismatched_sizes=True,  # the head of the tagger has other labels
    )
    tokenizer.model_max_length = _stock_window(tagger.config.max_position_embeddings)
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
    predictor = Predictor.from_pretrained(run, device="cpu")
    texts = [article.text for article in articles]
    passages = [list(_passage_texts(text, tokenizer)) for text in texts]
    tokens = sum(len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"])

    def read_tags(n: int) -> None:
        for text in texts[:n]:
            tag(text)

    def read_themes(n: int) -> None:
        for article in passages[:n]:
            classify(article)

    def read_both(n: int) -> None:
        for _ in predictor.predict(articles[:n]):
            pass

    contestants: list[tuple[Callable[[int], None], _EncoderClock]] = [
        (read_tags, _EncoderClock(tagger.base_model)),
        (read_themes, _EncoderClock(classifier.base_model)),
        (read_both, _EncoderClock(predictor._run.model.token_classifier.base_model)),
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
    return Inference(len(articles), *map(tuple, laps))


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
    tokenizer = AutoTokenizer.from_pretrained(run)
    stock = open_run(run).model
    stock.token_classifier.set_attn_implementation("sdpa")
    ours = JointModel.from_encoder(str(run), ASN_LABELS, dropout=EncoderConfig().dropout)
    limit = _stock_window(stock.config.max_position_embeddings)
    long = _windows(articles, tokenizer, size=limit, context=0)
    short = _windows(articles, tokenizer, size=min(window.size, limit), context=window.context)
    loops = (
        _Loop(
            stock,
            torch.optim.AdamW(stock.parameters(), lr=1e-5),
            [long[i : i + _STOCK_BATCH] for i in range(0, len(long), _STOCK_BATCH)],
            pad_id=tokenizer.pad_token_id,
            bf16=False,
        ),
        _Loop(
            ours,
            torch.optim.AdamW(ours.parameters(), lr=1e-5, fused=True),
            _by_length(short, OptimizerConfig().batch_tokens),
            pad_id=tokenizer.pad_token_id,
            bf16=fast_dtype("cpu") == torch.bfloat16,
        ),
    )
    for loop in loops:
        loop.lap(1)  # warms up
    laps = [[loop.lap(steps) for loop in loops] for _ in range(rounds)]
    return Training(*map(tuple, zip(*laps, strict=True)))


def print_benchmark(inference: Inference, training: Training) -> None:
    """Tables on the terminal: the median round, and the ratio with its least and greatest."""
    reading = Table(
        Column("reading", no_wrap=True),
        "articles/s",
        "tokens/s",
        "outside encoder",
        Column("speed", no_wrap=True),
        title=f"{inference.articles} articles, {len(inference.predictor)} rounds",
    )
    for name, laps in (
        ("entity pipeline", inference.tagging_pipeline),
        ("theme pipeline", inference.theme_pipeline),
        ("both pipelines", inference.stock),
        ("Predictor", inference.predictor),
    ):
        reading.add_row(
            name,
            f"{median(inference.articles / lap.seconds for lap in laps):.2f}",
            f"{_rate(laps):,.0f}",
            f"{median(1 - lap.encoder_seconds / lap.seconds for lap in laps):.1%}",
            _times(speed_up(inference.stock, laps)) if laps is inference.predictor else "",
        )
    learning = Table("training", "tokens/s", "speed", title=f"{len(training.ours)} rounds")
    learning.add_row("stock loop", f"{_rate(training.stock):,.0f}", "")
    ratio = speed_up(training.stock, training.ours)
    learning.add_row("asn_nlp", f"{_rate(training.ours):,.0f}", _times(ratio))
    console = Console()
    console.print(reading)
    console.print(learning)


def _rate(laps: Sequence[Lap]) -> float:
    return median(lap.tokens / lap.seconds for lap in laps)


def _times(ratio: Ratio) -> str:
    return f"{ratio.median:.2f}× ({ratio.low:.2f}–{ratio.high:.2f})"


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


class _Loop:
    """Training steps over the same batches again and again."""

    def __init__(
        self,
        model: JointModel,
        optimizer: torch.optim.Optimizer,
        batches: Sequence[Sequence[EncodedWindow]],
        *,
        pad_id: int,
        bf16: bool,
    ) -> None:
        self._model = model.train()
        self._optimizer = optimizer
        order = np.random.default_rng(0).permutation(len(batches)).tolist()
        self._batches = cycle([batches[index] for index in order])
        self._pad_id = pad_id
        self._bf16 = bf16

    def lap(self, steps: int) -> Lap:
        tokens, start = 0, time.perf_counter()
        for batch in islice(self._batches, steps):
            inputs = collate(batch, pad_id=self._pad_id, n_themes=len(ASN_LABELS.themes))
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
                loss = self._model(**inputs).loss
            loss.backward()
            nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad()
            tokens += sum(window.own.stop - window.own.start for window in batch)
        return Lap(time.perf_counter() - start, tokens)


def _windows(
    articles: Sequence[Article], tokenizer: PreTrainedTokenizerBase, *, size: int, context: int
) -> list[EncodedWindow]:
    """In random order."""
    encoded = encode_articles(
        articles,
        tokenizer,
        ASN_LABELS,
        window_size=size,
        window_context=context,
        with_gold=True,
    )
    windows = [window for article in encoded for window in article.windows]
    return [windows[index] for index in np.random.default_rng(0).permutation(len(windows))]


def _by_length(windows: Sequence[EncodedWindow], budget: int) -> list[list[EncodedWindow]]:
    ordered = sorted(windows, key=len)
    batches = batches_by_tokens(map(len, ordered), budget)
    return [[ordered[index] for index in batch] for batch in batches]


def _stock_window(positions: int) -> int:
    return min(_STOCK_WINDOW, positions)


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

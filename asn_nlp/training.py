"""Fine-tuning: annotated articles and an encoder in, a run folder out."""

import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import yaml
from torch.utils.data import DataLoader, Sampler
from transformers import (
    PreTrainedTokenizerBase,
    ProgressCallback,
    Trainer,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig
from asn_nlp.decoding import ArticleLogits, decode
from asn_nlp.encoding import (
    EncodedArticle,
    EncodedWindow,
    batches_by_tokens,
    collate,
    encode_articles,
)
from asn_nlp.evaluation import Headline, Report, evaluate, headline
from asn_nlp.files import fingerprint, written_whole
from asn_nlp.formats import read_articles
from asn_nlp.inference import article_logits
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import JointModel, Reading, open_tokenizer
from asn_nlp.model_card import write_model_card
from asn_nlp.splits import split_articles

logger = logging.getLogger(__name__)

_WORD_BREAK_COSTS = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0)
_THRESHOLDS = tuple(np.round(np.arange(0.1, 0.91, 0.05), 2).tolist())


@dataclass(frozen=True, slots=True)
class TrainingData:
    train: tuple[Article, ...]
    dev: tuple[Article, ...]
    fingerprint: str  # of the files' bytes


def read_training_data(config: TrainConfig) -> TrainingData:
    """Read the annotated files; without a dev file, set articles aside by ``config.seed``.

    Raises:
        AnnotationError: a file breaks a rule of the format.
        ValueError: no article is left for dev, or an id stands in two training files.
    """
    files = [Path(name) for name in config.data.train]
    train = tuple(article for path in files for article in read_articles(path))
    repeated = [name for name, count in Counter(a.id for a in train).items() if count > 1]
    if repeated:
        raise ValueError(
            f"article ids must be unique over the training files, but {repeated[0]!r} stands in "
            "two; rename or remove one"
        )
    if config.data.dev is None:
        parts = split_articles(train, dev=config.data.dev_share, test=0, seed=config.seed)
        train, dev = parts.train, parts.dev
    else:
        dev = tuple(read_articles(Path(config.data.dev)))
        files.append(Path(config.data.dev))
    known = {span.label for a in train for span in (*a.entities, *a.themes)}
    new = sorted({span.label for a in dev for span in (*a.entities, *a.themes)} - known)
    if new:
        logger.warning(
            "dev holds labels that train never shows, so they cannot be learned: %s", ", ".join(new)
        )
    return TrainingData(train, dev, fingerprint(*files))


def train(config: TrainConfig) -> Path:
    """Train one model, or ``config.seeds`` of them, and return the output folder."""
    output = Path(config.output)
    if config.seeds == 1:
        return _train_one(config)
    scores = []
    for seed in range(config.seed, config.seed + config.seeds):
        folder = _train_one(
            replace(config, seed=seed, seeds=1, output=str(output / f"seed-{seed}"))
        )
        scores.append(json.loads((folder / "scores.json").read_text(encoding="utf-8"))["dev"])
    summary = {
        name: {
            "mean": float(np.mean([score[name] for score in scores])),
            "deviation": float(np.std([score[name] for score in scores], ddof=1)),
        }
        for name in ("entity_f1", "theme_f1")
    }
    with written_whole(output / "seeds.json") as file:
        json.dump(summary, file, indent=2)
    for name, figures in summary.items():
        print(f"{name}: {figures['mean']:.3f} ± {figures['deviation']:.3f} on dev, {config.seeds} seeds")
    return output


def _train_one(config: TrainConfig) -> Path:
    output = Path(config.output)
    if config.resume and (output / "run.json").exists():
        print(f"{output} is complete; nothing to resume")
        return output
    checkpoints = output / "checkpoints"
    if not config.resume:
        shutil.rmtree(checkpoints, ignore_errors=True)
    data = read_training_data(config)
    set_seed(config.seed)
    tokenizer = open_tokenizer(config.encoder.name, revision=config.encoder.revision)
    train_articles = _encode(data.train, tokenizer, config)
    dev_articles = _encode(data.dev, tokenizer, config)
    _report_unaligned(train_articles)
    model = JointModel.from_encoder(
        config.encoder.name,
        ASN_LABELS,
        revision=config.encoder.revision,
        dropout=config.encoder.dropout,
        theme_weight=config.optimizer.theme_weight,
        theme_positive_weight=_positive_weight(train_articles),
    )
    trainer = _JointTrainer(model, tokenizer, train_articles, dev_articles, config)
    trainer.train(resume_from_checkpoint=_last_checkpoint(checkpoints))
    logits = trainer.dev_logits()
    reading = tune_reading(trainer.reading, dev_articles, logits, data.dev)
    if trainer.is_world_process_zero():
        predicted = decode(dev_articles, logits, ASN_LABELS, reading)
        known = frozenset(a.text[e.start : e.end] for a in data.train for e in a.entities)
        report = evaluate(data.dev, predicted, known_mentions=known, seed=config.seed)
        _write_run(config, data, trainer.model, tokenizer, reading, report, known)
        shutil.rmtree(checkpoints, ignore_errors=True)
    return output


def _encode(
    articles: Sequence[Article], tokenizer: PreTrainedTokenizerBase, config: TrainConfig
) -> list[EncodedArticle]:
    return encode_articles(
        articles,
        tokenizer,
        ASN_LABELS,
        window_size=config.window.size,
        window_context=config.window.context,
        with_gold=True,
    )


def _report_unaligned(articles: Sequence[EncodedArticle]) -> None:
    unaligned = sum(article.unaligned for article in articles)
    if unaligned:
        total = sum(len(article.article.entities) for article in articles)
        logger.warning(
            "%d of %d training entities start or end inside a token; they are trained on the whole "
            "tokens they touch (scripts/validate.py lists them)",
            unaligned,
            total,
        )


def _positive_weight(articles: Sequence[EncodedArticle]) -> torch.Tensor:
    """Weight (themes,) of a theme's positives: the square root of negatives over positives, which
    lifts rare themes without letting them drown the frequent ones."""
    gold = [
        piece.themes
        for article in articles
        for window in article.windows
        for piece in window.pieces
        if piece.themes is not None
    ]
    positives = np.sum(gold, axis=0) if gold else np.zeros(len(ASN_LABELS.themes))
    weight = np.sqrt((len(gold) - positives) / np.maximum(positives, 1))
    return torch.tensor(np.clip(weight, 1, 10), dtype=torch.float32)


class _TokenBatches(Sampler[list[int]]):
    """Shuffled batches of windows of like length, at most ``budget`` tokens each when padded.

    The order depends on seed and epoch alone, so that a resumed run sees the batches it missed.
    """

    def __init__(self, lengths: Sequence[int], *, budget: int, seed: int) -> None:
        self._lengths = np.array(lengths)
        self._budget = budget
        self._seed = seed
        self._epoch = 0
        self._batches = self._shuffled()

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self._batches = self._shuffled()

    def _shuffled(self) -> list[list[int]]:
        rng = np.random.default_rng((self._seed, self._epoch))
        # Noise on the lengths keeps the same windows from always meeting in a batch.
        order = np.argsort(self._lengths * rng.uniform(0.8, 1.2, len(self._lengths)))
        batches = batches_by_tokens(self._lengths[order].tolist(), self._budget)
        return [order[batches[index]].tolist() for index in rng.permutation(len(batches))]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)


class _Progress(ProgressCallback):
    """The stock bar with its estimate of the time left, and the loss and dev scores beside it."""

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        if state.is_world_process_zero and self.training_bar is not None:
            shown = {"loss": "loss", "eval_entity_f1": "entities", "eval_theme_f1": "themes"}
            for name, value in (logs or {}).items():
                if name in shown:
                    self._shown = {**getattr(self, "_shown", {}), shown[name]: f"{float(value):.3f}"}
            self.training_bar.set_postfix(getattr(self, "_shown", {}))


class _JointTrainer(Trainer):
    """The stock Trainer with batches by tokens, two learning rates, and dev scored by our decode."""

    def __init__(
        self,
        model: JointModel,
        tokenizer: PreTrainedTokenizerBase,
        train_articles: Sequence[EncodedArticle],
        dev_articles: Sequence[EncodedArticle],
        config: TrainConfig,
    ) -> None:
        self._config = config
        self._dev = dev_articles
        self._windows = [window for article in train_articles for window in article.windows]
        self._pad_id = tokenizer.pad_token_id
        self.reading = Reading(
            config.window.size,
            config.window.context,
            word_break_cost=4.0,
            theme_thresholds=(0.5,) * len(ASN_LABELS.themes),
        )
        batches = self._token_batches()
        steps = len(batches) * config.optimizer.epochs
        super().__init__(
            model=model,
            args=TrainingArguments(
                output_dir=str(Path(config.output) / "checkpoints"),
                num_train_epochs=config.optimizer.epochs,
                learning_rate=config.optimizer.learning_rate,
                lr_scheduler_type="linear",
                warmup_steps=round(config.optimizer.warmup * steps),
                bf16=_has_bf16(),
                eval_strategy="epoch",
                save_strategy="epoch",
                save_total_limit=1,
                load_best_model_at_end=True,
                metric_for_best_model="mean_f1",
                logging_steps=10,
                seed=config.seed,
                report_to=list(config.report_to),
                remove_unused_columns=False,
                dataloader_pin_memory=torch.cuda.is_available(),
                accelerator_config={"even_batches": False},
            ),
            train_dataset=self._windows,
            eval_dataset=list(dev_articles),
        )
        self.remove_callback(ProgressCallback)
        self.add_callback(_Progress)

    def _token_batches(self) -> _TokenBatches:
        return _TokenBatches(
            [len(window) for window in self._windows],
            budget=self._config.optimizer.batch_tokens,
            seed=self._config.seed,
        )

    def _collate(self, windows: Sequence[EncodedWindow]) -> dict[str, torch.Tensor]:
        return collate(windows, pad_id=self._pad_id, n_themes=len(ASN_LABELS.themes))

    def get_train_dataloader(self) -> DataLoader:
        loader = DataLoader(
            self._windows,
            batch_sampler=self._token_batches(),
            collate_fn=self._collate,
            pin_memory=torch.cuda.is_available(),
        )
        return self.accelerator.prepare(loader)

    def create_optimizer(self, model: JointModel | None = None) -> torch.optim.Optimizer:
        model = model or self.model
        settings = self._config.optimizer
        encoder = {id(p) for p in model.token_classifier.base_model.parameters()}
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for parameter in model.parameters():
            rate = (
                settings.learning_rate if id(parameter) in encoder else settings.head_learning_rate
            )
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": parameters, "lr": rate, "weight_decay": decay}
                for (rate, decay), parameters in groups.items()
            ],
            fused=True,
        )
        return self.optimizer

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):  # noqa: ARG002
        output = model(**inputs)
        return (output.loss, output) if return_outputs else output.loss

    def dev_logits(self) -> list[ArticleLogits]:
        self.model.eval()
        with self.autocast_smart_context_manager():
            return article_logits(
                self.model, self._dev, pad_id=self._pad_id, token_budget=self._config.optimizer.batch_tokens
            )

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        predicted = decode(self._dev, self.dev_logits(), ASN_LABELS, self.reading)
        scores = headline([article.article for article in self._dev], predicted)
        metrics = {
            "eval_entity_f1": scores.entity_f1,
            "eval_theme_f1": scores.theme_f1,
            "eval_mean_f1": (scores.entity_f1 + scores.theme_f1) / 2,
        }
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


def tune_reading(
    reading: Reading,
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    gold: Sequence[Article],
) -> Reading:
    """The cost of a break inside a word and the theme threshold that read ``gold`` best.

    One threshold serves all themes: a dev set holds too few examples of the rare ones to tune
    twelve.
    """

    def scores(candidate: Reading) -> Headline:
        return headline(gold, decode(articles, logits, ASN_LABELS, candidate))

    reading = max(
        (replace(reading, word_break_cost=cost) for cost in _WORD_BREAK_COSTS),
        key=lambda candidate: scores(candidate).entity_f1,
    )
    return max(
        (
            replace(reading, theme_thresholds=(threshold,) * len(ASN_LABELS.themes))
            for threshold in _THRESHOLDS
        ),
        key=lambda candidate: scores(candidate).theme_f1,
    )


def _write_run(
    config: TrainConfig,
    data: TrainingData,
    model: JointModel,
    tokenizer: PreTrainedTokenizerBase,
    reading: Reading,
    report: Report,
    known_mentions: frozenset[str],
) -> None:
    """Fill the run folder; ``run.json`` goes last, so a folder that has it is whole."""
    folder = Path(config.output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").unlink(missing_ok=True)
    with written_whole(folder / "config.yaml") as file:
        yaml.safe_dump(json.loads(json.dumps(asdict(config))), file, sort_keys=False)
    with written_whole(folder / "known_mentions.txt") as file:
        file.writelines(f"{mention}\n" for mention in sorted(known_mentions))
    with written_whole(folder / "scores.json") as file:
        json.dump(
            {
                "seed": config.seed,
                "data_fingerprint": data.fingerprint,
                "versions": {n: version(n) for n in ("torch", "transformers", "datasets")},
                "dev": {
                    "articles": len(data.dev),
                    "entity_f1": report.entities.micro.f1,
                    "theme_f1": report.themes.micro.f1,
                },
            },
            file,
            indent=2,
        )
    write_model_card(folder, config, data, report)
    model.save(folder, tokenizer, reading)


def _last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint: the Trainer writes ``trainer_state.json`` last."""
    whole = sorted(
        folder.glob("checkpoint-*/trainer_state.json"),
        key=lambda path: int(path.parent.name.removeprefix("checkpoint-")),
    )
    return str(whole[-1].parent) if whole else None


def _has_bf16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported()

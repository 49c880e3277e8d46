"""Fine-tuning: annotated articles and an encoder in, a run folder out."""

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import torch
import yaml
from accelerate import PartialState
from safetensors import SafetensorError
from torch.utils.data import DataLoader, Dataset, Sampler
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
from asn_nlp.augmentation import vary_headlines
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
from asn_nlp.files import written_whole
from asn_nlp.inference import article_logits
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import (
    RUN_FILE,
    JointModel,
    Reading,
    fast_dtype,
    open_tokenizer,
    write_known_mentions,
)
from asn_nlp.model_card import library_versions, write_model_card
from asn_nlp.training_data import TrainingData, read_training_data

logger = logging.getLogger(__name__)

# The highest first: where several read dev equally well, unseen words are safest with that.
_WORD_BREAK_COSTS = (8.0, 6.0, 4.0, 2.0, 1.0, 0.0)
_OUTSIDE_BIASES = (0.0, 0.5, 1.0, 1.5, 2.0)
_THRESHOLDS = tuple(np.round(np.arange(0.1, 0.96, 0.05), 2).tolist())
_LENGTH_STEP = 16  # tokens


def train(config: TrainConfig) -> Path:
    """Train one model, or ``config.seeds`` of them, and return the output folder.

    Raises:
        AnnotationError, ValueError: as ``read_training_data``; or a window is longer than the
            encoder reads.
        RunError: the encoder cannot be opened.
        OSError: a checkpoint or the run cannot be written.
    """
    output = Path(config.output)
    if config.seeds == 1:
        return _train_one(config)
    scores = []
    for seed in range(config.seed, config.seed + config.seeds):
        folder = _train_one(
            replace(config, seed=seed, seeds=1, output=str(output / f"seed-{seed}"))
        )
        scores.append(json.loads((folder / "scores.json").read_text(encoding="utf-8"))["dev"])
    if PartialState().is_main_process:
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
            print(
                f"{name}: {figures['mean']:.3f} ± {figures['deviation']:.3f} on dev, "
                f"{config.seeds} seeds"
            )
    return output


def _train_one(config: TrainConfig) -> Path:
    output = Path(config.output)
    checkpoints = output / "checkpoints"
    # Checkpoints beside a run are those of a later training that was cut off.
    if config.resume and (output / RUN_FILE).exists() and not checkpoints.exists():
        print(f"{output} is complete; nothing to resume")
        return output
    if not config.resume:
        shutil.rmtree(checkpoints, ignore_errors=True)
    data = read_training_data(config.data, seed=config.seed)
    set_seed(config.seed)
    tokenizer = open_tokenizer(config.encoder.name, revision=config.encoder.revision)
    train_articles = _encode(
        vary_headlines(data.train, share=config.data.headline_case, seed=config.seed),
        tokenizer,
        config,
    )
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
    if config.window.size > model.longest_window:
        raise ValueError(
            f"window.size must be at most {model.longest_window}, the tokens that "
            f"{config.encoder.name} reads at once, but is {config.window.size}; lower it"
        )
    checkpoints.mkdir(parents=True, exist_ok=True)
    trainer = _JointTrainer(model, tokenizer, train_articles, dev_articles, config)
    trainer.train(resume_from_checkpoint=_last_checkpoint(checkpoints))
    logits = trainer.dev_logits()
    reading = tune_reading(trainer.reading, dev_articles, logits, data.dev)
    if trainer.is_world_process_zero():
        predicted = decode(dev_articles, logits, ASN_LABELS, reading)
        report = evaluate(data.dev, predicted, known_mentions=data.known_mentions, seed=config.seed)
        _write_run(config, data, model, tokenizer, reading, report)
        shutil.rmtree(checkpoints)
    trainer.accelerator.wait_for_everyone()
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

    The order depends on seed and epoch alone, so that a resumed run sees the batches it missed;
    the number of batches is the same in every epoch.
    """

    def __init__(self, lengths: Sequence[int], *, budget: int, seed: int) -> None:
        # Windows whose lengths round up to the same step change places, so that not always the
        # same ones meet in a batch.
        self._lengths = -(-np.array(lengths) // _LENGTH_STEP) * _LENGTH_STEP
        self._slots = batches_by_tokens(np.sort(self._lengths).tolist(), budget)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self._seed, self._epoch))
        order = np.lexsort((rng.random(len(self._lengths)), self._lengths))
        for slot in rng.permutation(len(self._slots)):
            yield order[self._slots[slot]].tolist()


class _Progress(ProgressCallback):
    """The stock bar with its estimate of the time left, and the loss and dev scores beside it."""

    _TITLES = {"loss": "loss", "eval_entity_f1": "entities", "eval_theme_f1": "themes"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, str] = {}

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        if logs and self.training_bar is not None:
            for name, title in self._TITLES.items():
                if name in logs:
                    self._shown[title] = f"{logs[name]:.3f}"
            self.training_bar.set_postfix(self._shown)


class _JointTrainer(Trainer):
    """The stock Trainer with batches by tokens, two learning rates and dev scored by our decode."""

    def __init__(
        self,
        model: JointModel,
        tokenizer: PreTrainedTokenizerBase,
        train_articles: Sequence[EncodedArticle],
        dev_articles: Sequence[EncodedArticle],
        config: TrainConfig,
    ) -> None:
        self._config = config
        self._joint_model = model
        self._windows = [window for article in train_articles for window in article.windows]
        self._dev = dev_articles
        self._pad_id = tokenizer.pad_token_id
        self.reading = Reading(
            config.window.size,
            config.window.context,
            word_break_cost=4.0,
            outside_bias=0.0,
            theme_thresholds=(0.5,) * len(ASN_LABELS.themes),
        )
        device = "cuda" if torch.cuda.is_available() else "cpu"
        super().__init__(
            model=model,
            args=TrainingArguments(
                output_dir=str(Path(config.output) / "checkpoints"),
                num_train_epochs=config.optimizer.epochs,
                learning_rate=config.optimizer.learning_rate,
                lr_scheduler_type="linear",
                warmup_steps=config.optimizer.warmup,  # below 1 it is a share
                bf16=fast_dtype(device) == torch.bfloat16,
                use_cpu=device == "cpu",
                eval_strategy="epoch",
                save_strategy="epoch",
                save_total_limit=1,
                load_best_model_at_end=True,
                metric_for_best_model="mean_f1",
                logging_steps=10,
                seed=config.seed,
                report_to=config.report_to,
                disable_tqdm=False,
                dataloader_pin_memory=device == "cuda",
            ),
            train_dataset=self._windows,
            eval_dataset=list(dev_articles),
        )
        self.remove_callback(ProgressCallback)
        self.add_callback(_Progress)

    def _collate(self, windows: Sequence[EncodedWindow]) -> dict[str, torch.Tensor]:
        return collate(windows, pad_id=self._pad_id, n_themes=len(ASN_LABELS.themes))

    def get_train_dataloader(self) -> DataLoader:
        batches = _TokenBatches(
            list(map(len, self._windows)),
            budget=self._config.optimizer.batch_tokens,
            seed=self._config.seed,
        )
        loader: DataLoader = DataLoader(
            cast(Dataset[EncodedWindow], self._windows),
            batch_sampler=batches,
            collate_fn=self._collate,
            pin_memory=self.args.dataloader_pin_memory,
        )
        return self.accelerator.prepare(loader)

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        model = self._joint_model
        settings = self._config.optimizer
        encoder = {id(p) for p in model.token_classifier.base_model.parameters()}
        groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
        for parameter in model.parameters():
            in_encoder = id(parameter) in encoder
            rate = settings.learning_rate if in_encoder else settings.head_learning_rate
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
        self._joint_model.eval()
        return article_logits(
            self._joint_model,
            self._dev,
            pad_id=self._pad_id,
            token_budget=self._config.optimizer.batch_tokens,
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

    def _save_checkpoint(self, model: torch.nn.Module, trial: object) -> None:
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise OSError(
                f"could not write a checkpoint to {self.args.output_dir} ({error}); "
                "make room and go on with --resume"
            ) from error


def tune_reading(
    reading: Reading,
    articles: Sequence[EncodedArticle],
    logits: Sequence[ArticleLogits],
    gold: Sequence[Article],
) -> Reading:
    """The cost of a break inside a word, the bias and the threshold that read ``gold`` best.

    One threshold serves all themes: a dev set holds too few examples of the rare ones to tune
    twelve.
    """

    def scores(candidate: Reading) -> Headline:
        return headline(gold, decode(articles, logits, ASN_LABELS, candidate))

    reading = max(
        (replace(reading, word_break_cost=cost) for cost in _WORD_BREAK_COSTS),
        key=lambda candidate: scores(candidate).entity_f1,
    )
    reading = max(
        (replace(reading, outside_bias=bias) for bias in _OUTSIDE_BIASES),
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
) -> None:
    """Fill the run folder; an older run in it lasts until the new one is whole beside it."""
    folder = Path(config.output)
    scores = {
        "seed": config.seed,
        "data_fingerprint": data.fingerprint,
        "versions": library_versions(),
        "dev": {
            "articles": len(data.dev),
            "entity_f1": report.entities.micro.f1,
            "theme_f1": report.themes.micro.f1,
        },
    }
    try:
        with TemporaryDirectory(dir=folder, prefix=".writing-") as name:
            new = Path(name)
            with written_whole(new / "config.yaml") as file:
                # Through JSON, since plain YAML knows no tuples.
                options = json.loads(json.dumps(asdict(replace(config, resume=False))))
                yaml.safe_dump(options, file, sort_keys=False)
            with written_whole(new / "scores.json") as file:
                json.dump(scores, file, indent=2)
            write_known_mentions(new, data.known_mentions)
            write_model_card(new, config, data, report)
            model.to(torch.float16 if config.save_fp16 else torch.float32)
            model.save(new, tokenizer, reading)
            (folder / RUN_FILE).unlink(missing_ok=True)
            for path in sorted(new.iterdir(), key=lambda path: path.name == RUN_FILE):
                path.replace(folder / path.name)
    except (OSError, SafetensorError) as error:
        raise OSError(
            f"could not write the run to {folder} ({error}); make room and go on with --resume"
        ) from error


def _last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint: the Trainer writes ``trainer_state.json`` last."""
    for checkpoint in sorted(
        folder.glob("checkpoint-*"), key=lambda path: -int(path.name.removeprefix("checkpoint-"))
    ):
        try:
            TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        except (OSError, ValueError):  # cut off
            continue
        return str(checkpoint)
    return None

"""The stock Trainer with batches by tokens, two learning rates and dev read by our decode."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from torch.utils.data import DataLoader, Dataset
from transformers import (
    PreTrainedTokenizerBase,
    ProgressCallback,
    Trainer,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from asn_nlp.config import TrainConfig
from asn_nlp.engines.inference import article_logits
from asn_nlp.engines.torch import TorchEngine, fast_dtype, pick_device
from asn_nlp.errors import RunError, TrainingError
from asn_nlp.evaluation import leading_f1
from asn_nlp.labels import LabelSet
from asn_nlp.reading.decoding import ArticleLogits, decode
from asn_nlp.reading.encoding import EncodedArticle, EncodedWindow
from asn_nlp.training.batches import TokenBatches, collate_gold
from asn_nlp.training.loss import Loss
from asn_nlp.training.memory import (
    free_memory,
    measure_step,
    split_batch,
    tokens_at_once,
    told_split,
)
from asn_nlp.training.model import JointModel
from asn_nlp.training.trackers import tracker
from asn_nlp.training.tuning import first_options


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


class JointTrainer(Trainer):
    """Trains a joint model on encoded articles, and keeps the epoch that reads dev best.

    Args:
        loss: of the model's output and the gold.
    """

    def __init__(
        self,
        model: JointModel,
        tokenizer: PreTrainedTokenizerBase,
        labels: LabelSet,
        train_articles: Sequence[EncodedArticle],
        dev_articles: Sequence[EncodedArticle],
        config: TrainConfig,
        *,
        loss: Loss,
    ) -> None:
        self._config = config
        self._labels = labels
        self._joint_model = model
        self._loss = loss
        self._windows = [window for article in train_articles for window in article.windows]
        self._dev = dev_articles
        self._pad_id = tokenizer.pad_token_id
        device = pick_device().type
        rate = config.optimizer.learning_rate
        assert rate is not None  # the trainer takes options as ``with_rates`` gives them
        super().__init__(
            model=model,
            args=TrainingArguments(
                output_dir=str(Path(config.output) / "checkpoints"),
                num_train_epochs=config.optimizer.epochs,
                learning_rate=rate,
                lr_scheduler_type="linear",
                warmup_steps=config.optimizer.warmup,  # below 1 it is a share
                bf16=fast_dtype(device) == torch.bfloat16,
                use_cpu=device == "cpu",
                eval_strategy="epoch",
                # While the rates are high no epoch reads dev best; and reading it takes time.
                eval_delay=config.optimizer.epochs / 2,
                save_strategy="epoch",
                save_total_limit=1,
                load_best_model_at_end=True,
                metric_for_best_model="mean_f1",
                logging_steps=10,
                logging_nan_inf_filter=False,  # such a loss ends the training, see below
                seed=config.seed,
                report_to="none",  # see trackers
                disable_tqdm=False,
                dataloader_pin_memory=device == "cuda",
            ),
            train_dataset=self._windows,
            eval_dataset=list(dev_articles),
            callbacks=tracker(config),
        )
        self._tokens_at_once = self._fitting_tokens()
        self.remove_callback(ProgressCallback)
        self.add_callback(_Progress)

    def begin_anew(self, model: JointModel, config: TrainConfig, *, loss: Loss) -> None:
        """Train another model from its first step on, with other options of the optimizer."""
        self._joint_model, self._config, self._loss = model, config, loss

    def _collate(self, windows: Sequence[EncodedWindow]) -> dict[str, torch.Tensor]:
        return collate_gold(windows, pad_id=self._pad_id, n_themes=len(self._labels.themes))

    def get_train_dataloader(self) -> DataLoader:
        batches = TokenBatches(
            list(map(len, self._windows)),
            # Of a step, in which each process reads a batch of its own.
            budget=self._config.optimizer.batch_tokens // self.args.world_size,
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
        groups: dict[tuple[float | None, float], list[torch.nn.Parameter]] = {}
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

    def _fitting_tokens(self) -> int:
        """How much of a batch is read at once; says so where that is not all."""
        settings = self._config.optimizer
        if settings.micro_batch_tokens is not None:
            return settings.micro_batch_tokens
        longest = max(self._windows, key=len)
        inputs = self._prepare_inputs(self._collate([longest]))
        model = self._joint_model.train()
        with self.compute_loss_context_manager():
            step = measure_step(
                model, lambda: self.compute_loss(model, inputs), length=len(longest)
            )
        free = free_memory(self.args.device)
        tokens = tokens_at_once(step, batch_tokens=settings.batch_tokens, free=free)
        if tokens < settings.batch_tokens:
            print(told_split(step, batch_tokens=settings.batch_tokens, tokens=tokens, free=free))
        return tokens

    def training_step(
        self, model: torch.nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        losses = []
        parts = list(split_batch(inputs, tokens=self._tokens_at_once))
        for number, (part, *shares) in enumerate(parts, start=1):
            # Processes that read in other numbers of parts must meet as often, so at the last.
            alone = number < len(parts)
            with self.accelerator.no_sync(model) if alone else nullcontext():
                losses.append(
                    super().training_step(model, part | {"shares": shares}, num_items_in_batch)
                )
        loss = torch.stack(losses).sum()
        if not loss.isfinite():
            raise TrainingError(self._astray(f"the loss is {float(loss)}"))
        return loss

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: object = None,  # noqa: ARG002
    ) -> Any:
        output = model(*(inputs[name] for name in ("input_ids", "attention_mask", "pieces")))
        shares = inputs.get("shares", (1.0, 1.0))
        loss = self._loss(output, inputs["tags"], inputs["themes"], shares)
        return (loss, output) if return_outputs else loss

    def logits(self, articles: Sequence[EncodedArticle]) -> list[ArticleLogits]:
        model = self._joint_model.eval()
        engine = TorchEngine(model.token_classifier)
        try:
            return article_logits(engine, model.reading_head(), articles, pad_id=self._pad_id)
        except RunError as error:
            raise TrainingError(self._astray("what the model says of dev is not finite")) from error

    def _astray(self, fault: str) -> str:
        settings = self._config.optimizer
        return (
            f"{fault} at step {self.state.global_step + 1} of {self.state.max_steps}; nothing of "
            "it is saved: begin anew with lower rates than optimizer.learning_rate "
            f"{settings.learning_rate:g} and optimizer.head_learning_rate "
            f"{settings.head_learning_rate:g}, or a longer optimizer.warmup"
        )

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        predicted = decode(
            self._dev, self.logits(self._dev), self._labels, first_options(self._labels)
        )
        gold = [article.article for article in self._dev]
        scores = leading_f1(gold, predicted, labels=self._labels)
        metrics = {f"eval_{name}": f1 for name, f1 in asdict(scores).items() if f1 is not None}
        metrics["eval_mean_f1"] = scores.mean
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise OSError(
                f"could not write a checkpoint to {self.args.output_dir} ({error}); "
                "make room and go on with --resume"
            ) from error

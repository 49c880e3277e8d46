"""One run, or several seeds of it, from a config to a run folder."""

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import yaml
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase, set_seed

from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig
from asn_nlp.encoders import check_tokenizer, find_encoder, open_config, open_tokenizer
from asn_nlp.engines.run_folder import RECORD, write_known_mentions, write_record
from asn_nlp.errors import ConfigError
from asn_nlp.evaluation import Report, evaluate
from asn_nlp.files import temporary_folder, written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import Calibration
from asn_nlp.reading.decoding import decode
from asn_nlp.reading.encoding import EncodedArticle, encode_articles
from asn_nlp.reading.fitting import fit_calibration
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.report.card import Part, library_versions, write_model_card
from asn_nlp.training.augmentation import vary_headlines
from asn_nlp.training.checkpoints import (
    begin,
    checkpoint_folder,
    identity,
    last_checkpoint,
    occupied,
)
from asn_nlp.training.data import TrainingData, read_training_data
from asn_nlp.training.loss import joint_loss, positive_weight
from asn_nlp.training.model import JointModel, write_weights
from asn_nlp.training.processes import processes
from asn_nlp.training.trainer import JointTrainer
from asn_nlp.training.tuning import first_options, tune_options

logger = logging.getLogger(__name__)


def train(config: TrainConfig) -> Path:
    """Train on the annotated files that ``config`` names, and return the output folder.

    Raises:
        AnnotationError, ConfigError, TrainingError: as ``read_training_data`` and ``fit``.
        EncoderError: the encoder cannot be opened, or does not fit.
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
    if processes().is_main_process:
        summary = {
            name: {
                "mean": float(np.mean([score[name] for score in scores])),
                "deviation": float(np.std([score[name] for score in scores], ddof=1)),
            }
            for name in ("entity_f1", "theme_f1")
            if scores[0][name] is not None
        }
        with written_whole(output / "seeds.json") as file:
            json.dump(summary, file, allow_nan=False, indent=2)
        for name, figures in summary.items():
            print(
                f"{name}: {figures['mean']:.3f} ± {figures['deviation']:.3f} on dev, "
                f"{config.seeds} seeds"
            )
    return output


def fit(train: Sequence[Article], dev: Sequence[Article], config: TrainConfig) -> Path:
    """Train on articles, choose the epoch and the decode options on ``dev``, and write the run.

    Args:
        config: its ``data`` gives the share of headlines varied in case, and is not read from.

    Returns:
        ``config.output``, the run folder.

    Raises:
        AnnotationError: a label is not among the run's.
        ConfigError: a window is longer than the encoder reads; the output holds something else or
            is being written; or a checkpoint to be resumed was made with something else.
        EncoderError: the encoder cannot be opened, or does not fit.
        TrainingError: the loss or the weights are no longer finite.
        OSError: a checkpoint or the run cannot be written.
    """
    with occupied(config):
        return _fit(TrainingData.from_articles(train, dev), config)


def _train_one(config: TrainConfig) -> Path:
    output = Path(config.output)
    # Checkpoints beside a run are those of a later training that was cut off.
    if config.resume and (output / RECORD).exists() and not checkpoint_folder(config).exists():
        print(f"{output} is complete; nothing to resume")
        return output
    with occupied(config):
        return _fit(read_training_data(config.data, seed=config.seed), config)


def _fit(data: TrainingData, config: TrainConfig) -> Path:
    output, checkpoints = Path(config.output), checkpoint_folder(config)
    labels = config.labels or LabelSet.from_articles(data.train)
    data.check_labels(labels)
    set_seed(config.seed)
    found = find_encoder(config.encoder.name, revision=config.encoder.revision)
    tokenizer = open_tokenizer(found)
    unknown_words = check_tokenizer(
        tokenizer,
        (article.text for article in data.train),
        rows=open_config(found).vocab_size,
        name=found.name,
    )

    def encoded(articles: Sequence[Article]) -> list[EncodedArticle]:
        return encode_articles(
            articles,
            tokenizer.backend_tokenizer,
            labels,
            window_size=config.window.size,
            window_context=config.window.context,
            with_gold=True,
        )

    train_articles = encoded(
        vary_headlines(data.train, share=config.data.headline_case, seed=config.seed)
    )
    dev_articles = encoded(data.dev)
    _report_unaligned(train_articles)
    model = JointModel.from_encoder(found, labels, dropout=config.encoder.dropout)
    if config.window.size > model.longest_window:
        raise ConfigError(
            f"window.size must be at most {model.longest_window}, the tokens that "
            f"{config.encoder.name} reads at once, but is {config.window.size}; lower it"
        )
    begun = identity(config, labels, data=data.fingerprint, encoder=found.record)
    if processes().is_main_process:
        begin(checkpoints, begun, resume=config.resume)
    processes().wait_for_everyone()
    trainer = JointTrainer(
        model,
        tokenizer,
        labels,
        train_articles,
        dev_articles,
        config,
        loss=joint_loss(
            theme_weight=config.optimizer.theme_weight,
            theme_positive_weight=positive_weight(train_articles, len(labels.themes)),
        ),
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(checkpoints))
    logits = trainer.dev_logits()
    options = tune_options(first_options(labels), dev_articles, logits, data.dev, labels)
    if trainer.is_world_process_zero():
        calibration = fit_calibration(dev_articles, logits, data.dev, labels, options)
        predicted = decode(dev_articles, logits, labels, options, calibration)
        report = evaluate(
            data.dev,
            predicted,
            labels=labels,
            known_mentions=data.known_mentions,
            seed=config.seed,
        )
        encoder = found.record | {"unknown_words": round(unknown_words, 5)}
        _write_run(config, data, encoder, labels, model, tokenizer, options, calibration, report)
        shutil.rmtree(checkpoints)
    trainer.accelerator.wait_for_everyone()
    return output


def _report_unaligned(articles: Sequence[EncodedArticle]) -> None:
    unaligned = sum(article.unaligned for article in articles)
    if unaligned:
        total = sum(len(article.article.entities) for article in articles)
        logger.warning(
            "%d of %d training entities start or end inside a token; they are trained on the whole "
            "tokens they touch ('asn-nlp validate' lists them)",
            unaligned,
            total,
        )


def _write_run(
    config: TrainConfig,
    data: TrainingData,
    encoder: Mapping[str, object],
    labels: LabelSet,
    model: JointModel,
    tokenizer: PreTrainedTokenizerBase,
    options: DecodeOptions,
    calibration: Calibration | None,
    report: Report,
) -> None:
    """Fill the run folder; an older run in it lasts until the new one is whole beside it."""
    folder = Path(config.output)
    scores = {
        "seed": config.seed,
        "data_fingerprint": data.fingerprint,
        "encoder": encoder,
        "versions": library_versions(),
        "dev": {
            "articles": len(data.dev),
            **asdict(report.leading),
        },
    }
    try:
        with temporary_folder(folder, "run") as new:
            with written_whole(new / "config.yaml") as file:
                # Through JSON, since plain YAML knows no tuples.
                plain = asdict(replace(config, resume=False, overwrite=False))
                written = json.loads(json.dumps(plain, allow_nan=False))
                yaml.safe_dump(written, file, sort_keys=False)
            with written_whole(new / "scores.json") as file:
                json.dump(scores, file, allow_nan=False, indent=2)
            write_known_mentions(new, data.known_mentions)
            parts = {
                "train": Part(data.train_source, data.train),
                "dev": Part(data.dev_source, data.dev),
            }
            write_model_card(
                new, config, parts, report, fingerprint=data.fingerprint, calibration=calibration
            )
            write_weights(new, model, tokenizer, half=config.save_fp16)
            write_record(
                new,
                labels,
                config.window,
                options,
                pad_id=tokenizer.pad_token_id,
                calibration=calibration,
            )
            (folder / RECORD).unlink(missing_ok=True)
            for path in sorted(new.iterdir(), key=lambda path: path.name == RECORD):
                path.replace(folder / path.name)
    except (OSError, SafetensorError) as error:
        raise OSError(
            f"could not write the run to {folder} ({error}); make room and go on with --resume"
        ) from error

"""One run, or several seeds of it, from a config to a run folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import yaml
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase, set_seed

from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig
from asn_nlp.engines.run_folder import RECORD, write_known_mentions, write_record
from asn_nlp.evaluation import Report, evaluate, leading_f1
from asn_nlp.files import discard, temporary_folder, written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import Calibration
from asn_nlp.reading.decoding import decode
from asn_nlp.reading.fitting import fit_calibration
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.report.card import Part, library_versions, write_model_card
from asn_nlp.training.augmentation import vary_line_breaks
from asn_nlp.training.checkpoints import (
    begin,
    checkpoint_folder,
    identity,
    last_checkpoint,
    occupied,
)
from asn_nlp.training.data import TrainingData, read_training_data
from asn_nlp.training.model import JointModel, write_weights
from asn_nlp.training.preparation import Prepared
from asn_nlp.training.processes import processes, together
from asn_nlp.training.trainer import JointTrainer
from asn_nlp.training.tuning import Dev, first_options, tune_options


def train(config: TrainConfig) -> Path:
    """Train on the annotated files that ``config`` names, and return the output folder.

    Raises:
        AnnotationError, ConfigError, TrainingError: as ``read_training_data`` and ``fit``.
        EncoderError: the encoder cannot be opened, or does not fit.
        OSError: a checkpoint or the run cannot be written.
    """
    with together():
        return _train_one(config) if config.seeds == 1 else _train_seeds(config)


def _train_seeds(config: TrainConfig) -> Path:
    output = Path(config.output)
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
    set_seed(config.seed)
    prepared = Prepared.of(data, config)
    begun_with = prepared.begun_with
    config = prepared.settled(config)
    labels, found, dev_articles = prepared.labels, prepared.found, prepared.dev_articles
    model = prepared.model(config)
    begun = identity(config, labels, data=data.fingerprint, encoder=found.record)
    if processes().is_main_process:
        begin(checkpoints, begun, resume=config.resume)
    processes().wait_for_everyone()
    trainer = JointTrainer(
        model,
        prepared.tokenizer,
        labels,
        prepared.train_articles,
        dev_articles,
        config,
        loss=prepared.loss(config),
    )
    options, before = first_options(labels), None
    if begun_with is not None and begun_with.labels == labels:
        options = begun_with.options
        read = decode(dev_articles, trainer.logits(dev_articles), labels, options)
        before = leading_f1(data.dev, read, labels=labels)
    trainer.train(resume_from_checkpoint=last_checkpoint(checkpoints))
    logits = trainer.logits(dev_articles)
    devs = [Dev(dev_articles, logits, data.dev)]
    if config.data.line_breaks:  # what was trained to read them is tuned to read them
        gold = vary_line_breaks(data.dev, share=1.0, seed=config.seed)
        articles = prepared.encoded(gold)
        devs.append(Dev(articles, trainer.logits(articles), gold))
    options = tune_options(options, devs, labels)
    if processes().is_main_process:
        calibration = fit_calibration(dev_articles, logits, data.dev, labels, options)
        predicted = decode(dev_articles, logits, labels, options, calibration)
        report = evaluate(
            data.dev,
            predicted,
            labels=labels,
            known_mentions=data.known_mentions,
            seed=config.seed,
        )
        if before is not None:
            print(f"dev before: {before}; after: {report.leading}")
        encoder = found.record | {"unknown_words": round(prepared.unknown_words, 5)}
        _write_run(
            config, data, encoder, labels, model, prepared.tokenizer, options, calibration, report
        )
    processes().wait_for_everyone()  # until nobody reads a checkpoint any more
    if processes().is_main_process:
        discard(checkpoints)
    return output


def write_config(config: TrainConfig, path: Path) -> None:
    """Every option as YAML, but for those of one call: resume and overwrite."""
    # Through JSON, since plain YAML knows no tuples.
    plain = asdict(replace(config, resume=False, overwrite=False))
    with written_whole(path) as file:
        yaml.safe_dump(json.loads(json.dumps(plain, allow_nan=False)), file, sort_keys=False)


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
            write_config(config, new / "config.yaml")
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

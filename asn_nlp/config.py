"""Every option with its default: frozen dataclasses, read strictly from YAML and command line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeVar

from jsonargparse import ArgumentParser

from asn_nlp.labels import nearest

DATA = Path(__file__).parent / "data"
CORPUS = DATA / "corpus"
ENCODER = DATA / "encoder"

Config = TypeVar("Config")


@dataclass(frozen=True)
class DataConfig:
    """Annotated articles, JSON Lines.

    Args:
        train: files to train on.
        dev: file to choose the checkpoint and the thresholds on; null takes ``dev_share`` of train.
        dev_share: share of the training articles set aside where there is no dev file.
    """

    train: tuple[str, ...] = (str(CORPUS / "train.jsonl"),)
    dev: str | None = str(CORPUS / "dev.jsonl")
    dev_share: float = 0.15


@dataclass(frozen=True)
class EncoderConfig:
    """The pretrained encoder.

    Args:
        name: hub name or folder.
        revision: commit id that pins a hub encoder.
        dropout: dropout of the encoder and both heads.
    """

    name: str = str(ENCODER)
    revision: str | None = None
    dropout: float = 0.1


@dataclass(frozen=True)
class WindowConfig:
    """How long articles are cut.

    Args:
        size: tokens of a window, special tokens included.
        context: tokens read on each side of those a window decides.
    """

    size: int = 256
    context: int = 32


@dataclass(frozen=True)
class OptimizerConfig:
    """Fused AdamW with linear warm-up and decay to zero.

    Args:
        learning_rate: peak rate of the encoder.
        head_learning_rate: peak rate of the two heads, which start from random weights.
        weight_decay: on matrices only.
        warmup: share of the steps.
        epochs: passes over the training articles.
        batch_tokens: tokens of a batch, padding included.
        theme_weight: weight of the theme loss beside the tag loss.
    """

    learning_rate: float = 5e-4
    head_learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    epochs: int = 12
    batch_tokens: int = 2048
    theme_weight: float = 1.0


@dataclass(frozen=True)
class TrainConfig:
    """Fine-tune an encoder on annotated articles.

    Args:
        output: the run folder.
        seed: of the heads, the order of the batches, dropout and the split.
        seeds: number of runs, with seeds counting up from ``seed``; above 1 each has a folder
            ``seed-N`` below ``output``, and ``output/seeds.json`` holds mean and deviation.
        resume: go on from the last checkpoint in ``output``.
        report_to: experiment trackers that Hugging Face Trainer knows, such as tensorboard.
    """

    data: DataConfig = field(default_factory=DataConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    window: WindowConfig = field(default_factory=WindowConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    output: str = "runs/latest"
    seed: int = 0
    seeds: int = 1
    resume: bool = False
    report_to: tuple[str, ...] = ()


class _Parser(ArgumentParser):
    """Names the nearest valid option where one is unknown."""

    def error(self, message: str, exc: Exception | None = None) -> NoReturn:
        # jsonargparse knows the unknown name only inside its message.
        unknown = re.search(r"unrecognized arguments: -+([\w.]+)|option '([\w.]+)'", message)
        if unknown:
            name = unknown[1] or unknown[2]
            options = [action.dest for action in self._actions if action.dest != "help"]
            message = f"{message}; did you mean {nearest(name, options)!r}?"
        super().error(message, exc)


def parse_config(kind: type[Config], arguments: Sequence[str] | None = None) -> Config:
    """A config of ``kind`` from the command line: ``--config FILE.yaml``, ``--section.key value``.

    Later values win over earlier ones. Unknown keys and wrong types end the program with a
    message that names the key.
    """
    parser = _Parser(description=(kind.__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", action="config", help="YAML file with what differs")
    parser.add_class_arguments(kind, as_group=False)
    values = parser.instantiate(parser.parse_args(arguments))
    del values.config
    return kind(**vars(values))

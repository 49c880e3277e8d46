"""Every option with its default and its range, in frozen dataclasses.

Making one with a value out of its range raises ``ConfigError``.
"""

import math
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from asn_nlp.errors import ConfigError, nearest
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.shipped import CORPUS, ENCODER


def _check(name: str, value: float | None, least: float, most: float = math.inf) -> None:
    """Refuse what lies outside, NaN included; None, where an option may be, is left alone.

    Raises:
        ConfigError: naming the option, its range and the value.
    """
    if value is None or (least <= value <= most and math.isfinite(value)):
        return
    bounds = f"{least:,} or more" if most == math.inf else f"from {least:,} to {most:,}"
    raise ConfigError(f"{name} must be {bounds}, found {value}; correct it")


_TRACKERS = ("none", "tensorboard", "wandb", "mlflow")
_MOST_STEPS = 1_000_000  # of anything that is counted in small numbers
_HIGHEST_SEED = 2**32 - 1  # NumPy's
_HIGHEST_RATE = 1  # a thousand times what any encoder is trained with


@dataclass(frozen=True)
class DataConfig:
    """Annotated articles, in any format of ``formats``.

    Args:
        train: file to train on, or several: ``[one.jsonl, other.jsonl]``.
        dev: file to choose the checkpoint and the thresholds on, or several; null takes
            ``dev_share`` of train.
        dev_share: share of the training articles set aside where there is no dev file.
        headline_case: share of the training articles whose headline is learned in capitals or in
            lower case, as outlets print them too.
        line_breaks: share of the training articles that are learned with line breaks taken out, as
            outlets lose them.
    """

    train: tuple[str, ...] | str = str(CORPUS / "train.jsonl")
    dev: tuple[str, ...] | str | None = str(CORPUS / "dev.jsonl")
    dev_share: float = 0.15
    headline_case: float = 0.2
    line_breaks: float = 0.2

    def __post_init__(self) -> None:
        _check("data.dev_share", self.dev_share, 0, 0.9)
        _check("data.headline_case", self.headline_case, 0, 1)
        _check("data.line_breaks", self.line_breaks, 0, 1)

    @property
    def train_files(self) -> tuple[Path, ...]:
        return _paths(self.train)

    @property
    def dev_files(self) -> tuple[Path, ...]:
        return _paths(self.dev or ())


def _paths(files: tuple[str, ...] | str) -> tuple[Path, ...]:
    return tuple(map(Path, [files] if isinstance(files, str) else files))


@dataclass(frozen=True)
class EncoderConfig:
    """The pretrained encoder.

    Args:
        name: hub name, or folder of an encoder or of a run, whose heads are then gone on with;
            ``ready`` is the run that ships.
        revision: commit id that pins a hub encoder.
        dropout: dropout of the encoder's vectors and of the heads; attention weights have none.
    """

    name: str = str(ENCODER)
    revision: str | None = None
    dropout: float = 0.1

    def __post_init__(self) -> None:
        _check("encoder.dropout", self.dropout, 0, 0.9)


@dataclass(frozen=True)
class WindowConfig:
    """How long articles are cut; where a run is gone on with, the defaults are its own.

    Args:
        size: tokens of a window, special tokens included.
        context: tokens read on each side of those a window decides.
    """

    size: int = 256
    context: int = 16

    def __post_init__(self) -> None:
        _check("window.context", self.context, 0)
        if self.size <= 2 * self.context:
            raise ConfigError(
                f"window.size must be more than twice window.context, found {self.size} and "
                f"{self.context}; make it longer, or the context shorter"
            )


@dataclass(frozen=True)
class OptimizerConfig:
    """Fused AdamW with linear warm-up and decay to zero.

    Args:
        learning_rate: peak rate of the encoder; null is 5e-4, or 3e-5 where a run is gone on with.
        head_learning_rate: peak rate of the two heads; null is 2e-3, or 1e-4 where those of a run
            are gone on with.
        weight_decay: on matrices only.
        warmup: share of the steps.
        epochs: passes over the training articles.
        batch_tokens: tokens of a batch, padding included.
        micro_batch_tokens: tokens of a batch that are read at once, gradients being added up; null
            reads as many as memory holds.
        theme_weight: weight of the theme loss beside the tag loss.
    """

    learning_rate: float | None = None
    head_learning_rate: float | None = None
    weight_decay: float = 0.01
    warmup: float = 0.1
    epochs: int = 10
    batch_tokens: int = 2048
    micro_batch_tokens: int | None = None
    theme_weight: float = 1.0

    def __post_init__(self) -> None:
        for name in ("learning_rate", "head_learning_rate", "weight_decay"):
            _check(f"optimizer.{name}", getattr(self, name), 0, _HIGHEST_RATE)
        _check("optimizer.warmup", self.warmup, 0, 1)
        _check("optimizer.epochs", self.epochs, 1, _MOST_STEPS)
        _check("optimizer.batch_tokens", self.batch_tokens, 1)
        _check("optimizer.micro_batch_tokens", self.micro_batch_tokens, 1)
        _check("optimizer.theme_weight", self.theme_weight, 0, 1_000)

    def with_rates(self, *, from_run: bool) -> "OptimizerConfig":
        """These options with the rates that null stands for; a run is a better start than random
        heads, and is lost at their rates."""
        rate, of_heads = (3e-5, 1e-4) if from_run else (5e-4, 2e-3)
        return replace(
            self,
            learning_rate=rate if self.learning_rate is None else self.learning_rate,
            head_learning_rate=(
                of_heads if self.head_learning_rate is None else self.head_learning_rate
            ),
        )


@dataclass(frozen=True)
class TrainConfig:
    """Fine-tune an encoder on annotated articles.

    Args:
        labels: what is learned; null takes the labels met in the training files.
        output: the run folder.
        seed: of the heads, the order of the batches, dropout and the split.
        seeds: number of runs, with seeds counting up from ``seed``; above 1 each has a folder
            ``seed-N`` below ``output``, and ``output/seeds.json`` holds mean and deviation.
        resume: go on from the last checkpoint in ``output``.
        overwrite: take the place of a run, or of another training's checkpoints, in ``output``.
        save_fp16: store the weights in half precision.
        report_to: experiment tracker: none, tensorboard, wandb or mlflow.
    """

    data: DataConfig = field(default_factory=DataConfig)
    labels: LabelSet | None = ASN_LABELS
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    window: WindowConfig = field(default_factory=WindowConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    output: str = "runs/latest"
    seed: int = 0
    seeds: int = 1
    resume: bool = False
    overwrite: bool = False
    save_fp16: bool = False
    report_to: str = "none"

    def __post_init__(self) -> None:
        _check("seed", self.seed, 0, _HIGHEST_SEED)
        _check("seeds", self.seeds, 1, _MOST_STEPS)
        if self.report_to not in _TRACKERS:
            raise ConfigError(
                f"report_to must be one of {', '.join(_TRACKERS)}, found {self.report_to!r}; did "
                f"you mean {nearest(self.report_to, _TRACKERS)!r}?"
            )
        if self.optimizer.batch_tokens < self.window.size:
            raise ConfigError(
                f"optimizer.batch_tokens must be window.size, {self.window.size}, or more, found "
                f"{self.optimizer.batch_tokens}; a batch holds a window at least"
            )


@dataclass(frozen=True)
class SearchConfig(TrainConfig):
    """Search the options that train best; the others are those of train.

    Args:
        trials: trainings that are tried altogether.
        space: YAML file of options with their ranges; null searches rates, epochs, the weight of
            the themes and dropout around the values given.
    """

    output: str = "runs/search"
    trials: int = 20
    space: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("trials", self.trials, 1, _MOST_STEPS)

    @property
    def train_config(self) -> TrainConfig:
        """What a trial is made of, and the best is trained by."""
        shared = {one.name: getattr(self, one.name) for one in fields(TrainConfig)}
        return TrainConfig(**shared | {"output": f"{self.output}/best"})


@dataclass(frozen=True)
class PretrainDataConfig:
    """Plain text without annotations.

    Args:
        train: files and folders; a ``.txt`` file is one document, a ``.parquet`` file holds one a
            row in ``text`` and may name its source in ``source``.
        weights: how often documents of a source are taken; 0.3 keeps three in ten, 2 doubles all.
        domain: regular expression; a document in which it is found is text of the domain.
        domain_share: share of each batch drawn from text of the domain.
        held_out: share of the documents kept apart to measure the loss on.
    """

    train: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    domain: str | None = None
    domain_share: float = 0.3
    held_out: float = 0.004

    def __post_init__(self) -> None:
        for source, weight in self.weights.items():
            _check(f"data.weights.{source}", weight, 0, _MOST_STEPS)
        _check("data.domain_share", self.domain_share, 0, 1)
        _check("data.held_out", self.held_out, 0, 0.9)


@dataclass(frozen=True)
class PretrainEncoderConfig:
    """The encoder: one taken over, or the shape of a new one (ModernBERT's layers).

    Args:
        name: hub name or folder of an encoder to go on with; null makes a new one, to which alone
            the shape below applies.
        revision: commit id that pins a hub encoder.
        vocabulary: word pieces, at most.
        hidden_size: width of the token vectors.
        layers: number of layers.
        heads: attention heads of a layer.
        intermediate_size: width inside the gated feed-forward blocks.
        local_attention: tokens that a local layer looks at, both sides together.
        global_every: every how many layers one looks at the whole input.
    """

    name: str | None = None
    revision: str | None = None
    vocabulary: int = 16_000
    hidden_size: int = 256
    layers: int = 6
    heads: int = 4
    intermediate_size: int = 512
    local_attention: int = 32
    global_every: int = 3

    def __post_init__(self) -> None:
        for name in ("vocabulary", "hidden_size", "layers", "heads", "intermediate_size"):
            _check(f"encoder.{name}", getattr(self, name), 1, _MOST_STEPS)
        for name in ("local_attention", "global_every"):
            _check(f"encoder.{name}", getattr(self, name), 1, _MOST_STEPS)
        if self.hidden_size % (2 * self.heads):
            raise ConfigError(
                f"encoder.hidden_size must be an even multiple of encoder.heads, found "
                f"{self.hidden_size} and {self.heads}; change one"
            )


@dataclass(frozen=True)
class PretrainOptimizerConfig:
    """Warm-up, a constant rate, linear decay to zero.

    Args:
        tokens: the budget: how many tokens are read altogether.
        sequence_length: tokens of an input.
        batch_size: inputs of a step.
        masked: share of the words to be guessed.
        learning_rate: the constant rate.
        warmup: share of the budget.
        decay: share of the budget.
        muon: move hidden matrices by Muon, which learns faster from scratch; otherwise AdamW, which
            fits encoders that were pretrained with it.
        weight_decay: of the hidden matrices.
    """

    tokens: int = 100_000_000
    sequence_length: int = 128
    batch_size: int = 32
    masked: float = 0.2
    learning_rate: float = 2e-3
    warmup: float = 0.01
    decay: float = 0.3
    muon: bool = True
    weight_decay: float = 0.05

    def __post_init__(self) -> None:
        for name in ("tokens", "sequence_length", "batch_size"):
            _check(f"optimizer.{name}", getattr(self, name), 1)
        for name in ("learning_rate", "weight_decay"):
            _check(f"optimizer.{name}", getattr(self, name), 0, _HIGHEST_RATE)
        for name in ("masked", "warmup", "decay"):
            _check(f"optimizer.{name}", getattr(self, name), 0, 1)


@dataclass(frozen=True)
class PretrainConfig:
    """Pretrain an encoder on plain text, or go on with one, by masked language modelling.

    Args:
        output: folder of the encoder.
        seed: of the first weights, the held-out documents, the batches and their masks.
        resume: go on from the checkpoint in ``output``.
        overwrite: take the place of an encoder, or of another's checkpoint, in ``output``.
        evaluate_tokens: measure the held-out loss each time so many tokens have been read.
        checkpoint_minutes: time between two checkpoints.
        compile: compile the model first; pays on a GPU.
        save_fp16: store the weights in half precision; they are opened in full precision.
    """

    data: PretrainDataConfig = field(default_factory=PretrainDataConfig)
    encoder: PretrainEncoderConfig = field(default_factory=PretrainEncoderConfig)
    optimizer: PretrainOptimizerConfig = field(default_factory=PretrainOptimizerConfig)
    output: str = "runs/encoder"
    seed: int = 0
    resume: bool = False
    overwrite: bool = False
    evaluate_tokens: int = 4_000_000
    checkpoint_minutes: float = 5.0
    compile: bool = False
    save_fp16: bool = False

    def __post_init__(self) -> None:
        _check("seed", self.seed, 0, _HIGHEST_SEED)
        _check("evaluate_tokens", self.evaluate_tokens, 1)
        _check("checkpoint_minutes", self.checkpoint_minutes, 0)


@dataclass(frozen=True)
class ServeConfig:
    """The web service of a run.

    Args:
        host: address to listen on; any but this machine's own lets others in, unasked who they are.
        port: port to listen on; 0 takes a free one.
        articles: most articles of one request that are read.
        megabytes: most of the body of one request.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    articles: int = 64
    megabytes: int = 16

    def __post_init__(self) -> None:
        _check("port", self.port, 0, 65_535)
        _check("articles", self.articles, 1)
        _check("megabytes", self.megabytes, 1)

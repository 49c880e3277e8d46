"""What contestants take in rounds that are interleaved, and how they compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


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
    """A lap a round for each contestant, all over the same ``articles``.

    ``predictors`` are those of ``Predictor``, by the name of their engine.
    """

    articles: int
    tagging_pipeline: tuple[Lap, ...]
    theme_pipeline: tuple[Lap, ...]
    predictors: Mapping[str, tuple[Lap, ...]]

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

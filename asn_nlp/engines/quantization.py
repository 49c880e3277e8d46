"""What the smaller numbers of a run's graph cost on dev, as its record keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass

from asn_nlp.engines.checked_json import Table


@dataclass(frozen=True, slots=True)
class Quantization:
    """The scores of the float32 graph and of the int8 graph that took its place, on dev.

    Attributes:
        articles: of dev.
        max_loss: that was allowed of each score.
        float32: F1 by name.
        int8: the same of the smaller graph.
    """

    articles: int
    max_loss: float
    float32: Mapping[str, float]
    int8: Mapping[str, float]

    @classmethod
    def from_record(cls, record: Table) -> "Quantization | None":
        """What ``record`` says under ``quantization``; None where it says nothing.

        Raises:
            RunError: a value is missing or odd.
        """
        if record.values.get("quantization") is None:
            return None
        table = record.table("quantization")
        float32, int8 = (
            {score: scores.number(score, least=0, most=1) for score in scores.values}
            for scores in (table.table("float32"), table.table("int8"))
        )
        return cls(
            table.whole("articles", least=1), table.number("max_loss", least=0), float32, int8
        )

    @property
    def passes(self) -> bool:
        """Whether no score lost more than was allowed."""
        return all(self.float32[name] - self.int8[name] <= self.max_loss for name in self.float32)

    def __str__(self) -> str:
        scores = (
            f"{name.replace('_f1', ' F1')} {score:.4f} in float32 and {self.int8[name]:.4f} in int8"
            for name, score in self.float32.items()
        )
        return f"{', '.join(scores)}, on {self.articles:,} articles"

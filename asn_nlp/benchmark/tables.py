"""What was timed, on the terminal."""

from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Column, Table

from asn_nlp.benchmark.laps import Inference, Lap, Ratio, Training, speed_up


def print_benchmark(inference: Inference, training: Training) -> None:
    """Tables on the terminal: the median round, and the ratio with its least and greatest."""
    reading = Table(
        Column("reading", no_wrap=True),
        "articles/s",
        "tokens/s",
        "outside encoder",
        Column("speed", no_wrap=True),
        title=f"{inference.articles} articles, {len(inference.stock)} rounds",
    )
    for name, laps in (
        ("entity pipeline", inference.tagging_pipeline),
        ("theme pipeline", inference.theme_pipeline),
        ("both pipelines", inference.stock),
        *((f"Predictor, {name}", laps) for name, laps in inference.predictors.items()),
    ):
        reading.add_row(
            name,
            f"{median(inference.articles / lap.seconds for lap in laps):.2f}",
            f"{_rate(laps):,.0f}",
            f"{median(1 - lap.encoder_seconds / lap.seconds for lap in laps):.1%}",
            _times(speed_up(inference.stock, laps)) if name.startswith("Predictor") else "",
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

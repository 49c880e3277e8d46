"""Speed against F1, a point a system."""

from pathlib import Path
from typing import Any

from asn_nlp.benchmark.race import Race
from asn_nlp.errors import extra
from asn_nlp.files import written_bytes

with extra("train", "the plot"):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

_INK = "#26313d"
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "asn_nlp",  # the same figure, the same bytes
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "font.size": 9,
}


@rc_context(_STYLE)
def write_plot(race: Race, path: Path, *, machine: str) -> None:
    """Two panels, entities and themes: for each system a hollow point with one thread, and a line
    to the full one with all."""
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    read = [system for system in race.systems if system.entity_f1 is not None]
    # Engines share their F1, so that names at the points would lie upon each other.
    for place, system in enumerate(read):
        colour, marker = f"C{place}", "o" if system.name.startswith("asn_nlp") else "s"
        threads = sorted(system.laps)
        speeds = [race.speed(system, number) for number in threads]
        for axes, score in zip(panels, (system.entity_f1, system.theme_f1), strict=True):
            if score is None:
                continue
            scores = [score] * len(speeds)
            axes.plot(speeds, scores, color=colour, linewidth=1, zorder=1)
            axes.scatter(speeds[:-1], scores[1:], 36, "white", marker, edgecolors=colour, zorder=2)
            axes.scatter(speeds[-1], score, 36, colour, marker, zorder=3)
        panels[0].scatter([], [], 36, colour, marker, label=system.name)
    for axes, title in zip(panels, ("entities", "themes"), strict=True):
        axes.set_xscale("log")
        axes.margins(y=0.12)
        axes.set_title(title, loc="left")
        axes.set_xlabel("words a second")
        axes.grid(color="#e4e8ec", linewidth=0.8, which="both")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=0, which="both")
    panels[0].set_ylabel("strict F1")
    panels[1].set_ylabel("F1 of passages")
    if read:
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    figure.suptitle(f"{machine}; hollow: one thread", fontsize=8, x=0.01, ha="left")
    with written_bytes(path) as file:
        figure.savefig(file, format="svg", facecolor="white", metadata={"Date": None})

"""Confusion and curves as SVG."""

from io import StringIO
from typing import Any

import numpy as np

from asn_nlp.errors import extra
from asn_nlp.evaluation import Confusion, Curve, RiskCoverage, Trust

with extra("train", "a figure"):
    from matplotlib import rc_context
    from matplotlib.figure import Figure

_INK = "#26313d"
_ACCENT = "#2f6690"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "asn_nlp",  # the same figure, the same bytes
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.parse_math": False,  # a label may hold a dollar sign
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_MARKED_SCORES = (0.95, 0.8, 0.5)
_LONG_NAME = 10  # characters; longer ones would run into each other below the columns


@rc_context(_STYLE)
def confusion_figure(confusion: Confusion) -> str:
    """An ``<svg>`` element: gold in rows, predicted in columns."""
    counts = np.array(confusion.counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 0.9 + (0.6 if len(counts) < 8 else 0.48) * len(counts)
    figure = Figure(figsize=(size + 0.9, size), layout="constrained")
    axes = figure.subplots()
    axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1.25, edgecolors="white", linewidth=0.5)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    for (row, column), count in np.ndenumerate(counts):
        # No mention is neither marked nor predicted, so the last cell has no meaning.
        text = "" if row == column == len(counts) - 1 else f"{count:,}" if count else "·"
        colour = "white" if shares[row, column] > 0.6 else _INK
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=colour, fontsize=9)
    *names, _ = confusion.labels
    turned: dict[str, Any] = (
        {"rotation": 40, "ha": "right"} if max(map(len, names)) > _LONG_NAME else {}
    )
    middles = np.arange(len(counts)) + 0.5
    axes.set_xticks(middles, [*names, "missed"], **turned)
    axes.set_yticks(middles, [*names, "spurious"])
    axes.set_xlabel("predicted", fontsize=9)
    axes.set_ylabel("gold", fontsize=9)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    return _svg(figure)


@rc_context(_STYLE)
def curve_figure(curve: Curve) -> str:
    """An ``<svg>`` element: precision over recall, from where the curve begins to 1.

    Small dots stand where only what scores so much is kept; the large one is the operating point.
    """
    figure = Figure(figsize=(2.9, 2.3))
    figure.subplots_adjust(left=0.15, right=0.97, bottom=0.18, top=0.97)
    axes = figure.subplots()
    recall, precision = np.array(curve.recall), np.array(curve.precision)
    left, low = (_below(values.min()) for values in (recall, precision))
    axes.plot(recall, precision, color=_ACCENT, linewidth=1.5, drawstyle="steps-post")
    for score in _MARKED_SCORES:
        kept = np.searchsorted(-np.array(curve.thresholds), -score, side="right") - 1
        if 0 <= kept < len(recall) - 1:
            axes.plot(recall[kept], precision[kept], "o", color=_ACCENT, markersize=2.5)
            axes.annotate(
                f"≥ {score:g}",
                (recall[kept], precision[kept]),
                xytext=(-2, -8),
                textcoords="offset points",
                ha="right",
                fontsize=6,
            )
    axes.plot(recall[-1], precision[-1], "o", color=_ACCENT, markersize=5, clip_on=False)
    margin = 0.03
    axes.set_xlim(left, 1 + margin * (1 - left))
    axes.set_ylim(low, 1 + margin * (1 - low))
    axes.locator_params(nbins=4)
    axes.grid(color="#e4e8ec", linewidth=0.8)
    axes.set_xlabel("recall", fontsize=7, labelpad=1)
    axes.set_ylabel("precision", fontsize=7, labelpad=1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=6.5, length=2)
    return _svg(figure)


def _below(value: float) -> float:
    """A round number below ``value``, so that what lies between it and 1 fills a panel."""
    step = 0.1 if value < 0.8 else 0.05 if value < 0.93 else 0.02
    return max(0.0, step * np.floor(value / step - 0.2))


@rc_context(_STYLE)
def trust_figure(trust: Trust, curve: RiskCoverage) -> str:
    """An ``<svg>`` element: reliability diagram, and ``curve`` beside it."""
    figure = Figure(figsize=(7.6, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="#9aa7b4", linewidth=1, linestyle=":")
    series = [(trust.scores, _ACCENT, "o", "scores")]
    if trust.raw:
        series = [(trust.raw, "#b26a00", "s", "raw scores"), (trust.scores, _ACCENT, "o", "scores")]
    for one, colour, marker, name in series:
        scores, shares = [b.score for b in one.bins], [b.right for b in one.bins]
        left.plot(
            scores, shares, marker=marker, color=colour, label=name, linewidth=1, markersize=4
        )
    lowest = min(b for one, *_ in series for two in one.bins for b in (two.score, two.right))
    start = max(0.0, np.floor(10 * lowest - 0.5) / 10)
    left.set(xlim=(start, 1.02), ylim=(start, 1.02))
    left.set_xlabel("score, ten bins", fontsize=9)
    left.set_ylabel("share right", fontsize=9)
    left.legend(fontsize=8, frameon=False)
    right.step(curve.coverage, curve.risk, color=_ACCENT, linewidth=1.5, where="post")
    right.set(xlim=(0, 1.02), ylim=(0, None))
    right.set_xlabel("coverage: share kept, surest first", fontsize=9)
    right.set_ylabel("risk: share wrong", fontsize=9)
    for axes in (left, right):
        axes.grid(color="#e4e8ec", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=7, length=0)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    sink = StringIO()
    figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None})
    drawn = sink.getvalue()
    return drawn[drawn.index("<svg") :]

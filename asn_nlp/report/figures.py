"""Confusion and curves as SVG."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

import numpy as np

from asn_nlp.errors import extra
from asn_nlp.evaluation import Confusion, Curve, Trust

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
_LONG_NAME = 10  # characters; longer ones would run into each other below the columns


@rc_context(_STYLE)
def confusion_figure(confusion: Confusion) -> str:
    """An ``<svg>`` element: gold in rows, predicted in columns."""
    counts = np.array(confusion.counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 0.9 + 0.6 * len(counts)
    figure = Figure(figsize=(size + 0.9, size), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.25)
    for (row, column), count in np.ndenumerate(counts):
        # No mention is neither marked nor predicted, so the last cell has no meaning.
        text = "" if row == column == len(counts) - 1 else f"{count:,}"
        colour = "white" if shares[row, column] > 0.6 else _INK
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    *names, _ = confusion.labels
    turned: dict[str, Any] = (
        {"rotation": 40, "ha": "right"} if max(map(len, names)) > _LONG_NAME else {}
    )
    axes.set_xticks(range(len(counts)), [*names, "missed"], **turned)
    axes.set_yticks(range(len(counts)), [*names, "spurious"])
    axes.set_xlabel("predicted", fontsize=9)
    axes.set_ylabel("gold", fontsize=9)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    return _svg(figure)


@rc_context(_STYLE)
def curves_figure(curves: Mapping[str, Curve], *, columns: int) -> str:
    """An ``<svg>`` element with a small panel for each label; empty where there is no curve."""
    if not curves:
        return ""
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(2.6 * columns, 2.3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[len(curves) :]:
        axes.set_visible(False)
    for axes, (label, curve) in zip(panels.flat, curves.items(), strict=False):
        axes.plot(curve.recall, curve.precision, color=_ACCENT, linewidth=1.5)
        axes.plot(curve.recall[-1], curve.precision[-1], "o", color=_ACCENT, markersize=5)
        axes.set_title(label, fontsize=9, loc="left")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
        axes.grid(color="#e4e8ec", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelbottom=True, labelsize=7, length=0)
    figure.supxlabel("recall", fontsize=9)
    figure.supylabel("precision", fontsize=9)
    return _svg(figure)


@rc_context(_STYLE)
def trust_figure(trust: Trust) -> str:
    """An ``<svg>`` element: reliability diagram, and the risk of the surest by coverage."""
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
    curve = trust.risk_coverage
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

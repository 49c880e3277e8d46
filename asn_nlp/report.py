"""A report for people: terminal tables, ``report.json`` and a page that shows every error."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.table import Table

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.evaluation import (
    Comparison,
    Confusion,
    Curve,
    Interval,
    Report,
    Score,
    Scores,
    align,
    passage_themes,
)
from asn_nlp.files import written_whole
from asn_nlp.labels import ASN_LABELS
from asn_nlp.passages import marked_passages, split_passages

_ARTICLES_SHOWN = 200  # a page with more of them opens slowly

_INK = "#26313d"
_ACCENT = "#2f6690"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "asn_nlp",  # the same figure, the same bytes
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_TINTS = dict(zip(ASN_LABELS.entities, ("#cfe3f7", "#fae6bd", "#d2ecd4"), strict=True))
_OTHER_TINT = "#e7e0ee"

_MARK = Markup(
    '<mark class="asn-entity {error}" title="{title}" style="background:{tint};color:#1d2733;'
    'border-radius:3px;padding:1px 4px;box-decoration-break:clone">'
)
_MARK_END = Markup(
    '<small style="margin-left:4px;font-size:.62em;font-weight:600;letter-spacing:.04em;opacity:.6;'
    'user-select:none">{label}</small></mark>'
)
_BADGE = Markup(
    '<span class="asn-theme {error}" title="{title}" style="display:inline-block;line-height:1.5;'
    "margin-right:6px;padding:0 7px;border:1px solid #9aa7b4;border-radius:9px;background:#f4f6f8;"
    'color:#44515e;font-size:.68em;font-weight:600;letter-spacing:.03em;user-select:none">{label}</span>'
)
_ARTICLE = Markup(
    '<div class="asn-article" style="white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.75">'
    "{text}</div>"
)


def highlight(article: Article, *, against: Article | None = None) -> str:
    """HTML of one article: entities as coloured marks, themes as badges at their passage's head.

    The text is escaped, and the styles are inline, so a notebook shows it as it is. A theme that
    covers less than half of any passage has its badge where it begins, marked as a part.

    Args:
        against: the same article with other spans. Those it lacks get the class ``alone``, and
            mentions that it gives other offsets or another type the class ``inexact``.
    """
    errors = _entity_errors(article, against)
    badges = _badges(article, against)
    begins = {span.start: span for span in article.entities}
    ends = {span.end: span for span in article.entities}
    edges = sorted({0, len(article.text), *begins, *ends, *badges})
    pieces = []
    for start, end in pairwise(edges):
        pieces += badges[start]
        if span := begins.get(start):
            pieces.append(
                _MARK.format(
                    error=errors.get(span, ""),
                    title=_title(span.label, span.score),
                    tint=_TINTS.get(span.label, _OTHER_TINT),
                )
            )
        pieces.append(escape(article.text[start:end]))
        if span := ends.get(end):
            pieces.append(_MARK_END.format(label=span.label))
    return str(_ARTICLE.format(text=Markup("").join(pieces)))


def print_report(report: Report, *, comparison: Comparison | None = None) -> None:
    """Print the tables to the terminal; F1 with its 95 % interval over articles."""
    console = Console()
    entities = _table("Entities", "type", "overlap")
    for (name, score), (_, partial) in zip(
        _rows(report.entities), _rows(report.partial), strict=True
    ):
        if name == "micro":
            entities.add_section()
        entities.add_row(name, *_cells(score), _figure(partial.f1, partial))
    entities.add_section()
    for name, known in (("seen in training", report.seen), ("unseen", report.unseen)):
        if known:
            entities.add_row(name, *_cells(known), "")
    console.print(entities)
    themes = _table("Themes of passages", "theme")
    for name, score in _rows(report.themes):
        if name == "micro":
            themes.add_section()
        themes.add_row(name, *_cells(score))
    themes.add_row("whole articles, micro", *_cells(report.article_themes))
    console.print(themes)
    if comparison:
        differences = Table("micro F1", title="Against the other run", box=box.SIMPLE_HEAD)
        for heading in ("difference", "95 %", "p"):
            differences.add_column(heading, justify="right")
        for name, one in (("entities", comparison.entities), ("themes", comparison.themes)):
            p_value = "–" if one.p_value is None else f"{one.p_value:.3f}"
            differences.add_row(name, f"{one.value:+.3f}", _range(one.interval, "+"), p_value)
        console.print(differences)
    console.print(_basis(report), highlight=False)


def print_side_by_side(reports: Mapping[str, Report], *, title: str) -> None:
    """Print a table of F1 with its 95 % interval, a column for each name of ``reports``.

    A cell is blank where nothing of the kind was predicted.
    """
    table = Table("F1", *reports, title=title)
    columns = [_f1_rows(report) for report in reports.values()]
    for name in columns[0] if columns else ():
        table.add_row(name, *(_f1_cell(column[name]) for column in columns))
    Console().print(table)


def write_report(
    report: Report,
    gold: Sequence[Article],
    predicted: Sequence[Article],
    folder: Path,
    *,
    provenance: Mapping[str, str],
    comparison: Comparison | None = None,
) -> Path:
    """Write ``report.json`` and ``report.html``, one file that needs no other, into ``folder``.

    Args:
        provenance: what the figures rest on (run, data, fingerprint …), shown as it is.

    Returns:
        The path of the page.

    Raises:
        OSError: a file cannot be written; what stood in its place is untouched.
    """
    content = {
        "provenance": dict(provenance),
        **report.to_dict(),
        "comparison": comparison and comparison.to_dict(),
    }
    with written_whole(folder / "report.json") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")
    by_id = {article.id: article for article in predicted}
    ranked = [(_count_errors(one, by_id[one.id]), one, by_id[one.id]) for one in gold]
    ranked.sort(key=lambda row: -row[0].total)
    environment = Environment(
        loader=PackageLoader("asn_nlp"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"rows": _rows, "range": _range, "figure": _figure}
    stream = environment.get_template("report.html").stream(
        report=report,
        comparison=comparison,
        provenance=provenance,
        basis=_basis(report),
        tints=_TINTS,
        confusion=_confusion_figure(report.confusion),
        entity_curves=_curves_figure(report.entity_curves, columns=3),
        theme_curves=_curves_figure(report.theme_curves, columns=4),
        articles=(
            (
                errors,
                one,
                Markup(highlight(one, against=twin)),
                Markup(highlight(twin, against=one)),
            )
            for errors, one, twin in ranked[:_ARTICLES_SHOWN]
        ),
        shown=min(len(ranked), _ARTICLES_SHOWN),
    )
    page = folder / "report.html"
    with written_whole(page) as file:
        file.writelines(stream)
    return page


@dataclass(frozen=True, slots=True)
class _Errors:
    """What one article's prediction got wrong; themes count passages."""

    missed: int
    spurious: int
    inexact: int
    themes_missed: int
    themes_spurious: int

    @property
    def total(self) -> int:
        return (
            self.missed + self.spurious + self.inexact + self.themes_missed + self.themes_spurious
        )


def _count_errors(gold: Article, predicted: Article) -> _Errors:
    pairs = align(gold.entities, predicted.entities)
    themes = list(zip(passage_themes(gold), passage_themes(predicted), strict=True))
    return _Errors(
        missed=sum(pair.predicted is None for pair in pairs),
        spurious=sum(pair.gold is None for pair in pairs),
        inexact=sum(bool(pair.gold and pair.predicted) and not pair.exact for pair in pairs),
        themes_missed=sum(len(wanted.keys() - given.keys()) for wanted, given in themes),
        themes_spurious=sum(len(given.keys() - wanted.keys()) for wanted, given in themes),
    )


def _entity_errors(article: Article, against: Article | None) -> dict[EntitySpan, str]:
    if against is None:
        return {}
    return {
        pair.gold: "inexact" if pair.predicted else "alone"
        for pair in align(article.entities, against.entities)
        if pair.gold and not pair.exact
    }


def _badges(article: Article, against: Article | None) -> defaultdict[int, list[Markup]]:
    """The theme badges by the offset they stand at."""
    badges: defaultdict[int, list[Markup]] = defaultdict(list)
    passages = split_passages(article.text)
    others = passage_themes(against or article)
    for span in article.themes:
        title = _title(span.label, span.score)
        covered = marked_passages(span.start, span.end, passages)
        for index in covered:
            error = "" if span.label in others[index] else "alone"
            badge = _BADGE.format(error=error, title=title, label=span.label)
            badges[passages[index].start].append(badge)
        if not covered:
            badge = _BADGE.format(error="part", title=title, label=f"{span.label} (part)")
            badges[span.start].append(badge)
    return badges


def _title(label: str, score: float | None) -> str:
    return label if score is None else f"{label} {score:.2f}"


def _rows(scores: Scores) -> list[tuple[str, Score]]:
    return [*scores.labels.items(), ("micro", scores.micro), ("macro", scores.macro)]


def _table(title: str, *headings: str) -> Table:
    first, *last = headings
    table = Table(first, title=title, box=box.SIMPLE_HEAD)
    for heading in ("precision", "recall", "F1", "95 %", "gold", *last):
        table.add_column(heading, justify="right")
    return table


def _cells(score: Score) -> tuple[str, ...]:
    figures = (score.precision, score.recall, score.f1)
    return (*(_figure(one, score) for one in figures), _range(score.interval), f"{score.support:,}")


def _f1_rows(report: Report) -> dict[str, Score | None]:
    entities, themes = report.entities, report.themes
    return {
        "entities, micro": entities.micro,
        "entities, macro": entities.macro,
        **entities.labels,
        "seen in training": report.seen,
        "not seen in training": report.unseen,
        "themes, micro": themes.micro,
        "themes, macro": themes.macro,
        **themes.labels,
    }


def _f1_cell(score: Score | None) -> str:
    if score is None or not score.predicted:
        return ""
    if score.interval is None:
        return f"{score.f1:.3f}"
    return f"{score.f1:.3f}  {_range(score.interval)}"


def _figure(value: float, score: Score) -> str:
    """``value``, unless the label it belongs to does not occur."""
    return f"{value:.3f}" if score.support or score.predicted else "–"


def _range(interval: Interval | None, sign: str = "") -> str:
    if interval is None:
        return "–"
    return f"{interval.low:{sign}.3f}{' to ' if sign else '–'}{interval.high:{sign}.3f}"


def _basis(report: Report) -> str:
    intervals = (
        f"95 % intervals from {report.resamples:,} bootstrap samples of articles, "
        f"seed {report.seed}"
        if report.articles > 1
        else "one article gives no intervals"
    )
    return f"{report.articles:,} articles, {report.passages:,} passages; {intervals}"


@rc_context(_STYLE)
def _confusion_figure(confusion: Confusion) -> Markup:
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
    axes.set_xticks(range(len(counts)), [*names, "missed"])
    axes.set_yticks(range(len(counts)), [*names, "spurious"])
    axes.set_xlabel("predicted", fontsize=9)
    axes.set_ylabel("gold", fontsize=9)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    return _svg(figure)


@rc_context(_STYLE)
def _curves_figure(curves: Mapping[str, Curve], *, columns: int) -> Markup | None:
    """A small panel for each label; None where there is no curve."""
    if not curves:
        return None
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


def _svg(figure: Figure) -> Markup:
    """The figure as an ``<svg>`` element."""
    sink = StringIO()
    figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None})
    drawn = sink.getvalue()
    return Markup(drawn[drawn.index("<svg") :])

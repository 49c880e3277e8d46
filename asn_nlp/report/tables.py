"""Scores as tables in a terminal, and the words that figures are given in."""

from collections.abc import Iterable, Mapping
from math import floor

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from asn_nlp.evaluation import Comparison, Interval, Report, Score, Scores, Trust

RecordTables = Mapping[str, Mapping[str, Score]]
"""Scores of records by what they were derived from: gold entities, predicted ones."""


def print_report(
    report: Report,
    *,
    comparison: Comparison | None = None,
    records: RecordTables | None = None,
) -> None:
    """Print the tables to the terminal; F1 with its 95 % interval over articles."""
    console = Console()
    if report.entities and report.partial:
        console.print(_entity_table(report, report.entities, report.partial))
    if report.themes and report.article_themes:
        console.print(_theme_table(report.themes, report.article_themes))
    if named_trust(report):
        console.print(_trust_table(report))
    for source, scores in (records or {}).items():
        table = _table(f"Records of {source}", "")
        for part, score in scores.items():
            table.add_row(part, *_cells(score))
        console.print(table)
    if comparison:
        console.print(_comparison_table(comparison))
    for line in (basis(report), *gaps(report)):
        console.print(line, highlight=False, markup=False)


def print_side_by_side(reports: Mapping[str, Report], *, title: str) -> None:
    """Print a table of F1 with its 95 % interval, a column for each name of ``reports``.

    A cell is blank where nothing of the kind was predicted.
    """
    table = Table("F1", *map(escape, reports), title=escape(title))
    columns = [dict(named_scores(report)) for report in reports.values()]
    for key in dict.fromkeys(key for column in columns for key in column):
        table.add_row(escape(key[1]), *(_f1_cell(column.get(key)) for column in columns))
    Console().print(table)


def named_scores(report: Report) -> list[tuple[tuple[str, str], Score]]:
    """Every score of a report under its kind, entities or themes, and its name."""
    named: list[tuple[tuple[str, str], Score]] = []
    for kind, scores in (("entities", report.entities), ("themes", report.themes)):
        if scores:
            named.append(((kind, f"{kind}, micro"), scores.micro))
            named.append(((kind, f"{kind}, macro"), scores.macro))
            named += (((kind, label), score) for label, score in scores.labels.items())
        if kind == "entities" and report.seen and report.unseen:
            named.append(((kind, "mentions seen in training"), report.seen))
            named.append(((kind, "mentions not seen"), report.unseen))
    return named


def rows(scores: Scores) -> list[tuple[str, Score]]:
    return [*scores.labels.items(), ("micro", scores.micro), ("macro", scores.macro)]


def figure(value: float, score: Score) -> str:
    """``value``, unless the label it belongs to does not occur."""
    return f"{value:.3f}" if score.occurs else "–"


def spread(interval: Interval | None, sign: str = "") -> str:
    if interval is None:
        return "–"
    return f"{interval.low:{sign}.3f}{' to ' if sign else '–'}{interval.high:{sign}.3f}"


def scale_start(scores: Iterable[Score]) -> float:
    """Where the bars of a table begin, so that its intervals are told apart: a round number."""
    lows = [score.interval.low if score.interval else score.f1 for score in scores]
    return max(0.0, floor(10 * min(lows, default=0) - 0.5) / 10)


def along(value: float, start: float) -> str:
    """How far along a bar from ``start`` to 1 ``value`` lies, in per cent."""
    return f"{100 * (value - start) / (1 - start):.1f}"


def basis(report: Report) -> str:
    """What the figures rest on."""
    intervals = (
        f"95 % intervals from {report.resamples:,} bootstrap samples of articles, "
        f"seed {report.seed}"
        if report.articles > 1
        else "one article gives no intervals"
    )
    return f"{report.articles:,} articles, {report.passages:,} passages; {intervals}"


def gaps(report: Report) -> list[str]:
    """Where the labels of gold and of the run part, and what scores lack, a sentence each."""
    lines = []
    if report.unmarked:
        lines.append(
            f"gold never marks {', '.join(report.unmarked)}; predictions of such count as spurious"
        )
    if report.unread:
        kind = "themes" if report.labels.entities else "entities"
        lines.append(
            f"the run reads no {kind}; what gold marks of them is not scored: "
            f"{', '.join(report.unread)}"
        )
    if named_trust(report) and not report.calibrated:
        lines.append(
            "the run has no calibration, so its scores are no probabilities of being right; "
            "asn-nlp calibrate fits one"
        )
    return lines


def named_trust(report: Report) -> dict[str, Trust]:
    """What scores are worth, by kind."""
    kinds = {"entities": report.entity_trust, "themes": report.theme_trust}
    return {kind: trust for kind, trust in kinds.items() if trust}


def _trust_table(report: Report) -> Table:
    table = Table("calibration error", title="Scores", box=box.SIMPLE_HEAD)
    for heading in ("of", "error", "95 %", "by chance", "spans"):
        table.add_column(heading, justify="right")
    for kind, trust in named_trust(report).items():
        for name, one in (("raw scores", trust.raw), ("scores", trust.scores)):
            if one:
                figures = (f"{one.error:.3f}", spread(one.interval), f"{one.chance:.3f}")
                table.add_row(kind, name, *figures, f"{trust.spans:,}")
    return table


def _entity_table(report: Report, strict: Scores, partial: Scores) -> Table:
    table = _table("Entities", "type", "overlap")
    for (name, score), (_, overlap) in zip(rows(strict), rows(partial), strict=True):
        if name == "micro":
            table.add_section()
        table.add_row(escape(name), *_cells(score), figure(overlap.f1, overlap))
    table.add_section()
    for name, known in (("seen in training", report.seen), ("unseen", report.unseen)):
        if known:
            table.add_row(name, *_cells(known), "")
    return table


def _theme_table(passages: Scores, articles: Score) -> Table:
    table = _table("Themes of passages", "theme")
    for name, score in rows(passages):
        if name == "micro":
            table.add_section()
        table.add_row(escape(name), *_cells(score))
    table.add_row("whole articles, micro", *_cells(articles))
    return table


def _comparison_table(comparison: Comparison) -> Table:
    table = Table("micro F1", title="Against the other run", box=box.SIMPLE_HEAD)
    for heading in ("difference", "95 %", "p"):
        table.add_column(heading, justify="right")
    for name, one in (("entities", comparison.entities), ("themes", comparison.themes)):
        if one:
            p_value = "–" if one.p_value is None else f"{one.p_value:.3f}"
            table.add_row(name, f"{one.value:+.3f}", spread(one.interval, "+"), p_value)
    return table


def _table(title: str, *headings: str) -> Table:
    first, *last = headings
    table = Table(first, title=title, box=box.SIMPLE_HEAD)
    for heading in ("precision", "recall", "F1", "95 %", "gold", *last):
        table.add_column(heading, justify="right")
    return table


def _cells(score: Score) -> tuple[str, ...]:
    figures = (score.precision, score.recall, score.f1)
    return (*(figure(one, score) for one in figures), spread(score.interval), f"{score.support:,}")


def _f1_cell(score: Score | None) -> str:
    if score is None or not score.predicted:
        return ""
    if score.interval is None:
        return f"{score.f1:.3f}"
    return f"{score.f1:.3f}  {spread(score.interval)}"

"""Scores as tables in a terminal, and the words that figures are given in."""

from collections.abc import Iterable, Mapping
from math import floor

from asn_nlp.evaluation import Comparison, Interval, Report, Score, Scores, Trust
from asn_nlp.terminal import SECTION, print_prose, print_table

RecordTables = Mapping[str, Mapping[str, Score]]
"""Scores of records by what they were derived from: gold entities, predicted ones."""

_FIGURES = ("precision", "recall", "F1", "95 %", "gold")


def print_report(
    report: Report,
    *,
    comparison: Comparison | None = None,
    records: RecordTables | None = None,
) -> None:
    """Print the tables to the terminal; F1 with its 95 % interval over articles."""
    if report.entities and report.partial:
        _print_entities(report, report.entities, report.partial)
    if report.themes and report.article_themes:
        _print_themes(report.themes, report.article_themes)
    if named_trust(report):
        _print_trust(report)
    for source, scores in (records or {}).items():
        parts = [(part, *_cells(score)) for part, score in scores.items()]
        print_table(("", *_FIGURES), parts, title=f"Records of {source}")
    if comparison:
        _print_comparison(comparison)
    for line in (basis(report), *gaps(report)):
        print_prose(line)


def print_side_by_side(reports: Mapping[str, Report], *, title: str) -> None:
    """Print a table of F1 with its 95 % interval, a column for each name of ``reports``.

    A cell is blank where nothing of the kind was predicted.
    """
    columns = [dict(named_scores(report)) for report in reports.values()]
    rows = [
        (key[1], *(_f1_cell(column.get(key)) for column in columns))
        for key in dict.fromkeys(key for column in columns for key in column)
    ]
    # On the left F1 stands below F1, with an interval or without.
    print_table(("F1", *reports), rows, title=title, align=["left"] * (1 + len(columns)))


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
    kinds = {
        "entities": report.entity_trust,
        "themes": report.theme_trust,
        "passage × theme": report.decision_trust,
    }
    return {kind: trust for kind, trust in kinds.items() if trust}


def _print_trust(report: Report) -> None:
    told = []
    for kind, trust in named_trust(report).items():
        for name, one in (("raw scores", trust.raw), ("scores", trust.scores)):
            if one:
                figures = (f"{one.error:.3f}", spread(one.interval), f"{one.chance:.3f}")
                told.append((kind, name, *figures, f"{trust.spans:,}"))
    headings = ("calibration error", "of", "error", "95 %", "by chance", "scores")
    print_table(headings, told, title="Scores")


def _print_entities(report: Report, strict: Scores, partial: Scores) -> None:
    told: list[tuple[str, ...]] = []
    for (name, score), (_, overlap) in zip(rows(strict), rows(partial), strict=True):
        if name == "micro":
            told.append(SECTION)
        told.append((name, *_cells(score), figure(overlap.f1, overlap)))
    known = (("seen in training", report.seen), ("unseen", report.unseen))
    if seen := [(name, *_cells(score), "") for name, score in known if score]:
        told += [SECTION, *seen]
    print_table(("type", *_FIGURES, "overlap"), told, title="Entities")


def _print_themes(passages: Scores, articles: Score) -> None:
    told: list[tuple[str, ...]] = []
    for name, score in rows(passages):
        if name == "micro":
            told.append(SECTION)
        told.append((name, *_cells(score)))
    told.append(("whole articles, micro", *_cells(articles)))
    print_table(("theme", *_FIGURES), told, title="Themes of passages")


def _print_comparison(comparison: Comparison) -> None:
    told = []
    for name, one in (("entities", comparison.entities), ("themes", comparison.themes)):
        if one:
            p_value = "–" if one.p_value is None else f"{one.p_value:.3f}"
            told.append((name, f"{one.value:+.3f}", spread(one.interval, "+"), p_value))
    headings = ("micro F1", "difference", "95 %", "p")
    print_table(headings, told, title="Against the other run")


def _cells(score: Score) -> tuple[str, ...]:
    figures = (score.precision, score.recall, score.f1)
    return (*(figure(one, score) for one in figures), spread(score.interval), f"{score.support:,}")


def _f1_cell(score: Score | None) -> str:
    if score is None or not score.predicted:
        return ""
    if score.interval is None:
        return f"{score.f1:.3f}"
    return f"{score.f1:.3f}  {spread(score.interval)}"

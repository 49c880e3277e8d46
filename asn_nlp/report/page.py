"""``report.json``, and a page that shows every error beside the figures."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from asn_nlp.errors import extra
from asn_nlp.evaluation import Case, Comparison, Report
from asn_nlp.files import written_whole
from asn_nlp.report.figures import confusion_figure, curves_figure, trust_figure
from asn_nlp.report.highlight import highlight_both, tints
from asn_nlp.report.tables import RecordTables, basis, figure, gaps, named_trust, rows, spread

with extra("train", "the page of a report"):
    from jinja2 import Environment, PackageLoader, StrictUndefined

_ARTICLES_SHOWN = 200  # a page with more of them opens slowly


def write_report(
    report: Report,
    folder: Path,
    *,
    provenance: Mapping[str, str],
    comparison: Comparison | None = None,
    records: RecordTables | None = None,
) -> Path:
    """Write ``report.json`` and ``report.html``, one file that needs no other, into ``folder``.

    Args:
        provenance: what the figures rest on (run, data, fingerprint …), shown as it is.
        records: scores of who holds which post where.

    Returns:
        The path of the page.

    Raises:
        OSError: a file cannot be written; what stood in its place is untouched.
    """
    content = {
        "provenance": dict(provenance),
        **report.to_dict(),
        "comparison": comparison and comparison.to_dict(),
        "records": {
            source: {part: asdict(score) for part, score in scores.items()}
            for source, scores in (records or {}).items()
        },
    }
    with written_whole(folder / "report.json") as file:
        json.dump(content, file, ensure_ascii=False, allow_nan=False, indent=2)
        file.write("\n")
    ranked = sorted(
        ((_Errors.of(case), case) for case in report.cases), key=lambda row: -row[0].total
    )
    environment = Environment(
        loader=PackageLoader("asn_nlp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"rows": rows, "range": spread, "figure": figure}
    stream = environment.get_template("report.html").stream(
        report=report,
        comparison=comparison,
        records=records or {},
        provenance=provenance,
        basis=basis(report),
        gaps=gaps(report),
        tints=tints(report.labels.entities),
        confusion=confusion_figure(report.confusion) if report.confusion else "",
        entity_curves=curves_figure(report.entity_curves, columns=3),
        theme_curves=curves_figure(report.theme_curves, columns=4),
        trust={kind: (one, trust_figure(one)) for kind, one in named_trust(report).items()},
        articles=(
            (errors, case.gold, *highlight_both(case, labels=report.labels))
            for errors, case in ranked[:_ARTICLES_SHOWN]
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

    @classmethod
    def of(cls, case: Case) -> "_Errors":
        pairs, themes = case.pairs, case.themes
        return cls(
            missed=sum(pair.predicted is None for pair in pairs),
            spurious=sum(pair.gold is None for pair in pairs),
            inexact=sum(bool(pair.gold and pair.predicted) and not pair.exact for pair in pairs),
            themes_missed=sum(len(wanted.keys() - given.keys()) for wanted, given in themes),
            themes_spurious=sum(len(given.keys() - wanted.keys()) for wanted, given in themes),
        )

    @property
    def total(self) -> int:
        return (
            self.missed + self.spurious + self.inexact + self.themes_missed + self.themes_spurious
        )

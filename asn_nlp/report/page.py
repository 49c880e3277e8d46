"""``report.json``, and a page that shows every error beside the figures."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from asn_nlp.evaluation import (
    KINDS,
    Case,
    Comparison,
    Mistake,
    Report,
    mistakes,
    slice_values,
)
from asn_nlp.files import written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.report.figures import confusion_figure, curve_figure, trust_figure
from asn_nlp.report.groups import grouped
from asn_nlp.report.highlight import highlight_both, tints
from asn_nlp.report.rendering import environment
from asn_nlp.report.tables import (
    RecordTables,
    along,
    basis,
    figure,
    gaps,
    named_trust,
    rows,
    scale_start,
    spread,
)

_ARTICLES_SHOWN = 200  # a page with more of them opens slowly
_GROUPS_SHOWN = 100  # of a kind of mistakes
_LINKS_SHOWN = 6  # of a group

# How a kind of mistake looks: what gold has alone is dashed, what is nearly right orange.
_LOOKS = {"type": "near", "edge": "near", "other theme": "near"} | dict.fromkeys(
    ("swallowed", "repeated", "missed", "theme missed"), "error lacking"
)


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
    shown = [_Shown.of(case, report) for case in report.cases]
    ranked = sorted(shown, key=lambda one: -len(one.mistakes))
    pages = environment()
    pages.filters |= {
        "rows": rows,
        "range": spread,
        "figure": figure,
        "start": lambda named: scale_start(score for _, score in named),
        "slice_start": lambda fields: scale_start(
            score
            for many in fields.values()
            for one in many
            for score in (one.entities, one.themes)
            if score and score.interval
        ),
        "along": along,
        "json": lambda value: json.dumps(value, ensure_ascii=False, allow_nan=False),
    }
    script = pages.get_template("report.js").render()
    stream = pages.get_template("report.html").stream(
        report=report,
        comparison=comparison,
        records=records or {},
        provenance=provenance,
        basis=basis(report),
        gaps=gaps(report),
        tints=tints(report.labels.entities),
        confusion=confusion_figure(report.confusion) if report.confusion else "",
        theme_confusion=confusion_figure(report.theme_confusion) if report.theme_confusion else "",
        entity_curves={label: curve_figure(one) for label, one in report.entity_curves.items()},
        theme_curves={label: curve_figure(one) for label, one in report.theme_curves.items()},
        trust=named_trust(report),
        trust_figure=trust_figure,
        mistakes=grouped([(one.case, one.mistakes) for one in ranked]),
        meanings=KINDS,
        kinds_shown={kind: _LOOKS.get(kind, "error") for kind in KINDS},
        most_groups=_GROUPS_SHOWN,
        most_links=_LINKS_SHOWN,
        ids=[one.case.gold.id for one in ranked],
        articles=ranked[:_ARTICLES_SHOWN],
        shown=min(len(ranked), _ARTICLES_SHOWN),
        script=script,
        script_hash=_hash(script),
    )
    page = folder / "report.html"
    with written_whole(page) as file:
        file.writelines(stream)
    return page


def _hash(script: str) -> str:
    """What a policy of content names the one script by that may run."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@dataclass(frozen=True)
class _Shown:
    """An article on the page, with its mistakes and what else it is found by there."""

    case: Case
    mistakes: tuple[Mistake, ...]
    slices: tuple[str, ...]
    labels: LabelSet

    @classmethod
    def of(cls, case: Case, report: Report) -> "_Shown":
        known = {(field, one.value) for field, many in report.slices.items() for one in many}
        values = (pair for pair in slice_values(case.gold) if pair in known)
        return cls(case, mistakes(case), tuple(map(": ".join, values)), report.labels)

    @property
    def counts(self) -> Counter[str]:
        return Counter(mistake.kind for mistake in self.mistakes)

    @property
    def found_by(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(mistake.kind, mistake.labels) for mistake in self.mistakes]

    @property
    def sides(self) -> tuple[str, str]:
        return highlight_both(self.case, labels=self.labels)

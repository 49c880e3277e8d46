"""python scripts/validate.py asn_nlp/data/corpus/{train,dev,test}.jsonl

Print what an editor must fix in annotated files. Exit status 1 where there are errors.
"""

import sys
from pathlib import Path

from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from asn_nlp.config import ENCODER
from asn_nlp.labels import ASN_LABELS
from asn_nlp.validation import ValidationReport, validate


def show(report: ValidationReport, console: Console) -> None:
    for title, style, findings in (
        ("warnings", "yellow", report.warnings),
        ("errors", "red", report.errors),
    ):
        console.print(f"{title}: {len(findings)}", style=f"bold {style}")
        for finding in findings:
            console.print(finding, markup=False, highlight=False, soft_wrap=True)
    table = Table("", *(file.path.name for file in report.files), "all")
    for name, counts in (
        ("articles", [file.articles for file in report.files]),
        ("passages", [file.passages for file in report.files]),
        *((label, [file.labels[label] for file in report.files]) for label in ASN_LABELS.entities),
        *((theme, [file.themes[theme] for file in report.files]) for theme in ASN_LABELS.themes),
    ):
        table.add_row(name, *map(str, [*counts, sum(counts)]))
    console.print(table)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="annotated JSON Lines files")
    parser.add_argument(
        "--encoder",
        type=str | None,
        default=str(ENCODER) if ENCODER.is_dir() else None,
        help="hub name or folder of the encoder whose tokeniser must express every span",
    )
    arguments = parser.parse_args()
    found = validate(arguments.files, encoder=arguments.encoder)
    show(found, Console())
    sys.exit(1 if found.errors else 0)

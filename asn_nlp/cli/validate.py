"""List what an editor must fix in annotated files, with the heading of the guidelines that asks for
it. The exit status is 1 where there are errors.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from asn_nlp.cli.boundary import DONE, FOUND
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import EncoderError, extra
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.reading.encoding import token_offsets
from asn_nlp.shipped import ENCODER
from asn_nlp.terminal import print_line, print_table

if TYPE_CHECKING:
    from asn_nlp.annotation.validation import ValidationReport


def main(arguments: Sequence[str]) -> int:
    parser = command_parser(
        "validate", "FILE ... [--labels null] [--encoder NAME] [--json]", __doc__
    )
    parser.add_argument("files", type=Path, nargs="+", help="annotated files")
    parser.add_argument(
        "--labels",
        type=LabelSet | None,
        default=asdict(ASN_LABELS),
        help="the entity types and themes that may stand; null takes any",
    )
    parser.add_argument(
        "--encoder",
        type=str | None,
        default=str(ENCODER),
        help="hub name or folder of the encoder whose tokeniser should express every entity; null "
        "leaves that out",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON, for machines")
    options = parser.instantiate(parser.parse_args(arguments))
    with extra("train", "validation"):
        from asn_nlp.annotation.validation import validate
    tokens = None
    if options.encoder is not None:
        tokens = partial(token_offsets, tokenizer=_tokenizer(options.encoder))
    report = validate(options.files, labels=options.labels, tokens=tokens)
    if options.json:
        print(json.dumps(_plain(report), ensure_ascii=False, allow_nan=False, indent=2))
    else:
        _show(report)
    return FOUND if report.errors else DONE


def _tokenizer(encoder: str) -> Tokenizer:
    file = Path(encoder) / "tokenizer.json"
    if not file.exists():
        with extra("train", f"opening the encoder {encoder!r}"):
            from asn_nlp.encoders import open_tokenizer
        return open_tokenizer(encoder).backend_tokenizer
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises plain exceptions
        raise EncoderError(f"{file} is no tokeniser ({error}); fetch the encoder again") from error


def _plain(report: "ValidationReport") -> dict[str, Any]:
    """The report in plain types."""
    return {
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "findings": [{**asdict(one), "path": str(one.path)} for one in report.findings],
        "files": [
            {
                "path": str(one.path),
                "articles": one.articles,
                "passages": one.passages,
                "labels": one.labels,
                "themes": one.themes,
            }
            for one in report.files
        ],
    }


def _show(report: "ValidationReport") -> None:
    for severity in ("warning", "error"):
        findings = [one for one in report.findings if one.severity == severity]
        print(f"{severity}s: {len(findings)}")
        for one in findings:
            print_line(f"{one.message} ({one.rule})")
    if report.findings:
        print("in brackets: the heading in the guidelines, which asn-nlp guidelines prints")
    counted = (
        ("articles", [file.articles for file in report.files]),
        ("passages", [file.passages for file in report.files]),
        *_rows([file.labels for file in report.files]),
        *_rows([file.themes for file in report.files]),
    )
    print_table(
        ("", *(file.path.name for file in report.files), "all"),
        [(name, *map(str, [*counts, sum(counts)])) for name, counts in counted],
    )


def _rows(counters: Sequence[Counter[str]]) -> list[tuple[str, list[int]]]:
    """A row for each label met, the most frequent first."""
    met = sum(counters, Counter())
    return [(label, [counter[label] for counter in counters]) for label, _ in met.most_common()]

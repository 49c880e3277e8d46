"""Score two annotators against each other: two files with the same articles, or an export of Label
Studio whose tasks several marked. Prints F1 of entities, strict and by overlap, and Cohen's kappa
of themes; --output adds a page of all differences.
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import ConfigError, extra
from asn_nlp.evaluation import Agreement, Score
from asn_nlp.evaluation import agreement as agreement_of
from asn_nlp.formats import choose, label_studio, read_articles
from asn_nlp.terminal import print_line, print_table


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("agreement", "FILE [FILE] [--output FOLDER]", __doc__)
    parser.add_argument("files", type=Path, nargs="+", help="one export, or two annotated files")
    parser.add_argument("--output", type=Path | None, help="folder to write report.html to")
    return agreement(**parser.parse_args(arguments).as_dict())


def agreement(files: Sequence[Path], *, output: Path | None = None) -> int:
    """Print how far each two annotators agree."""
    sides = _sides(files)
    for (first, ones), (second, others) in combinations(sides.items(), 2):
        found = agreement_of(ones, others)
        _show(found, f"{first} and {second}")
        if output:
            folder = output if len(sides) == 2 else output / f"{first}-{second}"
            with extra("train", "the page of the differences"):
                from asn_nlp.report import write_report
            sources = {"first, shown as gold": first, "second, shown as predicted": second}
            print(f"page: {write_report(found.report, folder, provenance=sources)}")
    return DONE


def _sides(files: Sequence[Path]) -> dict[str, list[Article]]:
    if len(files) == 2:
        return {str(path): read_articles(path) for path in files}
    if len(files) > 2:
        raise ConfigError(f"agreement is of two files, found {len(files)}; name two of them")
    (path,) = files
    if choose(path).name != label_studio.FORMAT.name:
        raise ConfigError(
            f"agreement needs two files, or one export of Label Studio with several annotators, "
            f"found {path}; name another file beside it"
        )
    names = label_studio.annotators(path)
    if len(names) < 2:
        raise ConfigError(
            f"{path} has the annotations of {', '.join(names) or 'nobody'}, but agreement needs "
            "two annotators; name another file beside it"
        )
    return {
        name: read_articles(path, label_studio.with_options(annotator=name, asked=True))
        for name in names
    }


def _show(found: Agreement, title: str) -> None:
    report = found.report
    left = f", {found.one_sided:,} that only one has left out" if found.one_sided else ""
    print_line(f"{title}: {report.articles:,} articles{left}")
    if report.entities and report.partial:
        partial = {**report.partial.labels, "all": report.partial.micro}
        rows = [
            _row(name, score, f"{partial[name].f1:.3f}")
            for name, score in {**report.entities.labels, "all": report.entities.micro}.items()
        ]
        print_table(("entities", "F1 strict", "F1 overlapping", "first", "second"), rows)
    if report.themes:
        rows = []
        for name, score in {**report.themes.labels, "all": report.themes.micro}.items():
            kappa = found.kappas.get(name)
            rows.append(_row(name, score, "–" if kappa is None else f"{kappa:.3f}"))
        print_table(("themes by passage", "F1", "Cohen's kappa", "first", "second"), rows)


def _row(name: str, score: Score, other: str) -> list[str]:
    return [name, f"{score.f1:.3f}", other, str(score.support), str(score.predicted)]

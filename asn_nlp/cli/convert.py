"""Bring annotated files from one tool's format into another's. What the new format cannot hold is
named first, and refused unless --lossy. What is broken goes to OUT.rejects.jsonl and does not stop
the rest; the exit status is then 1.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tabulate import tabulate

from asn_nlp.annotation.relations import record_rows, relations_of
from asn_nlp.articles import Article
from asn_nlp.cli.boundary import DONE, FOUND, REFUSED
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import ConfigError
from asn_nlp.files import check_apart, written_whole
from asn_nlp.formats import (
    FORMATS,
    Placed,
    Problem,
    abilities,
    brat,
    choose,
    label_studio,
    scan_placed,
    write_articles,
    write_problems,
)
from asn_nlp.formats.relations import Relation, no_relations
from asn_nlp.linking import records as records_of

_SHOWN = 10


def main(arguments: Sequence[str]) -> int:
    parser = command_parser(
        "convert", "IN OUT [--from FORMAT] [--to FORMAT] [--lossy], or --formats", __doc__
    )
    if "--formats" in arguments:
        return _formats()
    parser.add_argument("--formats", action="store_true", help="list what each format holds")
    parser.add_argument("input", type=Path, help="annotated file, or a folder of brat's")
    parser.add_argument("output", type=Path, help="file or folder to write")
    parser.add_argument("--from", type=str | None, help="its format, where it does not show")
    parser.add_argument("--to", type=str | None, help="format to write, else by the ending of OUT")
    parser.add_argument(
        "--lossy", action="store_true", help="leave out what the new format cannot hold"
    )
    parser.add_argument(
        "--annotator",
        type=str | None,
        help="of Label Studio's tasks that several marked take this one's, or first or last",
    )
    parser.add_argument(
        "--relations",
        action="store_true",
        help="draw who holds which post where, for Label Studio and brat",
    )
    parser.add_argument(
        "--records", type=Path | None, help="file to write the records to that relations make"
    )
    parser.add_argument(
        "--model_version", default="asn-nlp", help="what Label Studio calls the predictions"
    )
    options = parser.parse_args(arguments).as_dict()
    del options["formats"]  # it is alone where it is given
    return convert(source=options.pop("from"), target=options.pop("to"), **options)


def convert(
    input: Path,
    output: Path,
    *,
    source: str | None = None,
    target: str | None = None,
    lossy: bool = False,
    annotator: str | None = None,
    model_version: str = "asn-nlp",
    relations: bool = False,
    records: Path | None = None,
) -> int:
    """Convert one file, and say what was read, lost and left."""
    relate = _derived if relations else no_relations
    tools = {
        "label-studio": label_studio.with_options(
            annotator=annotator, model_version=model_version, relate=relate
        ),
        "brat": brat.with_relations(relate),
    }
    to = choose(output, target, writing=True)
    read_as = choose(input, source)
    if relations and to.name not in tools:
        raise ConfigError(
            f"relations are written for {' and '.join(tools)}, but {output} is {to.name}; leave "
            "--relations out"
        )
    to, read_as = tools.get(to.name, to), tools.get(read_as.name, read_as)
    check_apart(output, [input])
    read = list(scan_placed(input, read_as))
    placed = [one for one in read if isinstance(one, Placed)]
    problems = [one for one in read if isinstance(one, Problem)]
    articles = [one.article for one in placed]
    losses = [loss for article in articles for loss in to.cannot_hold(article)]
    if losses:
        _tell(f"{to.name} cannot hold all of it, {len(losses):,} losses:", losses)
        if not lossy:
            print("nothing was written; --lossy writes without them", file=sys.stderr)
            return REFUSED
    rebuilt = sum("rebuilt" in article.meta for article in articles)
    if read_as.name == "conll" and rebuilt:
        print(f"{rebuilt:,} texts were rebuilt with spaces between the tokens", file=sys.stderr)
    if articles:
        write_articles(articles, output, to, lossy=lossy)
        print(f"{len(articles):,} articles, {read_as.name} to {to.name}: {output}")
    drawn = sum(len(one.relations) for one in placed)
    if records:
        _write_records(placed, records)
    elif drawn:
        print(f"{drawn:,} relations left out; --records FILE keeps them", file=sys.stderr)
    if problems:
        rejects = output.with_name(f"{output.name}.rejects.jsonl")
        write_problems(problems, rejects)
        lines = [line for problem in problems for line in problem.lines]
        _tell(f"{len(problems):,} REJECTED, all in {rejects}", lines)
    return DONE if articles and not problems else FOUND


def _formats() -> int:
    """What comes back from a file of each format that is written; the others are only read."""
    told = [
        (one.name, *("yes" if holds else "–" for holds in abilities(one).values()))
        for one in FORMATS
        if one.write
    ]
    headings = ("format", *abilities(FORMATS[0]))
    print(tabulate(told, headings, tablefmt="github"))  # as docs/formats.md has it
    return DONE


def _derived(article: Article) -> Iterator[Relation]:
    return relations_of(records_of(article))


def _write_records(placed: Sequence[Placed], path: Path) -> None:
    with written_whole(path) as file:
        for one in placed:
            rows = record_rows(one.article, one.relations)
            file.write(json.dumps({"id": one.article.id, "records": rows}, allow_nan=False) + "\n")
    print(f"records: {path}")


def _tell(title: str, lines: Sequence[str]) -> None:
    print(title, *lines[:_SHOWN], sep="\n", file=sys.stderr)
    if len(lines) > _SHOWN:
        print(f"and {len(lines) - _SHOWN:,} more", file=sys.stderr)

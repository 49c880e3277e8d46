"""brat: a folder of texts, each with its standoff beside it; ``ID.txt`` and ``ID.ann``.

Offsets count characters. brat divides a span at line breaks, and such pieces are joined again;
a span in pieces with words between is refused, as an entity has one beginning and one end.
Relations between entities are kept beside the article; events, attributes and notes are passed
over.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from asn_nlp.articles import Article, Span
from asn_nlp.errors import AnnotationError
from asn_nlp.files import written_folder
from asn_nlp.formats import flat
from asn_nlp.formats.folder import cannot_name, holds, id_of, names_in
from asn_nlp.formats.news import text_only_cannot_hold
from asn_nlp.formats.offsets import Mark, fitted
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import text_faults
from asn_nlp.formats.relations import Relate, Relation, between, no_relations
from asn_nlp.formats.rows import RowError, decoded

_NAME = re.compile(r"[\w-]+")
_RELATION = re.compile(r"R\S*\t(?P<name>\S+) \S+?:(?P<source>T\S+) \S+?:(?P<target>T\S+)")
_MARK = re.compile(r"(?P<name>\S+) (?P<pieces>\d+ \d+(?:;\d+ \d+)*)")


def scan(path: Path) -> Iterator[Placed | Problem]:
    """The articles of a folder, or the one of an ``.ann`` file."""
    texts = sorted(path.rglob("*.txt")) if path.is_dir() else [path.with_suffix(".txt")]
    met: dict[str, Path] = {}
    for text in texts:
        record = _article(text, path)
        if isinstance(record, Placed) and record.article.id in met:
            message = (
                f"article ids must be unique, but {met[record.article.id]} has the id "
                f"{record.article.id!r} too; rename one"
            )
            yield Problem(text, None, (message,))
            continue
        if isinstance(record, Placed):
            met[record.article.id] = text
        yield record
    if not texts:
        yield Problem(path, None, ("the folder holds no .txt file; name the one that does",))


def with_relations(relate: Relate) -> Format:
    """The format, writing the relations of each article too."""
    return replace(FORMAT, write=partial(write, relate=relate))


def write(articles: Iterable[Article], path: Path, *, relate: Relate = no_relations) -> None:
    """Write a folder.

    Raises:
        AnnotationError: the folder holds something already, or two ids make one name.
        OSError: a file cannot be written; no folder is then there.
    """
    name_of = names_in(path)
    named = [(name_of(article.id), article) for article in articles]  # all before the first file
    with written_folder(path) as folder:
        for name, article in named:
            (folder / f"{name}.txt").write_bytes(article.text.encode())
            (folder / f"{name}.ann").write_bytes(_standoff(article, relate(article)).encode())


def cannot_hold(article: Article) -> list[str]:
    problems = [
        *text_only_cannot_hold(article),
        *flat.cannot_hold(article),
        *flat.scored_cannot_hold(article, "brat"),
        *flat.meta_cannot_hold(article, "brat"),
    ]
    where = f"article {article.id!r}: brat cannot hold"
    for name in sorted({flat.name_of(span) for span in article.spans}):
        if not _NAME.fullmatch(name):
            problems.append(
                f"{where} the label {name!r:.60}; write it with letters, digits, - and _"
            )
    problems += [
        f"{where} {span.label} {article.quote(span)}, which begins or ends with a line break; "
        "correct its edges"
        for span in article.spans
        if article.surface(span)[0] in "\r\n" or article.surface(span)[-1] in "\r\n"
    ]
    return problems + cannot_name(article, "brat")


def _standoff(article: Article, relations: Iterable[Relation]) -> str:
    numbers: dict[Span, int] = {}
    lines = []
    for number, span in enumerate(article.spans, 1):
        numbers[span] = number
        lines.append(_line(article, span, number))
    for number, (source, target, name) in enumerate(relations, 1):
        lines.append(f"R{number}\t{name} Arg1:T{numbers[source]} Arg2:T{numbers[target]}\n")
    return "".join(lines)


def _line(article: Article, span: Span, number: int) -> str:
    """A line of standoff; lines of the text are pieces of their own, as brat has them."""
    surface = article.surface(span)
    pieces = [
        f"{span.start + piece.start()} {span.start + piece.end()}"
        for piece in re.finditer(r"[^\r\n]+", surface)
    ]
    name = re.sub(r"\s", "_", flat.name_of(span))
    words = re.sub(r"[\r\n]+", " ", surface)
    return f"T{number}\t{name} {';'.join(pieces)}\t{words}\n" if pieces else ""


def _article(path: Path, top: Path) -> Placed | Problem:
    annotations = path.with_suffix(".ann")
    relative = path.relative_to(top) if top.is_dir() else Path(path.name)
    id = "/".join(map(id_of, relative.with_suffix("").parts))
    try:
        text = decoded(path.read_bytes())
        standoff = decoded(annotations.read_bytes()) if annotations.exists() else ""
    except RowError as error:
        return Problem(path, None, (str(error),))
    problems = list(text_faults(text))
    names: list[str] = []
    marks: list[Mark] = []
    ids: list[str] = []
    lines: list[tuple[str, str, str]] = []
    for number, line in enumerate(standoff.split("\n"), 1):
        line = line.removesuffix("\r")
        if relation := _RELATION.match(line):
            lines.append((relation["source"], relation["target"], relation["name"]))
        if not line.startswith("T"):
            continue
        mark = _mark(text, line)
        if isinstance(mark, str):
            problems.append(f"line {number}: {mark}")
        else:
            ids.append(line.partition("\t")[0])
            names.append(mark[0])
            marks.append(mark[1])
    if not problems:
        try:
            places = fitted(text, marks)
            spans = [flat.span_of(*place, name) for place, name in zip(places, names, strict=True)]
            article = flat.article_of(id, text, spans, {})
            relations = between(article, dict(zip(ids, places, strict=True)), lines)
            return Placed(None, article, tuple(relations))
        except AnnotationError as error:
            problems += error.problems
    return Problem(annotations if standoff else path, None, tuple(problems))


def _mark(text: str, line: str) -> tuple[str, Mark] | str:
    """The name and place that a line marks, or what is wrong with it."""
    _, _, rest = line.partition("\t")
    mark, _, surface = rest.partition("\t")
    found = _MARK.fullmatch(mark)
    if not found:
        return (
            "a mark must read 'T1, tab, NAME START END, tab, words', found "
            f"{line!r:.80}; correct it"
        )
    pieces = [tuple(map(int, piece.split())) for piece in found["pieces"].split(";")]
    for (_, end), (start, _) in pairwise(pieces):
        if text[end:start].strip("\r\n") or start < end:
            return (
                f"{found['name']} is on {len(pieces)} pieces with words between them, "
                f"{text[end:start]!r:.40} the first, but a span has one beginning and one end; "
                "mark it as one, or as several"
            )
    return found["name"], Mark(pieces[0][0], pieces[-1][1], surface or None)


FORMAT = Format(
    "brat", (".ann",), scan, write, cannot_hold, partial(holds, ending=".ann"), relations=True
)

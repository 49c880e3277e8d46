"""CoNLL: a token a line with its tag last, blank lines between sentences.

Two to four columns with tabs or spaces between; IOB1, IOB2 and tags for ends and single tokens are
read, IOB2 with tabs is written. ``-DOCSTART-`` opens an article; in a file without it each sentence
is one.

The format knows tokens alone. Beside ``x.conll`` stands ``x.conll.jsonl``, written with it, which
keeps text, offsets, themes, scores and meta; tags may be edited, tokens not. Without it the text
is rebuilt with spaces between the tokens and line breaks between the sentences, and the meta says
so: ``rebuilt``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import AnnotationError
from asn_nlp.files import written_whole
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import from_record, json_cannot_hold, to_json
from asn_nlp.formats.rows import Row, RowError, decoded, jsonl_rows

_OPENING = "-DOCSTART-"
_TOKEN = re.compile(r"\w[\w\u0300-\u036f]*|\S")
_TAG = re.compile(r"O|(?P<prefix>[BIESLU])-(?P<label>.+)")
_MOST_COLUMNS = 4


class _Document(NamedTuple):
    """Tokens and tags sentence by sentence, the line of the first, and what is wrong."""

    line: int
    sentences: list[list[tuple[str, str]]]
    problems: list[str]


def scan(path: Path) -> Iterator[Placed | Problem]:
    try:
        documents = list(_documents(decoded(path.read_bytes())))
    except RowError as error:
        yield Problem(path, None, (str(error),))
        return
    if not documents:
        yield Problem(path, None, ("the file holds no article; fill it or leave it out",))
    sidecar = _sidecar(path)
    rows = _rows(sidecar) if sidecar.exists() else None
    first_seen: dict[str, int] = {}
    for document, row in zip_longest(documents, rows or []):
        if document is None or (rows is not None and row is None):
            message = (
                f"{path.name} and {sidecar.name} must hold the same articles, but {path.name} has "
                f"{len(documents):,} and {sidecar.name} {len(rows or []):,}; remove {sidecar.name} "
                "to do without it"
            )
            yield Problem(path, None, (message,))
            return
        try:
            if document.problems:
                raise AnnotationError(document.problems)
            if row is None:
                article = _rebuilt(document, f"{path.stem}:{document.line}")
            else:
                article = _restored(document, row, sidecar.name)
        except AnnotationError as error:
            yield Problem(path, document.line, tuple(error.problems))
            continue
        if article.id in first_seen:
            message = (
                f"article ids must be unique, but {article.id!r} stands on line "
                f"{first_seen[article.id]} too; rename or remove one"
            )
            yield Problem(path, document.line, (message,))
            continue
        first_seen[article.id] = document.line
        yield Placed(document.line, article)


def write(articles: Iterable[Article], path: Path) -> None:
    """Write the file, and its sidecar beside it."""
    with written_whole(_sidecar(path)) as sidecar, written_whole(path) as file:
        for article in articles:
            tokens = _tokens(article)
            tags = _tags(article, tokens)
            file.write(f"{_OPENING}\tO\n\n")
            before = 0
            for (start, end), tag in zip(tokens, tags, strict=True):
                if before and not {"\n", "\r"}.isdisjoint(article.text[before:start]):
                    file.write("\n")
                file.write(f"{article.text[start:end]}\t{tag}\n")
                before = end
            file.write("\n")
            sidecar.write(to_json(article.to_dict() | {"tokens": tokens}) + "\n")


def cannot_hold(article: Article) -> list[str]:
    where = f"article {article.id!r}: CoNLL cannot hold"
    problems = json_cannot_hold(article)
    tokens = _tokens(article)
    starts, ends = {start for start, _ in tokens}, {end for _, end in tokens}
    for span in article.entities:
        if span.start not in starts or span.end not in ends:
            problems.append(
                f"{where} {span.label} {article.quote(span)}, which begins or ends with white "
                "space; correct its edges"
            )
        if re.search(r"[\t\r\n]", span.label) or span.label != span.label.strip():
            problems.append(f"{where} the label {span.label!r:.60}; write it without tabs")
    if "\0" in article.text:
        problems.append(f"{where} the NUL in its text; remove it")
    return problems


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.jsonl")


def _rows(path: Path) -> list[Row]:
    with path.open("rb") as file:
        return list(jsonl_rows(file))


def _tokens(article: Article) -> list[tuple[int, int]]:
    """Words and signs; a word that an entity begins or ends in is divided there."""
    edges = {edge for span in article.entities for edge in (span.start, span.end)}
    tokens = []
    for word in _TOKEN.finditer(article.text):
        start = word.start()
        for place in range(start + 1, word.end()):
            if place in edges:
                tokens.append((start, place))
                start = place
        tokens.append((start, word.end()))
    return tokens


def _tags(article: Article, tokens: Sequence[tuple[int, int]]) -> list[str]:
    tags = []
    entities = iter(article.entities)
    entity = next(entities, None)
    begun = False
    for start, end in tokens:
        while entity and entity.end <= start:
            entity, begun = next(entities, None), False
        if entity and entity.start <= start and end <= entity.end:
            tags.append(f"{'I' if begun else 'B'}-{entity.label}")
            begun = True
        else:
            tags.append("O")
    return tags


def _documents(text: str) -> Iterator[_Document]:
    whole = re.search(rf"^{_OPENING}", text, re.M) is not None
    document = _Document(1, [[]], [])
    for number, line in enumerate(text.split("\n"), 1):
        columns = [one.strip() for one in line.split("\t")] if "\t" in line else line.split()
        if columns[:1] == [_OPENING] or (not whole and not any(columns)):
            if any(document.sentences) or document.problems:
                yield document
            document = _Document(number + (not whole), [[]], [])
        elif not any(columns):
            document.sentences.append([])
        elif not 2 <= len(columns) <= _MOST_COLUMNS or not _TAG.fullmatch(columns[-1]):
            if not columns[0].startswith("#"):  # a comment, as CoNLL-U has them
                document.problems.append(
                    f"line {number} must read TOKEN … TAG in two to four columns, the tag O, "
                    f"B-NAME or I-NAME, found {line!r:.80}; correct it"
                )
        else:
            document.sentences[-1].append((columns[0], columns[-1]))
    if any(document.sentences) or document.problems:
        yield document


def _rebuilt(document: _Document, id: str) -> Article:
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    for sentence in filter(None, document.sentences):
        for token, _ in sentence:
            places.append((at, at + len(token)))
            at += len(token) + 1
        lines.append(" ".join(token for token, _ in sentence))
    tags = [tag for sentence in document.sentences for _, tag in sentence]
    meta = {"rebuilt": "from tokens, with spaces between them"}
    return Article(id, "\n".join(lines), tuple(_entities(places, tags)), meta=meta)


def _restored(document: _Document, row: Row, sidecar: str) -> Article:
    """The article of a document by its line in the sidecar."""
    if row.problem or not isinstance(row.fields, Mapping):
        problem = row.problem or f"a line must be one JSON object, found {row.fields!r:.60}"
        raise AnnotationError([f"{sidecar}:{row.line}: {problem}"])
    record: dict[str, Any] = dict(row.fields)
    places = record.pop("tokens", None)
    article = from_record(record)
    found = [pair for sentence in document.sentences for pair in sentence]
    if not isinstance(places, list) or [token for token, _ in found] != [
        article.text[slice(*place)] for place in places
    ]:
        raise AnnotationError(
            [
                f"article {article.id!r}: its tokens are not those of {sidecar}:{row.line}; give "
                f"them back, or remove {sidecar} to have the text rebuilt"
            ]
        )
    scores = {(span.start, span.end, span.label): span.score for span in article.entities}
    entities = tuple(
        EntitySpan(one.start, one.end, one.label, scores.get((one.start, one.end, one.label)))
        for one in _entities([(start, end) for start, end in places], [tag for _, tag in found])
    )
    return Article(article.id, article.text, entities, article.themes, article.meta)


def _entities(places: Sequence[tuple[int, int]], tags: Sequence[str]) -> Iterator[EntitySpan]:
    """The spans of tags; I- goes on with what stands before it if that has the same label."""
    open_: EntitySpan | None = None
    for (start, end), tag in zip(places, tags, strict=True):
        found = _TAG.fullmatch(tag)
        prefix, label = (found["prefix"], found["label"]) if found else (None, None)
        if open_ and prefix in ("I", "E", "L") and label == open_.label:
            open_ = EntitySpan(open_.start, end, open_.label)
            continue
        if open_:
            yield open_
        open_ = EntitySpan(start, end, label) if label else None
    if open_:
        yield open_


FORMAT = Format("conll", (".conll", ".iob", ".bio"), scan, write, cannot_hold)

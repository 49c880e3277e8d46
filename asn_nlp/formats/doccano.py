"""doccano: JSON Lines of spans, of spans with relations, and of text classification.

Three shapes, told apart record by record: ``label`` with ``[start, end, name]``, ``entities`` with
offsets by name, and ``label`` with names alone, which are themes of the whole text. The first is
written. Offsets count UTF-16 units, as the page in which people annotate does. Relations are kept
beside the article, and other fields, comments among them, go into the meta.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article, Span
from asn_nlp.errors import AnnotationError
from asn_nlp.files import written_whole
from asn_nlp.formats import flat
from asn_nlp.formats.json_values import first_record
from asn_nlp.formats.offsets import Utf16, characters
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import articles_of, gathered, json_cannot_hold, text_faults, to_json
from asn_nlp.formats.relations import Relation, between
from asn_nlp.formats.rows import Row, jsonl_rows

_ID = "article_id"  # doccano numbers its examples itself
_OWN = {_ID, "id", "text", "label", "entities", "relations", "cats"}
_COMMENTS = {"Comments", "comments"}  # every record of an export has them, most are empty


def scan(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        yield from articles_of(path, jsonl_rows(file), _article, relations_of=_relations)


def write(articles: Iterable[Article], path: Path) -> None:
    with written_whole(path) as file:
        for article in articles:
            units = Utf16(article.text)
            record = {
                _ID: article.id,
                "text": article.text,
                "label": [
                    [units.unit(span.start), units.unit(span.end), flat.name_of(span)]
                    for span in article.spans
                ],
            }
            meta = {"meta": dict(article.meta)} if article.meta else {}
            file.write(to_json(record | meta) + "\n")


def cannot_hold(article: Article) -> list[str]:
    return [
        *json_cannot_hold(article),
        *flat.cannot_hold(article),
        *flat.scored_cannot_hold(article, "doccano"),
    ]


def recognises(path: Path) -> bool:
    record = first_record(path)
    if "text" not in record or "themes" in record:
        return False
    entities = record.get("entities")
    return isinstance(record.get("label"), list) or (
        isinstance(entities, list)
        and all(isinstance(one, Mapping) and "start_offset" in one for one in entities)
    )


def _article(row: Row) -> Article:
    record = row.fields
    if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
        raise AnnotationError(
            [f"a line must be an object with a 'text', found {record!r:.60}; export as JSONL"]
        )
    text = record["text"]
    given = next((record[name] for name in (_ID, "id") if record.get(name) is not None), row.line)
    meta = {
        name: value
        for name, value in record.items()
        if name not in _OWN and value is not None and (value or name not in _COMMENTS)
    }
    problems = list(text_faults(text))
    try:
        article = flat.article_of(str(given), text, _spans(text, record), gathered(meta))
    except AnnotationError as error:
        problems += error.problems
    if problems:
        raise AnnotationError(problems)
    return article


def _relations(row: Row, article: Article) -> Iterator[Relation]:
    """Those between entities of ``article``; doccano's second shape alone has such."""
    record = row.fields
    assert isinstance(record, Mapping)
    marks = {str(one.get("id")): _mark(one) for one in _objects(record, "entities")}
    named = {name: mark for name, mark in marks.items() if mark}
    places = characters(article.text, [(start, end) for start, end, _ in named.values()])
    lines = [
        (str(one.get("from_id")), str(one.get("to_id")), str(one.get("type")))
        for one in _objects(record, "relations")
    ]
    return between(article, dict(zip(named, places, strict=True)), lines)


def _objects(record: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    values = record.get(field)
    return [one for one in values if isinstance(one, Mapping)] if isinstance(values, list) else []


def _spans(text: str, record: Mapping[str, Any]) -> list[Span]:
    marked: list[tuple[int, int, str]] = []
    themes: list[str] = []
    problems = []
    for field in ("label", "entities", "cats"):
        values = record.get(field)
        if values is not None and not isinstance(values, list):
            problems.append(f"{field!r} must be a list, found {values!r:.60}; export as JSONL")
            continue
        for place, value in enumerate(values or ()):
            if isinstance(value, str):
                themes.append(value)
            elif (mark := _mark(value)) is not None:
                marked.append(mark)
            else:
                problems.append(
                    f"{field}[{place}] must be [start, end, name] or a name, found {value!r:.60}; "
                    "correct it"
                )
    if problems:
        raise AnnotationError(problems)
    places = characters(text, [(start, end) for start, end, _ in marked])
    spans: list[Span] = [
        flat.span_of(start, end, name)
        for (start, end), (_, _, name) in zip(places, marked, strict=True)
    ]
    return spans + [flat.theme_of(text, name) for name in themes]


def _mark(value: object) -> tuple[int, int, str] | None:
    if isinstance(value, Mapping):
        value = [value.get("start_offset"), value.get("end_offset"), value.get("label")]
    if not isinstance(value, Sequence) or len(value) != 3:
        return None
    start, end, name = value
    return (start, end, name) if [type(one) for one in value] == [int, int, str] else None


FORMAT = Format("doccano", (".jsonl",), scan, write, cannot_hold, recognises)

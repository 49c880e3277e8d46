"""Prodigy: JSON Lines of tasks with ``spans``; themes are spans as well.

Offsets count characters, and spans may have a ``score``. Accepted choices, and the accepted
``label`` of a text, are themes of the whole text. Tokens and relations are passed over, fields
that are not Prodigy's own go into the meta. What was rejected or ignored is no annotation.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from asn_nlp.articles import Article, Span
from asn_nlp.errors import AnnotationError
from asn_nlp.files import written_whole
from asn_nlp.formats import flat
from asn_nlp.formats.json_values import first_record
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import articles_of, gathered, json_cannot_hold, text_faults, to_json
from asn_nlp.formats.rows import Row, jsonl_rows

_OWN = {"id", "text", "spans", "tokens", "answer", "accept", "label", "options", "relations"}
_OWN |= {"config", "html", "head", "child"}


def scan(path: Path) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        yield from articles_of(path, jsonl_rows(file), _article)


def write(articles: Iterable[Article], path: Path) -> None:
    with written_whole(path) as file:
        for article in articles:
            spans = []
            for span in article.spans:
                record: dict[str, Any] = {"start": span.start, "end": span.end}
                record["label"] = flat.name_of(span)
                if span.score is not None:
                    record["score"] = round(span.score, 4)
                spans.append(record)
            task = {"id": article.id, "text": article.text, "spans": spans, "answer": "accept"}
            meta = {"meta": dict(article.meta)} if article.meta else {}
            file.write(to_json(task | meta) + "\n")


def cannot_hold(article: Article) -> list[str]:
    return json_cannot_hold(article) + flat.cannot_hold(article)


def recognises(path: Path) -> bool:
    record = first_record(path)
    return "text" in record and not {"spans", "answer", "_input_hash"}.isdisjoint(record)


def _article(row: Row) -> Article:
    record = row.fields
    if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
        raise AnnotationError(
            [f"a line must be an object with a 'text', found {record!r:.60}; export with db-out"]
        )
    text = record["text"]
    answer = record.get("answer", "accept")
    given = next((record[n] for n in ("id", "_task_hash") if record.get(n) is not None), row.line)
    meta = {n: value for n, value in record.items() if n not in _OWN and n[:1] != "_"}
    problems = list(text_faults(text))
    if answer != "accept":
        problems.append(f"'answer' must be 'accept', found {answer!r:.20}; leave the task out")
    spans: list[Span] = []
    rows = record.get("spans") or []
    for place, one in enumerate(rows if isinstance(rows, list) else [rows]):
        span = _span(one)
        if span is None:
            problems.append(
                f"spans[{place}] must be an object with start, end and label, perhaps a score from "
                f"0 to 1, found {one!r:.60}; correct it"
            )
        else:
            spans.append(span)
    chosen = record.get("accept") or []
    for name in [*(chosen if isinstance(chosen, list) else []), record.get("label")]:
        if isinstance(name, str):
            spans.append(flat.theme_of(text, name))
    try:
        article = flat.article_of(str(given), text, spans, gathered(meta))
    except AnnotationError as error:
        problems += error.problems
    if problems:
        raise AnnotationError(problems)
    return article


def _span(value: object) -> Span | None:
    if not isinstance(value, Mapping):
        return None
    start, end, label = value.get("start"), value.get("end"), value.get("label")
    score = value.get("score")
    if type(start) is not int or type(end) is not int or not isinstance(label, str):
        return None
    if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
        return None
    return flat.span_of(start, end, label, score)


FORMAT = Format("prodigy", (".jsonl",), scan, write, cannot_hold, recognises)

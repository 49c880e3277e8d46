"""An article as a record of plain values, the fields of JSON Lines and the columns of Parquet."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from asn_nlp.articles import Article, EntitySpan, Span, ThemeSpan
from asn_nlp.errors import AnnotationError, nearest
from asn_nlp.formats.offsets import look_like_utf16
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Placed
from asn_nlp.formats.relations import Relation
from asn_nlp.formats.rows import Row, parsed

LONGEST_TEXT = 10_000_000  # characters of one article, some two thousand pages

_FIELDS = ("id", "text", "entities", "themes", "meta")
_SPAN_FIELDS = ("start", "end", "label", "score")
_KINDS = {"id": (str, "string"), "text": (str, "string"), "entities": (list, "list")}
_KINDS["themes"] = _KINDS["entities"]

S = TypeVar("S", EntitySpan, ThemeSpan)


def to_json(value: object) -> str:
    """One line of JSON.

    Raises:
        ValueError: ``value`` holds what JSON cannot express, such as NaN, a date or half a
            surrogate pair.
    """
    try:
        line = json.dumps(value, ensure_ascii=False, allow_nan=False)
        line.encode()
        return line
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def plain(value: object) -> object:
    """``value`` as JSON can express it: NaN, the missing value of tables, as None, and what JSON
    has no word for, such as a date, as its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value)


def gathered(meta: Mapping[str, Any]) -> dict[str, Any]:
    """``meta`` with the members of an object called ``meta`` beside it, unless a name clashes."""
    inner = meta.get("meta")
    others = {name: value for name, value in meta.items() if name != "meta"}
    if isinstance(inner, Mapping) and not inner.keys() & others.keys():
        return {**inner, **others}
    return dict(meta)


def json_cannot_hold(article: Article) -> list[str]:
    """What JSON cannot hold of an article, and what ``from_record`` would not read again."""
    problems = []
    for span in article.spans:
        if span.score is not None and not 0 <= span.score <= 1:
            problems.append(
                f"article {article.id!r}: the score of {span.label} {article.quote(span)} must be "
                f"a number from 0 to 1, found {span.score!r}; correct it"
            )
    try:
        parsed(to_json([dict(article.meta), [span.label for span in article.spans]]))
    except ValueError as error:
        problems.append(
            f"article {article.id!r}: its meta and labels must be what JSON can hold, but: "
            f"{error}; make such values strings or None"
        )
    return problems


def text_faults(text: str) -> list[str]:
    """What keeps a text from being an article's."""
    if not text.strip():
        return ["'text' must hold the article, but is empty; fill it or remove the record"]
    if len(text) > LONGEST_TEXT:
        return [
            f"'text' must hold at most {LONGEST_TEXT:,} characters, found {len(text):,}; divide it "
            "into articles"
        ]
    return []


def articles_of(
    path: Path,
    rows: Iterable[Row],
    article_of: Callable[[Row], Article],
    *,
    unique: bool = True,
    relations_of: Callable[[Row, Article], Iterable[Relation]] = lambda _row, _article: (),
) -> Iterator[Placed | Problem]:
    """The article of each row, or what is wrong with it.

    Args:
        article_of: raises ``AnnotationError`` where a row holds no article.
        relations_of: the relations of a row beside its article.
        unique: make an id that was used before a problem.
    """
    first_seen: dict[str, int | None] = {}
    empty = True
    for row in rows:
        empty = False
        if row.problem:
            yield _problem(path, row, [row.problem])
            continue
        try:
            article = article_of(row)
        except AnnotationError as error:
            yield _problem(path, row, error.problems)
            continue
        if unique and article.id in first_seen:
            message = (
                f"article ids must be unique, but {article.id!r} stands on line "
                f"{first_seen[article.id]} too; rename or remove one"
            )
            yield _problem(path, row, [message])
        else:
            if unique:
                first_seen[article.id] = row.line
            yield Placed(row.line, article, tuple(relations_of(row, article)), path)
    if empty:
        yield Problem(path, None, ("the file holds no article; fill it or leave it out",))


def _problem(path: Path, row: Row, messages: Sequence[str]) -> Problem:
    raw = to_json(plain(row.fields)) if row.raw is None else row.raw
    return Problem(path, row.line, tuple(messages), raw)


def from_record(record: object) -> Article:
    """The article of a JSON object, as ``Article.to_dict`` makes it; any label is taken.

    Raises:
        AnnotationError: with every broken rule of the record.
    """
    if not isinstance(record, Mapping):
        raise AnnotationError([f"a line must be one JSON object, found {type(record).__name__}"])
    problems = [
        f"unknown field {name!r:.60}; did you mean {nearest(str(name), _FIELDS)!r}? "
        "Anything of your own goes into 'meta'"
        for name in record
        if name not in _FIELDS
    ]
    for name, (kind, called) in _KINDS.items():
        if name not in record:
            problems.append(f"the field {name!r} is missing; add it")
        elif not isinstance(record[name], kind):
            problems.append(f"{name!r} must be a {called}, found {_excerpt(record[name])}")
    meta = record.get("meta", {})
    if not isinstance(meta, Mapping):
        problems.append(f"'meta' must be an object, found {_excerpt(meta)}")
        meta = {}
    id, text = record.get("id"), record.get("text")
    where = f"article {id!r:.60}: " if isinstance(id, str) else ""
    entities = _spans(record, "entities", EntitySpan, where, problems)
    themes = _spans(record, "themes", ThemeSpan, where, problems)
    if not isinstance(text, str):
        raise AnnotationError(problems)
    problems += [f"{where}{fault}" for fault in text_faults(text)]
    try:
        article = Article(
            id if isinstance(id, str) else "", text, tuple(entities), tuple(themes), meta
        )
    except AnnotationError as error:
        problems += error.problems
        spans: list[Span] = [*entities, *themes]
        places = [(span.start, span.end) for span in spans]
        if shifted := look_like_utf16(text, places):
            problems.append(f"{where}{shifted}")
    if problems:
        raise AnnotationError(problems)
    return article


def sound_part(raw: str) -> Article | None:
    """The article of a JSON object that ``from_record`` refuses, with those of its spans that break
    no rule; None where it has no text, or all its offsets count something else than characters."""
    try:
        record = parsed(raw)
    except ValueError:
        return None
    if not isinstance(record, Mapping):
        return None
    text = record.get("text")
    entities = _spans(record, "entities", EntitySpan, "", [])
    themes = _spans(record, "themes", ThemeSpan, "", [])
    spans: list[Span] = [*entities, *themes]
    places = [(span.start, span.end) for span in spans]
    if not isinstance(text, str) or text_faults(text) or look_like_utf16(text, places):
        return None
    apart: list[EntitySpan] = []
    for span in sorted(entities, key=lambda span: span.start):
        if _within(span, text) and (not apart or apart[-1].end <= span.start):
            apart.append(span)
    inside = tuple(span for span in themes if _within(span, text))
    return Article(str(record.get("id")), text, tuple(apart), inside)


def _within(span: Span, text: str) -> bool:
    return 0 <= span.start < span.end <= len(text)


def _spans(
    record: Mapping[str, Any], field: str, kind: type[S], where: str, problems: list[str]
) -> list[S]:
    """The sound spans of a field; what is wrong with the others goes to ``problems``."""
    rows = record.get(field)
    spans = []
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        faults = _span_faults(row)
        problems += [f"{where}{field}[{index}]{fault}" for fault in faults]
        if not faults:
            spans.append(kind(row["start"], row["end"], row["label"], row.get("score")))
    return spans


def _span_faults(row: object) -> list[str]:
    if not isinstance(row, Mapping):
        return [f" must be an object with start, end and label, found {_excerpt(row)}"]
    faults = [
        f": unknown field {name!r:.60}; did you mean {nearest(str(name), _SPAN_FIELDS)!r}?"
        for name in row
        if name not in _SPAN_FIELDS
    ]
    for name in ("start", "end"):
        if type(row.get(name)) is not int:
            faults.append(f": {name!r} must be a whole number, found {_excerpt(row.get(name))}")
    if not isinstance(row.get("label"), str) or not row["label"].strip():
        faults.append(f": 'label' must be a name, found {_excerpt(row.get('label'))}")
    score = row.get("score")
    if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
        faults.append(f": 'score' must be a number from 0 to 1, found {_excerpt(score)}")
    return faults


def _excerpt(value: object) -> str:
    return f"{value!r:.60}"

"""The project's own format, as the annotation guidelines give it: JSON Lines, UTF-8."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from asn_nlp.articles import AnnotationError, Article, EntitySpan, Span, ThemeSpan
from asn_nlp.files import written_whole
from asn_nlp.labels import ASN_LABELS, nearest

_FIELDS = ("id", "text", "entities", "themes", "meta")
_SPAN_FIELDS = ("start", "end", "label", "score")


class Line(NamedTuple):
    """What a line of a file holds: an article, or what is wrong with it."""

    number: int
    content: Article | AnnotationError


def read(path: Path) -> list[Article]:
    articles = []
    for line in scan(path):
        if isinstance(line.content, AnnotationError):
            raise line.content
        articles.append(line.content)
    return articles


def scan(path: Path) -> Iterator[Line]:
    """Every line with its article or its error, so that one bad record need not stop the rest.

    Raises:
        AnnotationError: the file holds no article at all.
    """
    first_seen: dict[str, int] = {}
    empty = True
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            empty = False
            where = f"{path}:{number}"
            try:
                article = _parse_line(raw, where)
                if article.id in first_seen:
                    raise AnnotationError(
                        [
                            f"{where}: article ids must be unique, but {article.id!r} stands on "
                            f"line {first_seen[article.id]} too; rename or remove one"
                        ]
                    )
                first_seen[article.id] = number
                yield Line(number, article)
            except AnnotationError as error:
                yield Line(number, error)
    if empty:
        raise AnnotationError([f"{path}: the file holds no article; one JSON object a line is due"])


def write(articles: Iterable[Article], path: Path) -> None:
    with written_whole(path) as file:
        for article in articles:
            file.write(json.dumps(to_record(article), ensure_ascii=False) + "\n")


def to_record(article: Article) -> dict[str, Any]:
    """The article as the format's JSON object; scores only where spans have them."""

    def span_record(span: Span) -> dict[str, Any]:
        record: dict[str, Any] = {"start": span.start, "end": span.end, "label": span.label}
        if span.score is not None:
            record["score"] = round(span.score, 4)
        return record

    return {
        "id": article.id,
        "text": article.text,
        "entities": [span_record(span) for span in article.entities],
        "themes": [span_record(span) for span in article.themes],
        "meta": dict(article.meta),
    }


def _parse_line(raw: bytes, where: str) -> Article:
    try:
        record = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise AnnotationError(
            [
                f"{where}: the file must be UTF-8, but byte {error.start} of the line is "
                f"0x{raw[error.start]:02x}; save it as UTF-8"
            ]
        ) from None
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - 20) : error.pos + 20]
        raise AnnotationError(
            [
                f"{where}: a line must be one JSON object, but column {error.colno} breaks it "
                f"({error.msg}) near {near!r}; repair the line"
            ]
        ) from None
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise AnnotationError(
            [
                f"{where}: a line must hold whole characters, but it has half a surrogate pair, "
                f"\\u{ord(error.object[error.start]):04x}; remove it"
            ]
        ) from None
    return from_record(record, where)


def from_record(record: object, where: str) -> Article:
    """The article of a JSON object; ``where`` (file and line) opens every message.

    Raises:
        AnnotationError: with every broken rule of the record.
    """
    if not isinstance(record, Mapping):
        raise AnnotationError(
            [f"{where}: a line must be one JSON object, found {type(record).__name__}"]
        )
    problems = [
        f"{where}: unknown field {name!r}; did you mean {nearest(str(name), _FIELDS)!r}? "
        "Anything of your own goes into 'meta'"
        for name in record
        if name not in _FIELDS
    ]
    for name, kind in (("id", str), ("text", str), ("entities", list), ("themes", list)):
        if name not in record:
            problems.append(f"{where}: the field {name!r} is missing; add it")
        elif not isinstance(record[name], kind):
            problems.append(
                f"{where}: {name!r} must be a {_JSON_NAMES[kind]}, "
                f"found {json.dumps(record[name], ensure_ascii=False)[:60]}"
            )
    if not isinstance(record.get("meta", {}), Mapping):
        problems.append(f"{where}: 'meta' must be an object, found {record['meta']!r:.60}")
    if problems:
        raise AnnotationError(problems)
    where = f"{where}: article {record['id']!r}"
    entities = [
        _parse_span(row, f"{where}: entities[{index}]", EntitySpan, ASN_LABELS.entities, problems)
        for index, row in enumerate(record["entities"])
    ]
    themes = [
        _parse_span(row, f"{where}: themes[{index}]", ThemeSpan, ASN_LABELS.themes, problems)
        for index, row in enumerate(record["themes"])
    ]
    if problems:
        raise AnnotationError(problems)
    try:
        return Article(
            record["id"],
            record["text"],
            tuple(span for span in entities if isinstance(span, EntitySpan)),
            tuple(span for span in themes if isinstance(span, ThemeSpan)),
            record.get("meta", {}),
        )
    except AnnotationError as error:
        place = where.removesuffix(f": article {record['id']!r}")
        raise AnnotationError([f"{place}: {problem}" for problem in error.problems]) from None


_JSON_NAMES = {str: "string", list: "list"}


def _parse_span(
    row: object, where: str, kind: type[Span], labels: tuple[str, ...], problems: list[str]
) -> Span | None:
    if not isinstance(row, Mapping):
        problems.append(f"{where} must be an object with start, end and label, found {row!r:.60}")
        return None
    found = len(problems)
    for name in row:
        if name not in _SPAN_FIELDS:
            problems.append(
                f"{where}: unknown field {name!r}; did you mean "
                f"{nearest(str(name), _SPAN_FIELDS)!r}?"
            )
    for name in ("start", "end"):
        if type(row.get(name)) is not int:
            problems.append(f"{where}: {name!r} must be a whole number, found {row.get(name)!r}")
    label = row.get("label")
    if label not in labels:
        problems.append(
            f"{where}: unknown label {label!r}; did you mean {nearest(str(label), labels)!r}?"
        )
    score = row.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
        problems.append(f"{where}: 'score' must be a number, found {score!r}")
    if len(problems) > found:
        return None
    return kind(row["start"], row["end"], row["label"], score)

"""The tasks of Label Studio's exports, full and min, and the article of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from asn_nlp.articles import Article, EntitySpan, Span, ThemeSpan
from asn_nlp.errors import AnnotationError
from asn_nlp.formats.offsets import Mark, Utf16, fitted
from asn_nlp.formats.records import gathered, text_faults
from asn_nlp.formats.relations import Relation, between
from asn_nlp.formats.rows import Row
from asn_nlp.labels import ASN_LABELS

ENTITIES, THEMES, TEXT = "entities", "themes", "text"
ID = "article_id"  # a task's own ``id`` is Label Studio's
_LABELS = ("labels", "hypertextlabels")
_OURS_IN_MIN = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}


def tasks(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of full tasks; those of a min export, one an annotation, are put together."""
    for key, group in groupby(rows, _min_id):
        if key is None:
            yield from group
            continue
        same = list(group)
        records = [row.fields for row in same if isinstance(row.fields, Mapping)]
        lost = [name for record in records for name in _without_regions(record)]
        if lost:
            problem = (
                f"task {key}: which regions its choices {lost[0]!r} are of is lost, as JSON-MIN "
                "does not keep it; export the project as JSON"
            )
            yield Row(same[0].line, None, records[0], problem)
            continue
        data = {name: value for name, value in records[0].items() if not _is_output(name, value)}
        annotations = [
            {
                "id": record.get("annotation_id"),
                "completed_by": record.get("annotator"),
                "created_at": record.get("created_at"),
                "result": list(_min_results(record)),
            }
            for record in records
            if record.get("annotation_id") is not None
        ]
        data.pop("id", None)
        task = {"id": records[0].get("id"), "data": data, "annotations": annotations}
        yield Row(same[0].line, None, task)


def _min_id(row: Row) -> object:
    record = row.fields
    if not isinstance(record, Mapping) or "data" in record or "annotation_id" not in record:
        return None
    return record.get("id", row.line)


def _is_output(name: str, value: object) -> bool:
    if (
        name in _OURS_IN_MIN
        or name == THEMES
        or (isinstance(value, Mapping) and "choices" in value)
    ):
        return True
    return isinstance(value, list) and any(
        isinstance(one, Mapping) and not {*_LABELS, "choices"}.isdisjoint(one) for one in value
    )


def _min_results(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, output in record.items():
        if name in _OURS_IN_MIN or not _is_output(name, output):
            continue
        for one in output if isinstance(output, list) else [output]:
            value = {"choices": [one]} if isinstance(one, str) else one
            if isinstance(value, Mapping):
                kind = next((kind for kind in (*_LABELS, "choices") if kind in value), "labels")
                yield {"from_name": name, "type": kind, "value": value}


def _without_regions(record: Mapping[str, Any]) -> list[str]:
    """The outputs that hold choices of several regions, but not of which."""
    return [
        name
        for name, output in record.items()
        if isinstance(output, list)
        and len(output) > 1
        and _is_output(name, output)
        and any(isinstance(value, str) for value in output)
    ]


def finished(task: object) -> list[Mapping[str, Any]]:
    """The annotations of a task that were not skipped."""
    if not isinstance(task, Mapping):
        return []
    made = task.get("annotations", task.get("completions"))
    return [
        one
        for one in (made if isinstance(made, list) else ())
        if isinstance(one, Mapping) and not (one.get("was_cancelled") or one.get("skipped"))
    ]


def who(annotation: Mapping[str, Any]) -> str:
    by = annotation.get("completed_by")
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("id")
    return str(by)


def article_of(row: Row, *, annotator: str | None) -> Article:
    task = row.fields
    if not isinstance(task, Mapping) or not isinstance(task.get("data"), Mapping):
        raise AnnotationError(
            [
                f"a task must be an object with its fields in 'data', found {task!r:.60}; export "
                "the project as JSON or JSON-MIN"
            ]
        )
    data = task["data"]
    where = f"task {task.get('id', row.line)}"
    id = data.get(ID) if data.get(ID) is not None else task.get("id", row.line)
    field = _text_field(data)
    if field is None:
        met = ", ".join(map(repr, data)) or "nothing"
        raise AnnotationError([f"{where}: 'data' must hold a text, but holds {met:.200}; add it"])
    text = data[field]
    problems = [f"{where}: {fault}" for fault in text_faults(text)]
    meta = {name: value for name, value in data.items() if name not in (ID, field)}
    try:
        spans = _spans(text, _results(task, annotator))
        entities = tuple(span for span in spans if isinstance(span, EntitySpan))
        themes = tuple(span for span in spans if isinstance(span, ThemeSpan))
        article = Article(str(id), text, entities, themes, gathered(meta))
    except AnnotationError as error:
        problems += [f"{where}: {problem}" for problem in error.problems]
    if problems:
        raise AnnotationError(problems)
    return article


def relations_of(row: Row, article: Article, *, annotator: str | None) -> Iterator[Relation]:
    """The relations of a task whose article has been read."""
    assert isinstance(row.fields, Mapping)
    results = _results(row.fields, annotator)
    known = {(span.start, span.end) for span in article.entities}
    units = Utf16(article.text)
    places: dict[str, tuple[int, int]] = {}
    for region in results:
        value = region.get("value")
        offsets = _place(value) if isinstance(value, Mapping) else {}
        start, end = offsets.get("start"), offsets.get("end")
        if type(start) is int and type(end) is int:
            place = start, end
            if place not in known:  # counted in UTF-16 units, or no entity
                place = units.character(place[0]) or 0, units.character(place[1]) or 0
            places[str(region.get("id"))] = place
    lines = (
        (str(one.get("from_id")), str(one.get("to_id")), str(one.get("labels") or ""))
        for one in results
        if one.get("type") == "relation"
    )
    return between(article, places, lines)


def _text_field(data: Mapping[str, Any]) -> str | None:
    if isinstance(data.get(TEXT), str):
        return TEXT
    texts = [name for name, value in data.items() if isinstance(value, str) and name != ID]
    return max(texts, key=lambda name: len(data[name]), default=None)


def _results(task: Mapping[str, Any], annotator: str | None) -> Sequence[Mapping[str, Any]]:
    """The marks to take of a task."""
    done = finished(task)
    made = task.get("predictions")
    predictions = (
        [one for one in made if isinstance(one, Mapping)] if isinstance(made, list) else []
    )
    if done:
        chosen = _chosen(done, annotator)
    elif task.get("annotations") or task.get("completions"):
        raise AnnotationError(["it was skipped, so it says nothing; annotate it or leave it out"])
    elif predictions:
        chosen = max(predictions, key=lambda one: str(one.get("created_at") or ""))
    elif "annotations" in task or "completions" in task:
        raise AnnotationError(["nobody has annotated it yet; annotate it or leave it out"])
    else:
        return []
    if not isinstance(chosen.get("result"), list):
        found = f"{chosen.get('result')!r:.60}"
        raise AnnotationError([f"'result' must be a list of marks, found {found}; mend it"])
    return _marks(chosen)


def _marks(annotation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    result = annotation.get("result")
    return [one for one in (result if isinstance(result, list) else ()) if isinstance(one, Mapping)]


def _chosen(done: Sequence[Mapping[str, Any]], annotator: str | None) -> Mapping[str, Any]:
    in_time = sorted(done, key=lambda one: str(one.get("created_at") or ""))
    if annotator == "first" or len(done) == 1:
        return in_time[0]
    if annotator == "last":
        return in_time[-1]
    names = [who(one) for one in in_time]
    if annotator is not None:
        if annotator not in names:
            raise AnnotationError(
                [
                    f"{annotator!r} is none of those who annotated it, {', '.join(names)}; name "
                    "one of them, or 'first' or 'last'"
                ]
            )
        return in_time[names.index(annotator)]
    if len({repr(sorted(map(_essence, _marks(one)))) for one in done}) > 1:
        raise AnnotationError(
            [
                f"{len(names)} people marked it, {', '.join(names)}, and not alike; say whose "
                "marks to take (--annotator NAME, first or last), and compare them with asn-nlp "
                "agreement"
            ]
        )
    return in_time[0]


def _essence(region: Mapping[str, Any]) -> str:
    value = region.get("value")
    value = value if isinstance(value, Mapping) else {}
    kind = str(region.get("type"))
    return repr((value.get("start"), value.get("end"), region.get("from_name"), value.get(kind)))


def _spans(text: str, results: Sequence[Mapping[str, Any]]) -> list[Span]:
    marks: list[Mark] = []
    made: list[Callable[[int, int], list[Span]]] = []
    spans: list[Span] = []
    problems = []
    for region in results:
        kind, value = region.get("type"), region.get("value")
        if kind not in (*_LABELS, "choices") or not isinstance(value, Mapping):
            continue
        names, surface = value.get(kind), value.get("text")
        place = _place(value)
        start, end = place.get("start"), place.get("end")
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            problems.append(f"the region {start}:{end} has no label; give it one or remove it")
        elif kind == "choices" and start is None:
            spans += _named(region, names)(0, len(text))
        elif type(start) is not int or type(end) is not int:
            problems.append(
                f"a region must start and end at whole numbers, found {start!r:.30} and "
                f"{end!r:.30}; annotate plain text"
            )
        else:
            marks.append(Mark(start, end, surface if isinstance(surface, str) else None))
            made.append(_named(region, names))
    if problems:
        raise AnnotationError(problems)
    for (start, end), spans_at in zip(fitted(text, marks), made, strict=True):
        spans += spans_at(start, end)
    return spans


def _named(region: Mapping[str, Any], names: Sequence[str]) -> Callable[[int, int], list[Span]]:
    kind, score = _kind(region, names[0]), region.get("score")
    score = score if _is_score(score) else None
    return lambda start, end: [kind(start, end, name, score) for name in names]


def _place(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the offsets of a region stand: apart where the text is HTML."""
    offsets = value.get("globalOffsets")
    return offsets if isinstance(offsets, Mapping) else value


def _kind(region: Mapping[str, Any], label: str) -> type[EntitySpan] | type[ThemeSpan]:
    name = region.get("from_name")
    if name == ENTITIES:
        return EntitySpan
    if name == THEMES or region.get("type") == "choices" or label in ASN_LABELS.theme_ids:
        return ThemeSpan
    return EntitySpan


def _is_score(score: object) -> bool:
    return isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1

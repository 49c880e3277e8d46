"""Label Studio: tasks to import, with annotations or predictions, and its exports, full and min.

Entities and themes are two sets of labels, ``entities`` and ``themes``, on the text ``text``, as
``labelling_config`` has them. A project of another shape is read too: in a set of another name a
theme of the guidelines is a theme and any other label an entity type, and choices are themes, of
their region or else of the whole text. Relations between entities are kept beside
the article, and all other controls are passed over.

A task's words are in ``text``, else in its longest field; other fields go into the meta. Offsets
count characters, or UTF-16 units, as before October 2021, where the words of the regions say so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from asn_nlp.articles import Article, EntitySpan, Span
from asn_nlp.files import written_whole
from asn_nlp.formats.json_values import first_record, json_rows
from asn_nlp.formats.label_studio_tasks import (
    ENTITIES,
    ID,
    TEXT,
    THEMES,
    article_of,
    finished,
    relations_of,
    tasks,
    who,
)
from asn_nlp.formats.problems import Problem
from asn_nlp.formats.protocol import Format, Placed
from asn_nlp.formats.records import articles_of, json_cannot_hold, to_json
from asn_nlp.formats.relations import Relate, Relation, no_relations
from asn_nlp.labels import ASN_LABELS, LabelSet

_COLOURS = ("#c2410c", "#1d4ed8", "#047857", "#7e22ce", "#be123c", "#0e7490", "#a16207", "#4d7c0f")


def labelling_config(labels: LabelSet = ASN_LABELS, relations: Iterable[str] = ()) -> str:
    """The labelling configuration of a project, to paste into its settings."""
    lines = ["<View>"]
    for name, known in ((ENTITIES, labels.entities), (THEMES, labels.themes)):
        if known:
            lines.append(f'  <Labels name="{name}" toName="{TEXT}" showInline="true">')
            lines += [
                f'    <Label value={quoteattr(label)} background="{colour}"/>'
                for label, colour in zip(known, _COLOURS * len(known), strict=False)
            ]
            lines.append("  </Labels>")
    if named := [f"    <Relation value={quoteattr(name)}/>" for name in relations]:
        lines += ["  <Relations>", *named, "  </Relations>"]
    lines += [f'  <Text name="{TEXT}" value="${TEXT}" granularity="symbol"/>', "</View>"]
    return "\n".join(lines) + "\n"


def with_options(
    *,
    annotator: str | None = None,
    model_version: str = "asn-nlp",
    asked: bool = False,
    relate: Relate = no_relations,
) -> Format:
    """The format, reading or writing otherwise than by default.

    Args:
        annotator: where several marked one task, whose marks to take: an id or e-mail address,
            ``first`` or ``last``. By default they must agree.
        model_version: what predictions are said to be from.
        relate: the relations to write of an article.
        asked: read the tasks of ``annotator`` alone.
    """
    return replace(
        FORMAT,
        scan=partial(scan, annotator=annotator, asked=asked),
        write=partial(write, model_version=model_version, relate=relate),
    )


def annotators(path: Path) -> list[str]:
    """Who annotated the tasks of an export, in the order of their first. Raises OSError."""
    met: dict[str, None] = {}
    with path.open("rb") as file:
        for row in tasks(json_rows(file)):
            if isinstance(row.fields, Mapping):
                met.update((who(one), None) for one in finished(row.fields))
    return list(met)


def scan(
    path: Path, *, annotator: str | None = None, asked: bool = False
) -> Iterator[Placed | Problem]:
    with path.open("rb") as file:
        rows = tasks(json_rows(file))
        if asked:
            rows = (
                row for row in rows if any(who(one) == annotator for one in finished(row.fields))
            )
        yield from articles_of(
            path,
            rows,
            partial(article_of, annotator=annotator),
            relations_of=partial(relations_of, annotator=annotator),
        )


def write(
    articles: Iterable[Article],
    path: Path,
    *,
    model_version: str = "asn-nlp",
    relate: Relate = no_relations,
) -> None:
    """Write tasks; what has scores as predictions, to be corrected, the rest as annotations."""
    _write_tasks((_task(one, model_version, relate(one)) for one in articles), path)


def write_review(
    pairs: Iterable[tuple[Article, Article]], path: Path, *, model_version: str = "asn-nlp"
) -> None:
    """Write a task for each article as it is annotated, to be corrected, with the same article as
    a model reads it for a prediction beside."""
    _write_tasks((_review(*pair, model_version) for pair in pairs), path)


def _write_tasks(tasks: Iterable[Mapping[str, Any]], path: Path) -> None:
    with written_whole(path) as file:
        divider = "["
        for task in tasks:
            file.write(f"{divider}\n{to_json(task)}")
            divider = ","
        file.write("\n]\n" if divider == "," else "[]\n")


def recognises(path: Path) -> bool:
    record = first_record(path)
    return isinstance(record.get("data"), Mapping) or "annotation_id" in record


def _task(article: Article, model_version: str, relations: Iterable[Relation]) -> dict[str, Any]:
    task = _data(article)
    if not article.spans:
        return task
    result = _result(article, relations)
    if all(span.score is None for span in article.spans):
        return task | {"annotations": [{"result": result}]}
    return task | {"predictions": [_prediction(article, result, model_version)]}


def _review(given: Article, read: Article, model_version: str) -> dict[str, Any]:
    prediction = _prediction(read, _result(read), model_version)
    return _data(given) | {
        "annotations": [{"result": _result(given)}],
        "predictions": [prediction] if read.spans else [],
    }


def _data(article: Article) -> dict[str, Any]:
    data = {ID: article.id, TEXT: article.text}
    return {"data": data | ({"meta": dict(article.meta)} if article.meta else {})}


def _prediction(
    article: Article, result: Sequence[Mapping[str, Any]], model_version: str
) -> dict[str, Any]:
    scores = [span.score for span in article.spans if span.score is not None]
    score = round(sum(scores) / len(scores), 4) if scores else None
    return {"model_version": model_version, "score": score, "result": result}


def _result(article: Article, relations: Iterable[Relation] = ()) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = []
    names: dict[Span, str] = {}
    for number, span in enumerate(article.spans):
        name = ENTITIES if isinstance(span, EntitySpan) else THEMES
        value = {"start": span.start, "end": span.end, "text": article.surface(span)}
        names[span] = f"{name}-{number}"
        region: dict[str, Any] = {
            "id": names[span],
            "from_name": name,
            "to_name": TEXT,
            "type": "labels",
            "value": value | {"labels": [span.label]},
        }
        if span.score is not None:
            region["score"] = round(span.score, 4)
        result.append(region)
    for source, target, name in relations:
        ends = {"from_id": names[source], "to_id": names[target]}
        result.append({"type": "relation", "direction": "right", "labels": [name], **ends})
    return result


FORMAT = Format(
    "label-studio", (".json",), scan, write, json_cannot_hold, recognises, relations=True
)

"""Gold and predicted records to scores: who is meant, which posts, which province."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import AnnotationError, EvaluationError
from asn_nlp.evaluation.scores import Score, Scores
from asn_nlp.linking import Record
from asn_nlp.provinces import find_province, province_of_code

PARTS = ("mentions", "titles", "provinces", "all right")


def score_records(
    gold: Mapping[str, Sequence[Record]],
    predicted: Mapping[str, Sequence[Record]],
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> Mapping[str, Score]:
    """Micro scores of records, by what of them is scored, with intervals over articles.

    Gold and predicted records of an article are paired one to one, those that share most mentions
    first. A mention or title is right where its pair holds the same characters; a province where
    its pair has one of the same Kemendagri code, whatever the basis. ``all right`` counts the
    records whose mentions, titles and province are all those of the pair; its recall is the share
    of the gold records that are right in everything.

    Args:
        gold: by article id; ``predicted`` likewise.

    Raises:
        EvaluationError: an article with gold records has no entry among the predicted.
    """
    if missing := sorted(gold.keys() - predicted.keys()):
        raise EvaluationError(
            f"every article with gold records needs predicted ones, but {len(missing)} have none, "
            f"the first {missing[0]!r}; read the same articles"
        )
    counts = np.zeros((3, len(PARTS), len(gold)), dtype=np.int64)
    for place, (id, records) in enumerate(gold.items()):
        for one, other in pair_records(records, predicted[id]):
            counts[:, :, place] += _count_pair(one, other)
    scores = Scores.from_counts(PARTS, counts)
    return scores.with_intervals(counts, seed=seed, resamples=resamples).labels


def pair_records(
    gold: Sequence[Record], predicted: Sequence[Record]
) -> list[tuple[Record | None, Record | None]]:
    """Pairs by most shared mentions; what is left stands beside None."""
    shared = sorted(
        (-len(_places(one.mentions) & _places(other.mentions)), i, k)
        for i, one in enumerate(gold)
        for k, other in enumerate(predicted)
    )
    pairs: dict[int, int] = {}
    for count, i, k in shared:
        if count and i not in pairs and k not in pairs.values():
            pairs[i] = k
    taken = set(pairs.values())
    return [
        *((one, predicted[pairs[i]] if i in pairs else None) for i, one in enumerate(gold)),
        *((None, other) for k, other in enumerate(predicted) if k not in taken),
    ]


def _count_pair(gold: Record | None, predicted: Record | None) -> NDArray[np.int64]:
    """Correct, predicted and gold (3, parts) of a pair."""
    wanted, given = _parts(gold), _parts(predicted)
    columns = [
        (len(these & those), len(those), len(these))
        for these, those in zip(wanted, given, strict=True)
    ]
    columns.append((int(wanted == given), int(predicted is not None), int(gold is not None)))
    return np.array(columns).T


def _parts(record: Record | None) -> tuple[set[Any], set[Any], set[Any]]:
    """What is counted: places of mentions, places of titles, the province's code."""
    if record is None:
        return set(), set(), set()
    province = {record.province.kemendagri} if record.province else set()
    return _places(record.mentions), _places(record.titles), province


def _places(spans: Iterable[EntitySpan]) -> set[tuple[int, int]]:
    return {(span.start, span.end) for span in spans}


def read_records(path: str | Path, articles: Iterable[Article]) -> dict[str, tuple[Record, ...]]:
    """Gold records by article id, from a file in the guidelines' form.

    Args:
        articles: those whose entities the records name by start and end.

    Raises:
        AnnotationError: a line breaks the form, or names an article or a span that there is not.
    """
    known = {article.id: article for article in articles}
    records: dict[str, tuple[Record, ...]] = {}
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}:{number}"
            try:
                row = json.loads(line)
                article = known[row["id"]]
                records[article.id] = tuple(_read_record(article, one) for one in row["records"])
            except (ValueError, LookupError, TypeError) as error:
                raise AnnotationError(
                    [
                        f"{where}: a line must hold an article's id and its records, their spans "
                        f"those of the article's entities, but {type(error).__name__}: {error}; "
                        "correct it"
                    ]
                ) from error
    return records


def _read_record(article: Article, row: Mapping[str, Any]) -> Record:
    spans = {(span.start, span.end): span for span in article.entities}
    mentions = tuple(spans[start, end] for start, end in row["mentions"])
    titles = tuple(spans[start, end] for start, end in row["titles"])
    name = max((article.surface(span) for span in mentions), key=len)
    place = row["province"]
    if place is None:
        return Record(name, mentions, titles)
    if "code" in place:
        return Record(name, mentions, titles, province_of_code(place["code"]), "registry")
    span = spans[tuple(place["span"])]
    province = find_province(article.surface(span))
    if province is None:
        raise ValueError(f"{article.surface(span)!r} is no province")
    return Record(name, mentions, titles, province, "stated", span)

"""Records as relations between entities, the form in which tools let people draw them.

``same`` goes from a mention to another of the same person, ``holds`` from a mention to a title,
``of`` from a mention to the province of the post. A province that only the registry knows has no
span, and so no relation.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.formats.relations import Relation
from asn_nlp.linking import OFFICIAL, PROVINCE, TITLE, Record

SAME, HOLDS, OF = "same", "holds", "of"


def relations_of(records: Iterable[Record]) -> Iterator[Relation]:
    """The relations that ``record_rows`` puts together again."""
    for record in records:
        first, *others = record.mentions
        yield from (Relation(first, mention, SAME) for mention in others)
        yield from (Relation(first, title, HOLDS) for title in record.titles)
        if record.province_span:
            yield Relation(first, record.province_span, OF)


def record_rows(article: Article, relations: Sequence[Relation]) -> list[dict[str, Any]]:
    """The records of an article in the guidelines' form: a row for each person.

    What a relation means is told by the types of its ends, whatever its name and direction: two
    officials are one person, an official holds a title, and a post's province may hang on the
    official or on a title of theirs. All else is passed over.
    """
    officials = [span for span in article.entities if span.label == OFFICIAL]
    person = {span: place for place, span in enumerate(officials)}
    pairs = [*relations, *(Relation(one.target, one.source, one.name) for one in relations)]
    for source, target, _ in pairs:
        if source in person and target in person:
            low, high = sorted((person[source], person[target]))
            person = {span: low if place == high else place for span, place in person.items()}
    titles: dict[int, list[EntitySpan]] = {}
    for source, target, _ in pairs:
        if source in person and target.label == TITLE:
            titles.setdefault(person[source], []).append(target)
    rows = []
    for place in dict.fromkeys(person.values()):
        mentions = [span for span in officials if person[span] == place]
        held = sorted(set(titles.get(place, ())), key=lambda span: span.start)
        provinces = [
            target
            for source, target, _ in pairs
            if target.label == PROVINCE and (source in mentions or source in held)
        ]
        province = min(provinces, key=lambda span: span.start, default=None)
        rows.append(
            {
                "mentions": [[span.start, span.end] for span in mentions],
                "titles": [[span.start, span.end] for span in held],
                "province": province
                and {"span": [province.start, province.end], "basis": "stated"},
            }
        )
    return rows

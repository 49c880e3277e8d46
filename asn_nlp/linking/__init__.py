"""Who holds which post where, derived from the spans of an article by rules.

A record stands for one person: ``names`` groups the mentions, ``titles`` gives each person the
titles beside a name or standing alone for one, ``places`` finds the province of the post. The same
function reads gold and predicted articles; nothing is stored.
"""

from asn_nlp.articles import Article
from asn_nlp.linking.names import group_mentions
from asn_nlp.linking.places import Places
from asn_nlp.linking.record import OFFICIAL, PROVINCE, TITLE, Basis, Record
from asn_nlp.linking.titles import assign_titles

__all__ = ["OFFICIAL", "PROVINCE", "TITLE", "Basis", "Record", "records"]


def records(article: Article) -> tuple[Record, ...]:
    """The people of an article with their posts, in order of first mention.

    Without OFFICIAL spans there are none; without TITLE or PROVINCE spans the records hold what
    there is. Spans of other types are passed over.
    """
    officials = [span for span in article.entities if span.label == OFFICIAL]
    groups = group_mentions(article, officials)
    persons = {span: person for person, group in enumerate(groups) for span in group}
    titles = assign_titles(article, persons)
    places = Places(article)
    found = []
    for person, mentions in enumerate(groups):
        held = tuple(titles.get(person, ()))
        place = places.of(held)
        rests_on = [*mentions, *held, *([place.span] if place.span else [])]
        scores = [span.score for span in rests_on if span.score is not None]
        found.append(
            Record(
                name=max((article.surface(span) for span in mentions), key=len),
                mentions=tuple(mentions),
                titles=held,
                province=place.province,
                basis=place.basis,
                province_span=place.span,
                score=min(scores) if len(scores) == len(rests_on) else None,
            )
        )
    return tuple(found)

"""What a record is."""

from dataclasses import dataclass
from typing import Literal

from asn_nlp.articles import EntitySpan
from asn_nlp.provinces import Province

OFFICIAL, TITLE, PROVINCE = "OFFICIAL", "TITLE", "PROVINCE"  # as the guidelines name them

Basis = Literal["stated", "registry"]


@dataclass(frozen=True, slots=True)
class Record:
    """One person in one article, and the posts the article gives the person.

    ``name`` is the fullest form in the text; ``mentions`` and ``titles`` stand in reading order.
    ``province`` is that of the post. Its ``basis`` is ``stated`` where the article names it, with
    the ``province_span`` that does, and ``registry`` where the article names but a regency or
    city. ``score`` is the least among the scores of the spans it rests on, None for gold.
    """

    name: str
    mentions: tuple[EntitySpan, ...]
    titles: tuple[EntitySpan, ...] = ()
    province: Province | None = None
    basis: Basis | None = None
    province_span: EntitySpan | None = None
    score: float | None = None

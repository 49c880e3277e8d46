"""In which province a person holds a post: stated by the article, or told by the registry."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.linking.posts import is_national, is_provincial, is_rank
from asn_nlp.linking.record import PROVINCE, Basis
from asn_nlp.linking.titles import province_behind
from asn_nlp.provinces import Province, Regency, find_province, find_regencies, province_of_code

_GOVERNED = re.compile(
    r"(?:pemkab|pemkot|kabupaten|kab\.?|kota|bupati|wali\s?kota|dprd|polres\w*|kapolres\w*|sekda"
    r"|pemda|pemerintah|bkd|bkpsdm\w*|bkpp|setda|kejari|diskominfo|dinas\s+\w+)\s*$",
    re.IGNORECASE,
)
_TO_REGENCY = re.compile(
    r"\s*(?:\([^()]{1,40}\)|\))?,?\s*(?:(?:pemerintah|pemkab|pemkot|kabupaten|kab\.?|kota|di)\s+){0,2}",
    re.IGNORECASE,
)
_THEN_PROVINCE = re.compile(r"\s*[,(]\s*(?:provinsi\s+|prov\.\s*)?", re.IGNORECASE)
# A commission of parliament where no regional council is spoken of.
_COMMISSION = re.compile(
    r"(?:(?:wakil\s+)?ketua|anggota|sekretaris)\s+komisi\b(?!.*DPRD)", re.IGNORECASE
)
_REACH = 60  # characters behind a title in which its phrase names a regency
_NEARNESS, _NEAR = 3, 200  # what a place counts beside its being named, and within how far
_JAKARTA = "31"  # the seat of the police Metro Jaya
# Provinces divided in 2022 and 2012: older news names the province that was.
_FORMER = {"93": "91", "94": "91", "95": "91", "96": "92", "65": "64"}
# A state university is a national body, though its name holds a place.
_ACADEMIC = re.compile(r"\b(?:rektor|dekan|guru\s+besar|universitas|institut)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """The province of a record, and what says so."""

    province: Province | None = None
    basis: Basis | None = None
    span: EntitySpan | None = None


class Places:
    """The places that an article names."""

    def __init__(self, article: Article) -> None:
        self.article = article

    @cached_property
    def provinces(self) -> list[tuple[EntitySpan, Province]]:
        named = [
            (span, find_province(self.article.surface(span)))
            for span in self.article.entities
            if span.label == PROVINCE
        ]
        return [(span, province) for span, province in named if province]

    @cached_property
    def regencies(self) -> list[tuple[int, Regency]]:
        """Where the text names a regency or city as one that is governed."""
        text = self.article.text
        return [
            (start, regency)
            for start, _, regency in find_regencies(text)
            if _GOVERNED.search(text[max(0, start - 24) : start])
        ]

    def of(self, titles: Sequence[EntitySpan]) -> Place:
        """The place of the post that ``titles`` name: in its phrase, else by the article."""
        posts = [title for title in titles if not is_rank(self.article.surface(title))]
        for title in titles:
            span = province_behind(self.article, title)
            if span and (province := find_province(self.article.surface(span))):
                return self._named(province, titles, span)
        surfaces = [self.article.surface(title) for title in posts]
        if any(_ACADEMIC.search(surface) for surface in surfaces):
            return Place()
        for title in posts:
            if province := self._by_regency(title):
                return self._named(province, titles)
        if not posts or any(map(is_national, surfaces)):
            return Place()
        if any(map(_COMMISSION.match, surfaces)) and "DPRD" not in self.article.text:
            return Place()
        return self._by_article(titles)

    def _by_regency(self, title: EntitySpan) -> Province | None:
        """The province of the regency or city that the title's phrase names."""
        surface = self.article.surface(title)
        if "metro jaya" in surface.casefold():
            return province_of_code(_JAKARTA)
        for _, _, regency in find_regencies(surface):
            return self._province_of(regency)
        behind = self.article.text[title.end : title.end + _REACH]
        lead = _TO_REGENCY.match(behind)
        for start, _, regency in find_regencies(behind):
            return self._province_of(regency) if lead and start == lead.end() else None
        return None

    def _by_article(self, titles: Sequence[EntitySpan]) -> Place:
        """The province that the article names most, and nearest to the titles."""
        places = [(span.start, province) for span, province in self.provinces]
        if not any(is_provincial(self.article.surface(title)) for title in titles):
            places += [(start, self._province_of(regency)) for start, regency in self.regencies]
        weights: defaultdict[Province, float] = defaultdict(float)
        for start, province in places:
            distance = min(abs(start - title.start) for title in titles)
            weights[province] += 1 + _NEARNESS / (1 + distance / _NEAR)
        if not weights:
            return Place()
        return self._named(max(weights, key=weights.__getitem__), titles)

    @cached_property
    def _given(self) -> dict[Regency, Province]:
        """The provinces that the article gives regencies: ``Indramayu, Jawa Barat``."""
        given: dict[Regency, Province] = {}
        for span, province in self.provinces:
            before = self.article.text[max(0, span.start - _REACH) : span.start]
            for _, end, regency in find_regencies(before):
                if _THEN_PROVINCE.fullmatch(before[end:]):
                    given.setdefault(regency, province)
        return given

    def _province_of(self, regency: Regency) -> Province:
        """The province that the article gives the regency, else its province by registry."""
        if given := self._given.get(regency):
            return given
        stated = {province for _, province in self.provinces}
        former = _FORMER.get(regency.province.kemendagri)
        if former and regency.province not in stated and province_of_code(former) in stated:
            return province_of_code(former)
        return regency.province

    def _named(
        self, province: Province, titles: Sequence[EntitySpan], span: EntitySpan | None = None
    ) -> Place:
        """``province`` as stated, by the span nearest to one of the titles, else by registry."""
        spans = [one for one, named in self.provinces if named == province]
        if span is None and spans:
            span = min(spans, key=lambda one: min(abs(one.start - title.end) for title in titles))
        return Place(province, "stated" if span else "registry", span)

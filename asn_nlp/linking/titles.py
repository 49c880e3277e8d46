"""Which titles the text gives to which person.

First those that stand beside a name, before it or behind; then those that stand alone and can mean
but one person of the article.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.linking import phrases
from asn_nlp.linking.posts import is_rank, may_be_rank, same_post
from asn_nlp.linking.record import OFFICIAL, PROVINCE, TITLE
from asn_nlp.provinces import find_province, find_regencies

_REACH = 80  # characters between a title and a name that still belong together
_LOOK_BACK = 60
_NEXT = 8  # spans behind a title among which its province would be
_DATE = re.compile(
    r"\b\d{1,2}\s*[/-]\s*\d{1,2}\s*[/-]\s*((?:19|20)\d\d)\b"
    r"|\b(?:januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november"
    r"|desember)\s+((?:19|20)\d\d)\b"
    r"|\b((?:19|20)\d\d)\s*(?:hingga|sampai|s/d|[-–])\s*(?:19|20)\d\d\b",
    re.IGNORECASE,
)

Holders = dict[EntitySpan, list[int]]


class _Tie(IntEnum):
    """How firmly a title stands beside a name."""

    NONE = 0
    COMMA = 1
    LOOSE = 2
    FIRM = 3


class _Text:
    """An article's spans in reading order, and what stands around them."""

    def __init__(self, article: Article, persons: Mapping[EntitySpan, int]) -> None:
        self.article = article
        self.persons = persons
        self.spans = [
            span for span in article.entities if span.label in (OFFICIAL, TITLE, PROVINCE)
        ]
        # The article is no older than its dates, and than the terms of office that it counts from.
        self.index = {span: index for index, span in enumerate(self.spans)}
        dates = _DATE.finditer(article.text)
        self.year = max((int(date[1] or date[2] or date[3]) for date in dates), default=0)

    def surface(self, span: EntitySpan) -> str:
        return self.article.surface(span)

    def before(self, span: EntitySpan) -> str:
        return self.article.text[max(0, span.start - _LOOK_BACK) : span.start]

    def between(self, one: EntitySpan, other: EntitySpan) -> str:
        return self.article.text[one.end : other.start]

    def passage_start(self, span: EntitySpan) -> int:
        return self.article.text.rfind("\n", 0, span.start) + 1

    def is_held(self, title: EntitySpan) -> bool:
        """Whether the words around a title leave it to be held at the time of the article."""
        if phrases.NOT_HELD.search(self.before(title)):
            return False
        years = phrases.YEARS.match(self.article.text, title.end)
        if years and int(years[1]) < self.year:
            return False
        index = self.index[title]
        last = self.spans[index - 1] if index else title
        in_brackets = last.label == TITLE and self.between(last, title).strip() == "("
        return not in_brackets or self.is_held(last)

    def in_headline(self, span: EntitySpan) -> bool:
        """Whether the line of ``span`` writes most words with capitals, verbs too."""
        end = self.article.text.find("\n", span.end)
        line = self.article.text[self.passage_start(span) : end if end > 0 else None].rstrip()
        words = line.split()
        capitals = sum(word[0].isupper() for word in words)
        return capitals > 0.6 * len(words) and len(words) < 25 and not line.endswith(".")


class _Reach(NamedTuple):
    """The name that a title reaches, if any."""

    tie: _Tie = _Tie.NONE
    mention: EntitySpan | None = None

    def persons(self, text: _Text) -> list[int]:
        return [text.persons[self.mention]] if self.mention else []


def assign_titles(
    article: Article, persons: Mapping[EntitySpan, int]
) -> dict[int, list[EntitySpan]]:
    """The titles of each person, in reading order.

    Args:
        persons: the number of the person that each OFFICIAL span means.
    """
    text = _Text(article, persons)
    titles = [span for span in text.spans if span.label == TITLE and text.is_held(span)]
    holders = _beside_names(text, titles)
    holders |= _standing_alone(text, [span for span in titles if span not in holders], holders)
    given: dict[int, list[EntitySpan]] = {}
    for span in titles:
        for person in holders.get(span, ()):
            given.setdefault(person, []).append(span)
    return given


def province_behind(article: Article, title: EntitySpan) -> EntitySpan | None:
    """The PROVINCE span that the title's own phrase goes on with."""
    first = bisect_left(article.entities, title.end, key=attrgetter("start"))
    for span in article.entities[first : first + _NEXT]:
        if span.label == PROVINCE:
            gap = article.text[title.end : span.start]
            return span if len(gap) <= _REACH and phrases.TO_PROVINCE.fullmatch(gap) else None
    return None


def _beside_names(text: _Text, titles: Sequence[EntitySpan]) -> Holders:
    holders: Holders = {title: [text.persons[name]] for title, name in _parallel_lists(text)}
    unsure: list[tuple[EntitySpan, _Reach, _Reach]] = []
    for title in titles:
        if title in holders:
            continue
        ahead, behind = _ahead(text, title), _behind(text, title)
        if ahead.tie == _Tie.FIRM:
            shared = phrases.SEVERAL.search(text.before(title))
            holders[title] = _all_listed(text, ahead.mention, 1) if shared else ahead.persons(text)
        elif phrases.FOR_ANOTHER.search(text.before(title)):
            continue
        elif behind.tie == _Tie.FIRM:
            shared = phrases.TOGETHER.search(text.before(title))
            holders[title] = (
                _all_listed(text, behind.mention, -1) if shared else behind.persons(text)
            )
        elif ahead.mention or behind.mention:
            unsure.append((title, ahead, behind))
    for title, ahead, behind in unsure:
        # "name, title; name, title" against "title, name; title, name"
        turned = ahead.tie < _Tie.LOOSE and _begins_its_item(text, behind.mention, holders)
        persons = (behind if turned else ahead).persons(text)
        if persons and not _is_anothers(text, title, persons[0], holders):
            holders[title] = persons
    return holders


def _ahead(text: _Text, title: EntitySpan) -> _Reach:
    """The name that a title stands before, past provinces and further titles."""
    at = title
    for span in text.spans[text.index[title] + 1 :]:
        gap = text.between(at, span)
        if len(gap) > _REACH or "\n" in gap.strip(" "):
            break
        if span.label == PROVINCE:
            reached = (phrases.TO_PROVINCE, phrases.TO_CONSTITUENCY, phrases.AGAIN)
            if not any(phrase.fullmatch(gap) for phrase in reached[: 2 + (at.label == PROVINCE)]):
                break
        elif span.label == TITLE:
            found = phrases.TO_TITLE.fullmatch(gap) or phrases.STANDING_FOR.fullmatch(gap)
            if not found or (found.groupdict().get("rank") and not may_be_rank(text.surface(span))):
                break
        elif gap.strip() == "." and may_be_rank(text.surface(at)):  # Kapt Inf. Rudi
            return _Reach(_Tie.FIRM, span)
        elif found := phrases.TO_NAME.fullmatch(gap):
            return _Reach(_Tie.COMMA if found["comma"] else _Tie.FIRM, span)
        elif not text.in_headline(span) and (found := phrases.LOOSELY_TO_NAME.fullmatch(gap)):
            return _Reach(_Tie.COMMA if found["comma"] else _Tie.LOOSE, span)
        else:
            break
        at = span
    return _Reach()


def _behind(text: _Text, title: EntitySpan) -> _Reach:
    """The name that a title stands behind, past further titles and who gave it to the person."""
    at, passed = title, False
    for span in reversed(text.spans[: text.index[title]]):
        gap = text.between(span, at)
        if len(gap) > _REACH or "\n" in gap:
            break
        if passed and at.label == TITLE and not text.is_held(at):
            gap = phrases.NOT_HELD.sub("", gap)
        if span.label == OFFICIAL:
            if gap == " " and not passed and not text.in_headline(span):
                return _Reach(_Tie.COMMA, span)
            found = phrases.FROM_NAME.fullmatch(gap)
            if not found or (found["said"] and phrases.EARLIER.search(text.before(span))):
                break
            if not (found["said"] and _is_agent(text, span)):
                return _Reach(_Tie.FIRM if found["said"] or found["bracket"] else _Tie.COMMA, span)
        elif span.label == PROVINCE:
            if not passed:
                break
        elif text.is_held(span) and not (
            phrases.TO_TITLE.fullmatch(gap)
            or ((found := phrases.FROM_NAME.fullmatch(gap)) and found["said"])
        ):
            break
        at, passed = span, True
    return _Reach()


def _is_agent(text: _Text, mention: EntitySpan) -> bool:
    """Whether ``oleh`` leads the name, its titles before it passed."""
    first = mention
    for span in reversed(text.spans[: text.index[mention]]):
        if phrases.AGENT.search(text.before(first)) or span.label == OFFICIAL:
            break
        first = span
    return phrases.AGENT.search(text.before(first)) is not None


def _all_listed(text: _Text, mention: EntitySpan | None, step: int) -> list[int]:
    """The persons of a list that begins (``step`` 1) or ends (-1) with ``mention``.

    Going back, a title at its head takes the list: ``Bupati A, B dan C sebagai …`` is C's alone.
    """
    if mention is None:
        return []
    place = text.index[mention]
    listed = [mention]
    for span in text.spans[place + step :: step]:
        first, second = (listed[-1], span) if step > 0 else (span, listed[-1])
        if not phrases.IN_A_LIST.fullmatch(text.between(first, second)):
            break
        if span.label != OFFICIAL:
            listed = listed if step > 0 else listed[:1]
            break
        listed.append(span)
    return list(dict.fromkeys(text.persons[one] for one in listed))


def _begins_its_item(text: _Text, mention: EntitySpan | None, holders: Holders) -> bool:
    """Whether no title leads the name, but for a rank or what another name has taken."""
    if mention is None:
        return False
    for span in reversed(text.spans[: text.index[mention]]):
        if span.label == PROVINCE:
            continue
        if span.label == OFFICIAL or may_be_rank(text.surface(span)):
            return True
        if text.persons[mention] not in holders.get(span, [text.persons[mention]]):
            return True
        return mention.start - span.end > _REACH or span.start < text.passage_start(mention)
    return True


def _is_anothers(text: _Text, title: EntitySpan, person: int, holders: Holders) -> bool:
    """Whether firmer ties give ``person`` another post, and someone else this one."""

    def same(one: EntitySpan) -> bool:
        return same_post(text.surface(title), text.surface(one))

    mine = [one for one, people in holders.items() if person in people]
    posts = [one for one in mine if not is_rank(text.surface(one))]
    if not posts or any(map(same, posts)):
        return False
    return any(same(one) for one, people in holders.items() if person not in people)


def _parallel_lists(text: _Text) -> Iterator[tuple[EntitySpan, EntitySpan]]:
    """Titles and names listed apart: ``Bupati dan Wakil Bupati Sigi A dan B``, and the reverse."""
    solid = [span for span in text.spans if span.label != PROVINCE]
    for start, span in enumerate(solid):
        first = [span]
        second: list[EntitySpan] = []
        for one in solid[start + 1 :]:
            gap = _without_provinces(text, (second or first)[-1], one)
            if not second and one.label == span.label:
                if not phrases.IN_A_LIST.fullmatch(gap):
                    break
                first.append(one)
            elif second and one.label == span.label:
                break
            elif second or (
                phrases.TO_NAME if span.label == TITLE else phrases.FROM_NAME
            ).fullmatch(gap):
                if second and not phrases.IN_A_LIST.fullmatch(gap):
                    break
                second.append(one)
            else:
                break
        titles, names = (first, second) if span.label == TITLE else (second, first)
        ranks = any(may_be_rank(text.surface(one)) for one in titles)
        if len(titles) == len(names) >= 2 and not ranks:
            yield from zip(titles, names, strict=True)


def _without_provinces(text: _Text, one: EntitySpan, other: EntitySpan) -> str:
    """What stands between two spans, the provinces there left out."""
    gap = text.between(one, other)
    for span in text.spans[text.index[one] + 1 : text.index[other]]:
        gap = gap.replace(text.surface(span), "")
    return gap


def _standing_alone(text: _Text, alone: Sequence[EntitySpan], holders: Holders) -> Holders:
    """Titles without a name beside them that mean a person of the article."""
    found: Holders = {}
    for span in alone:
        fitting = {
            person
            for title, people in holders.items()
            if same_post(text.surface(span), text.surface(title)) and _same_place(text, span, title)
            for person in people
        }
        if len(fitting) > 1 and not phrases.SEVERAL.search(text.before(span)):
            since = text.passage_start(span)
            near = [
                text.persons[one]
                for one in text.spans
                if one.label == OFFICIAL and since <= one.start < span.start
            ]
            fitting = {next((one for one in reversed(near) if one in fitting), -1)} - {-1}
        elif not fitting:
            fitting = _pointed_at(text, span, holders)
        if fitting:
            found[span] = list(fitting)
    return found


def _pointed_at(text: _Text, span: EntitySpan, holders: Holders) -> set[int]:
    """The person last spoken of, where the words around a title point back."""
    claimed = phrases.CLAIMED.search(text.before(span))
    that = phrases.THAT.match(text.article.text, span.end)
    this = that or phrases.THIS.match(text.article.text, span.end)
    if not (claimed or (this and phrases.SUBJECT.search(text.before(span)))):
        return set()
    since = text.passage_start(span) if claimed else 0
    before = [
        one for one in text.spans if one.label == OFFICIAL and since <= one.start < span.start
    ]
    if not before:
        return set()
    person = text.persons[before[-1]]
    if that and any(
        person in people and not is_rank(text.surface(one)) for one, people in holders.items()
    ):
        return set()
    return {person}


def _same_place(text: _Text, one: EntitySpan, other: EntitySpan) -> bool:
    """Whether two titles name no different regencies and no different provinces."""
    places = [
        {regency.kemendagri for _, _, regency in find_regencies(text.surface(title))}
        for title in (one, other)
    ]
    if all(places) and not places[0] & places[1]:
        return False
    named = [province_behind(text.article, title) for title in (one, other)]
    provinces = [find_province(text.surface(span)) for span in named if span]
    return len(provinces) < 2 or provinces[0] == provinces[1]

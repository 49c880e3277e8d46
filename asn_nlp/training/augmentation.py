"""Training articles varied, so that a model also reads what annotated news shows too seldom."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from asn_nlp.articles import Article, ThemeSpan
from asn_nlp.passages import marked_passages, overlaps, split_passages

_TO_SPACES = str.maketrans("\r\n", "  ")
_LONGEST_HEADLINE = 200  # characters; a longer first passage is no headline


def vary_headlines(articles: Sequence[Article], *, share: float, seed: int) -> list[Article]:
    """A share of the articles with the headline in capitals or, as often, in lower case.

    Outlets print headlines in both ways, and a cased encoder knows few words written so. Spans stay
    where they are; a first passage too long for a headline, or longer in the other case, is kept.
    """
    varied = []
    for article, draw in zip(
        articles, np.random.default_rng(seed).random(len(articles)), strict=True
    ):
        case = str.upper if draw < share / 2 else str.lower
        varied.append(_with_headline(article, case) if draw < share else article)
    return varied


def vary_line_breaks(articles: Sequence[Article], *, share: float, seed: int) -> list[Article]:
    """A share of the articles with line breaks taken out, half of those with all of them.

    Outlets, and those who copy from them, lose line breaks, so that a passage says many things. A
    space stands for each, so that offsets stay; a longer passage has the themes of those it joins.
    """
    random = np.random.default_rng([seed, len(articles)])
    return [
        _joined(article, random, chance=2 * random.random()) if random.random() < share else article
        for article in articles
    ]


def _joined(article: Article, random: np.random.Generator, *, chance: float) -> Article:
    text = article.text
    before = split_passages(text)
    for one, following in pairwise(before):
        if random.random() < chance:
            gap = text[one.end : following.start].translate(_TO_SPACES)
            text = text[: one.end] + gap + text[following.start :]
    after = split_passages(text)
    themes = {
        (after[overlap.place].start, after[overlap.place].end, span.label)
        for span in article.themes
        for passage in marked_passages(span.start, span.end, before)
        for overlap in overlaps(before[passage].start, before[passage].end, after)
    }
    return replace(article, text=text, themes=tuple(ThemeSpan(*theme) for theme in sorted(themes)))


def _with_headline(article: Article, case: Callable[[str], str]) -> Article:
    for headline in split_passages(article.text)[:1]:
        printed = article.text[headline.start : headline.end]
        changed = case(printed)
        if len(changed) == len(printed) <= _LONGEST_HEADLINE:
            text = article.text[: headline.start] + changed + article.text[headline.end :]
            return replace(article, text=text)
    return article

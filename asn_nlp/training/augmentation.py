"""Training articles varied, so that a model also reads what annotated news shows too seldom."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from asn_nlp.articles import Article
from asn_nlp.passages import split_passages

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


def _with_headline(article: Article, case: Callable[[str], str]) -> Article:
    for headline in split_passages(article.text)[:1]:
        printed = article.text[headline.start : headline.end]
        changed = case(printed)
        if len(changed) == len(printed) <= _LONGEST_HEADLINE:
            text = article.text[: headline.start] + changed + article.text[headline.end :]
            return replace(article, text=text)
    return article

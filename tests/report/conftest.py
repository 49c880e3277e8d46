"""A prediction that misses a little, for every way of showing it."""

from dataclasses import replace

import pytest

from asn_nlp.articles import Article


@pytest.fixture
def predicted(tiny_articles: list[Article]) -> list[Article]:
    """The tiny articles with scores; the last one lacks everything, the first its last mention."""
    scored = [
        replace(
            article,
            entities=tuple(replace(span, score=0.9) for span in article.entities),
            themes=tuple(replace(span, score=0.8) for span in article.themes),
        )
        for article in tiny_articles
    ]
    first, *middle, last = scored
    return [
        replace(first, entities=first.entities[:-1]),
        *middle,
        replace(last, entities=(), themes=()),
    ]

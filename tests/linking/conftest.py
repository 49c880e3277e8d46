"""Articles as people mark them up, and their records in a form that a test can show whole."""

from collections.abc import Callable

import pytest

from asn_nlp.articles import Article
from asn_nlp.formats import inline
from asn_nlp.linking import records

Told = list[tuple[list[str], list[str], str | None]]


@pytest.fixture
def marked() -> Callable[[str], Article]:
    return lambda text: inline.parse(f"kind: berita\n\n{text}", "a", "test")


@pytest.fixture
def told(marked) -> Callable[[str], Told]:
    """Mentions, titles and ``province basis`` of each record of a marked-up text."""

    def of(text: str) -> Told:
        article = marked(text)
        return [
            (
                [article.surface(span) for span in record.mentions],
                [article.surface(span) for span in record.titles],
                record.province and f"{record.province.name} {record.basis}",
            )
            for record in records(article)
        ]

    return of

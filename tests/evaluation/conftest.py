"""One article, and whatever spans a test marks on it by what they say."""

from collections.abc import Callable

import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan

TEXT = "Sekda Bali Made Suwirya hadir.\nApel pagi dimulai pukul tujuh.\n***\nWarga antre."

Mark = Callable[..., EntitySpan]
Theme = Callable[..., ThemeSpan]


@pytest.fixture
def mark() -> Mark:
    """``mark(surface, label, score=None)``: the entity that says so."""

    def entity(surface: str, label: str, score: float | None = None) -> EntitySpan:
        start = TEXT.index(surface)
        return EntitySpan(start, start + len(surface), label, score)

    return entity


@pytest.fixture
def theme() -> Theme:
    """``theme(beginning, label, score=None)``: the theme of the passage that begins so."""

    def whole_passage(beginning: str, label: str, score: float | None = None) -> ThemeSpan:
        start = TEXT.index(beginning)
        end = TEXT.find("\n", start)
        return ThemeSpan(start, len(TEXT) if end < 0 else end, label, score)

    return whole_passage


@pytest.fixture
def gold(mark: Mark, theme: Theme) -> Article:
    entities = (mark("Sekda", "TITLE"), mark("Bali", "PROVINCE"), mark("Made Suwirya", "OFFICIAL"))
    return Article("a", TEXT, entities, (theme("Apel", "DISIPLIN"),))

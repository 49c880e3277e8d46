"""Scores by what meta says."""

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.evaluation import Case
from asn_nlp.evaluation.slices import slice_values, slices
from asn_nlp.labels import LabelSet

LABELS = LabelSet(("OFFICIAL",), ())
RINI = (EntitySpan(0, 4, "OFFICIAL"),)


def cases(*metas: dict, right: int = 100) -> list[Case]:
    """The first ``right`` are read as they should be, the others not at all."""
    return [
        Case(Article(f"{i}", "Rini", RINI, meta=meta), Article(f"{i}", "Rini", RINI * (i < right)))
        for i, meta in enumerate(metas)
    ]


def test_each_value_has_the_scores_of_its_articles() -> None:
    metas = [{"outlet": "A"}] * 6 + [{"outlet": "B"}] * 2 + [{"outlet": "C"}]
    first, second = slices(cases(*metas, right=6), LABELS, seed=0, resamples=50)["outlet"]
    assert (first.value, first.articles, first.entities.f1) == ("A", 6, 1.0)
    assert first.entities.interval
    assert (second.value, second.articles, second.entities.f1) == ("B", 2, 0.0)
    assert second.entities.interval is None  # two articles
    assert first.themes is None


def test_a_field_that_does_not_divide_is_left_out() -> None:
    metas = [{"url": f"u{i}", "country": "ID", "nested": {"a": i % 2}} for i in range(4)]
    assert slices(cases(*metas), LABELS, seed=0, resamples=50) == {}


def test_values_are_words_numbers_and_lists_of_them() -> None:
    meta = {"year": 2024, "tags": ["a", "b", "a", None], "none": None, "blank": " ", "deep": {}}
    assert list(slice_values(Article("a", "x", meta=meta))) == [
        ("year", "2024"),
        ("tags", "a"),
        ("tags", "b"),
    ]

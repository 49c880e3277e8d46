import pytest

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.errors import AnnotationError

TEXT = "Bupati Sigi Irma Lande hadir."


def refusal(*spans: EntitySpan | ThemeSpan) -> str:
    entities = tuple(span for span in spans if isinstance(span, EntitySpan))
    themes = tuple(span for span in spans if isinstance(span, ThemeSpan))
    with pytest.raises(AnnotationError) as caught:
        Article("sigi", TEXT, entities, themes)
    return str(caught.value)


def test_spans_are_kept_in_reading_order():
    name, title = EntitySpan(12, 22, "OFFICIAL"), EntitySpan(0, 11, "TITLE")
    late, early = ThemeSpan(0, 29, "KINERJA"), ThemeSpan(0, 29, "KARIER")
    article = Article("sigi", TEXT, (name, title), (late, early))
    assert article.entities == (title, name)
    assert article.themes == (early, late)


def test_offsets_count_code_points():
    text = "😀 Sigi"
    assert Article("sigi", text, (EntitySpan(2, 6, "PROVINCE"),)).quote(
        EntitySpan(2, 6, "PROVINCE")
    ) == ("'Sigi' [2, 6)")


def test_surface_is_what_was_marked():
    article = Article("sigi", TEXT, (EntitySpan(0, 11, "TITLE"),), (ThemeSpan(0, 29, "KINERJA"),))
    assert [article.surface(span) for span in article.spans] == ["Bupati Sigi", TEXT]


def test_long_surfaces_are_quoted_in_short():
    quoted = Article("sigi", "a" * 10_000).quote(EntitySpan(0, 9_999, "TITLE"))
    assert quoted == f"'{'a' * 79}…' [0, 9999)"


def test_entities_under_a_long_one_are_each_refused():
    spans = [EntitySpan(0, 22, "TITLE"), EntitySpan(1, 3, "TITLE"), EntitySpan(12, 16, "TITLE")]
    assert len(refusal(*spans).splitlines()) == 2


def test_touching_entities_do_not_overlap():
    spans = EntitySpan(0, 6, "TITLE"), EntitySpan(6, 11, "PROVINCE")
    assert Article("sigi", TEXT, spans).entities == spans


def test_overlap_is_refused_with_both_surfaces():
    assert refusal(EntitySpan(0, 11, "TITLE"), EntitySpan(7, 22, "OFFICIAL")) == (
        "article 'sigi': entities must not overlap, but TITLE 'Bupati Sigi' [0, 11) and "
        "OFFICIAL 'Sigi Irma Lande' [7, 22) do; keep one"
    )


@pytest.mark.parametrize("kind", [EntitySpan, ThemeSpan])
@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (4, 4, "X span [4, 4) is empty; a span holds at least one character, remove it"),
        (9, 4, "X span [9, 4) is reversed; start must be below end, swap them"),
        (20, 30, "X span [20, 30) is out of bounds: the text has 29 characters"),
        (-1, 4, "X span [-1, 4) is out of bounds: the text has 29 characters"),
    ],
)
def test_impossible_span_is_refused(kind, start, end, words):
    message = refusal(kind(start, end, "X"))
    assert message.startswith(f"article 'sigi': {words}")


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(AnnotationError, match=r"'sigi': its text must hold whole characters, but"):
        Article("sigi", "Bupati \ud800")
    with pytest.raises(AnnotationError, match=r"its id .* character 1 is .* '\\udfff'; remove"):
        Article("s\udfff", TEXT)


def test_every_problem_is_reported():
    with pytest.raises(AnnotationError) as caught:
        Article("sigi", TEXT, (EntitySpan(3, 3, "TITLE"), EntitySpan(5, 99, "TITLE")))
    assert len(caught.value.problems) == 2


def test_an_article_is_plain_values_and_shows_itself():
    article = Article("a", "Sigi <b>", (EntitySpan(0, 4, "PROVINCE", 0.98765),), meta={"n": 1})
    assert article.to_dict() == {
        "id": "a",
        "text": "Sigi <b>",
        "entities": [{"start": 0, "end": 4, "label": "PROVINCE", "score": 0.9877}],
        "themes": [],
        "meta": {"n": 1},
    }
    shown = article._repr_html_()
    assert "PROVINCE 0.99</small>" in shown
    assert "&lt;b&gt;" in shown

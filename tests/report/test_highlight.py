import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.evaluation import Case
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.report import highlight
from asn_nlp.report.highlight import highlight_both, tints

NASTY = "Bupati <script>alert('x')</script> & \"Rini\" {{ 7 * 7 }}"


class Shown(HTMLParser):
    """The article's own text in a page, without the names of labels; and every tag's class."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.marks: list[tuple[str, str]] = []  # class and what it holds
        self._labels = 0
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("small", "span"):
            self._labels += 1
        kind = " ".join((dict(attributes).get("class") or "").split())
        if kind:
            self.marks.append((kind, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("small", "span"):
            self._labels -= 1

    def handle_data(self, data: str) -> None:
        if not self._labels:
            self.text += data
        kind, held = self.marks[-1]
        self.marks[-1] = kind, held + data

    def classes(self, name: str) -> list[str]:
        return [kind for kind, _ in self.marks if kind.startswith(name)]


@st.composite
def articles(draw: st.DrawFn) -> Article:
    text = draw(st.text(st.sampled_from("ab <>&\"'\n\u200b😀"), min_size=1, max_size=40))
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    entities = [
        EntitySpan(start, end, draw(st.sampled_from(ASN_LABELS.entities)))
        for start, end in pairwise(edges)
        if draw(st.booleans())
    ]
    themes = [ThemeSpan(start, end, "KARIER") for start, end in pairwise(edges)]
    return Article("a", text, tuple(entities), tuple(themes))


@given(articles(), st.booleans())
def test_highlight_shows_the_text_and_nothing_else(article: Article, compared: bool) -> None:
    bare = replace(article, entities=(), themes=())
    shown = Shown(highlight(article, against=bare if compared else None))
    assert shown.text == article.text
    assert len(shown.classes("asn-entity")) == len(article.entities)
    assert len(shown.classes("asn-theme")) >= len(article.themes)


def test_highlight_marks_entities_and_themes(tiny_articles: list[Article]) -> None:
    html = highlight(tiny_articles[0])
    assert type(html) is str
    shown = Shown(html)
    badge = shown.marks.index(("asn-theme", "DISIPLIN"))
    assert shown.marks[badge + 1] == ("asn-entity", "Kepala Dinas SosialTITLE ")


def test_highlight_escapes_text_and_labels() -> None:
    spans = (EntitySpan(0, 6, "<b>", 0.5),), (ThemeSpan(0, len(NASTY), '"><i>'),)
    html = highlight(Article("a", NASTY, *spans))
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert ">&lt;b&gt; 0.50</small>" in html


def test_highlight_against_tells_what_differs() -> None:
    text = "Sekda Bali Made Suwirya\nApel pagi"
    gold = Article(
        "a",
        text,
        (
            EntitySpan(0, 5, "TITLE"),
            EntitySpan(6, 10, "PROVINCE"),
            EntitySpan(11, 23, "OFFICIAL"),
        ),
        (ThemeSpan(0, 23, "KARIER"), ThemeSpan(24, 33, "DISIPLIN")),
    )
    predicted = replace(
        gold,
        entities=(EntitySpan(0, 5, "TITLE"), EntitySpan(11, 15, "OFFICIAL")),
        themes=(ThemeSpan(0, 23, "KARIER"), ThemeSpan(24, 33, "KINERJA")),
    )
    shown = Shown(highlight(gold, against=predicted))
    assert shown.classes("asn-entity") == ["asn-entity", "asn-entity alone", "asn-entity inexact"]
    assert shown.classes("asn-theme") == ["asn-theme", "asn-theme alone"]
    shown = Shown(highlight(predicted, against=gold))
    assert shown.classes("asn-entity") == ["asn-entity", "asn-entity inexact"]


def test_a_theme_on_part_of_a_passage_is_not_lost() -> None:
    shown = Shown(highlight(Article("a", "Apel pagi dimulai", (), (ThemeSpan(5, 9, "DISIPLIN"),))))
    assert ("asn-theme part", "DISIPLIN (part)pagi dimulai") in shown.marks


def test_highlight_gives_the_html_that_notebooks_have_kept() -> None:
    article = Article(
        "a",
        "Bupati 'Rini'\n",
        (EntitySpan(0, 6, "TITLE", 0.987),),
        (ThemeSpan(0, 13, "KARIER"), ThemeSpan(2, 4, "KINERJA")),
    )
    badge = (
        "display:inline-block;line-height:1.5;margin-right:6px;padding:0 7px;"
        "border:1px solid #9aa7b4;border-radius:9px;background:#f4f6f8;color:#44515e;"
        "font-size:.68em;font-weight:600;letter-spacing:.03em;user-select:none"
    )
    assert (
        highlight(article, labels=ASN_LABELS)
        == highlight(article)
        == (
            '<div class="asn-article" style="white-space:pre-wrap;overflow-wrap:anywhere;'
            'line-height:1.75">'
            f'<span class="asn-theme " style="{badge}">KARIER</span>'
            '<mark class="asn-entity " style="background:#fae6bd;color:#1d2733;'
            'border-radius:3px;padding:1px 4px;box-decoration-break:clone">Bu'
            f'<span class="asn-theme part" style="{badge}">KINERJA (part)</span>'
            "pati"
            '<small style="margin-left:4px;font-size:.62em;font-weight:600;letter-spacing:.04em;'
            'opacity:.6;user-select:none">TITLE 0.99</small></mark> &#x27;Rini&#x27;\n</div>'
        )
    )


@given(articles(), st.randoms())
def test_both_sides_are_those_of_highlight(article: Article, random) -> None:
    other = replace(
        article,
        entities=tuple(span for span in article.entities if random.random() < 0.5),
        themes=tuple(span for span in article.themes if random.random() < 0.5),
    )
    assert highlight_both(Case(article, other), labels=ASN_LABELS) == (
        highlight(article, against=other, labels=ASN_LABELS),
        highlight(other, against=article, labels=ASN_LABELS),
    )


def test_types_of_the_guidelines_keep_their_colours_in_any_company() -> None:
    alone = tints(ASN_LABELS.entities)
    assert list(alone.values()) == ["#cfe3f7", "#fae6bd", "#d2ecd4"]
    mixed = tints(("AGENCY", "PROVINCE", "TITLE"))
    assert (mixed["PROVINCE"], mixed["TITLE"]) == (alone["PROVINCE"], alone["TITLE"])
    assert len(set(mixed.values())) == 3


def test_the_palette_goes_round() -> None:
    many = tints(f"T{number}" for number in range(25))
    assert len(many) == 25
    assert many["T0"] == many["T10"] == many["T20"]
    assert len(set(many.values())) == 10


def test_a_colour_stays_from_article_to_article_by_the_labels_of_the_run() -> None:
    labels = LabelSet(("PORT", "SHIP"), ())
    article = Article("a", "KM Rinjani", (EntitySpan(0, 10, "SHIP"),))
    tint = tints(labels.entities)["SHIP"]
    assert f"background:{tint}" in highlight(article, labels=labels)
    assert f"background:{tint}" not in highlight(article)
    assert ">SHIP</small>" in highlight(article, labels=ASN_LABELS)  # met, though unknown


def test_highlight_needs_no_extra() -> None:
    code = """
import sys
for name in ("jinja2", "markupsafe", "matplotlib", "scipy", "sklearn", "huggingface_hub", "torch"):
    sys.modules[name] = None
from asn_nlp.articles import Article
from asn_nlp.report import highlight, print_report, print_side_by_side
print(highlight(Article("a", "Apel pagi"))[-15:])
from asn_nlp.errors import MissingExtra
for name in ("write_report", "write_model_card"):
    try:
        getattr(sys.modules["asn_nlp.report"], name)
    except MissingExtra as error:
        print(error)
"""
    lines = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert lines == [
        "Apel pagi</div>",
        'a figure needs matplotlib, which is not installed; pip install "asn-nlp[train]"',
        "the card of a run needs huggingface_hub, which is not installed; pip install "
        '"asn-nlp[train]"',
    ]


def test_the_room_names_what_it_has() -> None:
    from asn_nlp import report

    assert all(callable(getattr(report, name)) for name in report.__all__)
    with pytest.raises(AttributeError, match="no attribute 'write_page'"):
        report.write_page  # noqa: B018

import json
import re
import runpy
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asn_nlp import report as report_room
from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.evaluation import compare, evaluate
from asn_nlp.formats import read_articles, write_articles
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import write_known_mentions
from asn_nlp.predictor import Predictor
from asn_nlp.report import highlight, print_report, print_side_by_side, write_report

ROOT = Path(__file__).parent.parent
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
    assert 'title="TITLE"' in html


def test_highlight_escapes_text_and_labels() -> None:
    spans = (EntitySpan(0, 6, "<b>", 0.5),), (ThemeSpan(0, len(NASTY), '"><i>'),)
    html = highlight(Article("a", NASTY, *spans))
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert 'title="&lt;b&gt; 0.50"' in html


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


def written(
    gold: list[Article], predicted: list[Article], folder: Path, **provenance: str
) -> tuple[str, dict]:
    page = write_report(evaluate(gold, predicted), gold, predicted, folder, provenance=provenance)
    return page.read_text("utf-8"), json.loads((folder / "report.json").read_text("utf-8"))


def test_the_page_is_whole_and_safe(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    gold = [*tiny_articles, Article("<u>id</u>", NASTY)]
    predicted = [*predicted, Article("<u>id</u>", NASTY, (EntitySpan(0, 6, "TITLE", 0.5),))]
    html, record = written(gold, predicted, tmp_path / "new", run="runs/<x>", data="d.jsonl")
    assert "<script" not in html
    assert "<u>" not in html
    assert "{{ 7 * 7 }}" in html
    assert not re.search(r'(src|href)="(?!#|data:)', html)  # nothing is fetched
    assert "url(" not in re.sub(r"url\(#\w+\)", "", html)
    assert "runs/&lt;x&gt;" in html
    assert "4 articles" in html
    assert "seed 0" in html
    assert html.count("<svg") == 3  # confusion, curves of entities and of themes
    assert record["provenance"] == {"run": "runs/<x>", "data": "d.jsonl"}
    assert record["comparison"] is None
    assert record["entities"]["micro"]["f1"] == evaluate(gold, predicted).entities.micro.f1
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "report.html",
        "report.json",
    ]


def test_the_page_ranks_articles_by_errors(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    html, _ = written(tiny_articles, predicted[::-1], tmp_path)
    assert re.findall(r'<span class="id">(\w+)</span>', html) == ["aplikasi", "apel", "mutasi"]
    counts = [re.findall(r'<span class="count \w+">([^<]+)', one) for one in html.split("<details")]
    assert counts[1:] == [["2 missed", "1 theme missed"], ["1 missed"], ["no error"]]


def test_the_page_says_how_many_articles_it_leaves_out(
    tiny_articles: list[Article],
    predicted: list[Article],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report_room, "_ARTICLES_SHOWN", 2)
    html, _ = written(tiny_articles, predicted, tmp_path)
    assert html.count("<details") == 2
    assert "The 2 of 3 articles with the most errors" in html


def test_the_same_report_gives_the_same_bytes(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    once = written(tiny_articles, predicted, tmp_path / "a", run="r")
    assert written(tiny_articles, predicted, tmp_path / "b", run="r") == once


def test_without_scores_there_are_no_curves(tiny_articles: list[Article], tmp_path: Path) -> None:
    html, record = written(tiny_articles, tiny_articles, tmp_path)
    assert html.count("The predictions carry no scores, so there are no curves.") == 2
    assert html.count("<svg") == 1
    assert record["entity_curves"] == {}


def test_a_comparison_is_shown_and_kept(
    tiny_articles: list[Article],
    predicted: list[Article],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = evaluate(tiny_articles, tiny_articles)
    comparison = compare(tiny_articles, tiny_articles, predicted)
    page = write_report(
        report,
        tiny_articles,
        tiny_articles,
        tmp_path,
        provenance={"against": "runs/other"},
        comparison=comparison,
    )
    difference = f"{comparison.entities.value:+.3f}"
    assert difference in page.read_text("utf-8")
    assert "Against runs/other" in page.read_text("utf-8")
    kept = json.loads((tmp_path / "report.json").read_text("utf-8"))["comparison"]
    assert kept["entities"]["value"] == comparison.entities.value
    print_report(report, comparison=comparison)
    assert difference in capsys.readouterr().out


def test_print_report_fits_a_terminal(
    tiny_articles: list[Article],
    predicted: list[Article],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    report = evaluate(tiny_articles, predicted, known_mentions=frozenset({"Bali"}))
    print_report(report)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    micro = report.entities.micro
    (row, _) = [line.split() for line in lines if line.startswith("  micro")]
    interval = f"{micro.interval.low:.3f}–{micro.interval.high:.3f}"
    assert row == ["micro", "1.000", "0.625", "0.769", interval, "8", "0.769"]
    assert any(line.split()[:3] == ["seen", "in", "training"] for line in lines)
    (absent,) = [line.split() for line in lines if "NETRALITAS" in line]
    assert absent == ["NETRALITAS", "–", "–", "–", "–", "0"]


def test_one_article_prints_no_interval(
    tiny_articles: list[Article], capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(evaluate(tiny_articles[:1], tiny_articles[:1]))
    assert "one article gives no intervals" in capsys.readouterr().out


def test_reports_stand_side_by_side(
    tiny_articles: list[Article],
    predicted: list[Article],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    known = frozenset({"Bali"})
    some = evaluate(tiny_articles, predicted, known_mentions=known)
    one = evaluate(tiny_articles[:1], tiny_articles[:1])
    print_side_by_side({"some": some, "one": one}, title="two models")
    title, *lines = capsys.readouterr().out.splitlines()
    assert title.strip() == "two models"
    rows = {
        name.strip(): [cell.strip() for cell in cells]
        for _, name, *cells, _ in (re.split("[│┃]", line) for line in lines if line[0] in "│┃")
    }
    assert rows["F1"] == ["some", "one"]
    interval = some.entities.micro.interval
    assert rows["entities, micro"] == [f"0.769  {interval.low:.3f}–{interval.high:.3f}", "1.000"]
    assert rows["seen in training"] == [f"{some.seen.f1:.3f}", ""]
    assert rows["NETRALITAS"] == ["", ""]
    assert {*some.entities.labels, *some.themes.labels} < rows.keys()


class Parrot:
    """Predicts nothing, or what it was told."""

    def __init__(self, known: dict[str, Article]) -> None:
        self._known = known

    def predict(self, articles: Iterable[Article]) -> Iterator[Article]:
        for article in articles:
            yield self._known.get(article.id, replace(article, entities=(), themes=()))


def test_the_script_writes_beside_the_run(
    tiny_articles: list[Article],
    predicted: list[Article],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, other, data = tmp_path / "run", tmp_path / "other", tmp_path / "tes.jsonl"
    for folder in (run, other):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
    write_known_mentions(run, frozenset({"Bali", "Tirta"}))
    write_articles(tiny_articles, data)
    parrots = {run: Parrot({one.id: one for one in predicted}), other: Parrot({})}
    monkeypatch.setattr(Predictor, "from_pretrained", lambda folder: parrots[folder])
    monkeypatch.setattr(sys, "argv", ["evaluate.py", str(run), str(data), "--against", str(other)])
    runpy.run_path(str(ROOT / "scripts" / "evaluate.py"), run_name="__main__")
    folder = run / "evaluation-tes"
    assert read_articles(folder / "predictions.jsonl") == predicted
    record = json.loads((folder / "report.json").read_text("utf-8"))
    assert record["seen"]["support"] == 2
    assert record["provenance"]["known mentions"] == "2"
    assert record["comparison"]["entities"]["value"] == record["entities"]["micro"]["f1"]
    assert f"page: {folder / 'report.html'}" in capsys.readouterr().out.replace("\n", "")


def test_the_script_names_a_bad_run_in_one_line(
    tiny_articles: list[Article], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_articles(tiny_articles, tmp_path / "tes.jsonl")
    monkeypatch.setattr(
        sys, "argv", ["evaluate.py", str(tmp_path / "no"), str(tmp_path / "tes.jsonl")]
    )
    with pytest.raises(SystemExit, match=r"error: .*no is no folder; name a run folder"):
        runpy.run_path(str(ROOT / "scripts" / "evaluate.py"), run_name="__main__")

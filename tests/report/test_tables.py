import re

import pytest

from asn_nlp.articles import Article
from asn_nlp.evaluation import Report, compare, evaluate
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.report import print_report, print_side_by_side


def judge(gold: list[Article], predicted: list[Article], **options) -> Report:
    return evaluate(gold, predicted, **({"labels": ASN_LABELS} | options))


def cells_of(lines: list[str]) -> dict[str, list[str]]:
    """The cells of a table by the name before them; the rule below the headings has the columns."""
    places = [found.span() for found in re.finditer("-+", lines[1])]
    rows = [[line[start:end].strip() for start, end in places] for line in lines if line]
    return {name: cells for name, *cells in rows}


def test_print_report_fits_a_terminal(
    tiny_articles: list[Article],
    predicted: list[Article],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    report = judge(tiny_articles, predicted, known_mentions=frozenset({"Bali"}))
    print_report(report)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    micro = report.entities.micro
    (row, _) = [line.split() for line in lines if line.startswith("micro")]
    interval = f"{micro.interval.low:.3f}–{micro.interval.high:.3f}"
    assert row == ["micro", "1.000", "0.625", "0.769", interval, "8", "0.769"]
    assert any(line.split()[:3] == ["seen", "in", "training"] for line in lines)
    (absent,) = [line.split() for line in lines if line.startswith("NETRALITAS")]
    assert absent == ["NETRALITAS", "–", "–", "–", "–", "0"]


def test_one_article_prints_no_interval(
    tiny_articles: list[Article], capsys: pytest.CaptureFixture[str]
) -> None:
    print_report(judge(tiny_articles[:1], tiny_articles[:1]))
    assert "one article gives no intervals" in capsys.readouterr().out


def test_reports_stand_side_by_side(
    tiny_articles: list[Article],
    predicted: list[Article],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    known = frozenset({"Bali"})
    some = judge(tiny_articles, predicted, known_mentions=known)
    one = judge(tiny_articles[:1], tiny_articles[:1])
    print_side_by_side({"some": some, "one": one}, title="two models")
    title, *lines = capsys.readouterr().out.splitlines()
    assert title == "two models"
    rows = cells_of(lines)
    assert rows["F1"] == ["some", "one"]
    interval = some.entities.micro.interval
    assert rows["entities, micro"] == [f"0.769  {interval.low:.3f}–{interval.high:.3f}", "1.000"]
    assert rows["mentions seen in training"] == [f"{some.seen.f1:.3f}", ""]
    assert rows["NETRALITAS"] == ["", ""]
    assert {*some.entities.labels, *some.themes.labels} < rows.keys()


def test_what_is_not_read_has_no_table(
    tiny_articles: list[Article],
    predicted: list[Article],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    entities = judge(tiny_articles, predicted, labels=LabelSet((*ASN_LABELS.entities, "[/b]"), ()))
    print_report(entities, comparison=compare(entities, entities))
    printed = capsys.readouterr().out
    assert "Entities" in printed
    assert "\n[/b] " in printed
    assert "Themes of passages" not in printed
    assert "gold never marks [/b]; predictions of such count as spurious" in printed
    assert "the run reads no themes; what gold marks of them is not scored: DIGI" in printed
    themes = judge(tiny_articles, predicted, labels=LabelSet((), ASN_LABELS.themes))
    print_report(themes, comparison=compare(entities, themes))
    printed = capsys.readouterr().out
    assert "Entities" not in printed
    assert "Themes of passages" in printed
    print_side_by_side({"one": entities, "other": themes}, title="two kinds")
    rows = cells_of(capsys.readouterr().out.splitlines()[1:])
    assert rows["entities, micro"][1] == rows["themes, micro"][0] == ""
    assert rows["entities, micro"][0].startswith("0.769")
    assert rows["themes, micro"][1].startswith(f"{themes.themes.micro.f1:.3f}")


def test_a_name_that_is_entity_type_and_theme_has_a_row_for_each(
    tiny_articles: list[Article], capsys: pytest.CaptureFixture[str]
) -> None:
    bare = [Article(article.id, article.text) for article in tiny_articles]
    report = judge(bare, bare, labels=LabelSet(("X",), ("X",)))
    print_side_by_side({"one": report}, title="both")
    assert sum(line.split() == ["X"] for line in capsys.readouterr().out.splitlines()) == 2

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.evaluation import Report, compare, evaluate
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.report import page as page_module
from asn_nlp.report import print_report, write_report

NASTY = "Bupati <script>alert('x')</script> & \"Rini\" {{ 7 * 7 }}"


def judge(gold: list[Article], predicted: list[Article], **options) -> Report:
    return evaluate(gold, predicted, **({"labels": ASN_LABELS} | options))


def written(
    gold: list[Article], predicted: list[Article], folder: Path, **provenance: str
) -> tuple[str, dict]:
    page = write_report(judge(gold, predicted), folder, provenance=provenance)
    return page.read_text("utf-8"), json.loads((folder / "report.json").read_text("utf-8"))


def test_the_page_is_whole_and_safe(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    gold = [*tiny_articles, Article("<u>id</u>", NASTY)]
    predicted = [*predicted, Article("<u>id</u>", NASTY, (EntitySpan(0, 6, "TITLE", 0.5),))]
    html, record = written(gold, predicted, tmp_path / "new", run="runs/<x>", data="d.jsonl")
    assert "<script>alert" not in html
    assert "<u>" not in html
    assert "{{ 7 * 7 }}" in html
    assert not re.search(r'(src|href)="(?!#|data:)', html)  # nothing is fetched
    assert "url(" not in re.sub(r"url\(#\w+\)", "", html)
    assert "runs/&lt;x&gt;" in html
    assert "4 articles" in html
    assert "seed 0" in html
    # Confusions, curves of three types and of three themes, scores of entities and of themes.
    assert html.count("<svg") == 2 + 3 + 3 + 2
    assert record["provenance"] == {"run": "runs/<x>", "data": "d.jsonl"}
    assert record["comparison"] is None
    assert record["entities"]["micro"]["f1"] == judge(gold, predicted).entities.micro.f1
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "report.html",
        "report.json",
    ]


def test_the_page_ranks_articles_by_errors(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    html, _ = written(tiny_articles, predicted[::-1], tmp_path)
    articles = html.split('<section id="articles">')[1]
    assert re.findall(r'<span class="id">(\w+)</span>', articles) == ["aplikasi", "apel", "mutasi"]
    counts = [
        re.findall(r'<span class="count [\w ]+">([^<]+)', one)
        for one in html.split('<details class="article"')[1:]
    ]
    assert counts == [["2 missed", "1 theme missed"], ["1 repeated"], ["no error"]]


def test_the_page_says_how_many_articles_it_leaves_out(
    tiny_articles: list[Article],
    predicted: list[Article],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_module, "_ARTICLES_SHOWN", 2)
    html, _ = written(tiny_articles, predicted, tmp_path)
    assert html.count('<details class="article"') == 2
    assert "#article-2" not in html
    assert "The 2 of 3 articles with the most errors" in html


def test_the_same_report_gives_the_same_bytes(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    once = written(tiny_articles, predicted, tmp_path / "a", run="r")
    assert written(tiny_articles, predicted, tmp_path / "b", run="r") == once


def test_without_scores_there_are_no_curves(tiny_articles: list[Article], tmp_path: Path) -> None:
    html, record = written(tiny_articles, tiny_articles, tmp_path)
    assert html.count("The predictions carry no scores, so there are no curves.") == 2
    assert html.count("<svg") == 2
    assert record["entity_curves"] == {}


def test_a_comparison_is_shown_and_kept(
    tiny_articles: list[Article],
    predicted: list[Article],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = judge(tiny_articles, tiny_articles)
    comparison = compare(report, judge(tiny_articles, predicted))
    page = write_report(
        report,
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


@pytest.mark.parametrize(
    ("labels", "shown", "absent", "gap"),
    [
        (
            LabelSet(ASN_LABELS.entities, ()),
            "entities",
            "themes",
            "The run reads no themes; what gold marks of them is not scored: DIGITALISASI, ",
        ),
        (
            LabelSet((), (*ASN_LABELS.themes, "KAPAL$_$")),
            "themes",
            "entities",
            "The run reads no entities; what gold marks of them is not scored: OFFICIAL, ",
        ),
    ],
)
def test_what_is_not_read_has_no_section(
    labels: LabelSet,
    shown: str,
    absent: str,
    gap: str,
    tiny_articles: list[Article],
    predicted: list[Article],
    tmp_path: Path,
) -> None:
    report = judge(tiny_articles, predicted, labels=labels)
    page = write_report(report, tmp_path, provenance={}, comparison=compare(report, report))
    html = page.read_text("utf-8")
    assert f'<section id="{shown}">' in html
    assert f'href="#{shown}"' in html
    assert f'id="{absent}"' not in html
    assert f'"#{absent}"' not in html
    assert gap in html
    assert f'<th scope="row">{shown}</th>' in html
    assert f'<th scope="row">{absent}</th>' not in html
    assert ('class="asn-theme' in html) == (shown == "themes")
    assert ('class="asn-entity' in html) == (shown == "entities")


def test_the_page_names_labels_that_gold_never_marks(
    tiny_articles: list[Article], tmp_path: Path
) -> None:
    labels = LabelSet((*ASN_LABELS.entities, "A<B>$x$"), ASN_LABELS.themes)
    report = judge(tiny_articles, tiny_articles, labels=labels)
    html = write_report(report, tmp_path, provenance={}).read_text("utf-8")
    assert "Gold never marks A&lt;B&gt;$x$, BUDAYA_KERJA, " in html
    assert "<B>" not in html
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["unmarked"][0] == "A<B>$x$"


def test_only_its_own_script_may_run(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    html, _ = written(tiny_articles, predicted, tmp_path)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html
    assert '<form id="find" role="search" hidden>' in html  # of no use without it


def test_errors_stand_together_by_kind_and_words_and_lead_to_their_articles(tmp_path: Path) -> None:
    text = 'Bupati Sigi <b>Rini</b> hadir. Menurut "Rini" & Sekda, itu biasa.'
    start = text.index("Rini")
    repeated = EntitySpan(
        text.index("Rini", start + 1), text.index("Rini", start + 1) + 4, "OFFICIAL"
    )
    gold = [
        Article(
            name,
            text,
            (EntitySpan(0, 11, "TITLE"), EntitySpan(start, start + 4, "OFFICIAL"), repeated),
            meta={"outlet": "Kabar <i>Satu</i>"},
        )
        for name in ("a", "b")
    ]
    read = (EntitySpan(0, 6, "TITLE", 0.4), EntitySpan(start, start + 4, "OFFICIAL", 0.9))
    html, record = written(gold, [replace(one, entities=read) for one in gold], tmp_path)
    assert record["mistakes"] == {"edge": 2, "repeated": 2}
    (edge, repeats) = html.split('<details class="kind"')[1:]
    assert 'data-kind="edge"' in edge
    for part in ("Bupati Sigi</td>", "Bupati</td>", ">0.40</td>", 'class="times">2</td>'):
        assert part in edge
    assert "<mark>Rini</mark>&#34; &amp; Sekda" in repeats
    assert '<a href="#article-0">a</a>' in repeats
    assert 'id="article-0"' in html
    assert "<i>" not in html.replace("<i style", "")
    assert "OFFICIAL 0.90</small>" in html


def test_slices_of_meta_have_their_scores(
    tiny_articles: list[Article], predicted: list[Article], tmp_path: Path
) -> None:
    def outlets(articles: list[Article]) -> list[Article]:
        many = [replace(one, id=f"{one.id}{n}") for n in range(6) for one in articles]
        return [replace(one, meta={"outlet": f"<{i % 2}>"}) for i, one in enumerate(many)]

    html, record = written(outlets(tiny_articles), outlets(predicted), tmp_path)
    assert [one["articles"] for one in record["slices"]["outlet"]] == [9, 9]
    assert all(one["entities"]["interval"] for one in record["slices"]["outlet"])
    assert '<section id="slices">' in html
    assert '<th scope="row">&lt;0&gt;</th><td>9</td>' in html
    assert "<option>outlet: &lt;0&gt;</option>" in html
    assert 'data-slices="[&#34;outlet: &lt;0&gt;&#34;]"' in html

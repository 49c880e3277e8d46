"""What scores are worth, on the page, in the terminal, as a figure and on the card."""

from dataclasses import replace
from pathlib import Path

import pytest

from asn_nlp.articles import Article
from asn_nlp.config import TrainConfig
from asn_nlp.evaluation import Bin, Reliability, Report, RiskCoverage, Trust, evaluate
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.calibration import Calibrated, Calibration, Calibrator
from asn_nlp.reading.operating_points import Table
from asn_nlp.report import print_report, write_report
from asn_nlp.report.card import Part, write_model_card
from asn_nlp.report.figures import trust_figure

GOOD = Reliability(0.02, None, 0.01, (Bin(0.5, 0.52, 10), Bin(0.9, 0.88, 10)))
CURVE = RiskCoverage((0.5, 1.0), (0.1, 0.3), 0.1)


def judged(gold: list[Article], predicted: list[Article], *, calibrated: bool) -> Report:
    """Where calibrated, the raw scores are those that others are measured by: .9 and .8."""
    surer = [
        replace(
            one,
            entities=tuple(replace(span, score=0.99) for span in one.entities),
            themes=tuple(replace(span, score=0.97) for span in one.themes),
        )
        for one in predicted
    ]
    if not calibrated:
        return evaluate(gold, predicted, labels=ASN_LABELS)
    return evaluate(gold, surer, labels=ASN_LABELS, raw=predicted)


@pytest.mark.parametrize("calibrated", [True, False])
def test_errors_stand_in_a_table_and_a_run_without_calibration_is_told(
    tiny_articles, predicted, tmp_path, capsys, calibrated
):
    report = judged(tiny_articles, predicted, calibrated=calibrated)
    html = write_report(report, tmp_path, provenance={}).read_text("utf-8")
    print_report(report)
    told = " ".join(capsys.readouterr().out.split())
    assert '<section id="scores">' in html
    assert 'href="#scores"' in html
    # All that is predicted is right, at scores of .9 and .8, or of .99 and .97.
    figures = {"raw scores": (0.1, 0.2), "scores": (0.01, 0.03)}
    if not calibrated:
        figures = {"scores": (0.1, 0.2)}
    for name, errors in figures.items():
        for kind, error in zip(("entities", "themes"), errors, strict=True):
            assert f"{kind} {name} {error:.3f}" in told
            row = f'<th scope="row">{name} of {kind}</th><td class="f1">{error:.3f}</td>'
            assert row in html
    without = "no calibration"
    assert (without in html) == (without in told) == (not calibrated)
    assert ("asn-nlp calibrate" in told) == (not calibrated)


def test_predictions_without_scores_have_no_such_section(tiny_articles, tmp_path, capsys):
    report = evaluate(tiny_articles, tiny_articles, labels=ASN_LABELS)
    assert (
        "scores"
        not in write_report(report, tmp_path, provenance={})
        .read_text("utf-8")
        .split("<main>")[0]
        .partition("<nav>")[2]
    )
    print_report(report)
    assert "calibration" not in capsys.readouterr().out


@pytest.mark.parametrize("raw", [None, replace(GOOD, bins=(Bin(0.99, 0.7, 20),))])
def test_the_figure_shows_raw_scores_where_there_are_such(raw):
    svg = trust_figure(Trust(20, GOOD, raw, CURVE), CURVE)
    assert svg.startswith("<svg")
    assert (">raw scores</text>" in svg) == (raw is not None)
    for text in ("share right", "risk: share wrong", "scores"):
        assert f">{text}</text>" in svg


def test_the_card_says_what_a_score_means(tiny_articles, predicted, tmp_path: Path):
    report = evaluate(tiny_articles, predicted, labels=ASN_LABELS)
    table = Table(40, (0.0,), (1_050,), (1_000,), (0.9,))
    side = Calibrated(Calibrator(1, 1, 1, (0.0,) * 3), 1_050, 1_000, 0.2, 0.04, {}, table)
    write_model_card(
        tmp_path,
        TrainConfig(output="runs/kapal"),
        {"dev": Part("uji.jsonl", tiny_articles)},
        report,
        fingerprint="0123abcd",
        calibration=Calibration(side, None),
    )
    card = " ".join((tmp_path / "README.md").read_text("utf-8").split())
    assert (
        "- Entities: the probability that a span is right, calibrated on the 1,050 that were read "
        "in dev. Expected calibration error there: 0.200 of the model's own scores, 0.040 of"
        in card
    )
    assert "- Themes: the model's own word, which is no probability of being right" in card
    assert "`asn-nlp calibrate runs/kapal FILE`" in card

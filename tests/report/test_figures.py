import re

import pytest

from asn_nlp.evaluation import Confusion, Curve
from asn_nlp.report.figures import confusion_figure, curve_figure


def confusion(*names: str) -> Confusion:
    size = len(names) + 1
    counts = tuple(tuple(10 * row + column for column in range(size)) for row in range(size))
    return Confusion((*names, "none"), counts)


def test_the_confusion_shows_every_count_but_the_last() -> None:
    svg = confusion_figure(confusion("SHIP", "PORT"))
    assert svg.startswith("<svg")
    for count in ("2", "10", "11", "12", "20", "21"):
        assert f">{count}</text>" in svg
    assert ">22</text>" not in svg
    assert ">missed</text>" in svg
    assert ">spurious</text>" in svg


def test_long_names_are_turned() -> None:
    assert "rotate(-40" not in confusion_figure(confusion("SHIP", "PORT"))
    assert "rotate(-40" in confusion_figure(confusion("SHIP", "HARBOUR_MASTER"))


@pytest.mark.parametrize(
    ("precision", "recall", "lowest"),
    [((1.0, 0.97), (0.82, 0.96), 0.8), ((1.0, 0.2), (0.1, 0.5), 0.0)],
)
def test_the_axes_of_a_curve_begin_where_it_does(precision, recall, lowest) -> None:
    svg = curve_figure(Curve((0.9, 0.5), precision, recall))
    ticks = [float(tick) for tick in re.findall(r">([\d.]+)</text>", svg)]
    assert (min(ticks), max(ticks)) == (lowest, 1.0)


def test_a_curve_tells_what_keeping_a_score_gives() -> None:
    svg = curve_figure(Curve((0.96, 0.7, 0.3), (1.0, 0.9, 0.8), (0.2, 0.6, 0.7)))
    assert [f">≥ {score}</text>" in svg for score in (0.95, 0.8, 0.5)] == [True, True, True]

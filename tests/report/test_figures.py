import pytest

from asn_nlp.evaluation import Confusion, Curve
from asn_nlp.report.figures import confusion_figure, curves_figure


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


@pytest.mark.parametrize("number", [1, 5])
def test_each_label_has_a_panel(number: int) -> None:
    curve = Curve((0.9, 0.5), (1.0, 0.5), (0.25, 0.5))
    svg = curves_figure({f"$T{n}$": curve for n in range(number)}, columns=3)
    assert [f">$T{n}$</text>" in svg for n in range(number)] == [True] * number


def test_no_curve_is_no_figure() -> None:
    assert curves_figure({}, columns=3) == ""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from asn_nlp.errors import RunError
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import (
    Calibrated,
    Calibration,
    Calibrator,
    equal_mass_bins,
    expected_error,
    weakest_decision,
)
from asn_nlp.reading.operating_points import Table

LABELS = LabelSet(("NAME", "POST"), ("LAUT",))
TABLE = Table(50, (0.9, 0.5, 0.0), (30, 40, 60), (30, 38, 45), (0.9, 0.85, 0.65))
SIDE = Calibrated(Calibrator(1.5, 0.5, 2.0, (0.1, -0.2)), 60, 45, 0.2, 0.04, {"NAME": TABLE}, TABLE)
CALIBRATION = Calibration(SIDE, replace(SIDE, calibrator=Calibrator(1, 1, 0, (0.0,)), tables={}))

shares = st.floats(0, 1)
slopes = st.floats(0, 5)


def logs(*rows: list[float]) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.array(rows, dtype=np.float32))


def test_an_entity_is_as_sure_as_its_weakest_decision():
    # Columns: O, B-NAME, I-NAME, B-POST, I-POST.
    sure = [0.0, 0.0, 0.9, 0.1, 0.0]
    begin, inside, behind = [0.1, 0.8, 0.1, 0, 0], sure, [0.4, 0, 0.6, 0, 0]
    assert weakest_decision(logs(begin, inside), 0, 2, 1) == pytest.approx(0.8)
    assert weakest_decision(logs(begin, [0.3, 0, 0.7, 0, 0]), 0, 2, 1) == pytest.approx(0.7)
    # That it ends before the last token is the weakest: it goes on with probability 0.6.
    assert weakest_decision(logs(begin, inside, behind), 0, 2, 1) == pytest.approx(0.4)
    assert weakest_decision(logs(begin, inside, behind), 0, 1, 1) == pytest.approx(0.1)


@given(shares, shares, slopes, slopes, st.floats(-9, 9))
def test_a_surer_span_never_scores_less(one, other, right, wrong, offset):
    calibrator = Calibrator(1.0, right, wrong, (offset,))
    low, high = calibrator(np.array(sorted((one, other))), np.array([0, 0]))
    assert 0 <= low <= high <= 1


@given(arrays(np.float64, 5, elements=st.floats(1e-6, 1 - 1e-6)))
def test_slopes_of_one_leave_scores_as_they_are(p):
    identity = Calibrator.identity(2.0, 3)
    assert identity(p, np.array([0, 1, 2, 0, 1])) == pytest.approx(p)


def test_offsets_are_those_of_the_label():
    low, high = Calibrator(1.0, 1.0, 1.0, (-1.0, 1.0))(np.array([0.5, 0.5]), np.array([0, 1]))
    assert (low, high) == pytest.approx((1 / (1 + math.e), math.e / (1 + math.e)))


@given(arrays(np.float64, st.integers(1, 80), elements=shares), st.integers(1, 15))
def test_equal_scores_share_a_bin_and_bins_follow_scores(scores, bins):
    found = equal_mass_bins(scores, bins)
    assert len(set(found.tolist())) <= bins
    order = np.argsort(scores, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert all(len(set(found[scores == one].tolist())) == 1 for one in scores)


def test_bins_of_distinct_scores_hold_as_many_each():
    assert np.bincount(equal_mass_bins(np.linspace(0, 1, 100), 10)).tolist() == [10] * 10


def test_the_error_is_the_gap_between_score_and_share_right():
    scores, right = np.array([0.9] * 10 + [0.5] * 10), np.array([True] * 8 + [False] * 12)
    # Of ten at .9 eight are right, of ten at .5 none.
    assert expected_error(scores, right, bins=10) == pytest.approx((0.1 + 0.5) / 2)
    assert expected_error(right.astype(float), right, bins=10) == 0


def test_a_calibration_comes_back_from_json():
    written = json.loads(json.dumps(CALIBRATION.to_dict(LABELS)))
    assert Calibration.from_dict(written, LABELS) == CALIBRATION
    bare = Calibration(None, CALIBRATION.themes)
    assert Calibration.from_dict(bare.to_dict(LABELS), LABELS) == bare


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.pop("themes"), "must be an object of entities and themes"),
        (lambda c: c.update(entities=[]), "entities must be what calibration wrote"),
        (lambda c: c["entities"].pop("wrong"), "it lacks 'wrong'"),
        (lambda c: c["entities"].update(wrong=-1), "wrong must be finite and 0 or more, found -1"),
        (lambda c: c["entities"].update(right=float("nan")), "right must be finite and 0 or more"),
        (lambda c: c["entities"].update(temperature=0), "temperature must be finite and 0.001"),
        (lambda c: c["entities"].update(temperature="1"), "temperature must be a number"),
        (lambda c: c["entities"]["offsets"].pop("POST"), "offsets must be an object of NAME, POST"),
        (lambda c: c["themes"]["dev"]["tables"].update(BOAT={}), "labels, found 'BOAT'"),
        (lambda c: c["themes"]["dev"]["table"].update(right=[]), "as many rows each"),
        (lambda c: c["themes"]["dev"]["table"].update(gold=-1), "must count the gold spans"),
        (lambda c: c["themes"]["dev"]["table"].update(least=[1, 2, "x"]), "finite numbers"),
    ],
)
def test_what_is_odd_in_a_calibration_is_named(edit, message):
    written = json.loads(json.dumps(CALIBRATION.to_dict(LABELS)))
    edit(written)
    with pytest.raises(RunError, match=message):
        Calibration.from_dict(written, LABELS)


def test_a_wished_precision_gives_thresholds_for_every_label_or_one_kind():
    point = CALIBRATION.reaching(0.84, LABELS)
    assert {label: one.score for label, one in point.entities.items()} == {"NAME": 0.5, "POST": 0.5}
    assert point.themes["LAUT"].score == 0.5
    point = CALIBRATION.reaching({"themes": 0.89}, LABELS)
    assert (point.entities, point.themes["LAUT"].score) == ({}, 0.9)
    assert str(point) == (
        "LAUT from score 0.90: on 30 spans of dev precision 1.000 (at least 0.900), recall 0.600 "
        "(without threshold 0.900)"
    )


@pytest.mark.parametrize(
    ("calibration", "precision", "message"),
    [
        (CALIBRATION, 1.0, "precision must be above 0 and below 1, found 1"),
        (CALIBRATION, "much", "precision must be a number, found 'much'"),
        (CALIBRATION, {"boats": 0.9}, "by kind, entities and themes, found 'boats'"),
        (Calibration(SIDE, None), 0.9, "themes of this run are not calibrated"),
        (
            Calibration(replace(SIDE, table=Table(9, (0.0,), (40,), (38,), (0.9,))), None),
            {"entities": 0.96},
            r"precision 0.96 was not reached on dev by POST, whatever the threshold; the best is "
            r"0.926: ask for that, or for less, of entities alone: \{'entities': 0.926\}",
        ),
    ],
)
def test_a_precision_that_dev_cannot_show_is_refused(calibration, precision, message):
    with pytest.raises(RunError, match=message):
        calibration.reaching(precision, LABELS)

"""A little of what ``make fuzz`` and ``make torture`` do at length."""

import signal
import time

import pytest
from fuzz import fuzz_predictor, fuzz_readers, fuzz_threads
from torture import LONGEST, litter, start, tasks

from asn_nlp.predictor import Predictor


def test_broken_files_are_told_and_never_raise(tmp_path, news):
    assert fuzz_readers(tmp_path, news[:3], seed=7, files=20).endswith("records told")


def test_odd_texts_are_read_whole(tiny_run):
    assert fuzz_predictor(Predictor.from_pretrained(tiny_run), seed=7, texts=150)


def test_readings_by_threads_are_those_of_one(tiny_run, news):
    told = fuzz_threads(Predictor.from_pretrained(tiny_run), news, rounds=2)
    assert told == "96 readings by 4 threads: as by one"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_prediction_leaves_the_old_output_and_a_line(tmp_path, how):
    task = tasks(tmp_path)[0]
    task.output.parent.mkdir()
    task.output.write_text("old", "utf-8")
    process = start(task.arguments)
    while not litter(task):  # it has laid its claim
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(how)
    _, said = process.communicate(timeout=LONGEST)
    assert "Traceback" not in said
    assert "\nstopped; the same command goes on" in said or how is signal.SIGKILL
    assert task.output.read_text("utf-8") == "old"
    assert not litter(task) or how is signal.SIGKILL
    parts = task.output.with_name(f"{task.output.name}.parts")
    assert {task.output, *litter(task)} <= {*task.output.parent.rglob("*")}
    assert {*task.output.parent.iterdir()} <= {task.output, parts, *litter(task)}

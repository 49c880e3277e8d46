"""A little of what ``make torture`` does at length."""

import os
import signal
import time

import pytest
from torture import LONGEST, litter, reading, start, tree, write_news

from asn_nlp.cli import main


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("a file", signal.SIGINT),
        ("two workers", signal.SIGTERM),
        ("a file", signal.SIGKILL),
        ("two workers", signal.SIGKILL),
    ],
)
def test_a_killed_prediction_leaves_the_old_output_and_goes_on(tiny_run, news, tmp_path, kind, how):
    texts = [article.text for article in news] * 20
    path = write_news(tmp_path / "berita.jsonl", texts)
    calm, task = (
        reading(kind, path, tmp_path / name, shard=2, run=str(tiny_run)) for name in ("calm", "out")
    )
    assert main(calm.arguments) == 0
    old = task.folder / "out.jsonl"
    if kind == "a file":
        task.folder.mkdir(parents=True)
        old.write_text("old", "utf-8")
    process = start(task.arguments)
    while not list(task.folder.rglob("_part-*.json")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=LONGEST)
    assert "Traceback" not in said
    assert "\nstopped; the same command goes on" in said or how is signal.SIGKILL
    assert not litter(task.folder) or how is signal.SIGKILL
    assert kind != "a file" or old.read_text("utf-8") == "old"
    for left in litter(task.folder):  # as if it had lain there for long
        os.utime(left, (0, 0))
    assert main(task.arguments) == 0
    assert tree(task) == tree(calm)

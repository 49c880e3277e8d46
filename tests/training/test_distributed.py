"""One model trained by two processes, as torchrun starts them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from asn_nlp.engines.run_folder import open_run
from asn_nlp.formats import write_articles
from asn_nlp.predictor import Predictor

ROOT = Path(__file__).parents[2]
LONGEST = 300  # seconds, far above what a busy machine takes


@pytest.fixture
def command(encoders, news, tmp_path) -> list[str]:
    write_articles(news, tmp_path / "train.jsonl")
    write_articles(news[:4], tmp_path / "dev.jsonl")
    options = {
        "encoder.name": encoders["bert"],
        "data.train": tmp_path / "train.jsonl",
        "data.dev": tmp_path / "dev.jsonl",
        "output": tmp_path / "run",
        "optimizer.batch_tokens": 256,
        "optimizer.micro_batch_tokens": 64,  # so that they read in other numbers of parts
        "optimizer.epochs": 6,
        "window.size": 32,
        "window.context": 4,
    }
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("--local-addr", "127.0.0.1"),  # they wait for ever where the host's name has no address
        "scripts/train.py",
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
    ]


@contextmanager
def started(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()  # torchrun ends what it started
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def test_two_processes_train_one_run_and_go_on_after_one_was_killed(command, tmp_path):
    output, log = tmp_path / "run", tmp_path / "log"
    with started(command, log) as process:
        last = time.monotonic() + LONGEST
        while not list(output.glob("checkpoints/checkpoint-*/trainer_state.json")):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < last, log.read_text()
            time.sleep(0.05)
        ranks = {one.environ().get("RANK"): one for one in psutil.Process(process.pid).children()}
        ranks["1"].kill()
        assert process.wait(LONGEST) != 0
        ranks["0"].wait(LONGEST)
    assert "Signal 9 (SIGKILL) received by PID" in log.read_text()
    assert (
        "go on with --resume" in log.read_text()  # says the other, which noticed
        or "the same command with --resume goes on from the last checkpoint" in log.read_text()
    )  # or which torchrun ended before that
    assert not (output / "run.json").exists()
    with started([*command, "--resume"], log) as process:
        assert process.wait(LONGEST) == 0, log.read_text()
    assert log.read_text().count(f"run: {output}\n") == 1
    assert json.loads((output / "scores.json").read_text())["dev"]["articles"] == 4
    assert not (output / "checkpoints").exists()
    assert not [path for path in output.rglob(".*.tmp") if not path.name.endswith(".lock.tmp")]
    assert open_run(output).labels == Predictor.from_pretrained(output).labels

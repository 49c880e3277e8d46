"""One model trained by two processes, as torchrun starts them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from asn_nlp.formats import write_articles
from asn_nlp.predictor import Predictor

ROOT = Path(__file__).parents[2]


def test_two_processes_train_one_run_and_go_on_after_one_was_killed(encoders, news, tmp_path):
    write_articles(news, tmp_path / "train.jsonl")
    write_articles(news[:4], tmp_path / "dev.jsonl")
    output = tmp_path / "run"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--master-port", "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    command += ["scripts/train.py", "--encoder.name", str(encoders["bert"])]
    command += ["--data.train", str(tmp_path / "train.jsonl"), "--optimizer.batch_tokens", "256"]
    command += ["--data.dev", str(tmp_path / "dev.jsonl"), "--output", str(output)]
    command += ["--window.size", "32", "--window.context", "4", "--optimizer.epochs", "4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            while not list(output.glob("checkpoints/checkpoint-*/trainer_state.json")):
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.05)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            os.kill(int(children.split()[-1]), signal.SIGKILL)
            assert process.wait(60) != 0
        finally:
            process.kill()
    assert "Signal 9 (SIGKILL) received by PID" in (tmp_path / "log").read_text()
    assert not (output / "run.json").exists()
    again = subprocess.run(
        [*command, "--resume"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count(f"run: {output}\n") == 1
    assert json.loads((output / "scores.json").read_text())["dev"]["articles"] == 4
    assert not (output / "checkpoints").exists()
    assert not [path for path in output.parent.iterdir() if path.name.endswith(".tmp")]
    assert Predictor.from_pretrained(output)("Sekda hadir.").text == "Sekda hadir."

"""What the docstring of Predictor says of processes."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asn_nlp.errors import RunError
from asn_nlp.predictor import Predictor

ROOT = Path(__file__).parents[2]
TEXT = "Gubernur Riau Hasan Basri, M.Si melantik lima pejabat di aula kantor."


@pytest.mark.parametrize(
    ("engine", "method"), [("onnx", "fork"), ("torch", "fork"), ("onnx", "spawn")]
)
def test_a_pool_reads_as_one_process_does_and_does_not_hang(tiny_run, engine, method):
    command = [sys.executable, Path(__file__).with_name("processes.py"), tiny_run, engine, method]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_a_predictor_that_is_sent_opens_its_run_again(tiny_run, engine):
    predictor = Predictor.from_pretrained(tiny_run, engine=engine)
    sent = pickle.loads(pickle.dumps(predictor))
    assert type(sent._engine) is type(predictor._engine)
    assert sent(TEXT) == predictor(TEXT)


def test_what_cannot_be_opened_there_is_told(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    sent = pickle.dumps(Predictor.from_pretrained(folder))
    shutil.rmtree(folder)
    with pytest.raises(RunError, match=f"{folder} is no folder; name a run folder"):
        pickle.loads(sent)
    predictor = Predictor.from_pretrained(tiny_run)
    mine = Predictor(predictor._run, predictor._engine)
    assert mine(TEXT) == predictor(TEXT)
    with pytest.raises(RunError, match="an engine of your own cannot be sent to another process"):
        pickle.dumps(mine)

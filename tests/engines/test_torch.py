import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from asn_nlp.engines.torch import TorchEngine, fast_dtype, open_classifier, pick_device
from asn_nlp.errors import RunError


@pytest.fixture
def run(tiny_run, tmp_path) -> Path:
    return shutil.copytree(tiny_run, tmp_path / "run")


def test_a_run_opens_in_full_precision_ready_to_read(run):
    classifier = open_classifier(run)
    assert not classifier.training
    assert {parameter.dtype for parameter in classifier.parameters()} == {torch.float32}


def test_half_precision_gives_float32_out(run):
    engine = TorchEngine(open_classifier(run).to(torch.bfloat16))
    output = engine(np.full((1, 4), 7), np.ones((1, 4), dtype=np.int64))
    assert output.tags.dtype == output.vectors.dtype == np.float32
    assert output.tags.shape == (1, 4, 7)
    assert output.vectors.shape == (1, 4, 32)


def test_no_code_of_a_folder_is_run_and_nobody_is_asked(run, monkeypatch):
    def asked(*_: object) -> str:
        raise AssertionError("the terminal was asked")

    monkeypatch.setattr("builtins.input", asked)
    config = json.loads((run / "config.json").read_text("utf-8"))
    config |= {"model_type": "unheard_of", "auto_map": {"AutoConfig": "evil.Config"}}
    (run / "config.json").write_text(json.dumps(config), "utf-8")
    (run / "evil.py").write_text("raise SystemExit('code was run')", "utf-8")
    with pytest.raises(RunError, match="cannot be opened"):
        open_classifier(run)


def test_damaged_weights_are_one_line(run):
    path = run / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(RunError, match=r"the token classifier in .* cannot be opened") as caught:
        open_classifier(run)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_refused(run):
    path = run / "model.safetensors"
    weights = load_file(path)
    weights["classifier.weight"][0, 0] = torch.nan
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(RunError, match="holds values that are not finite; train anew"):
        open_classifier(run)


def test_the_best_device_is_taken_and_one_asked_for_must_be_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device().type == "cpu"
    for name in ("cuda:1", "mps", "nonsense"):
        with pytest.raises(RunError) as caught:
            pick_device(name)
        assert str(caught.value) == (
            f"device {name!r} was asked for, but PyTorch has only cpu here; name one of these, or "
            "leave device out"
        )
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device().type == "mps"


def test_the_fast_precision_is_one_of_two_and_float32_off_cuda_and_processors():
    assert fast_dtype("cpu") in (torch.float32, torch.bfloat16)
    assert fast_dtype("mps") == torch.float32

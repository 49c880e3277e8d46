"""Whose an output is, what it was begun with, and trainings that go astray."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from asn_nlp.cli import main
from asn_nlp.config import (
    TrainConfig,
    WindowConfig,
)
from asn_nlp.errors import ConfigError, TrainingError
from asn_nlp.files import claimed
from asn_nlp.labels import ASN_LABELS
from asn_nlp.training import run as run_room
from asn_nlp.training import train
from asn_nlp.training import trainer as trainer_room
from asn_nlp.training.model import JointModel
from asn_nlp.training.trainer import JointTrainer


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def cut_off(config, monkeypatch) -> TrainConfig:
    """A training that was cut off behind its first checkpoint."""
    with monkeypatch.context() as patch:
        patch.setattr(trainer_room._Progress, "on_save", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(config)
    return config


def files(config: TrainConfig) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path(config.output).rglob("*") if path.is_file()}


CHANGES: list[tuple[Callable[[TrainConfig], TrainConfig], str]] = [
    (lambda c: replace(c, seed=1), "made with seed 0, not 1; what is resumed goes on with"),
    (
        lambda c: replace(c, data=replace(c.data, train=c.data.dev, dev=c.data.train)),
        r"made with data fingerprint '[0-9a-f]{16}', not '[0-9a-f]{16}'",
    ),
    (
        lambda c: replace(c, labels=replace(ASN_LABELS, themes=ASN_LABELS.themes[::-1])),
        r"made with labels.themes \['DISIPLIN'",
    ),
    (
        lambda c: replace(c, optimizer=replace(c.optimizer, learning_rate=1e-3)),
        "made with optimizer.learning_rate 0.005, not 0.001",
    ),
    (
        lambda c: replace(c, optimizer=replace(c.optimizer, epochs=3)),
        "made with optimizer.epochs 2, not 3",
    ),
    (lambda c: replace(c, window=WindowConfig(40, 4)), "made with window.size 32, not 40"),
    (
        lambda c: replace(c, encoder=replace(c.encoder, dropout=0.0)),
        r"made with encoder.dropout 0.1, not 0.0.* or begin anew with --overwrite",
    ),
]


def test_a_resumed_training_goes_on_with_what_it_was_begun_with(cut_off):
    before = files(cut_off)
    for change, message in CHANGES:
        with pytest.raises(ConfigError, match=message):
            train(change(replace(cut_off, resume=True)))
        assert files(cut_off) == before
    begun = Path(cut_off.output) / "checkpoints" / "begun.json"
    for content in ("", "[]", '{"seed": 0', None):  # of an older version, or damaged
        begun.write_text(content or "")
        if content is None:
            begun.unlink()
        with pytest.raises(ConfigError, match="does not tell what its checkpoints were made with"):
            train(replace(cut_off, resume=True))


def test_memory_may_be_another_when_it_goes_on(cut_off):
    optimizer = replace(cut_off.optimizer, micro_batch_tokens=100)
    train(replace(cut_off, resume=True, optimizer=optimizer))


def test_nobodys_place_is_taken_unasked(cut_off):
    before = files(cut_off)
    with pytest.raises(ConfigError) as caught:
        train(replace(cut_off, seed=1))
    assert str(caught.value) == (
        f"{cut_off.output} holds the checkpoints of a training that was cut off; go on with "
        "--resume, name another output, or give --overwrite to begin anew"
    )
    assert files(cut_off) == before
    whole = train(replace(cut_off, resume=True))
    before = files(cut_off)
    with pytest.raises(ConfigError, match=r"holds a run.json already; name another output"):
        train(cut_off)
    assert files(cut_off) == before
    train(replace(cut_off, seed=1, overwrite=True))
    assert json.loads((whole / "scores.json").read_text("utf-8"))["seed"] == 1


@pytest.mark.parametrize("name", ["README.md", "config.yaml"])
def test_files_of_a_person_are_not_written_over(config, name):
    folder = Path(config.output)
    folder.mkdir()
    (folder / name).write_text("mine")
    with pytest.raises(ConfigError, match=f"holds a {name} already"):
        train(config)
    assert (folder / name).read_text() == "mine"


def test_an_output_has_one_writer(config, monkeypatch):
    """The second is refused at once, and not behind its last epoch."""
    monkeypatch.setattr(run_room, "read_training_data", interrupt)
    with (
        claimed(Path(config.output)),
        pytest.raises(ConfigError, match=r"run is being written by another process; wait for its"),
    ):
        train(replace(config, overwrite=True))
    with pytest.raises(KeyboardInterrupt):  # and the claim is given back
        train(config)


def astray(factor: float) -> Callable[..., torch.Tensor]:
    compute = JointTrainer.compute_loss

    def loss(self: JointTrainer, *rest: object, **options: object) -> torch.Tensor:
        lost = self.state.global_step == 2
        return compute(self, *rest, **options) * (factor if lost else 1.0)

    return loss


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_step_and_cure(config, monkeypatch, factor):
    monkeypatch.setattr(JointTrainer, "compute_loss", astray(factor))
    with pytest.raises(TrainingError) as caught:
        train(config)
    steps = str(caught.value).partition(" of ")[2].partition(";")[0]
    assert str(caught.value) == (
        f"the loss is {factor} at step 3 of {steps}; nothing of it is saved: begin anew with lower "
        "rates than optimizer.learning_rate 0.005 and optimizer.head_learning_rate 0.002, or a "
        "longer optimizer.warmup"
    )
    assert not (Path(config.output) / "run.json").exists()
    assert not list(Path(config.output).rglob("*.safetensors"))


def test_weights_that_are_not_finite_are_never_saved(config, monkeypatch):
    """However the last step of an epoch made them so."""

    def spoil(self: JointTrainer, articles: list[object]) -> list[object]:
        with torch.no_grad():
            self._joint_model.theme_head.weight[0, 0] = float("nan")
        return logits(self, articles)

    logits = JointTrainer.logits
    monkeypatch.setattr(JointTrainer, "logits", spoil)
    with pytest.raises(TrainingError, match="what the model says of dev is not finite at step"):
        train(config)
    assert not list(Path(config.output).rglob("*.safetensors"))


def test_weights_too_large_for_half_precision_are_not_saved(config, monkeypatch):
    from_encoder = JointModel.from_encoder

    def large(*rest: object, **options: object) -> JointModel:
        model = from_encoder(*rest, **options)
        torch.nn.init.constant_(model.theme_head.bias, 1e6)
        return model

    monkeypatch.setattr(JointModel, "from_encoder", large)
    with pytest.raises(TrainingError, match="or too large for half precision: leave save_fp16 out"):
        train(replace(config, save_fp16=True))
    assert not (Path(config.output) / "run.json").exists()
    whole = train(replace(config, resume=True))
    assert load_file(whole / "theme_head.safetensors")["bias"].max() > 65504


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("optimizer.learning_rate", ".nan", "must be from 0 to 1, found nan; correct it"),
        ("optimizer.learning_rate", ".inf", "must be from 0 to 1, found inf; correct it"),
        ("optimizer.learning_rate", "1e9", "must be from 0 to 1, found 1000000000.0; correct it"),
        ("optimizer.head_learning_rate", "-0.001", "must be from 0 to 1, found -0.001; correct it"),
        ("optimizer.weight_decay", "2", "must be from 0 to 1, found 2.0; correct it"),
        ("optimizer.warmup", "1.5", "must be from 0 to 1, found 1.5; correct it"),
        ("optimizer.epochs", "0", "must be from 1 to 1,000,000, found 0; correct it"),
        ("optimizer.epochs", "-1", "must be from 1 to 1,000,000, found -1; correct it"),
        ("optimizer.batch_tokens", "0", "must be 1 or more, found 0; correct it"),
        ("optimizer.micro_batch_tokens", "0", "must be 1 or more, found 0; correct it"),
        ("optimizer.theme_weight", "-1", "must be from 0 to 1,000, found -1.0; correct it"),
        (
            "optimizer.batch_tokens",
            "100",
            "must be window.size, 256, or more, found 100; a batch holds a window at least",
        ),
        (
            "window.size",
            "32",
            "must be more than twice window.context, found 32 and 16; make it longer, or the "
            "context shorter",
        ),
        ("window.context", "-1", "must be 0 or more, found -1; correct it"),
        ("encoder.dropout", "1.0", "must be from 0 to 0.9, found 1.0; correct it"),
        ("data.dev_share", ".nan", "must be from 0 to 0.9, found nan; correct it"),
        ("data.headline_case", "1.1", "must be from 0 to 1, found 1.1; correct it"),
        ("seed", "-1", "must be from 0 to 4,294,967,295, found -1; correct it"),
        ("seeds", "0", "must be from 1 to 1,000,000, found 0; correct it"),
    ],
)
def test_options_out_of_range_are_a_line(capsys, option, value, message):
    assert main(["train", f"--{option}", value]) == 2
    assert capsys.readouterr().err == f"error: {option} {message}\n"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("optimizer.learning_rate", ".nan", "must be from 0 to 1, found nan; correct it"),
        ("optimizer.tokens", "0", "must be 1 or more, found 0; correct it"),
        ("optimizer.masked", "-0.1", "must be from 0 to 1, found -0.1; correct it"),
        ("data.held_out", "1", "must be from 0 to 0.9, found 1.0; correct it"),
        ("data.domain_share", ".inf", "must be from 0 to 1, found inf; correct it"),
        ("encoder.layers", "0", "must be from 1 to 1,000,000, found 0; correct it"),
        (
            "encoder.heads",
            "3",
            "must be an even multiple of encoder.heads, found 256 and 3; change one",
        ),
        ("evaluate_tokens", "0", "must be 1 or more, found 0; correct it"),
        ("checkpoint_minutes", ".nan", "must be 0 or more, found nan; correct it"),
    ],
)
def test_options_of_pretraining_have_ranges_too(capsys, option, value, message):
    assert main(["pretrain", f"--{option}", value]) == 2
    shown = "encoder.hidden_size" if option == "encoder.heads" else option
    assert capsys.readouterr().err == f"error: {shown} {message}\n"


def test_threads_cannot_claim_one_output_either(tmp_path):
    refused = []

    def claim() -> None:
        try:
            with claimed(tmp_path / "run"):
                pass
        except ConfigError as error:
            refused.append(error)

    with claimed(tmp_path / "run"):
        thread = threading.Thread(target=claim)
        thread.start()
        thread.join()
    assert len(refused) == 1
    claim()
    assert len(refused) == 1
    assert list(tmp_path.iterdir()) == []

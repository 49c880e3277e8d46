"""Trackers: one that writes to the disk, and those that are not installed."""

import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from asn_nlp.config import (
    DataConfig,
    EncoderConfig,
    OptimizerConfig,
    TrainConfig,
    WindowConfig,
)
from asn_nlp.errors import ConfigError, MissingExtra
from asn_nlp.training import fit
from asn_nlp.training.trackers import tracker


def test_tensorboard_has_the_scores_of_dev_beside_the_run(tmp_path, news, encoders):
    config = TrainConfig(
        data=DataConfig(headline_case=0),
        encoder=EncoderConfig(str(encoders["bert"])),
        window=WindowConfig(32, 4),
        optimizer=OptimizerConfig(epochs=1, batch_tokens=400),
        output=str(tmp_path / "run"),
        report_to="tensorboard",
    )
    run = fit(news, news[:2], config)
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert {"eval/entity_f1", "eval/theme_f1"} <= set(events.Tags()["scalars"])


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_names_its_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra) as caught:
        tracker(TrainConfig(report_to=name))
    assert str(caught.value) == (
        f'report_to {name} needs {name}, which is not installed; pip install "asn-nlp[{name}]"'
    )


def test_a_store_that_mlflow_cannot_open_is_told_before_training(tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
    mlflow.set_tracking_uri("abacus://shelf")
    with pytest.raises(ConfigError, match=r"'abacus://shelf' is none .*; name another: MLFLOW_TR"):
        tracker(TrainConfig(report_to="mlflow"))
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert len(tracker(TrainConfig(report_to="mlflow"))) == 1


def test_an_unknown_tracker_is_refused():
    with pytest.raises(ConfigError, match="found 'tensorbord'; did you mean 'tensorboard'"):
        TrainConfig(report_to="tensorbord")

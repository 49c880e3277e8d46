"""The search: its space, its trials, and going on after it was cut off."""

from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from asn_nlp.cli import main
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import (
    DataConfig,
    EncoderConfig,
    OptimizerConfig,
    SearchConfig,
    TrainConfig,
    WindowConfig,
)
from asn_nlp.errors import ConfigError
from asn_nlp.formats import write_articles
from asn_nlp.training import search as search_room
from asn_nlp.training.search import search
from asn_nlp.training.space import default_space, drawn, read_space
from asn_nlp.training.trainer import JointTrainer

SPACE = """\
optimizer.learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}
optimizer.epochs: {low: 1, high: 2}
optimizer.theme_weight: [0.5, 2.0]
"""


@pytest.fixture
def config(tmp_path, news, tiny_articles, encoders) -> SearchConfig:
    write_articles(news, tmp_path / "latih.jsonl")
    write_articles(tiny_articles, tmp_path / "uji.jsonl")
    (tmp_path / "space.yaml").write_text(SPACE, "utf-8")
    return SearchConfig(
        data=DataConfig(str(tmp_path / "latih.jsonl"), str(tmp_path / "uji.jsonl")),
        encoder=EncoderConfig(str(encoders["bert"])),
        window=WindowConfig(32, 4),
        optimizer=OptimizerConfig(batch_tokens=400),
        output=str(tmp_path / "search"),
        trials=2,
        space=str(tmp_path / "space.yaml"),
    )


def trials(config: SearchConfig) -> list[optuna.trial.FrozenTrial]:
    storage = f"sqlite:///{Path(config.output) / 'trials.db'}"
    return optuna.load_study(study_name="asn-nlp", storage=storage).trials


def test_a_search_that_was_cut_off_goes_on_and_leaves_a_config_for_training(
    config, monkeypatch, capsys
):
    evaluate = JointTrainer.evaluate
    trained: list[TrainConfig] = []

    def cut_off(trainer, *_, **__):
        trained.append(trainer._config)
        if len(trials(config)) > 1:
            raise KeyboardInterrupt
        return evaluate(trainer)

    monkeypatch.setattr(JointTrainer, "evaluate", cut_off)
    with pytest.raises(KeyboardInterrupt):
        search(config)
    monkeypatch.setattr(JointTrainer, "evaluate", evaluate)
    best = search(config)
    done = [one for one in trials(config) if one.value is not None]
    lost = [one for one in trials(config) if one.value is None]
    assert len(done) == 2
    assert done[1].params == lost[0].params  # begun again
    assert done[0].params["optimizer.learning_rate"] == trained[0].optimizer.learning_rate
    given = parse_config(TrainConfig, ["--config", str(best)])
    winner = max(done, key=lambda one: one.value)
    assert given.optimizer.epochs == winner.params["optimizer.epochs"]
    assert given.optimizer.theme_weight == winner.params["optimizer.theme_weight"]
    assert given.optimizer.batch_tokens == 400
    assert sorted(path.name for path in Path(config.output).iterdir()) == ["best.yaml", "trials.db"]
    assert f"best of 2 trials: number {winner.number}, mean F1" in capsys.readouterr().out

    monkeypatch.setattr(search_room, "JointTrainer", None)
    assert search(config) == best  # nothing is left to try
    with pytest.raises(ConfigError, match=r"was made with window.context 4, not 3"):
        search(replace(config, window=WindowConfig(32, 3)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimizer.learning: [1]", "'optimizer.learning' is not searched; did you mean"),
        ("optimizer.epochs: {low: 1.5, high: 2}", "must have low and high, whole numbers"),
        ("optimizer.warmup: {low: 0.1}", "must have low and high, numbers"),
        ("optimizer.learning_rate: {low: 1e-5, high: 1e-4}", r"1\.0e-4, not 1e-4"),
        ("optimizer.warmup: {low: 0.5, high: 0.1}", "low must be at most high"),
        ("optimizer.warmup: {low: 0, high: 0.1, log: true}", "above 0 where log is true"),
        ("optimizer.warmup: []", "a range {low: …, high: …} or a list of values, found"),
        ("optimizer.warmup: [0.1, 7]", "optimizer.warmup must be from 0 to 1, found 7"),
        ("- a", "must name options with their ranges"),
        ("a: [", "must be YAML"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(tmp_path, text, message):
    (tmp_path / "space.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message):
        read_space(tmp_path / "space.yaml", TrainConfig())


def test_the_default_space_lies_around_the_values_given():
    base = TrainConfig(optimizer=OptimizerConfig(learning_rate=2e-5, epochs=3))
    space = default_space(base)
    assert space["optimizer.learning_rate"] == {"low": 5e-6, "high": 8e-5, "log": True}
    assert space["optimizer.epochs"] == {"low": 2, "high": 6}
    values = {
        "optimizer.learning_rate": 1e-5,
        "optimizer.head_learning_rate": 1e-3,
        "optimizer.theme_weight": 1.5,
        "optimizer.epochs": 4,
        "encoder.dropout": 0.2,
    }
    config = drawn(space, optuna.trial.FixedTrial(values), base)
    assert (config.optimizer.epochs, config.encoder.dropout) == (4, 0.2)
    assert config.data == base.data


def test_the_command_tells_a_wrong_option(capsys):
    assert main(["search", "--trials", "0"]) == 2
    assert "trials must be from 1 to 1,000,000, found 0" in capsys.readouterr().err

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from asn_nlp.config import DataConfig, TrainConfig, parse_config


@pytest.fixture
def yaml(tmp_path):
    """Writes a config file and returns its arguments."""

    def write(text: str) -> list[str]:
        (tmp_path / "config.yaml").write_text(text, "utf-8")
        return ["--config", str(tmp_path / "config.yaml")]

    return write


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        parse_config(TrainConfig, arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err.partition("error: ")[2]


def options(config: object, prefix: str = "") -> dict[str, object]:
    """Every leaf by the name it has on the command line."""
    leaves: dict[str, object] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        nested = is_dataclass(value)
        leaves |= (
            options(value, f"{prefix}{field.name}.") if nested else {f"{prefix}{field.name}": value}
        )
    return leaves


def test_without_arguments_everything_has_its_default():
    assert parse_config(TrainConfig, []) == TrainConfig()


def test_a_file_gives_what_differs_and_later_values_win(yaml):
    arguments = yaml("optimizer:\n  epochs: 3\n  warmup: 0.2\nseed: 7\n")
    config = parse_config(TrainConfig, [*arguments, "--optimizer.epochs", "4"])
    assert (config.optimizer.epochs, config.optimizer.warmup, config.seed) == (4, 0.2, 7)
    assert config.encoder == TrainConfig().encoder


@pytest.mark.parametrize("written", ["2e-5", "2.0e-5", "0.00002", "2E-5"])
def test_a_rate_is_a_number_however_it_is_written(yaml, written):
    for arguments in (
        yaml(f"optimizer:\n  learning_rate: {written}\n"),
        ["--optimizer.learning_rate", written],
    ):
        rate = parse_config(TrainConfig, arguments).optimizer.learning_rate
        assert isinstance(rate, float)
        assert rate == 2e-5


def test_training_files_are_one_or_several(yaml):
    for given, expected in (
        (["--data.train", "mine.jsonl"], ["mine.jsonl"]),
        (["--data.train", "[one.jsonl,other.jsonl]"], ["one.jsonl", "other.jsonl"]),
        (yaml("data:\n  train: mine.jsonl\n"), ["mine.jsonl"]),
    ):
        files = parse_config(TrainConfig, given).data.train_files
        assert files == tuple(map(Path, expected))
    assert DataConfig(train=("a.jsonl", "b.jsonl")).train_files == (
        Path("a.jsonl"),
        Path("b.jsonl"),
    )


def test_null_takes_dev_out_of_train(yaml):
    assert parse_config(TrainConfig, yaml("data:\n  dev: null\n")).data.dev is None
    assert parse_config(TrainConfig, ["--data.dev", "null"]).data.dev is None


@pytest.mark.parametrize(
    ("arguments", "resume"),
    [
        (["--resume"], True),
        (["--resume", "--seed", "3"], True),
        (["--resume", "true"], True),
        (["--resume", "false"], False),
        ([], False),
    ],
)
def test_a_switch_may_stand_alone(arguments, resume):
    assert parse_config(TrainConfig, arguments).resume is resume


@pytest.mark.parametrize(
    ("text", "unknown", "nearest"),
    [
        ("optimizer:\n  learning_rat: 2e-5\n", "learning_rat", "optimizer.learning_rate"),
        ("optimiser:\n  epochs: 3\n", "optimiser", "optimizer.epochs"),
        ("sead: 3\n", "sead", "seed"),
    ],
)
def test_an_unknown_key_of_a_file_names_the_nearest(yaml, capsys, text, unknown, nearest):
    message = refusal(yaml(text), capsys)
    assert unknown in message
    assert f"did you mean {nearest!r}?" in message


@pytest.mark.parametrize(
    ("option", "nearest"),
    [
        ("--optimizer.learning_rte", "optimizer.learning_rate"),
        ("--window.sise", "window.size"),
        ("--optimizer.epoch", "optimizer.epochs"),  # no abbreviations
    ],
)
def test_an_unknown_option_names_the_nearest(capsys, option, nearest):
    message = refusal([option, "3"], capsys)
    assert message == (f"unrecognized arguments: {option} 3; did you mean {nearest!r}?\n")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("optimizer:\n  epochs: drei\n", "optimizer.epochs", "drei"),
        ("optimizer:\n  epochs: 1.5\n", "optimizer.epochs", "1.5"),
        ("optimizer:\n  learning_rate: [1]\n", "optimizer.learning_rate", "[1]"),
        ("resume: maybe\n", "resume", "maybe"),
    ],
)
def test_a_wrong_type_names_the_key_and_the_value(yaml, capsys, text, key, value):
    message = refusal(yaml(text), capsys)
    assert f'"{key}"' in message
    assert value in message


def test_a_missing_file_is_named(tmp_path, capsys):
    missing = str(tmp_path / "hilang.yaml")
    assert missing in refusal(["--config", missing], capsys)


def test_help_shows_every_option_with_its_default(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit) as caught:
        parse_config(TrainConfig, ["--help"])
    assert caught.value.code == 0
    entries = re.split(r"\n  --", capsys.readouterr().out)
    for name, value in options(TrainConfig()).items():
        (entry,) = [entry for entry in entries if entry.startswith(f"{name} ")]
        _, _, explained = entry.partition("\n" if "\n" in entry.partition("(type")[0] else "  ")
        meaning, _, kind = explained.partition(" (type: ")
        assert meaning.strip(), f"{name} has no help"
        shown = "null" if value is None else value
        assert kind.partition("\n")[0].endswith(f", default: {shown})")

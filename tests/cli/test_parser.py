import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from asn_nlp.cli.parser import parse_config
from asn_nlp.config import DataConfig, PretrainConfig, TrainConfig
from asn_nlp.errors import ConfigError
from asn_nlp.labels import ASN_LABELS, LabelSet

ROOT = Path(__file__).parents[2]


@pytest.fixture
def yaml(tmp_path: Path) -> Callable[[str], list[str]]:
    """Writes a config file and returns its arguments."""

    def write(text: str) -> list[str]:
        (tmp_path / "config.yaml").write_text(text, "utf-8")
        return ["--config", str(tmp_path / "config.yaml")]

    return write


def refusal(arguments: list[str]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(TrainConfig, arguments)
    return str(caught.value)


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
    assert ASN_LABELS.tags  # kept with the labels from now on, and no option of theirs
    assert parse_config(TrainConfig, []) == TrainConfig()
    assert parse_config(PretrainConfig, []) == PretrainConfig()


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
    ("arguments", "text", "labels"),
    [
        (
            ["--labels.entities", "[A, B]"],
            "labels:\n  entities: [A, B]\n",
            LabelSet(("A", "B"), ASN_LABELS.themes),
        ),
        (
            ["--labels.themes", "[]"],
            "labels:\n  themes: []\n",
            LabelSet(ASN_LABELS.entities, ()),
        ),
        (
            ["--labels.entities", "[]", "--labels.themes", "[T]"],
            "labels: {entities: [], themes: [T]}\n",
            LabelSet((), ("T",)),
        ),
        (["--labels", "null"], "labels: null\n", None),
    ],
)
def test_labels_are_named_or_left_to_the_files(yaml, arguments, text, labels):
    assert parse_config(TrainConfig, arguments).labels == labels
    assert parse_config(TrainConfig, yaml(text)).labels == labels


def test_a_file_and_an_option_give_a_half_of_the_labels_each(yaml):
    arguments = [*yaml("labels:\n  entities: [A]\n"), "--labels.themes", "[T]"]
    assert parse_config(TrainConfig, arguments).labels == LabelSet(("A",), ("T",))


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
        ("labels:\n  entites: [A]\n", "entites", "labels.entities"),
    ],
)
def test_an_unknown_key_of_a_file_names_the_nearest(yaml, text, unknown, nearest):
    message = refusal(yaml(text))
    assert unknown in message
    assert f"did you mean {nearest!r}?" in message


@pytest.mark.parametrize(
    ("option", "nearest"),
    [
        ("optimizer.learning_rte", "optimizer.learning_rate"),
        ("window.sise", "window.size"),
        ("optimizer.epoch", "optimizer.epochs"),  # no abbreviations
    ],
)
def test_an_unknown_option_names_the_nearest(option, nearest):
    message = f"unknown option {option!r}; did you mean {nearest!r}?"
    assert refusal([f"--{option}", "3"]) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimizer:\n  epochs: drei\n", "optimizer.epochs must be a whole number, found 'drei'"),
        ("optimizer:\n  epochs: 1.5\n", "optimizer.epochs must be a whole number, found '1.5'"),
        (
            "optimizer:\n  warmup: [1]\n",
            "optimizer.warmup must be a number, found '[1]'",
        ),
        (
            "optimizer:\n  learning_rate: [1]\n",
            "optimizer.learning_rate must be a number, found '[1]'",
        ),
        (
            "optimizer:\n  micro_batch_tokens: drei\n",
            "optimizer.micro_batch_tokens must be a whole number, found 'drei'",
        ),
        ("resume: maybe\n", "resume must be true or false, found 'maybe'"),
        (
            "labels:\n  entities: A\n",
            "labels.entities must be a list, such as [one, other], found 'A'",
        ),
        ("labels: 3\n", "labels must be null or given part by part, found 3"),
    ],
)
def test_a_wrong_type_names_the_key_the_rule_and_the_value(yaml, text, message):
    assert message in refusal(yaml(text))


def test_a_group_given_for_an_option_names_one():
    message = "encoder is a group of options; did you mean 'encoder.name'?"
    assert refusal(["--encoder", "runs/mine"]) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: &a [x, x]\nb: &b [*a, *a]\noutput: [*b, *b]",
            r"aliases of YAML are not read, found \*a; write it out",
        ),
        (f"output: {'[' * 100_000}", r"YAML may be nested 20 deep, found more: 'output: \[\["),
        ("output: [", "parsing config: while parsing a flow node"),
        ("output: \0", "parsing config: unacceptable character"),
        ("output: !!python/object/apply:os.system [true]", "could not determine a constructor"),
    ],
)
def test_yaml_that_grows_breaks_or_builds_objects_is_refused(yaml, text, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(TrainConfig, yaml(text))


def test_a_config_file_is_utf_8(tmp_path):
    (tmp_path / "config.yaml").write_bytes(b"output: \xff")
    with pytest.raises(ConfigError, match="a config file must be UTF-8, but one is not"):
        parse_config(TrainConfig, ["--config", str(tmp_path / "config.yaml")])


def test_a_star_is_no_alias():
    assert parse_config(TrainConfig, ["--output", "*runs"]).output == "*runs"


def test_what_is_no_config_file_is_named(tmp_path):
    for path in (tmp_path / "hilang.yaml", tmp_path):
        message = refusal(["--config", str(path)])
        assert str(path) in message
        assert message.endswith("; see asn-nlp train --help")


def shown_help(kind: type, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        parse_config(kind, ["--help"])
    assert caught.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("kind", [TrainConfig, PretrainConfig])
def test_help_gives_every_option_a_line_with_its_meaning_and_default(kind, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    lines = shown_help(kind, capsys).splitlines()
    for name, value in options(kind()).items():
        (line,) = [line for line in lines if line.split()[:1] == [f"--{name}"]]
        if value is None or isinstance(value, bool):
            shown = {None: "null", True: "true", False: "false"}[value]
        else:
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        shown = f"[{shown.removeprefix(f'{ROOT}/')}]"
        assert line.endswith(shown)
        assert name.startswith("labels.") or line.removesuffix(shown).split()[1:], name


def test_help_is_grouped_and_as_wide_as_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    text = shown_help(TrainConfig, capsys)
    headings = re.findall(r"^(\w+):", text, re.M)
    assert headings == ["usage", "data", "labels", "encoder", "window", "optimizer", "run"]
    assert max(map(len, text.splitlines())) <= 90

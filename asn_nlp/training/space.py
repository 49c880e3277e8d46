"""What a search tries: options with the range or the values each is drawn from."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from asn_nlp.config import EncoderConfig, OptimizerConfig, TrainConfig
from asn_nlp.errors import ConfigError, extra, nearest

with extra("search", "a search"):
    from optuna.trial import BaseTrial

Space = Mapping[str, Mapping[str, Any] | list[Any]]
"""Options to ``{low:, high:, log:}`` or to a list of values."""

_SECTIONS = {"optimizer": OptimizerConfig, "encoder": EncoderConfig}
# The others say where a training is made, not how well it goes.
_LEFT_OUT = {"optimizer.micro_batch_tokens", "encoder.name", "encoder.revision"}
_SEARCHED = {
    f"{section}.{field.name}": field.type
    for section, kind in _SECTIONS.items()
    for field in fields(kind)
    if f"{section}.{field.name}" not in _LEFT_OUT
}
_WIDTH = 4  # a default range goes from a fourth of the config's value to four times it


def default_space(config: TrainConfig) -> Space:
    """Rates, epochs and the weight of the themes around the values of ``config``; dropout."""
    optimizer = config.optimizer
    space: dict[str, Mapping[str, Any]] = {
        f"optimizer.{name}": {"low": value / _WIDTH, "high": value * _WIDTH, "log": True}
        for name in ("learning_rate", "head_learning_rate", "theme_weight")
        if (value := getattr(optimizer, name))
    }
    space["optimizer.epochs"] = {"low": -(-optimizer.epochs // 2), "high": optimizer.epochs * 2}
    space["encoder.dropout"] = {"low": 0.0, "high": 0.3}
    return space


def read_space(path: Path, config: TrainConfig) -> Space:
    """The space in a YAML file, checked against what ``config`` may hold.

    Raises:
        ConfigError: it is no YAML, names an option that is not searched, or gives no range.
        OSError: the file cannot be read.
    """
    try:
        space = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} must be YAML in UTF-8, but is not ({error})") from error
    if not isinstance(space, dict) or not space:
        raise ConfigError(
            f"{path} must name options with their ranges, such as "
            "optimizer.learning_rate: {low: 1.0e-4, high: 1.0e-3, log: true}"
        )
    for name, values in space.items():
        if name not in _SEARCHED:
            close = nearest(str(name), tuple(_SEARCHED))
            raise ConfigError(f"{path}: {name!r} is not searched; did you mean {close!r}?")
        if isinstance(values, dict):
            _check_range(f"{path}: {name}", values, whole=_SEARCHED[name] is int)
            ends = [values["low"], values["high"]]
        elif isinstance(values, list) and values:
            ends = values
        else:
            raise ConfigError(
                f"{path}: {name} must be a range {{low: …, high: …}} or a list of values, found "
                f"{values!r}"
            )
        for value in ends:  # what no training would take is refused before the first trial
            _set(config, {name: value})
    return space


def drawn(space: Space, trial: BaseTrial, config: TrainConfig) -> TrainConfig:
    """``config`` with the values that ``trial`` draws, the same however often it is asked."""
    values: dict[str, Any] = {}
    for name, given in space.items():
        if isinstance(given, Mapping):
            draw = trial.suggest_int if _SEARCHED[name] is int else trial.suggest_float
            values[name] = draw(name, given["low"], given["high"], log=given.get("log", False))
        else:
            values[name] = trial.suggest_categorical(name, given)
    return _set(config, values)


def _check_range(place: str, given: Mapping[str, Any], *, whole: bool) -> None:
    low, high, log = given.get("low"), given.get("high"), given.get("log", False)
    kinds = (int,) if whole else (int, float)
    numbers = all(
        isinstance(end, kinds) and not isinstance(end, bool) and math.isfinite(end)
        for end in (low, high)
    )
    if given.keys() - {"low", "high", "log"} or not numbers or not isinstance(log, bool):
        number = "whole numbers" if whole else "numbers (1.0e-4, not 1e-4, in YAML)"
        raise ConfigError(
            f"{place} must have low and high, {number}, and may have log: true, found {dict(given)}"
        )
    if low > high or (log and low <= 0):  # type: ignore[operator]
        raise ConfigError(
            f"{place}: low must be at most high, and above 0 where log is true, found {low} and "
            f"{high}; correct them"
        )


def _set(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    for name, value in values.items():
        section, _, option = name.partition(".")
        config = replace(config, **{section: replace(getattr(config, section), **{option: value})})
    return config

"""The folder a training writes: whose it is, what it was begun with, and where it goes on."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerState

from asn_nlp.config import TrainConfig
from asn_nlp.engines.run_folder import CARD, ENCODER_CONFIG, RECORD, WEIGHTS
from asn_nlp.errors import ConfigError
from asn_nlp.files import check_unchanged, claimed, discard, written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.training.processes import processes

_BEGUN = "begun.json"  # beside the checkpoints: what they were begun with
# What else a run writes into its folder and a person may have put there.
_FILES = (RECORD, CARD, "config.yaml", ENCODER_CONFIG, WEIGHTS)


def checkpoint_folder(config: TrainConfig) -> Path:
    return Path(config.output) / "checkpoints"


@contextmanager
def occupied(config: TrainConfig) -> Iterator[None]:
    """Within, the output is this training's alone; nobody's place is taken unasked.

    Raises:
        ConfigError: another process writes it, or it holds a run, or checkpoints to be resumed, and
            neither ``resume`` nor ``overwrite`` is on.
    """
    if not processes().is_main_process:  # of several processes one writes
        yield
        return
    with claimed(Path(config.output)):
        _check_free(config)
        yield


def _check_free(config: TrainConfig) -> None:
    if config.resume or config.overwrite:
        return
    output = Path(config.output)
    if last_checkpoint(checkpoint_folder(config)):
        raise ConfigError(
            f"{output} holds the checkpoints of a training that was cut off; go on with --resume, "
            "name another output, or give --overwrite to begin anew"
        )
    for name in _FILES:
        if (output / name).exists():
            raise ConfigError(
                f"{output} holds a {name} already; name another output, or give --overwrite to put "
                "the new run in its place"
            )


def identity(
    config: TrainConfig, labels: LabelSet, *, data: str, encoder: Mapping[str, Any]
) -> dict[str, Any]:
    """What stays the same from the first leg of a training to the last.

    Args:
        data: fingerprint of the articles.
        encoder: name and commit, as found.
    """
    window, optimizer = vars(config.window), dict(vars(config.optimizer))
    del optimizer["micro_batch_tokens"]  # another machine may have another memory
    return {
        "data fingerprint": data,
        "data.headline_case": config.data.headline_case,
        "data.line_breaks": config.data.line_breaks,
        "seed": config.seed,
        "labels.entities": list(labels.entities),
        "labels.themes": list(labels.themes),
        "encoder": dict(encoder),
        "encoder.dropout": config.encoder.dropout,
        **{f"window.{name}": value for name, value in window.items()},
        **{f"optimizer.{name}": value for name, value in optimizer.items()},
    }


def begin(folder: Path, now: Mapping[str, Any], *, resume: bool) -> None:
    """Leave in ``folder`` the checkpoint to go on from, where ``resume`` is on and there is one.

    Otherwise the folder is emptied, and keeps what the training is begun with.

    Raises:
        ConfigError: the checkpoint was made with something else.
    """
    if not resume or last_checkpoint(folder) is None:
        discard(folder)
        folder.mkdir(parents=True)
        with written_whole(folder / _BEGUN) as file:
            json.dump(now, file, allow_nan=False, indent=2)
        return
    try:
        was = json.loads((folder / _BEGUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # of an older version, or damaged
        was = None
    if not isinstance(was, dict):
        raise ConfigError(
            f"{folder} does not tell what its checkpoints were made with ({_BEGUN} is missing or "
            "damaged), so they cannot be gone on with; begin anew with --overwrite"
        )
    check_unchanged(folder, was, now)


def last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint: the Trainer writes ``trainer_state.json`` last."""
    numbered = [
        (int(digits), path)
        for path in folder.glob("checkpoint-*")
        if (digits := path.name.removeprefix("checkpoint-")).isdecimal()
    ]
    for _, checkpoint in sorted(numbered, reverse=True):
        try:
            TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
        except (OSError, ValueError, TypeError):  # cut off
            continue
        return str(checkpoint)
    return None

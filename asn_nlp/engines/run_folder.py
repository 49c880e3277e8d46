"""The layout of a run folder: its files, its versions, and what older ones lack.

Format 1, of the first trainings, has the window and the thresholds by place under ``reading``,
perhaps no ``outside_bias``, and no fingerprints.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from asn_nlp.config import WindowConfig
from asn_nlp.engines.themes import ThemeHead
from asn_nlp.errors import AsnError, RunError
from asn_nlp.files import fingerprint, written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.reading.windows import cut_windows

RUN_FORMAT = 2

RECORD = "run.json"
WEIGHTS = "model.safetensors"
GRAPH = "model.onnx"
THEME_HEAD = "theme_head.safetensors"
TOKENIZER = "tokenizer.json"
ENCODER_CONFIG = "config.json"
KNOWN_MENTIONS = "known_mentions.json"

_FINGERPRINTED = (WEIGHTS, GRAPH, THEME_HEAD, TOKENIZER, ENCODER_CONFIG)
_NEEDED = (RECORD, ENCODER_CONFIG, TOKENIZER)
_PICKLES = {".bin", ".pt", ".pth", ".pkl"}
_LARGEST_TOKENIZER = 100_000_000  # bytes; the largest vocabularies in use take a third of it


@dataclass(frozen=True, slots=True)
class Run:
    """What a run folder says of itself; weights are opened by an engine.

    Attributes:
        pad_id: the token that fills a batch.
        hidden_size: width of the token vectors.
        fingerprints: of files by name; empty in format 1.
    """

    folder: Path
    labels: LabelSet
    window: WindowConfig
    options: DecodeOptions
    pad_id: int
    hidden_size: int
    fingerprints: Mapping[str, str]

    def file(self, name: str) -> Path:
        """The path of a file of the run, whose content is the one that was written.

        Raises:
            RunError: it is missing or has changed.
        """
        path = self.folder / name
        if not path.exists():
            raise RunError(
                f"{self.folder} lacks {name}; training was cut off (resume it), or the folder was "
                "copied in part (copy it again)"
            )
        if name in self.fingerprints and fingerprint(path) != self.fingerprints[name]:
            raise RunError(
                f"{path} is not the file that {RECORD} knows by its fingerprint; copy the folder "
                "again, or train anew"
            )
        return path


def open_run(folder: Path) -> Run:
    """Read and check what a run folder says of itself.

    Raises:
        RunError: the folder is incomplete, of a newer format, or a value in it is missing or odd.
    """
    if not folder.is_dir():
        raise RunError(f"{folder} is no folder; name a run folder that training wrote")
    names = {path.name for path in folder.iterdir()}
    pickles = sorted(name for name in names if Path(name).suffix in _PICKLES)
    if pickles and not names & {WEIGHTS, GRAPH}:
        raise RunError(
            f"{folder} holds {pickles[0]}, a pickle, which can run code when opened; "
            "only safetensors are read: train again, or convert it where you trust it"
        )
    for name in _NEEDED:
        if name not in names:
            raise RunError(
                f"{folder} lacks {name}; a run folder needs it, so training was cut off "
                "(resume it) or the folder was copied in part (copy it again)"
            )
    record, encoder = _Table.read(folder / RECORD), _Table.read(folder / ENCODER_CONFIG)
    version = record.whole("format")
    if version > RUN_FORMAT:
        raise RunError(
            f"{folder} has run format {version}, newer than {RUN_FORMAT}, the newest this version "
            "reads; upgrade asn_nlp"
        )
    if version < 1:
        raise record.wrong("format", "1 or more")
    labels = _labels(record.table("labels"), encoder)
    older = version == 1
    decoding = record.table("reading" if older else "decoding")
    window = decoding if older else record.table("window")
    prefix = "window_" if older else ""
    run = Run(
        folder,
        labels,
        WindowConfig(window.whole(f"{prefix}size"), window.whole(f"{prefix}context")),
        DecodeOptions(
            decoding.number("word_break_cost", least=0),
            decoding.number("outside_bias", default=0.0 if older else None),
            _thresholds(decoding, labels.themes, older=older),
        ),
        encoder.whole("pad_token_id") if older else record.whole("pad_id"),
        encoder.whole("hidden_size"),
        {} if older else record.table("fingerprints").texts(),
    )
    try:
        cut_windows(1, size=run.window.size, context=run.window.context)
    except AsnError as error:
        raise RunError(f"{window.where}: {error}") from error
    return run


def write_record(
    folder: Path, labels: LabelSet, window: WindowConfig, options: DecodeOptions, *, pad_id: int
) -> None:
    """Write ``run.json``, which marks the folder complete and vouches for the files beside it."""
    thresholds = dict(zip(labels.themes, options.theme_thresholds, strict=True))
    content = {
        "format": RUN_FORMAT,
        "labels": asdict(labels),
        "window": asdict(window),
        "decoding": asdict(options) | {"theme_thresholds": thresholds},
        "pad_id": pad_id,
        "fingerprints": {
            name: fingerprint(folder / name) for name in _FINGERPRINTED if (folder / name).exists()
        },
    }
    with written_whole(folder / RECORD) as file:
        json.dump(content, file, indent=2)
        file.write("\n")


def open_tokenizer(run: Run) -> Tokenizer:
    """The tokeniser of a run, which neither cuts nor pads.

    Raises:
        RunError: the file is none, or knows more tokens than the encoder.
    """
    path = run.file(TOKENIZER)
    if path.stat().st_size > _LARGEST_TOKENIZER:
        raise RunError(
            f"{path} has {path.stat().st_size:,} bytes, more than any vocabulary needs "
            f"({_LARGEST_TOKENIZER:,} at most); copy the folder again"
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain exceptions
        raise RunError(
            f"{path} cannot be opened as a tokeniser ({error}); copy the folder again"
        ) from error
    rows = _Table.read(run.folder / ENCODER_CONFIG).whole("vocab_size")
    if (known := tokenizer.get_vocab_size()) > rows:
        raise RunError(
            f"{path} knows {known:,} tokens, but the encoder has vectors for {rows:,}; "
            "the file belongs to another encoder: copy the folder again"
        )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def open_theme_head(run: Run) -> ThemeHead:
    """The theme head of a run, in float32.

    Raises:
        RunError: the file is damaged, of other sizes, or holds values that are not finite.
    """
    path = run.file(THEME_HEAD)
    shape = len(run.labels.themes), run.hidden_size
    try:
        tensors = load_file(path)
        head = ThemeHead(*(tensors[name].astype(np.float32) for name in ("weight", "bias")))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{path} cannot be opened as a theme head ({error}); copy the folder again"
        ) from error
    if head.weight.shape != shape or head.bias.shape != shape[:1]:
        raise RunError(
            f"{path} has weights {head.weight.shape}, but the run's themes and encoder need "
            f"{shape}; copy the folder again"
        )
    if not (np.isfinite(head.weight).all() and np.isfinite(head.bias).all()):
        raise RunError(f"{path} holds values that are not finite; train anew")
    return head


def write_known_mentions(folder: Path, surfaces: frozenset[str]) -> None:
    """Keep the surfaces of the entities a run was trained on, to score the others apart."""
    with written_whole(folder / KNOWN_MENTIONS) as file:
        json.dump(sorted(surfaces), file, ensure_ascii=False, indent=0)


def read_known_mentions(folder: Path) -> frozenset[str]:
    """What ``write_known_mentions`` kept in a run folder; empty where it holds none.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / KNOWN_MENTIONS
    if not path.exists():
        return frozenset()
    surfaces = _json(path)
    if not isinstance(surfaces, list) or not all(isinstance(one, str) for one in surfaces):
        raise RunError(f"{path} must hold a list of texts; copy the folder again")
    return frozenset(surfaces)


@dataclass(frozen=True, slots=True)
class _Table:
    """A JSON object whose values are checked as they are taken out."""

    where: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "_Table":
        values = _json(path)
        if not isinstance(values, dict):
            raise RunError(f"{path} must hold a JSON object; copy the folder again")
        return cls(str(path), values)

    def wrong(self, name: str, rule: str) -> RunError:
        met = f"found {self.values[name]!r:.80}" if name in self.values else "it is missing"
        return RunError(
            f"{self.where}: {name!r} must be {rule}, but {met}; copy the folder again, or train "
            "anew"
        )

    def table(self, name: str) -> "_Table":
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return _Table(f"{self.where}: {name}", value)

    def whole(self, name: str) -> int:
        value = self.values.get(name)
        if type(value) is not int:
            raise self.wrong(name, "a whole number")
        return value

    def number(
        self,
        name: str,
        *,
        default: float | None = None,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> float:
        value = self.values.get(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or not least <= value <= most
        ):
            bounds = "" if (least, most) == (-math.inf, math.inf) else f" in [{least:g}, {most:g}]"
            raise self.wrong(name, f"a finite number{bounds}")
        return float(value)

    def texts(self) -> dict[str, str]:
        for name, value in self.values.items():
            if not isinstance(value, str):
                raise self.wrong(name, "a text")
        return dict(self.values)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be read as JSON ({error}); copy the folder again, or train anew"
        ) from error


def _labels(table: _Table, encoder: _Table) -> LabelSet:
    sides = []
    for name in ("entities", "themes"):
        value = table.values.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise table.wrong(name, "a list of names")
        sides.append(tuple(value))
    try:
        labels = LabelSet(*sides)
    except AsnError as error:
        raise RunError(f"{table.where}: {error}") from error
    # The weights' own order: a permuted list would read every official as a title.
    tags = encoder.table("id2label").values
    if tags != {str(place): tag for place, tag in enumerate(labels.tags)}:
        raise RunError(
            f"{encoder.where}: 'id2label' must be the tags of the run's labels in their order, "
            f"{', '.join(labels.tags)}, but is {', '.join(map(str, tags.values()))}; copy the "
            "folder again, or train anew"
        )
    return labels


def _thresholds(table: _Table, themes: Sequence[str], *, older: bool) -> tuple[float, ...]:
    if older:
        values = table.values.get("theme_thresholds")
        if not isinstance(values, list) or len(values) != len(themes):
            raise table.wrong("theme_thresholds", f"a list of {len(themes)} numbers, one a theme")
        named = _Table(f"{table.where}: theme_thresholds", dict(zip(themes, values, strict=True)))
    else:
        named = table.table("theme_thresholds")
        if named.values.keys() != set(themes):
            raise table.wrong("theme_thresholds", f"an object of the themes {', '.join(themes)}")
    return tuple(named.number(theme, least=0, most=1) for theme in themes)

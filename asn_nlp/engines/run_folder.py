"""The layout of a run folder: its files, its versions, and what older ones lack.

Format 1, of the first trainings, has the window and the thresholds by place under ``reading``,
perhaps no ``outside_bias``, and no fingerprints.
"""

import json
import math
import re
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
from asn_nlp.reading.calibration import Calibration
from asn_nlp.reading.options import DecodeOptions

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
_NUMBERS = re.compile(r"\[\n[\d\s.,e-]+\]")
_LARGEST_COUNT = 10_000_000  # of tokens or dimensions; no encoder comes near it
_LARGEST_TOKENIZER = 100_000_000  # bytes; the largest vocabularies in use take a third of it


@dataclass(frozen=True, slots=True)
class Run:
    """What a run folder says of itself; weights are opened by an engine.

    Attributes:
        pad_id: the token that fills a batch.
        hidden_size: width of the token vectors.
        fingerprints: of files by name; None in format 1.
        calibration: None where scores are the model's own.
    """

    folder: Path
    labels: LabelSet
    window: WindowConfig
    options: DecodeOptions
    pad_id: int
    hidden_size: int
    fingerprints: Mapping[str, str] | None
    calibration: Calibration | None = None

    def file(self, name: str) -> Path:
        """The path of a file of the run, whose content is the one that was written.

        Raises:
            RunError: it is missing or has changed.
        """
        path = self.folder / name
        if not path.is_file():
            raise RunError(
                f"{self.folder} lacks {name}; training was cut off (resume it), or the folder was "
                "copied in part (copy it again)"
            )
        if self.fingerprints is not None and fingerprint(path) != self.fingerprints.get(name):
            cure = "write it anew with 'asn-nlp export'" if name == GRAPH else "train anew"
            raise RunError(
                f"{path} is not the file that {RECORD} knows by its fingerprint; copy the folder "
                f"again, or {cure}"
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
        if not (folder / name).is_file():
            raise RunError(
                f"{folder} lacks {name}; a run folder needs it, so training was cut off "
                "(resume it) or the folder was copied in part (copy it again)"
            )
    record, encoder = _Table.read(folder / RECORD), _Table.read(folder / ENCODER_CONFIG)
    version = record.whole("format", least=1)
    if version > RUN_FORMAT:
        raise RunError(
            f"{folder} has run format {version}, newer than {RUN_FORMAT}, the newest this version "
            "reads; upgrade asn_nlp"
        )
    labels = _labels(record.table("labels"), encoder)
    older = version == 1
    decoding = record.table("reading" if older else "decoding")
    window = decoding if older else record.table("window")
    prefix = "window_" if older else ""
    tokens = encoder.whole("vocab_size", least=1)
    run = Run(
        folder,
        labels,
        _window(window, encoder, prefix=prefix),
        DecodeOptions(
            decoding.number("word_break_cost", least=0),
            decoding.number("outside_bias", default=0.0 if older else None),
            _thresholds(decoding, labels.themes, older=older),
        ),
        encoder.whole("pad_token_id", below=tokens)
        if older
        else record.whole("pad_id", below=tokens),
        encoder.whole("hidden_size", least=1),
        None if older else record.table("fingerprints").texts(),
        _calibration(record, labels),
    )
    run.file(ENCODER_CONFIG)
    return run


def write_record(
    folder: Path,
    labels: LabelSet,
    window: WindowConfig,
    options: DecodeOptions,
    *,
    pad_id: int,
    calibration: Calibration | None = None,
) -> None:
    """Write ``run.json``, which marks the folder complete and vouches for the files beside it."""
    thresholds = dict(zip(labels.themes, options.theme_thresholds, strict=True))
    content = {
        "format": RUN_FORMAT,
        "labels": asdict(labels),
        "window": asdict(window),
        "decoding": asdict(options) | {"theme_thresholds": thresholds},
        **({"calibration": calibration.to_dict(labels)} if calibration else {}),
        "pad_id": pad_id,
        "fingerprints": {
            name: fingerprint(folder / name) for name in _FINGERPRINTED if (folder / name).exists()
        },
    }
    with written_whole(folder / RECORD) as file:
        written = json.dumps(content, allow_nan=False, indent=2)
        # A column of numbers takes a line, not as many as it has numbers.
        file.write(
            _NUMBERS.sub(lambda found: "".join(found[0].split()).replace(",", ", "), written)
        )
        file.write("\n")


def run_fingerprint(run: Run) -> str:
    """Of everything in the folder that decides what is read."""
    names = (RECORD, *_FINGERPRINTED)
    return fingerprint(*(run.folder / name for name in names if (run.folder / name).exists()))


def rewrite_record(run: Run) -> None:
    """Write what ``run`` says of itself, in the newest format, beside files that may be new."""
    write_record(
        run.folder,
        run.labels,
        run.window,
        run.options,
        pad_id=run.pad_id,
        calibration=run.calibration,
    )


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
        tokenizer.encode("a")
    except BaseException as error:  # tokenizers raises plain exceptions, and panics beyond them
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise RunError(
            f"{path} cannot be opened as a tokeniser ({error}); copy the folder again"
        ) from error
    rows = _Table.read(run.folder / ENCODER_CONFIG).whole("vocab_size")
    if (known := max(tokenizer.get_vocab().values(), default=0) + 1) > rows:
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
        json.dump(sorted(surfaces), file, ensure_ascii=False, allow_nan=False, indent=0)


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

    def whole(self, name: str, *, least: int = 0, below: int = _LARGEST_COUNT) -> int:
        value = self.values.get(name)
        if type(value) is not int:
            raise self.wrong(name, "a whole number")
        if not least <= value < below:
            raise self.wrong(name, f"{least:,} or more and below {below:,}")
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


def _calibration(record: _Table, labels: LabelSet) -> Calibration | None:
    if record.values.get("calibration") is None:
        return None
    try:
        return Calibration.from_dict(record.values["calibration"], labels)
    except RunError as error:
        raise RunError(
            f"{record.where}: calibration: {error}; fit it anew: asn-nlp calibrate RUN FILE"
        ) from error


def _window(table: _Table, encoder: _Table, *, prefix: str) -> WindowConfig:
    size, context = table.whole(f"{prefix}size"), table.whole(f"{prefix}context")
    if "max_position_embeddings" in encoder.values:
        longest = encoder.whole("max_position_embeddings", least=1)
        if size > longest:
            raise table.wrong(f"{prefix}size", f"at most {longest:,}, which the encoder reads")
    try:
        return WindowConfig(size, context)
    except AsnError as error:
        raise RunError(f"{table.where}: {error}") from error


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

"""The layout of a run folder: its files, its versions, and what older ones lack.

Format 1, of the first trainings, has the window and the thresholds by place under ``reading``,
perhaps no ``outside_bias``, and no fingerprints. Formats 1 and 2 have theme heads without attention
and no biases of returning words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from asn_nlp.config import WindowConfig
from asn_nlp.engines.checked_json import Table, read_json
from asn_nlp.engines.quantization import Quantization
from asn_nlp.engines.themes import ThemeHead
from asn_nlp.errors import AsnError, RunError
from asn_nlp.files import fingerprint, written_whole
from asn_nlp.labels import LabelSet
from asn_nlp.reading.calibration import Calibration
from asn_nlp.reading.options import DecodeOptions

RUN_FORMAT = 3

RECORD = "run.json"
WEIGHTS = "model.safetensors"
GRAPH = "model.onnx"
THEME_HEAD = "theme_head.safetensors"
TOKENIZER = "tokenizer.json"
ENCODER_CONFIG = "config.json"
KNOWN_MENTIONS = "known_mentions.json"
CARD = "README.md"

_FINGERPRINTED = (WEIGHTS, GRAPH, THEME_HEAD, TOKENIZER, ENCODER_CONFIG)
_NEEDED = (RECORD, ENCODER_CONFIG, TOKENIZER)
_PICKLES = {".bin", ".pt", ".pth", ".pkl"}
_NUMBERS = re.compile(r"\[\n[\d\s.,e-]+\]")
_LARGEST_TOKENIZER = 100_000_000  # bytes; the largest vocabularies in use take a third of it


@dataclass(frozen=True, slots=True)
class Run:
    """What a run folder says of itself; weights are opened by an engine.

    Attributes:
        pad_id: the token that fills a batch.
        hidden_size: width of the token vectors.
        fingerprints: of files by name; None in format 1.
        calibration: None where scores are the model's own.
        quantization: what the graph's smaller numbers cost; None where it computes in float32.
    """

    folder: Path
    labels: LabelSet
    window: WindowConfig
    options: DecodeOptions
    pad_id: int
    hidden_size: int
    fingerprints: Mapping[str, str] | None
    calibration: Calibration | None = None
    quantization: Quantization | None = None

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
    record, encoder = Table.read(folder / RECORD), Table.read(folder / ENCODER_CONFIG)
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
            _returning_biases(decoding, labels.entities, older=version < 3),
        ),
        encoder.whole("pad_token_id", below=tokens)
        if older
        else record.whole("pad_id", below=tokens),
        encoder.whole("hidden_size", least=1),
        None if older else record.table("fingerprints").texts(),
        _calibration(record, labels),
        Quantization.from_record(record),
    )
    run.file(ENCODER_CONFIG)
    return run


def run_in(folder: Path) -> Run | None:
    """The run in an encoder's folder; None where it is an encoder alone. Errors as ``open_run``."""
    return open_run(folder) if (folder / RECORD).exists() else None


def write_record(
    folder: Path,
    labels: LabelSet,
    window: WindowConfig,
    options: DecodeOptions,
    *,
    pad_id: int,
    calibration: Calibration | None = None,
    quantization: Quantization | None = None,
) -> None:
    """Write ``run.json``, which marks the folder complete and vouches for the files beside it."""
    named = {
        "theme_thresholds": dict(zip(labels.themes, options.theme_thresholds, strict=True)),
        "returning_biases": dict(zip(labels.entities, options.returning_biases, strict=True)),
    }
    content = {
        "format": RUN_FORMAT,
        "labels": asdict(labels),
        "window": asdict(window),
        "decoding": asdict(options) | named,
        **({"calibration": calibration.to_dict(labels)} if calibration else {}),
        **({"quantization": asdict(quantization)} if quantization else {}),
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
        quantization=run.quantization,
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
    rows = Table.read(run.folder / ENCODER_CONFIG).whole("vocab_size")
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
        tensors.setdefault("attention", np.zeros_like(tensors["weight"]))
        names = ("weight", "bias", "attention")
        head = ThemeHead(*(tensors[name].astype(np.float32) for name in names))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{path} cannot be opened as a theme head ({error}); copy the folder again"
        ) from error
    values = {"weight": head.weight, "attention": head.attention, "bias": head.bias}
    for name, needed in {"weight": shape, "attention": shape, "bias": shape[:1]}.items():
        if values[name].shape != needed:
            raise RunError(
                f"{path} has {name} {values[name].shape}, but the run's themes and encoder need "
                f"{needed}; copy the folder again"
            )
    if not all(np.isfinite(value).all() for value in values.values()):
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
    surfaces = read_json(path)
    if not isinstance(surfaces, list) or not all(isinstance(one, str) for one in surfaces):
        raise RunError(f"{path} must hold a list of texts; copy the folder again")
    return frozenset(surfaces)


def _labels(table: Table, encoder: Table) -> LabelSet:
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


def _calibration(record: Table, labels: LabelSet) -> Calibration | None:
    if record.values.get("calibration") is None:
        return None
    try:
        return Calibration.from_dict(record.values["calibration"], labels)
    except RunError as error:
        raise RunError(
            f"{record.where}: calibration: {error}; fit it anew: asn-nlp calibrate RUN FILE"
        ) from error


def _window(table: Table, encoder: Table, *, prefix: str) -> WindowConfig:
    size, context = table.whole(f"{prefix}size"), table.whole(f"{prefix}context")
    if "max_position_embeddings" in encoder.values:
        longest = encoder.whole("max_position_embeddings", least=1)
        if size > longest:
            raise table.wrong(f"{prefix}size", f"at most {longest:,}, which the encoder reads")
    try:
        return WindowConfig(size, context)
    except AsnError as error:
        raise RunError(f"{table.where}: {error}") from error


def _thresholds(table: Table, themes: Sequence[str], *, older: bool) -> tuple[float, ...]:
    if older:
        values = table.values.get("theme_thresholds")
        if not isinstance(values, list) or len(values) != len(themes):
            raise table.wrong("theme_thresholds", f"a list of {len(themes)} numbers, one a theme")
        named = Table(f"{table.where}: theme_thresholds", dict(zip(themes, values, strict=True)))
    else:
        named = _by_name(table, "theme_thresholds", themes)
    return tuple(named.number(theme, least=0, most=1) for theme in themes)


def _returning_biases(table: Table, entities: Sequence[str], *, older: bool) -> tuple[float, ...]:
    if older:
        return (0.0,) * len(entities)
    named = _by_name(table, "returning_biases", entities)
    return tuple(named.number(entity, least=0) for entity in entities)


def _by_name(table: Table, name: str, labels: Sequence[str]) -> Table:
    named = table.table(name)
    if named.values.keys() != set(labels):
        kind = "themes" if name == "theme_thresholds" else "entity types"
        raise table.wrong(name, f"an object of the {kind} {', '.join(labels)}")
    return named

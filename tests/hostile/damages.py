"""Ways to damage a run folder, each of which must end in a RunError and never in a reading."""

import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

from asn_nlp.engines.run_folder import GRAPH, RECORD, THEME_HEAD, TOKENIZER, WEIGHTS
from asn_nlp.files import fingerprint

CONFIG = "config.json"
_FILES = (RECORD, CONFIG, TOKENIZER, THEME_HEAD, GRAPH, WEIGHTS)
_ODD = (None, True, -1, "x", [], {}, math.nan, math.inf, 10**30, 1.5, [[]], "\0")


@dataclass(frozen=True)
class Damage:
    """``vouched``: run.json is made to agree with the files again, as one who means harm would."""

    name: str
    apply: Callable[[Path], object]
    vouched: bool = False
    engine: str = "onnx"

    def __call__(self, run: Path) -> None:
        self.apply(run)
        if self.vouched:
            _vouch(run)


def damages() -> Iterator[Damage]:
    """Some three hundred."""
    for name in _FILES:
        engine = "torch" if name == WEIGHTS else "onnx"
        for what, change in _BYTES.items():
            yield Damage(f"{name} {what}", _rewriting(name, change), engine=engine)
            if name != RECORD and what not in ("a byte changed", "more behind its end"):
                yield Damage(f"{name} {what}, vouched", _rewriting(name, change), True, engine)
        yield Damage(f"{name} missing", _removing(name), engine=engine)
        yield Damage(f"{name} is a folder", _turning_into_folder(name), engine=engine)
        yield Damage(f"{name} is a pipe", _turning_into_pipe(name), engine=engine)
    for path in _PLACES:
        yield Damage(f"run.json without {'.'.join(path)}", _editing(RECORD, path, _Gone))
        for value in _ODD:
            if (path, repr(value)) not in _FINE:
                shown = f"run.json {'.'.join(path)} = {value!r}"
                yield Damage(shown, _editing(RECORD, path, value))
    for key in ("vocab_size", "hidden_size", "id2label"):
        for value in (*_ODD[:7], 3):
            yield Damage(f"config.json {key} = {value!r}", _editing(CONFIG, (key,), value), True)
    for key, value in (
        ("num_hidden_layers", 3),
        ("num_hidden_layers", 1),
        ("num_hidden_layers", -1),
        ("num_attention_heads", 7),
        ("intermediate_size", 65),
        ("hidden_act", "nonsense"),
        ("model_type", "nonsense"),
        ("model_type", []),
    ):
        shown = f"config.json {key} = {value!r}, by PyTorch"
        yield Damage(shown, _editing(CONFIG, (key,), value), True, "torch")
    yield Damage("config.json that asks for code", _asking_for_code, True, "torch")
    yield Damage(
        "window wider than the encoder", _editing(CONFIG, ("max_position_embeddings",), 9), True
    )
    yield Damage("labels in another order", _permuting_labels)
    yield Damage("tags in another order", _permuting_tags, True)
    yield Damage("themes in another order", _permuting_themes)
    for value in (math.nan, math.inf, -math.inf):
        yield Damage(f"graph of {value}", _spoiling_graph(value), True)
        yield Damage(f"theme head of {value}", _spoiling(THEME_HEAD, value), True)
        yield Damage(f"weights of {value}", _spoiling(WEIGHTS, value), True, "torch")
    for what, edit in _TOKENISERS.items():
        yield Damage(f"tokenizer.json {what}", _editing_json(TOKENIZER, edit), True)
    for what, edit in _TENSORS.items():
        yield Damage(f"theme head {what}", _editing_tensors(THEME_HEAD, edit), True)
        yield Damage(f"weights {what}", _editing_tensors(WEIGHTS, edit), True, "torch")
    yield Damage("graph of other sizes", _shrinking_graph, True)
    yield Damage("graph without a node", _cutting_graph, True)
    yield Damage("graph that names a file", _naming_a_file, True)
    yield Damage("tokenizer.json of 200 MB", _of_hostile_size, True)


_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content.rstrip()[:-1],
    "of zeros": lambda content: bytes(len(content)),
    "a byte changed": lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
    "more behind its end": lambda content: content + b"\0more",
    "a list": lambda _: b"[]",
    "nested without end": lambda _: b"[" * 100_000,
    "in UTF-16": lambda _: '{"format": 2}'.encode("utf-16"),
    "a header of hostile length": lambda content: b"\xff" * 7 + b"\x7f" + content,
}
_PLACES: tuple[tuple[str, ...], ...] = (
    ("format",),
    ("labels",),
    ("labels", "entities"),
    ("labels", "themes"),
    ("window",),
    ("window", "size"),
    ("window", "context"),
    ("decoding",),
    ("decoding", "word_break_cost"),
    ("decoding", "outside_bias"),
    ("decoding", "theme_thresholds"),
    ("decoding", "theme_thresholds", "KARIER"),
    ("pad_id",),
    ("fingerprints",),
    ("fingerprints", GRAPH),
    ("fingerprints", TOKENIZER),
)
_FINE = {
    (("decoding", "outside_bias"), "-1"),
    (("decoding", "outside_bias"), "1.5"),
    (("decoding", "outside_bias"), repr(10**30)),
    (("decoding", "word_break_cost"), "1.5"),
    (("decoding", "word_break_cost"), repr(10**30)),
}
_TOKENISERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "of an unknown model": lambda t: t["model"].update(type="nonsense"),
    "without a model": lambda t: t.pop("model"),
    "without words": lambda t: t["model"].update(vocab={}),
    "of words without number": lambda t: t["model"].update(vocab={"[UNK]": None}),
    "of negative numbers": lambda t: t["model"]["vocab"].update({"Bupati": -1}),
    "of numbers too high": lambda t: t["model"]["vocab"].update({"zzz": 4_000_000_000}),
    "of a number beyond the encoder": lambda t: t["model"]["vocab"].update({"zzz": 60_000}),
    "with odd additions": lambda t: t.update(added_tokens=[{"id": "x"}]),
    "with a broken pattern": lambda t: t.update(
        pre_tokenizer={
            "type": "Split",
            "pattern": {"Regex": "("},
            "behavior": "Removed",
            "invert": False,
        }
    ),
    "of a later version": lambda t: t.update(version="9.0"),
}
_TENSORS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "of no tensor": lambda _: {"other": np.zeros(1, np.float32)},
    "lacking one": lambda t: dict(sorted(t.items())[:-1]),
    "of other shapes": lambda t: {k: np.concatenate([v, v]) for k, v in t.items()},
}


class _Gone:
    """In place of a value: the key is removed."""


def _vouch(run: Path) -> None:
    record = json.loads((run / RECORD).read_text("utf-8"))
    record["fingerprints"] = {name: fingerprint(run / name) for name in record["fingerprints"]}
    (run / RECORD).write_text(json.dumps(record), "utf-8")


def _rewriting(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(change((run / name).read_bytes()))


def _removing(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).unlink()


def _turning_into_folder(name: str) -> Callable[[Path], object]:
    def apply(run: Path) -> None:
        (run / name).unlink()
        (run / name).mkdir()

    return apply


def _turning_into_pipe(name: str) -> Callable[[Path], object]:
    def apply(run: Path) -> None:
        (run / name).unlink()
        os.mkfifo(run / name)

    return apply


def _editing_json(name: str, edit: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def apply(run: Path) -> None:
        content = json.loads((run / name).read_text("utf-8"))
        edit(content)
        (run / name).write_text(json.dumps(content), "utf-8")

    return apply


def _editing(name: str, path: tuple[str, ...], value: object) -> Callable[[Path], object]:
    def edit(content: dict[str, Any]) -> None:
        *outer, last = path
        for key in outer:
            content = content[key]
        if value is _Gone:
            del content[last]
        else:
            content[last] = value

    return _editing_json(name, edit)


def _asking_for_code(run: Path) -> None:
    marker = run / "executed"
    (run / "mine.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    auto = {"AutoConfig": "mine.Config", "AutoModelForTokenClassification": "mine.Model"}
    _editing_json(CONFIG, lambda c: c.update(model_type="mine", auto_map=auto))(run)


def _permuting_labels(run: Path) -> None:
    _editing_json(RECORD, lambda r: r["labels"]["entities"].reverse())(run)


def _permuting_themes(run: Path) -> None:
    """With thresholds in the old order of a list, as format 1 had them."""
    _editing_json(
        RECORD,
        lambda r: r["decoding"].update(
            theme_thresholds=list(r["decoding"]["theme_thresholds"].values())[::-1]
        ),
    )(run)


def _permuting_tags(run: Path) -> None:
    def edit(config: dict[str, Any]) -> None:
        tags = list(config["id2label"].values())[::-1]
        config["id2label"] = {str(place): tag for place, tag in enumerate(tags)}

    _editing_json(CONFIG, edit)(run)


def _spoiling(name: str, value: float) -> Callable[[Path], object]:
    def apply(run: Path) -> None:
        tensors = load_file(run / name)
        tensor = next(one for one in tensors.values() if one.ndim == 2)
        tensor[0, 0] = value
        save_file(tensors, run / name, metadata={"format": "pt"})

    return apply


def _editing_tensors(
    name: str, edit: Callable[[dict[str, Any]], dict[str, Any]]
) -> Callable[[Path], object]:
    return lambda run: save_file(edit(load_file(run / name)), run / name, metadata={"format": "pt"})


def _spoiling_graph(value: float) -> Callable[[Path], object]:
    def apply(run: Path) -> None:
        model = onnx.load(run / GRAPH)
        for tensor in model.graph.initializer:
            if len(tensor.dims) == 2:
                array = numpy_helper.to_array(tensor).copy()
                array[:] = value
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        onnx.save(model, run / GRAPH)

    return apply


def _shrinking_graph(run: Path) -> None:
    model = onnx.load(run / GRAPH)
    tensor = next(one for one in model.graph.initializer if len(one.dims) == 2)
    array = numpy_helper.to_array(tensor)[:3]
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    onnx.save(model, run / GRAPH)


def _cutting_graph(run: Path) -> None:
    model = onnx.load(run / GRAPH)
    del model.graph.node[len(model.graph.node) // 2]
    onnx.save(model, run / GRAPH)


def _naming_a_file(run: Path) -> None:
    onnx.save(
        onnx.load(run / GRAPH),
        run / GRAPH,
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )


def _of_hostile_size(run: Path) -> None:
    with (run / TOKENIZER).open("r+b") as file:
        file.truncate(200_000_000)  # sparse: it takes no room

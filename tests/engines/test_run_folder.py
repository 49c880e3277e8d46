import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from asn_nlp.config import WindowConfig
from asn_nlp.engines.run_folder import (
    GRAPH,
    RUN_FORMAT,
    open_run,
    open_theme_head,
    open_tokenizer,
    read_known_mentions,
    rewrite_record,
    write_known_mentions,
    write_record,
)
from asn_nlp.errors import RunError
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.reading.calibration import Calibrated, Calibration, Calibrator
from asn_nlp.reading.operating_points import Table
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.shipped import READY

N_THEMES = len(ASN_LABELS.themes)


@pytest.fixture
def run(tiny_run, tmp_path) -> Path:
    """A run to break."""
    return shutil.copytree(tiny_run, tmp_path / "run")


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content), "utf-8")


def to_format_1(record: dict[str, Any]) -> None:
    """As the first trainings wrote it."""
    thresholds = list(record["decoding"].pop("theme_thresholds").values())
    del record["decoding"]["returning_biases"]
    window = {f"window_{name}": value for name, value in record.pop("window").items()}
    record["reading"] = window | record.pop("decoding") | {"theme_thresholds": thresholds}
    record["format"] = 1
    del record["pad_id"], record["fingerprints"]


def test_what_is_written_is_what_opens(run):
    options = DecodeOptions(2.5, 0.5, tuple(np.linspace(0, 1, N_THEMES).tolist()), (0.0, 1.0, 2.5))
    write_record(run, ASN_LABELS, WindowConfig(48, 8), options, pad_id=3)
    opened = open_run(run)
    assert opened.labels == ASN_LABELS
    assert opened.window == WindowConfig(48, 8)
    assert opened.options == options
    assert opened.pad_id == 3
    assert opened.hidden_size == 32
    assert json.loads((run / "run.json").read_text("utf-8"))["format"] == RUN_FORMAT
    assert open_theme_head(opened).weight.shape == (N_THEMES, 32)
    assert open_tokenizer(opened).encode("Bupati").ids


def test_a_calibration_is_kept_and_a_run_without_one_says_so(run):
    before = open_run(run)
    assert before.calibration is None
    table = Table(40, (0.9, 0.0), (25, 50), (25, 40), (0.9, 0.7))
    side = Calibrated(Calibrator(1.5, 0.5, 2.0, (0.1,) * 3), 50, 40, 0.2, 0.04, {}, table)
    kept = replace(before, calibration=Calibration(side, None))
    rewrite_record(kept)
    assert open_run(run) == kept
    lines = (run / "run.json").read_text("utf-8").splitlines()
    assert '          "predicted": [25, 50],' in lines  # a column is a line
    rewrite_record(before)
    assert "calibration" not in json.loads((run / "run.json").read_text("utf-8"))


def test_a_damaged_calibration_is_named_with_its_cure(run):
    change(run / "run.json", lambda record: record.update(calibration={"entities": None}))
    with pytest.raises(RunError, match=r"run.json: calibration: must be an object of") as caught:
        open_run(run)
    assert "fit it anew: asn-nlp calibrate RUN FILE" in str(caught.value)


@pytest.mark.parametrize("bias", [0.7, None])
def test_a_run_of_format_1_opens_as_it_was(run, bias):
    before = open_run(run)
    change(run / "run.json", to_format_1)
    if bias is None:  # the very first had none
        change(run / "run.json", lambda record: record["reading"].pop("outside_bias"))
    else:
        change(run / "run.json", lambda record: record["reading"].update(outside_bias=bias))
    opened = open_run(run)
    assert opened.options.outside_bias == (bias or 0.0)
    assert opened.options.theme_thresholds == before.options.theme_thresholds
    assert opened.options.word_break_cost == before.options.word_break_cost
    assert (opened.window, opened.labels) == (before.window, before.labels)
    assert opened.pad_id == before.pad_id
    assert opened.fingerprints is None


def test_a_run_of_format_2_reads_the_plain_mean(run):
    before = open_run(run)
    head = load_file(run / "theme_head.safetensors")
    del head["attention"]
    save_file(head, run / "theme_head.safetensors")
    rewrite_record(before)
    change(run / "run.json", lambda record: record["decoding"].pop("returning_biases"))
    change(run / "run.json", lambda record: record.update(format=2))
    opened = open_run(run)
    assert not any(opened.options.returning_biases)
    assert not open_theme_head(opened).attention.any()


def test_a_newer_format_asks_for_an_upgrade(run):
    change(run / "run.json", lambda record: record.update(format=RUN_FORMAT + 1))
    with pytest.raises(RunError, match=rf"run format {RUN_FORMAT + 1}, newer than {RUN_FORMAT}"):
        open_run(run)
    with pytest.raises(RunError, match="upgrade asn_nlp"):
        open_run(run)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r.pop("format"), r"'format' must be a whole number, but it is missing"),
        (lambda r: r.update(format=0), r"'format' must be 1 or more and below .*, but found 0"),
        (lambda r: r.update(format=True), r"'format' must be a whole number, but found True"),
        (lambda r: r.pop("labels"), r"'labels' must be an object, but it is missing"),
        (lambda r: r["labels"].update(entities="TITLE"), r"labels: 'entities' must be a list"),
        (
            lambda r: r["labels"].update(entities=["TITLE", "OFFICIAL", "PROVINCE"]),
            r"config.json: 'id2label' must be the tags of the run's labels in their order, "
            r"O, B-TITLE, .* but is O, B-OFFICIAL",
        ),
        (
            lambda r: r["window"].update(size=8, context=4),
            r"window: window.size must be more than",
        ),
        (lambda r: r["window"].update(context=-1), r"window: 'context' must be 0 or more"),
        (lambda r: r["window"].update(size="8"), r"window: 'size' must be a whole number"),
        (
            lambda r: r["decoding"].update(word_break_cost=float("nan")),
            r"decoding: 'word_break_cost' must be a finite number in \[0, inf\], but found nan",
        ),
        (lambda r: r["decoding"].update(word_break_cost=-1), r"finite number in \[0, inf\]"),
        (lambda r: r["decoding"].update(outside_bias="no"), r"'outside_bias' must be a finite"),
        (lambda r: r["decoding"].pop("outside_bias"), r"'outside_bias' .* it is missing"),
        (
            lambda r: r["decoding"]["theme_thresholds"].pop("KARIER"),
            r"'theme_thresholds' must be an object of the themes DISIPLIN, .*KARIER",
        ),
        (
            lambda r: r["decoding"]["theme_thresholds"].update(KARIER=1.5),
            r"theme_thresholds: 'KARIER' must be a finite number in \[0, 1\], but found 1.5",
        ),
        (lambda r: r["decoding"].update(theme_thresholds=[0.5]), r"must be an object, but found"),
        (lambda r: r.pop("pad_id"), r"'pad_id' must be a whole number, but it is missing"),
        (lambda r: r["fingerprints"].update(x=1), r"fingerprints: 'x' must be a text, but found 1"),
    ],
)
def test_a_missing_or_odd_value_names_file_key_and_cure(run, edit, message):
    change(run / "run.json", edit)
    with pytest.raises(RunError, match=message) as caught:
        open_run(run)
    assert str(run) in str(caught.value)
    assert str(caught.value).endswith(("train anew", "context shorter"))


def test_one_threshold_for_twelve_themes_is_refused_in_format_1_too(run):
    change(run / "run.json", to_format_1)
    change(run / "run.json", lambda record: record["reading"].update(theme_thresholds=[0.5]))
    with pytest.raises(RunError, match=r"'theme_thresholds' must be a list of 12 numbers"):
        open_run(run)


@pytest.mark.parametrize("name", ["run.json", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 2', b"\xff\xfe{", b"[" * 100_000])
def test_a_damaged_file_is_named(run, name, content):
    (run / name).write_bytes(content)
    with pytest.raises(RunError, match=name):
        open_tokenizer(open_run(run))


@pytest.mark.parametrize("name", ["run.json", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named_with_the_cure(run, name):
    (run / name).unlink()
    with pytest.raises(RunError) as caught:
        open_run(run)
    assert str(caught.value) == (
        f"{run} lacks {name}; a run folder needs it, so training was cut off (resume it) "
        "or the folder was copied in part (copy it again)"
    )


def test_a_changed_file_is_told_by_its_fingerprint(run):
    path = run / "theme_head.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(RunError, match=r"theme_head.safetensors is not the file that run.json"):
        open_theme_head(open_run(run))


def without_fingerprints(run: Path) -> Path:
    """As the first trainings wrote it, so that what a file holds is met and not that it changed."""
    change(run / "run.json", to_format_1)
    return run


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"weight": np.zeros((2, 32), np.float32)}, "'bias'"),
        (
            {"weight": np.zeros((2, 32), np.float32), "bias": np.zeros(2, np.float32)},
            r"has weight \(2, 32\), but the run's themes and encoder need \(12, 32\)",
        ),
        (
            {
                "weight": np.zeros((12, 32), np.float32),
                "bias": np.zeros(12, np.float32),
                "attention": np.zeros((12, 16), np.float32),
            },
            r"has attention \(12, 16\), but the run's themes and encoder need \(12, 32\)",
        ),
        (
            {"weight": np.full((12, 32), np.nan, np.float32), "bias": np.zeros(12, np.float32)},
            "holds values that are not finite; train anew",
        ),
    ],
)
def test_a_theme_head_that_does_not_fit_is_refused(run, weights, message):
    save_file(weights, without_fingerprints(run) / "theme_head.safetensors")
    with pytest.raises(RunError, match=message):
        open_theme_head(open_run(run))


def test_a_theme_head_cut_off_is_refused(run):
    path = without_fingerprints(run) / "theme_head.safetensors"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(RunError, match="cannot be opened as a theme head"):
        open_theme_head(open_run(run))


def test_a_tokeniser_of_another_encoder_is_refused(run):
    without_fingerprints(run)
    change(run / "config.json", lambda config: config.update(vocab_size=50))
    with pytest.raises(RunError, match=r"knows \d+ tokens, but the encoder has vectors for 50"):
        open_tokenizer(open_run(run))


def test_a_tokeniser_of_hostile_size_is_refused_before_it_is_read(run):
    with (without_fingerprints(run) / "tokenizer.json").open("r+b") as file:
        file.truncate(200_000_000)  # sparse: it takes no room
    with pytest.raises(RunError, match=r"has 200,000,000 bytes, more than any vocabulary needs"):
        open_tokenizer(open_run(run))


def test_a_pickle_is_not_opened(run):
    (run / "model.safetensors").unlink()
    (run / GRAPH).unlink()
    (run / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(RunError, match=r"holds pytorch_model.bin, a pickle, which can run code"):
        open_run(run)


def test_no_folder_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"hilang is no folder; name a run folder that training"):
        open_run(tmp_path / "hilang")


def test_a_run_holds_no_pickle(run):
    assert {path.name for path in run.iterdir()} == {
        "config.json",
        "model.onnx",
        "model.safetensors",
        "run.json",
        "theme_head.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert load_file(run / "theme_head.safetensors").keys() == {"weight", "bias", "attention"}


def test_known_mentions_are_kept_as_they_are(tmp_path):
    surfaces = frozenset({"Bali", "Kepala\nDinas", "“Tirta”"})
    assert read_known_mentions(tmp_path) == frozenset()
    write_known_mentions(tmp_path, surfaces)
    assert read_known_mentions(tmp_path) == surfaces
    (tmp_path / "known_mentions.json").write_text('{"a": 1}', "utf-8")
    with pytest.raises(RunError, match="must hold a list of texts"):
        read_known_mentions(tmp_path)


def test_labels_may_lack_a_side(run):
    labels = LabelSet(ASN_LABELS.entities, ())
    save_file(
        {"weight": np.zeros((0, 32), np.float32), "bias": np.zeros(0, np.float32)},
        run / "theme_head.safetensors",
    )
    write_record(run, labels, WindowConfig(), DecodeOptions(0.0, 0.0, (), (0.0,) * 3), pad_id=0)
    opened = open_run(run)
    assert opened.labels == labels
    vectors, pieces = np.zeros((1, 4, 32), np.float32), np.array([[0, 1, 2]])
    assert open_theme_head(opened)(vectors, pieces).logits.shape == (1, 0)


def test_the_ready_model_is_of_the_newest_format():
    assert json.loads((READY / "run.json").read_text("utf-8"))["format"] == RUN_FORMAT
    run = open_run(READY)
    assert run.fingerprints
    for name in run.fingerprints:
        run.file(name)

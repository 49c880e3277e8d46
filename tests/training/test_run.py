import errno
import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from safetensors import SafetensorError
from safetensors.torch import load_file

from asn_nlp.articles import Article, EntitySpan, ThemeSpan
from asn_nlp.cli.parser import parse_config
from asn_nlp.config import (
    EncoderConfig,
    TrainConfig,
    WindowConfig,
)
from asn_nlp.engines.run_folder import open_run, read_known_mentions
from asn_nlp.engines.torch import open_classifier
from asn_nlp.errors import AnnotationError, ConfigError, RunError
from asn_nlp.evaluation import LeadingF1, leading_f1
from asn_nlp.files import fingerprint
from asn_nlp.formats import write_articles
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.predictor import Predictor
from asn_nlp.reading import fitting
from asn_nlp.reading.encoding import encode_articles
from asn_nlp.training import fit, preparation, train
from asn_nlp.training import run as run_room
from asn_nlp.training import trainer as trainer_room


def weights(folder: str | Path) -> dict[str, torch.Tensor]:
    names = ("model.safetensors", "theme_head.safetensors")
    return {k: v for name in names for k, v in load_file(Path(folder) / name).items()}


def assert_same_weights(one: str | Path, other: str | Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def rising() -> Callable[..., LeadingF1]:
    """Every score above the one before, so that the last epoch is the best."""
    score = 0.0

    def score_more(*_: object, **__: object) -> LeadingF1:
        nonlocal score
        score += 1e-3
        return LeadingF1(score, score)

    return score_more


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_training_writes_a_run_that_reads_as_it_was_scored(config, tiny_articles):
    folder = train(config)
    assert folder == Path(config.output)
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "config.json",
        "config.yaml",
        "known_mentions.json",
        "model.onnx",
        "model.safetensors",
        "run.json",
        "scores.json",
        "theme_head.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    scores = json.loads((folder / "scores.json").read_text("utf-8"))
    assert scores["seed"] == 0
    assert scores["data_fingerprint"] == fingerprint(
        *config.data.train_files, Path(config.data.dev)
    )
    assert scores["versions"]["torch"] == torch.__version__
    predicted = list(Predictor.from_pretrained(folder).predict(tiny_articles))
    found = leading_f1(tiny_articles, predicted, labels=ASN_LABELS)
    assert scores["dev"] == {
        "articles": 3,
        "entity_f1": found.entity_f1,
        "theme_f1": found.theme_f1,
    }
    assert open_run(folder).window == WindowConfig(32, 4)
    assert "Hasan Basri, M.Si" in read_known_mentions(folder)


def test_a_run_is_calibrated_on_dev(config, news, monkeypatch):
    monkeypatch.setattr(fitting, "FEWEST_SPANS", 10)
    longer = replace(config, optimizer=replace(config.optimizer, epochs=10))
    dev = [replace(one, id=f"{time}-{one.id}") for time in range(3) for one in news]
    folder = fit(news, dev, longer)
    side = open_run(folder).calibration.themes
    assert side.table.gold == sum(len(article.themes) for article in dev)
    assert f"calibrated on the {side.spans:,} that" in (folder / "README.md").read_text("utf-8")
    scores = json.loads((folder / "scores.json").read_text("utf-8"))["dev"]
    read = leading_f1(dev, Predictor.from_pretrained(folder).predict(dev), labels=ASN_LABELS)
    assert read.theme_f1 == pytest.approx(scores["theme_f1"])


def test_the_config_of_a_run_repeats_it(config):
    folder = train(config)
    rates = config.optimizer.with_rates(from_run=False)
    repeated = parse_config(TrainConfig, ["--config", str(folder / "config.yaml")])
    assert repeated == replace(config, optimizer=rates)
    written = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
    again = replace(config, output=f"{config.output}-lagi")
    assert written["optimizer"]["epochs"] == 2
    assert_same_weights(folder, train(again))


def test_a_run_is_gone_on_with_as_it_was_at_lower_rates_and_says_what_changed(config, capsys):
    first = train(config)
    optimizer = replace(config.optimizer, learning_rate=None)
    more = replace(
        config,
        encoder=replace(config.encoder, name=str(first)),
        optimizer=replace(optimizer, batch_tokens=256),
        window=WindowConfig(),
        output=f"{config.output}-lagi",
    )
    capsys.readouterr()
    written = yaml.safe_load((train(more) / "config.yaml").read_text("utf-8"))
    assert written["optimizer"]["learning_rate"] == 3e-5
    assert written["optimizer"]["head_learning_rate"] == 1e-4
    assert written["window"] == {"size": 32, "context": 4}
    before = json.loads((first / "scores.json").read_text("utf-8"))["dev"]
    told = re.search(
        r"dev before: entities ([\d.]+), themes ([\d.]+); after: ", capsys.readouterr().out
    )
    assert told is not None
    assert float(told[1]) == round(before["entity_f1"], 3)
    assert float(told[2]) == round(before["theme_f1"], 3)


def test_the_card_tells_what_the_run_is(config, news, tiny_articles):
    def counts(articles: list[Article]) -> str:
        entities, themes = (
            sum(len(getattr(a, n)) for a in articles) for n in ("entities", "themes")
        )
        return f"{len(articles)} | {entities} | {themes}"

    folder = train(replace(config, seed=3))
    card = ModelCard.load(folder / "README.md")
    assert card.data.language == "id"
    assert card.data.library_name == "transformers"
    assert card.data.pipeline_tag == "token-classification"
    scores = json.loads((folder / "scores.json").read_text("utf-8"))
    for line in (
        f"| train | latih.jsonl | {counts(news)} |",
        f"| dev | uji.jsonl | {counts(tiny_articles)} |",
        f"Fingerprint of the files: `{scores['data_fingerprint']}`.",
        f"- Encoder: `{config.encoder.name}`.",
        "- Seed 3; 2 epochs in batches of up to",
        f'predictor = Predictor.from_pretrained("{folder}")',
        f"- torch {torch.__version__}",
    ):
        assert line in card.content
    rows = {line.split(" | ")[0]: line.split(" | ") for line in card.content.splitlines()}
    assert rows["| entities, micro"][3] == f"{scores['dev']['entity_f1']:.3f}"
    assert rows["| themes, micro"][3] == f"{scores['dev']['theme_f1']:.3f}"
    assert "–" in rows["| entities, micro"][4]
    assert {"| OFFICIAL", "| mentions seen in training", "| mentions not seen"} <= rows.keys()


def test_a_model_learns_what_it_is_shown(config):
    folder = train(
        replace(
            config,
            data=replace(config.data, dev=config.data.train),
            encoder=replace(config.encoder, dropout=0.0),
            optimizer=replace(
                config.optimizer, learning_rate=1e-2, head_learning_rate=1e-2, epochs=25
            ),
        )
    )
    scores = json.loads((folder / "scores.json").read_text("utf-8"))["dev"]
    assert scores["entity_f1"] > 0.7
    assert scores["theme_f1"] > 0.7


def test_weights_can_be_stored_in_half_precision(config):
    short = replace(config, optimizer=replace(config.optimizer, epochs=1))
    folder = train(replace(short, save_fp16=True))
    full = weights(train(replace(short, output=f"{config.output}-penuh")))
    for name, value in weights(folder).items():
        assert value.dtype == torch.float16
        assert torch.equal(value, full[name].half()), name
    parameters = open_classifier(folder).parameters()
    assert {parameter.dtype for parameter in parameters} == {torch.float32}


def test_seeds_are_trained_apart_and_summed_up(config, capsys):
    optimizer = replace(config.optimizer, epochs=1)
    folder = train(replace(config, seed=5, seeds=2, optimizer=optimizer))
    runs = [folder / "seed-5", folder / "seed-6"]
    scores = [json.loads((run / "scores.json").read_text("utf-8")) for run in runs]
    assert [one["seed"] for one in scores] == [5, 6]
    first, second = map(weights, runs)
    assert any(not torch.equal(first[name], second[name]) for name in first)
    summary = json.loads((folder / "seeds.json").read_text("utf-8"))
    printed = capsys.readouterr().out
    for name in ("entity_f1", "theme_f1"):
        values = [one["dev"][name] for one in scores]
        assert summary[name] == pytest.approx(
            {"mean": sum(values) / 2, "deviation": abs(values[0] - values[1]) / 2**0.5}
        )
        mean, deviation = summary[name]["mean"], summary[name]["deviation"]
        assert f"{name}: {mean:.3f} ± {deviation:.3f} on dev, 2 seeds" in printed


def test_a_run_cut_off_goes_on_to_the_same_weights(config, monkeypatch):
    config = replace(config, optimizer=replace(config.optimizer, epochs=3))
    monkeypatch.setattr(trainer_room, "leading_f1", rising())
    whole = train(replace(config, output=f"{config.output}-utuh"))
    assert not (whole / "checkpoints").exists()

    with monkeypatch.context() as patch:
        patch.setattr(trainer_room._Progress, "on_save", interrupt)
        patch.setattr(trainer_room, "leading_f1", rising())
        with pytest.raises(KeyboardInterrupt):
            train(config)
    folder = Path(config.output)
    with pytest.raises(RunError, match=r"training was cut off \(resume it\)"):
        open_run(folder)
    (checkpoint,) = (folder / "checkpoints").glob("checkpoint-*")
    trained = load_file(checkpoint / "model.safetensors")
    final = weights(whole)
    assert not torch.equal(trained["theme_head.weight"], final["weight"])
    # Two that were cut off while they were written.
    (folder / "checkpoints" / "checkpoint-9998").mkdir()
    half = folder / "checkpoints" / "checkpoint-9999"
    half.mkdir()
    (half / "trainer_state.json").write_text('{"epoch": 2', "utf-8")

    assert train(replace(config, resume=True)) == folder
    assert_same_weights(folder, whole)
    assert not (folder / "checkpoints").exists()
    assert not parse_config(TrainConfig, ["--config", str(folder / "config.yaml")]).resume


def test_there_is_nothing_to_resume_in_a_whole_run(config, capsys, monkeypatch):
    folder = train(config)
    monkeypatch.setattr(run_room, "read_training_data", interrupt)
    capsys.readouterr()
    assert train(replace(config, resume=True)) == folder
    assert capsys.readouterr().out == f"{folder} is complete; nothing to resume\n"


def test_resuming_without_a_checkpoint_begins(config):
    config = replace(config, optimizer=replace(config.optimizer, epochs=1))
    begun = train(replace(config, resume=True))
    assert_same_weights(begun, train(replace(config, output=f"{config.output}-lagi")))


def test_a_full_disk_leaves_the_old_run_whole_and_the_new_one_to_be_resumed(config, monkeypatch):
    folder = train(config)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    config = replace(config, seed=1, overwrite=True)

    def full(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as patch:
        patch.setattr("asn_nlp.training.model.save_file", full)
        with pytest.raises(OSError, match="could not write the run") as caught:
            train(config)
    assert str(caught.value) == (
        f"could not write the run to {folder} (I/O error: No space left on device (os error 28)); "
        "make room and go on with --resume"
    )
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert after == before
    open_run(folder)

    train(replace(config, resume=True))
    assert {path.name for path in folder.iterdir()} == before.keys()
    assert_same_weights(folder, train(replace(config, output=f"{config.output}-utuh")))


def test_a_full_disk_at_a_checkpoint_says_how_to_go_on(config, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OSError, match="could not write a checkpoint") as caught:
        train(config)
    assert str(caught.value) == (
        f"could not write a checkpoint to {config.output}/checkpoints "
        "([Errno 28] No space left on device); make room and go on with --resume"
    )


def test_headlines_vary_in_training_and_not_in_dev(config, news, tiny_articles, monkeypatch):
    read: list[tuple[Article, ...]] = []

    def encode(articles, *rest, **options):
        read.append(tuple(articles))
        return encode_articles(articles, *rest, **options)

    monkeypatch.setattr(preparation, "encode_articles", encode)
    train(replace(config, data=replace(config.data, headline_case=1.0)))
    varied, dev, _ = read  # and dev with other line breaks, which only tunes
    assert [article.id for article in varied] == [article.id for article in news]
    assert all(one.text != other.text for one, other in zip(varied, news, strict=True))
    assert dev == tuple(tiny_articles)


def test_entities_inside_tokens_are_counted_in_a_warning(config, news, tiny_tokenizer, caplog):
    (encoded,) = encode_articles(
        news[:1], tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(64, 4)
    )
    start, end = next(one for one in encoded.offsets.tolist() if one[1] - one[0] > 1)
    inside = replace(news[0], entities=(EntitySpan(start + 1, end, "TITLE"),))
    articles = [inside, *news[1:]]
    write_articles(articles, Path(config.data.train))
    with caplog.at_level(logging.WARNING, "asn_nlp"):
        train(replace(config, optimizer=replace(config.optimizer, epochs=1)))
    total = sum(len(article.entities) for article in articles)
    assert (
        f"1 of {total} training entities start or end inside a token; they are trained on the "
        "whole tokens they touch ('asn-nlp validate' lists them)"
    ) in caplog.messages


def test_a_window_longer_than_the_encoder_reads_is_refused(config, encoders):
    for name, limit in (("bert", 66), ("roberta", 64)):
        wide = replace(
            config, window=WindowConfig(67, 4), encoder=EncoderConfig(str(encoders[name]))
        )
        with pytest.raises(ConfigError, match=rf"window.size must be at most {limit}, the tokens"):
            train(wide)


def test_themes_without_any_example_do_not_break_training(config, news):
    bare = [replace(article, themes=()) for article in news[:2]]
    write_articles(bare, Path(config.data.train))
    folder = train(replace(config, optimizer=replace(config.optimizer, epochs=1)))
    assert all(torch.isfinite(value).all() for value in weights(folder).values())


def test_spans_that_are_no_passage_are_trained_on(config, news):
    part = ThemeSpan(0, 8, "KARIER")
    write_articles([replace(news[0], themes=(part,)), *news[1:]], Path(config.data.train))
    whole = train(replace(config, optimizer=replace(config.optimizer, epochs=1)))
    write_articles([replace(news[0], themes=()), *news[1:]], Path(config.data.train))
    without = train(
        replace(
            config, output=f"{config.output}-tanpa", optimizer=replace(config.optimizer, epochs=1)
        )
    )
    assert not torch.equal(weights(whole)["weight"], weights(without)["weight"])


def test_articles_in_memory_train_as_those_in_files(config, news, tiny_articles):
    short = replace(config, optimizer=replace(config.optimizer, epochs=1))
    folder = fit(news, tiny_articles, replace(short, output=f"{config.output}-memori"))
    assert_same_weights(folder, train(short))
    fingerprint = json.loads((folder / "scores.json").read_text("utf-8"))["data_fingerprint"]
    other = fit(news[1:], tiny_articles, replace(short, output=f"{config.output}-lain"))
    assert fingerprint != json.loads((other / "scores.json").read_text("utf-8"))["data_fingerprint"]


@pytest.mark.parametrize(("entities", "themes"), [(True, False), (False, True), (True, True)])
def test_labels_are_those_of_the_data(config, news, entities, themes):
    """A run with labels of its own, or of one side alone, trains, is scored and reads."""
    names = {"OFFICIAL": "ORANG", "TITLE": "JABATAN", "PROVINCE": "TEMPAT"}
    articles = [
        replace(
            article,
            entities=tuple(replace(e, label=names[e.label]) for e in article.entities)
            if entities
            else (),
            themes=tuple(replace(t, label=t.label.lower()) for t in article.themes)
            if themes
            else (),
        )
        for article in news
    ]
    labels = LabelSet.from_articles(articles)
    folder = fit(articles, articles, replace(config, labels=None))
    assert open_run(folder).labels == labels
    assert bool(labels.entities) == entities
    assert bool(labels.themes) == themes
    read = list(Predictor.from_pretrained(folder).predict(articles))
    assert {e.label for a in read for e in a.entities} <= set(labels.entities)
    assert {t.label for a in read for t in a.themes} <= set(labels.themes)


def test_a_label_that_is_not_learned_is_named(config, news, tiny_articles):
    strange = replace(news[3], entities=(replace(news[3].entities[0], label="TITEL"),))
    with pytest.raises(AnnotationError, match=r"unknown entity type 'TITEL' on 'Camat Tampan'"):
        fit([*news[:3], strange], tiny_articles, config)
    bare = [replace(article, entities=(), themes=()) for article in news]
    with pytest.raises(ConfigError, match="labels must hold an entity type or a theme at least"):
        fit(bare, bare, replace(config, labels=None))

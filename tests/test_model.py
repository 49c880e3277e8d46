import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer, pipeline
from transformers.utils import logging

from asn_nlp.articles import Article
from asn_nlp.encoding import IGNORED, collate, encode_articles
from asn_nlp.labels import ASN_LABELS
from asn_nlp.model import (
    RUN_FORMAT,
    JointModel,
    Reading,
    RunError,
    open_run,
    open_tokenizer,
    piece_means,
    read_known_mentions,
    write_known_mentions,
)

READING = Reading(24, 4, 2.0, 0.0, tuple(np.linspace(0.3, 0.7, len(ASN_LABELS.themes)).tolist()))
ARCHITECTURES = ("bert", "albert", "roberta", "electra", "modernbert")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def encoder(request, encoders) -> Path:
    return encoders[request.param]


def new_model(encoder: str | Path, **options: object) -> JointModel:
    torch.manual_seed(1)
    return JointModel.from_encoder(str(encoder), ASN_LABELS, **options)


def batch_of(articles: list[Article], encoder: Path) -> dict[str, torch.Tensor]:
    tokenizer = open_tokenizer(str(encoder))
    encoded = encode_articles(
        articles, tokenizer, ASN_LABELS, window_size=24, window_context=4, with_gold=True
    )
    windows = [window for article in encoded for window in article.windows]
    return collate(windows, pad_id=tokenizer.pad_token_id, n_themes=len(ASN_LABELS.themes))


@pytest.fixture
def run(encoders, tmp_path) -> Path:
    """A saved run to break."""
    folder = tmp_path / "run"
    new_model(encoders["bert"]).save(folder, open_tokenizer(str(encoders["bert"])), READING)
    return folder


def test_every_architecture_learns_through_both_heads(encoder, news):
    model = new_model(encoder)
    batch = batch_of(news[:3], encoder)
    output = model(**batch)
    assert output.tag_logits.shape == (*batch["input_ids"].shape, len(ASN_LABELS.tags))
    assert output.theme_logits.shape == (len(batch["pieces"]), len(ASN_LABELS.themes))
    output.loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    for head in (model.theme_head, model.token_classifier.classifier):
        assert head.weight.grad.abs().sum() > 0


def test_the_loss_is_of_owned_tokens_and_themes(encoders, news):
    batch = batch_of(news[:2], encoders["bert"])
    for weight in (0.0, 0.5):
        positive = torch.linspace(1, 3, len(ASN_LABELS.themes))
        model = new_model(
            encoders["bert"], theme_weight=weight, theme_positive_weight=positive
        ).eval()
        output = model(**batch)
        owned = batch["labels"] != IGNORED
        tags = -output.tag_logits.log_softmax(-1)[owned, batch["labels"][owned]].mean()
        gold = batch["theme_labels"]
        probability = output.theme_logits.sigmoid()
        themes = -(positive * gold * probability.log() + (1 - gold) * (1 - probability).log())
        torch.testing.assert_close(output.loss, tags + weight * themes.mean())


def test_a_batch_without_passages_has_a_loss(encoders):
    batch = batch_of([Article("a", "*** 12")], encoders["bert"])
    assert len(batch["pieces"]) == 0
    loss = new_model(encoders["bert"])(**batch).loss
    loss.backward()
    assert torch.isfinite(loss)


def test_without_gold_there_is_no_loss(encoders, news):
    batch = batch_of(news[:1], encoders["bert"])
    for name in ("labels", "theme_labels"):
        del batch[name]
    assert new_model(encoders["bert"])(**batch).loss is None


def test_piece_means_average_the_tokens_of_each_piece():
    hidden = torch.randn(3, 7, 5)
    pieces = torch.tensor([[0, 0, 7], [2, 3, 4], [1, 2, 6], [1, 6, 7]])
    expected = torch.stack([hidden[row, start:end].mean(0) for row, start, end in pieces.tolist()])
    torch.testing.assert_close(piece_means(hidden, pieces), expected)
    assert piece_means(hidden.bfloat16(), pieces).dtype == torch.bfloat16
    assert piece_means(hidden, torch.zeros((0, 3), dtype=torch.long)).shape == (0, 5)


def test_dropout_is_set_whatever_the_architecture_calls_it(encoder, news):
    batch = batch_of(news[:2], encoder)
    still, noisy = (new_model(encoder, dropout=dropout).train() for dropout in (0.0, 0.5))
    torch.testing.assert_close(still(**batch).loss, still(**batch).loss)
    assert noisy(**batch).loss != noisy(**batch).loss


def test_an_encoder_in_half_precision_is_trained_in_full(encoders, tmp_path):
    AutoModel.from_pretrained(encoders["bert"], dtype=torch.float16).save_pretrained(tmp_path)
    model = new_model(tmp_path)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(("name", "positions"), [("bert", 66), ("roberta", 64), ("modernbert", 66)])
def test_the_longest_window_fills_the_positions(encoders, name, positions):
    model = new_model(encoders[name])
    assert model.longest_window == positions
    ids = torch.full((1, positions), 5)
    model(ids, torch.ones_like(ids), torch.zeros((0, 3), dtype=torch.long))


def test_a_saved_run_opens_with_the_same_logits(encoder, news, tmp_path):
    model, tokenizer = new_model(encoder).eval(), open_tokenizer(str(encoder))
    model.save(tmp_path, tokenizer, READING)
    run = open_run(tmp_path)
    assert run.reading == READING
    assert run.model.labels == ASN_LABELS
    assert not run.model.training
    batch = batch_of(news, encoder)
    assert batch_of(news, tmp_path)["input_ids"].tolist() == batch["input_ids"].tolist()
    with torch.inference_mode():
        before, after = model(**batch), run.model(**batch)
    torch.testing.assert_close(after.tag_logits, before.tag_logits, rtol=0, atol=0)
    torch.testing.assert_close(after.theme_logits, before.theme_logits, rtol=0, atol=0)


def test_a_run_is_gone_on_with(run, news):
    batch = batch_of(news, run)
    before, after = open_run(run).model(**batch), new_model(run).eval()(**batch)
    torch.testing.assert_close(after.tag_logits, before.tag_logits, rtol=0, atol=0)
    torch.testing.assert_close(after.theme_logits, before.theme_logits, rtol=0, atol=0)


def test_a_run_opens_in_half_precision(run):
    model = open_run(run, dtype=torch.bfloat16).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}


def test_the_stock_pipeline_opens_a_run_and_reads_the_same_tags(encoder, news, tmp_path):
    model, tokenizer = new_model(encoder).eval(), open_tokenizer(str(encoder))
    model.save(tmp_path, tokenizer, READING)
    logging.disable_progress_bar()
    stock = pipeline("token-classification", model=str(tmp_path), device="cpu")
    assert tuple(stock.model.config.id2label[index] for index in range(7)) == ASN_LABELS.tags
    assert stock.model.config.label2id == ASN_LABELS.tag_ids
    text = news[0].text.partition("\n")[0]
    encoded = encode_articles(
        [Article("a", text)],
        open_run(tmp_path).tokenizer,
        ASN_LABELS,
        window_size=66,
        window_context=4,
    )[0]
    (window,) = encoded.windows
    batch = collate([window], pad_id=tokenizer.pad_token_id, n_themes=len(ASN_LABELS.themes))
    with torch.inference_mode():
        logits = model(**batch).tag_logits[0, window.own]
    ours = [ASN_LABELS.tags[index] for index in logits.argmax(-1).tolist()]
    theirs = {
        one["index"] - window.own.start: one["entity"] for one in stock(text, ignore_labels=[])
    }
    assert [theirs[index] for index in range(len(ours))] == ours
    assert len(set(ours)) > 1, "random weights that give one tag alone prove nothing"


def test_a_run_holds_no_pickle(run):
    assert {path.name for path in run.iterdir()} == {
        "config.json",
        "model.safetensors",
        "run.json",
        "theme_head.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert load_file(run / "theme_head.safetensors").keys() == {"weight", "bias"}
    record = json.loads((run / "run.json").read_text("utf-8"))
    assert record["format"] == RUN_FORMAT
    assert record["labels"]["entities"] == list(ASN_LABELS.entities)


def test_the_labels_of_a_run_are_its_own(encoders, tmp_path):
    labels = replace(ASN_LABELS, entities=("SHIP",), themes=("SEA", "LAND"))
    model = JointModel.from_encoder(str(encoders["bert"]), labels)
    model.save(tmp_path, open_tokenizer(str(encoders["bert"])), READING)
    assert open_run(tmp_path).model.labels == labels


def test_known_mentions_are_kept_as_they_are(tmp_path):
    surfaces = frozenset({"Bali", "Kepala\nDinas", "“Tirta”"})
    assert read_known_mentions(tmp_path) == frozenset()
    write_known_mentions(tmp_path, surfaces)
    assert read_known_mentions(tmp_path) == surfaces


@pytest.mark.parametrize(
    "name",
    ["run.json", "config.json", "model.safetensors", "theme_head.safetensors", "tokenizer.json"],
)
def test_a_missing_file_is_named_with_the_cure(run, name):
    (run / name).unlink()
    with pytest.raises(RunError) as caught:
        open_run(run)
    assert str(caught.value) == (
        f"{run} lacks {name}; a run folder needs it, so training was cut off (resume it) "
        "or the folder was copied in part (copy it again)"
    )


def test_a_pickle_is_not_opened(run):
    (run / "model.safetensors").unlink()
    (run / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(RunError, match=r"holds pytorch_model.bin, a pickle, which can run code"):
        open_run(run)
    with pytest.raises(RunError, match="only safetensors are read: train again, or convert it"):
        open_run(run)


def test_a_newer_format_asks_for_an_upgrade(run):
    record = json.loads((run / "run.json").read_text("utf-8"))
    (run / "run.json").write_text(json.dumps(record | {"format": RUN_FORMAT + 1}), "utf-8")
    with pytest.raises(RunError, match=rf"run format {RUN_FORMAT + 1}, newer than {RUN_FORMAT}"):
        open_run(run)
    with pytest.raises(RunError, match="upgrade asn_nlp"):
        open_run(run)


def test_no_folder_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"hilang is no folder; name a run folder that training"):
        open_run(tmp_path / "hilang")


@pytest.mark.parametrize("opened", [open_tokenizer, new_model])
def test_an_unreachable_hub_is_one_line_that_names_the_offline_way(opened, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RunError) as caught:
        opened("nobody/no-encoder")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("the encoder 'nobody/no-encoder' is no folder and could not be had")
    assert message.endswith(
        "to work offline use configs/default.yaml, whose encoder ships with the package"
    )


def test_an_encoder_folder_that_cannot_be_opened_says_why(tmp_path):
    with pytest.raises(RunError, match=rf"the encoder folder {tmp_path} cannot be opened: "):
        open_tokenizer(str(tmp_path))
    with pytest.raises(RunError, match=rf"the encoder folder {tmp_path} cannot be opened: "):
        new_model(tmp_path)


def test_pickled_encoder_weights_are_refused(encoders, tmp_path):
    folder = tmp_path / "encoder"
    AutoTokenizer.from_pretrained(encoders["bert"]).save_pretrained(folder)
    model = AutoModel.from_pretrained(encoders["bert"])
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(RunError, match=r"cannot be opened: .*safetensors"):
        new_model(folder)

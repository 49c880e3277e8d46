import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, pipeline
from transformers.utils import logging as transformers_logging

from asn_nlp.articles import Article
from asn_nlp.config import WindowConfig
from asn_nlp.encoders import find_encoder, open_tokenizer
from asn_nlp.engines.run_folder import open_run, write_record
from asn_nlp.engines.torch import open_classifier
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.reading.encoding import encode_articles
from asn_nlp.reading.options import DecodeOptions
from asn_nlp.training.batches import collate_gold
from asn_nlp.training.loss import joint_loss
from asn_nlp.training.model import JointModel, JointOutput, ThemeAttention, write_weights

N_TAGS, N_THEMES = len(ASN_LABELS.tags), len(ASN_LABELS.themes)
ARCHITECTURES = ("bert", "albert", "roberta", "electra", "modernbert")
LOSS = joint_loss(theme_weight=1.0, theme_positive_weight=torch.ones(N_THEMES))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def encoder(request, encoders) -> Path:
    return encoders[request.param]


def new_model(encoder: Path, labels: LabelSet = ASN_LABELS, **options: float) -> JointModel:
    torch.manual_seed(1)
    return JointModel.from_encoder(find_encoder(str(encoder)), labels, **options)


def save(folder: Path, encoder: Path, labels: LabelSet = ASN_LABELS) -> JointModel:
    folder.mkdir(exist_ok=True)
    model, tokenizer = new_model(encoder, labels).eval(), open_tokenizer(find_encoder(str(encoder)))
    write_weights(folder, model, tokenizer, half=False)
    options = DecodeOptions(2.0, 0.0, (0.5,) * len(labels.themes), (0.0,) * len(labels.entities))
    write_record(folder, labels, WindowConfig(24, 4), options, pad_id=tokenizer.pad_token_id)
    return model


def batch_of(articles: list[Article], encoder: Path) -> dict[str, torch.Tensor]:
    tokenizer = open_tokenizer(find_encoder(str(encoder)))
    encoded = encode_articles(
        articles, tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(24, 4), with_gold=True
    )
    windows = [window for article in encoded for window in article.windows]
    return collate_gold(windows, pad_id=tokenizer.pad_token_id, n_themes=N_THEMES)


def output_of(model: JointModel, batch: dict[str, torch.Tensor]) -> JointOutput:
    return model(batch["input_ids"], batch["attention_mask"], batch["pieces"])


def loss_of(model: JointModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    return LOSS(output_of(model, batch), batch["tags"], batch["themes"])


@pytest.fixture
def run(encoders, tmp_path) -> Path:
    save(tmp_path / "run", encoders["bert"])
    return tmp_path / "run"


def test_every_architecture_learns_through_both_heads(encoder, news):
    model = new_model(encoder)
    batch = batch_of(news[:3], encoder)
    output = output_of(model, batch)
    assert output.tag_logits.shape == (*batch["input_ids"].shape, N_TAGS)
    assert output.theme_logits.shape == (len(batch["pieces"]), N_THEMES)
    LOSS(output, batch["tags"], batch["themes"]).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    for head in (model.theme_head, model.token_classifier.classifier):
        assert head.weight.grad.abs().sum() > 0


def test_a_batch_without_passages_has_a_loss(encoders):
    batch = batch_of([Article("a", "*** 12")], encoders["bert"])
    assert len(batch["pieces"]) == 0
    loss = loss_of(new_model(encoders["bert"]), batch)
    loss.backward()
    assert torch.isfinite(loss)


def test_the_theme_head_begins_with_the_plain_mean():
    hidden = torch.randn(3, 7, 5)
    pieces = torch.tensor([[0, 0, 7], [2, 3, 4], [1, 2, 6], [1, 6, 7]])
    head = ThemeAttention(5, 4)
    means = torch.stack([hidden[row, start:end].mean(0) for row, start, end in pieces.tolist()])
    expected = torch.nn.functional.linear(means, head.weight, head.bias)
    torch.testing.assert_close(head(hidden, pieces), expected)
    assert head(hidden, torch.zeros((0, 3), dtype=torch.long)).shape == (0, 4)


@pytest.mark.parametrize("scale", [1, 100])
def test_the_theme_head_reads_as_it_was_trained(encoder, news, scale):
    model = new_model(encoder).eval()
    torch.nn.init.normal_(model.theme_head.attention, std=scale)
    batch = batch_of(news, encoder)
    with torch.inference_mode():
        hidden = model.token_classifier(
            batch["input_ids"], batch["attention_mask"], output_hidden_states=True
        ).hidden_states[-1]
        trained = model.theme_head(hidden, batch["pieces"])
    read = model.reading_head()(hidden.numpy(), batch["pieces"].numpy())
    np.testing.assert_allclose(read.logits, trained, rtol=1e-4, atol=1e-5)


def test_dropout_is_set_whatever_the_architecture_calls_it(encoder, news):
    batch = batch_of(news[:2], encoder)
    still, noisy = (new_model(encoder, dropout=dropout).train() for dropout in (0.0, 0.5))
    torch.testing.assert_close(loss_of(still, batch), loss_of(still, batch))
    assert loss_of(noisy, batch) != loss_of(noisy, batch)


def test_an_encoder_in_half_precision_is_trained_in_full(encoders, tmp_path):
    AutoModel.from_pretrained(encoders["bert"], dtype=torch.float16).save_pretrained(tmp_path)
    open_tokenizer(find_encoder(str(encoders["bert"]))).save_pretrained(tmp_path)
    model = new_model(tmp_path)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(("name", "positions"), [("bert", 66), ("roberta", 64), ("modernbert", 66)])
def test_the_longest_window_fills_the_positions(encoders, name, positions):
    model = new_model(encoders[name])
    assert model.longest_window == positions
    ids = torch.full((1, positions), 5)
    model(ids, torch.ones_like(ids), torch.zeros((0, 3), dtype=torch.long))


def test_a_saved_run_opens_with_the_same_logits(encoder, news, tmp_path):
    model = save(tmp_path, encoder)
    assert open_run(tmp_path).labels == ASN_LABELS
    batch = batch_of(news, encoder)
    assert torch.equal(batch_of(news, tmp_path)["input_ids"], batch["input_ids"])
    again = JointModel(open_classifier(tmp_path), N_THEMES).eval()
    with torch.inference_mode():
        before, after = output_of(model, batch), output_of(again, batch)
    torch.testing.assert_close(after.tag_logits, before.tag_logits, rtol=0, atol=0)


def test_a_run_is_gone_on_with(run, news, encoders):
    batch = batch_of(news, run)
    before, after = (output_of(new_model(one).eval(), batch) for one in (encoders["bert"], run))
    torch.testing.assert_close(after.tag_logits, before.tag_logits, rtol=0, atol=0)
    torch.testing.assert_close(after.theme_logits, before.theme_logits, rtol=0, atol=0)


@pytest.mark.parametrize(
    "labels",
    [
        replace(ASN_LABELS, entities=("TITLE", "OFFICIAL", "PROVINCE")),
        LabelSet(("SHIP",), ("SEA", "LAND")),
        LabelSet((), ("SEA",)),
        LabelSet(("SHIP",), ()),
    ],
)
def test_a_run_with_other_labels_lends_its_encoder_and_not_its_heads(run, labels):
    begun, model = new_model(run), new_model(run, labels)
    for name, weight in begun.token_classifier.base_model.state_dict().items():
        assert torch.equal(model.token_classifier.base_model.state_dict()[name], weight)
    head = model.token_classifier.classifier
    assert head.out_features == len(labels.tags)
    assert len(model.theme_head.bias) == len(labels.themes)
    if head.out_features == N_TAGS:
        assert not torch.equal(head.weight, begun.token_classifier.classifier.weight)


def test_the_labels_of_a_run_are_its_own(encoders, tmp_path):
    labels = LabelSet(("SHIP",), ("SEA", "LAND"))
    save(tmp_path, encoders["bert"], labels)
    assert open_run(tmp_path).labels == labels


def test_an_encoder_that_makes_no_graph_is_saved_without_one(
    encoders, tmp_path, monkeypatch, caplog
):
    def refuse(*_: object, **__: object) -> None:
        raise TypeError("no such operator")

    monkeypatch.setattr("torch.onnx.export", refuse)
    with caplog.at_level(logging.WARNING):
        save(tmp_path, encoders["bert"])
    assert not (tmp_path / "model.onnx").exists()
    assert open_run(tmp_path).labels == ASN_LABELS
    assert "cannot be written as a graph (no such operator)" in caplog.text


def test_the_stock_pipeline_opens_a_run_and_reads_the_same_tags(encoder, news, tmp_path):
    model = save(tmp_path, encoder)
    transformers_logging.disable_progress_bar()
    stock = pipeline("token-classification", model=str(tmp_path), device="cpu")
    assert tuple(stock.model.config.id2label[index] for index in range(7)) == ASN_LABELS.tags
    assert stock.model.config.label2id == ASN_LABELS.tag_ids
    text = news[0].text.partition("\n")[0]
    (encoded,) = encode_articles(
        [Article("a", text)],
        open_tokenizer(find_encoder(str(tmp_path))).backend_tokenizer,
        ASN_LABELS,
        WindowConfig(66, 4),
        with_gold=True,
    )
    (window,) = encoded.windows
    batch = collate_gold([window], pad_id=0, n_themes=N_THEMES)
    with torch.inference_mode():
        logits = output_of(model, batch).tag_logits[0, window.own]
    ours = [ASN_LABELS.tags[index] for index in logits.argmax(-1).tolist()]
    theirs = {
        one["index"] - window.own.start: one["entity"] for one in stock(text, ignore_labels=[])
    }
    assert [theirs[index] for index in range(len(ours))] == ours
    assert len(set(ours)) > 1, "random weights that give one tag alone prove nothing"

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
)

from asn_nlp.cli.parser import parse_config
from asn_nlp.config import (
    PretrainConfig,
    PretrainDataConfig,
    PretrainEncoderConfig,
    PretrainOptimizerConfig,
)
from asn_nlp.errors import ConfigError, EncoderError, TrainingError
from asn_nlp.files import claimed
from asn_nlp.pretraining import trainer
from asn_nlp.pretraining.language_model import masked_loss
from asn_nlp.pretraining.masking import MaskedBatch
from asn_nlp.pretraining.optimizer import MasterOptimizer
from asn_nlp.pretraining.trainer import pretrain, trapezoid
from asn_nlp.pretraining.vocabulary import train_vocabulary

SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "vocab_size": 120,
    "max_position_embeddings": 40,
    "pad_token_id": 0,
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> Path:
    """News of four-word sentences; who acts tells what is done, so there is something to learn."""
    folder = tmp_path_factory.mktemp("texts")
    rng = np.random.default_rng(0)
    habits = {"Bupati": "melantik camat", "Guru": "mengajar murid", "Dokter": "merawat pasien"}
    for number in range(12):
        people = rng.choice(list(habits), 40)
        lines = [f"{one} {rng.choice(['Wayan', 'Sari'])} {habits[one]}." for one in people]
        (folder / f"{number}.txt").write_text("\n".join(lines))
    return folder


@pytest.fixture
def config(texts, tmp_path) -> PretrainConfig:
    return PretrainConfig(
        data=PretrainDataConfig(train=(str(texts),), domain="Bupati Sari", held_out=0.2),
        encoder=PretrainEncoderConfig(
            vocabulary=120, hidden_size=16, layers=3, heads=2, intermediate_size=24
        ),
        optimizer=PretrainOptimizerConfig(
            tokens=1_280, sequence_length=32, batch_size=4, learning_rate=1e-2, warmup=0.1
        ),
        output=str(tmp_path / "encoder"),
        evaluate_tokens=512,
    )


@pytest.fixture(scope="module")
def hub_encoder(texts, tmp_path_factory) -> str:
    """A folder with an encoder as a hub would have it: BERT, with dropout."""
    folder = tmp_path_factory.mktemp("bert")
    documents = [path.read_text() for path in sorted(texts.iterdir())]
    tokenizer = train_vocabulary(documents, size=100, max_length=40)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    # More rows than tokens, as IndoBERT has.
    BertForMaskedLM(BertConfig(**SHAPE)).save_pretrained(folder)
    return str(folder)


def taken_over(config, name, **options) -> PretrainConfig:
    return replace(
        config,
        encoder=PretrainEncoderConfig(name=name),
        optimizer=replace(config.optimizer, muon=False),
        **options,
    )


def record(folder) -> dict:
    return json.loads((Path(folder) / "pretraining.json").read_text(encoding="utf-8"))


def test_it_learns_and_stock_tools_open_the_folder(config):
    optimizer = replace(config.optimizer, tokens=76_800, batch_size=16)
    folder = pretrain(replace(config, optimizer=optimizer, evaluate_tokens=38_400))
    assert folder == Path(config.output)
    assert not (folder / "checkpoint").exists()
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []

    told = record(folder)
    assert [point["tokens"] for point in told["held_out_loss"]] == [0, 38_400, 76_800]
    losses = [point["loss"] for point in told["held_out_loss"]]
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < losses[0] - 1
    assert told["tokens_seen"] == 76_800
    assert told["seed"] == 0
    assert told["config"]["encoder"]["layers"] == 3
    assert set(told["versions"]) >= {"torch", "transformers"}
    assert len(told["data_fingerprint"]) == 16

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, loading = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]
    assert model.num_parameters() == told["parameters"]
    assert model.config.vocab_size == len(tokenizer)
    inputs = tokenizer("Dokter Sari merawat [MASK].", return_tensors="pt")
    place = inputs["input_ids"][0].tolist().index(tokenizer.mask_token_id)
    with torch.no_grad():
        best = model.eval()(**inputs).logits[0, place].argmax()
    assert tokenizer.decode(best) == "pasien"
    assert AutoModel.from_pretrained(folder)(**inputs).last_hidden_state.shape[-1] == 16


@pytest.mark.parametrize("kind", ["new", "taken over"])
def test_a_killed_run_ends_at_the_weights_of_an_uninterrupted_one(
    config, hub_encoder, tmp_path, monkeypatch, kind
):
    if kind == "taken over":
        config = taken_over(config, hub_encoder)  # its dropout makes the steps depend on chance
    whole = pretrain(config)
    cut = replace(config, output=str(tmp_path / "cut"), checkpoint_minutes=0)

    saved = []
    save_file = trainer.save_file

    def killed_while_writing_the_fourth(tensors, path, metadata):
        if len(saved) == 3:
            Path(path).write_bytes(b"half a checkpoint")
            raise KeyboardInterrupt
        saved.append(path)
        save_file(tensors, path, metadata)

    monkeypatch.setattr(trainer, "save_file", killed_while_writing_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        pretrain(cut)
    assert not (tmp_path / "cut" / "pretraining.json").exists()
    monkeypatch.setattr(trainer, "save_file", save_file)

    steps = []
    step = MasterOptimizer.step
    monkeypatch.setattr(
        MasterOptimizer, "step", lambda self, rate: (steps.append(rate), step(self, rate))
    )
    resumed = pretrain(replace(cut, resume=True, checkpoint_minutes=5))
    assert len(steps) == 10 - 3
    one, other = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)
    assert record(whole)["held_out_loss"] == record(resumed)["held_out_loss"]


def interrupted(config, monkeypatch) -> PretrainConfig:
    """``config`` to be resumed after the first step."""

    def killed(path, optimizer, reached):
        write(path, optimizer, reached)
        raise KeyboardInterrupt

    write = trainer._write_checkpoint
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_write_checkpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            pretrain(replace(config, checkpoint_minutes=0))
    return replace(config, resume=True)


def test_a_resumed_run_keeps_text_encoder_and_seed(config, tmp_path, monkeypatch):
    resumed = interrupted(config, monkeypatch)
    with pytest.raises(match=r"made with seed 0, not 1; .* give the old value"):
        pretrain(replace(resumed, seed=1))
    with pytest.raises(match=r"made with encoder\.layers 3, not 4"):
        pretrain(replace(resumed, encoder=replace(config.encoder, layers=4)))
    (tmp_path / "more.txt").write_text("Bupati Sari melantik camat.")
    train = (*config.data.train, str(tmp_path / "more.txt"))
    with pytest.raises(match=r"made with data fingerprint '[0-9a-f]{16}', not"):
        pretrain(replace(resumed, data=replace(config.data, train=train)))


def test_a_resumed_run_may_have_another_budget(config, monkeypatch):
    resumed = interrupted(config, monkeypatch)
    folder = pretrain(replace(resumed, optimizer=replace(config.optimizer, tokens=640)))
    assert record(folder)["tokens_seen"] == 640


def test_a_complete_run_is_not_resumed_and_a_new_one_begins_anew(config, monkeypatch, capsys):
    pretrain(config)
    weights = Path(config.output) / "model.safetensors"
    before = weights.stat().st_mtime_ns
    pretrain(replace(config, resume=True))
    assert "is complete; nothing to resume" in capsys.readouterr().out
    assert weights.stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match=r"holds a pretraining.json already; name another output"):
        pretrain(config)
    assert weights.stat().st_mtime_ns == before
    interrupted(replace(config, overwrite=True), monkeypatch)
    assert not (Path(config.output) / "pretraining.json").exists()
    with pytest.raises(ConfigError, match=r"holds a checkpoint/state.safetensors already; go on"):
        pretrain(config)


def test_an_output_has_one_writer(config):
    with (
        claimed(Path(config.output)),
        pytest.raises(ConfigError, match="is being written by another process"),
    ):
        pretrain(config)


def test_a_loss_that_is_not_finite_ends_it_and_nothing_is_saved(config, monkeypatch):
    def astray(*rest):
        return masked_loss(*rest) * float("nan")

    monkeypatch.setattr(trainer, "masked_loss", astray)
    with pytest.raises(TrainingError) as caught:
        pretrain(replace(config, checkpoint_minutes=0))
    assert str(caught.value) == (
        "the loss is not finite at step 1; nothing of it is saved: begin anew with a lower rate "
        "than optimizer.learning_rate 0.01, or a longer optimizer.warmup"
    )
    assert not list(Path(config.output).rglob("*.safetensors"))


def test_an_encoder_is_taken_over_with_its_weights_and_tokeniser(config, hub_encoder):
    still = replace(config.optimizer, learning_rate=0.0, muon=False)
    folder = pretrain(replace(taken_over(config, hub_encoder), optimizer=still))
    one, other = (load_file(Path(name) / "model.safetensors") for name in (hub_encoder, folder))
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)
    old, new = (AutoTokenizer.from_pretrained(name) for name in (hub_encoder, folder))
    assert old.get_vocab() == new.get_vocab()


def test_half_precision_halves_the_file_and_is_opened_in_full(config):
    full = (pretrain(config) / "model.safetensors").stat().st_size
    folder = pretrain(replace(config, save_fp16=True, overwrite=True))
    assert (folder / "model.safetensors").stat().st_size < 0.7 * full
    stored = load_file(folder / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert AutoModel.from_pretrained(folder).dtype == torch.float32


def test_encoders_that_cannot_be_taken_over_are_named_with_a_cure(config, hub_encoder, tmp_path):
    nowhere = str(tmp_path / "nowhere")
    with pytest.raises(EncoderError, match=r"nowhere is no folder; check the path"):
        pretrain(taken_over(config, nowhere))

    pickled = tmp_path / "pickled"
    AutoTokenizer.from_pretrained(hub_encoder).save_pretrained(pickled)
    model = AutoModelForMaskedLM.from_pretrained(hub_encoder)
    model.config.save_pretrained(pickled)
    torch.save(model.state_dict(), pickled / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"has no model.safetensors, only pytorch_model.bin"):
        pretrain(taken_over(config, str(pickled)))

    distil = tmp_path / "distil"
    AutoTokenizer.from_pretrained(hub_encoder).save_pretrained(distil)
    shape = DistilBertConfig(vocab_size=120, dim=16, n_layers=1, n_heads=2, hidden_dim=24)
    DistilBertForMaskedLM(shape).save_pretrained(distil)
    with pytest.raises(EncoderError, match=r"is of type distilbert, and .* bert, camembert,"):
        pretrain(taken_over(config, str(distil)))


def test_inputs_must_fit_the_encoder_and_the_text(config, hub_encoder, tmp_path):
    long = replace(config.optimizer, sequence_length=41)
    with pytest.raises(match=r"reads 40 tokens at most, .*sequence_length 41"):
        pretrain(replace(taken_over(config, hub_encoder), optimizer=long))
    longer = replace(config.optimizer, sequence_length=1_024)
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("Bupati Sari melantik camat. " * 20)
    data = replace(config.data, train=(str(tmp_path),))
    with pytest.raises(match=r"has \d+ tokens, fewer than .*length 1024; give"):
        pretrain(replace(config, data=data, optimizer=longer))


@pytest.mark.parametrize(
    ("model_class", "model_config"),
    [
        (BertForMaskedLM, BertConfig(**SHAPE)),
        (RobertaForMaskedLM, RobertaConfig(**SHAPE)),
        (ModernBertForMaskedLM, ModernBertConfig(**SHAPE, local_attention=8)),
    ],
)
def test_loss_at_the_hidden_positions_is_the_stock_loss(model_class, model_config):
    torch.manual_seed(0)
    model = model_class(model_config).eval()
    ids = torch.randint(5, 120, (3, 20))
    hidden = torch.rand(3, 20) < 0.3
    targets = ids[hidden]
    ids[hidden] = 4
    labels = torch.full((3, 20), -100)
    labels[hidden] = targets
    batch = MaskedBatch(ids, hidden.flatten().nonzero().squeeze(1), targets)
    torch.testing.assert_close(masked_loss(model, batch), model(ids, labels=labels).loss)


def test_a_batch_that_hides_nothing_moves_nothing():
    model = BertForMaskedLM(BertConfig(**SHAPE))
    nothing = torch.zeros(0, dtype=torch.long)
    loss = masked_loss(model, MaskedBatch(torch.randint(5, 120, (2, 8)), nothing, nothing))
    loss.backward()
    assert loss == 0
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("muon", [True, False])
def test_masters_add_up_steps_that_bf16_would_lose(muon):
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(**SHAPE))
    optimizer = MasterOptimizer(model, dtype=torch.bfloat16, muon=muon, weight_decay=0.0)
    name = "bert.encoder.layer.0.output.dense.weight"
    weight, master = model.get_parameter(name), optimizer.masters[name]
    before = master.clone()
    for _ in range(5):
        weight.grad = torch.ones_like(weight)
        optimizer.step(1e-6)
    assert weight.dtype == torch.bfloat16
    assert weight.grad is None
    assert weight.equal(master.bfloat16())
    # From 0.008 on, bf16 numbers lie further apart than all five steps reach.
    large = before.abs() > 0.008
    assert (weight == before.bfloat16())[large].float().mean() > 0.5
    assert (master != before)[large].all()

    other = MasterOptimizer(
        BertForMaskedLM(BertConfig(**SHAPE)), dtype=torch.bfloat16, muon=muon, weight_decay=0.0
    )
    other.load_state(optimizer.state())
    assert other.state().keys() == optimizer.state().keys()
    assert all(value.equal(other.state()[key]) for key, value in optimizer.state().items())


def test_trapezoid_rises_stays_and_falls_to_zero():
    def rate(progress):
        return trapezoid(progress, warmup=0.1, decay=0.4)

    assert rate(0) == 0
    assert rate(0.05) == pytest.approx(0.5)
    assert rate(0.1) == rate(0.35) == rate(0.6) == pytest.approx(1)
    assert rate(0.8) == pytest.approx(0.5)
    assert rate(1) == rate(1.3) == 0
    assert trapezoid(0, warmup=0, decay=0) == 1


@given(progress=st.floats(0, 1), warmup=st.floats(0, 0.5), decay=st.floats(0, 0.5))
def test_rate_never_leaves_its_bounds(progress, warmup, decay):
    assert 0 <= trapezoid(progress, warmup=warmup, decay=decay) <= 1


@pytest.mark.parametrize("name", ["pretrain-compact", "pretrain-indobert"])
def test_shipped_configs_are_read(name):
    path = Path(__file__).parents[2] / "configs" / f"{name}.yaml"
    config = parse_config(PretrainConfig, ["--config", str(path), "--data.train", "[texts]"])
    assert config.data.train == ("texts",)
    assert (config.encoder.name is None) == (name == "pretrain-compact") == config.optimizer.muon
    assert config.encoder.name is None or re.fullmatch("[0-9a-f]{40}", config.encoder.revision)
    if config.data.domain is not None:
        found = re.compile(config.data.domain).search
        assert found("Seleksi CPNS dibuka.")
        assert found("Bupati tiba.\nKata Bupati: silakan.")
        assert not found("Bupati tiba.")
        assert not found("Cuaca cerah, kasnya penuh.")

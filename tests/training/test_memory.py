import pytest
import torch
from transformers import set_seed

from asn_nlp.cli.parser import parse_config
from asn_nlp.config import TrainConfig, WindowConfig
from asn_nlp.encoders import find_encoder
from asn_nlp.errors import ConfigError
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.encoding import encode_articles
from asn_nlp.training.batches import collate_gold
from asn_nlp.training.loss import joint_loss
from asn_nlp.training.memory import (
    StepMemory,
    measure_step,
    split_batch,
    tokens_at_once,
    told_split,
)
from asn_nlp.training.model import JointModel

GB = 10**9


@pytest.fixture(params=["bert", "albert", "modernbert"])
def model(request, encoders) -> JointModel:
    set_seed(0)
    encoder = find_encoder(str(encoders[request.param]))
    return JointModel.from_encoder(encoder, ASN_LABELS, dropout=0.0)


@pytest.fixture
def batch(tiny_tokenizer, news) -> dict[str, torch.Tensor]:
    encoded = encode_articles(
        news, tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(32, 4), with_gold=True
    )
    windows = [window for article in encoded for window in article.windows]
    return collate_gold(windows, pad_id=0, n_themes=len(ASN_LABELS.themes))


@pytest.mark.parametrize("tokens", [1, 96, 200, 10_000])
def test_the_parts_of_a_batch_have_its_loss_and_its_gradient(encoders, batch, tokens):
    encoder = find_encoder(str(encoders["bert"]))
    model = JointModel.from_encoder(encoder, ASN_LABELS, dropout=0.0).double().train()
    batch["themes"] = batch["themes"].double()
    weights = torch.linspace(1, 3, len(ASN_LABELS.themes))
    loss_of = joint_loss(theme_weight=0.7, theme_positive_weight=weights)

    def loss_on(part: dict[str, torch.Tensor], shares: tuple[float, float]) -> torch.Tensor:
        output = model(*(part[name] for name in ("input_ids", "attention_mask", "pieces")))
        return loss_of(output, part["tags"], part["themes"], shares)

    whole = loss_on(batch, (1.0, 1.0))
    whole.backward()
    expected = [
        parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None
    ]
    model.zero_grad()
    loss, seen = 0.0, 0
    for part, of_tags, of_themes in split_batch(batch, tokens=tokens):
        rows, length = part["input_ids"].shape
        assert rows == 1 or rows * length <= tokens
        seen += rows
        share = loss_on(part, (of_tags, of_themes))
        share.backward()
        loss += float(share)
    assert seen == len(batch["input_ids"])
    assert loss == pytest.approx(float(whole), rel=1e-6)
    found = [p.grad for p in model.parameters() if p.grad is not None]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-7)


def test_a_batch_is_read_whole_where_it_fits_and_else_in_windows():
    step = StepMemory(states=2 * GB, window=GB, length=512)
    assert step.needed(4096) == 10 * GB
    assert tokens_at_once(step, batch_tokens=4096, free=10 * GB) == 4096
    assert tokens_at_once(step, batch_tokens=4096, free=int(5.5 * GB)) == 3 * 512
    line = told_split(step, batch_tokens=4096, tokens=1536, free=int(5.5 * GB))
    assert line.startswith(
        "a batch of 4,096 tokens needs 10.0 GB beside the weights, and 5.5 GB ar"
    )
    with pytest.raises(ConfigError, match=r"needs 3\.0 GB .* window of 512 tokens .* 2\.9 GB are "):
        tokens_at_once(step, batch_tokens=4096, free=int(2.9 * GB))


def test_what_is_kept_for_backward_grows_with_the_windows_and_spares_the_weights(model):
    ids = torch.randint(5, 50, (8, 64))

    def kept(rows: int) -> StepMemory:
        inputs = {"input_ids": ids[:rows], "attention_mask": torch.ones_like(ids[:rows])}
        pieces = torch.tensor([[0, 1, 60]])
        return measure_step(
            model, lambda: model(**inputs, pieces=pieces).tag_logits.sum(), length=64
        )

    one, eight = kept(1), kept(8)
    assert one.states == 3 * sum(p.numel() * 4 for p in model.parameters())
    # Masks and rotary positions are kept once.
    assert 7 * one.window < eight.window <= 8 * one.window
    assert one.window > 2 * 64 * (4 * 16 + 32) * 4  # two layers keep at least these vectors


def test_measuring_draws_no_random_number_and_leaves_no_gradient(model):
    before = torch.random.get_rng_state()
    measure_step(model, lambda: torch.rand(3, requires_grad=True).sum(), length=1)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_parts_may_be_set_by_hand():
    line = ["--optimizer.micro_batch_tokens", "512"]
    assert parse_config(TrainConfig, line).optimizer.micro_batch_tokens == 512

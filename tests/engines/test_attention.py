import pytest
import torch
from transformers import AutoModelForTokenClassification, ModernBertConfig, set_seed

from asn_nlp.engines.attention import BLOCKED


@pytest.mark.parametrize("local", [4, 8, 32])
@pytest.mark.parametrize("length", [1, 7, 32, 61])
def test_blocks_give_what_the_full_square_gives(local, length):
    config = ModernBertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=24,
        local_attention=local,
        global_attn_every_n_layers=3,
        pad_token_id=0,
    )
    set_seed(0)
    model = AutoModelForTokenClassification.from_config(config).eval()
    ids = torch.randint(1, 50, (3, length))
    mask = torch.ones_like(ids)
    mask[1, length // 2 + 1 :] = 0
    outputs = []
    for attention in ("eager", BLOCKED):
        model.set_attn_implementation(attention)
        model.zero_grad()
        logits = model(input_ids=ids, attention_mask=mask).logits[mask.bool()]
        logits.square().sum().backward()
        outputs.append((logits, model.model.layers[1].attn.Wqkv.weight.grad.clone()))
    for full, blocked in zip(*outputs, strict=True):
        torch.testing.assert_close(blocked, full, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "albert", "roberta", "electra", "modernbert"])
def test_every_architecture_reads_the_same_in_it(encoders, name):
    outputs = []
    ids = torch.randint(5, 90, (2, 40), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[1, 23:] = 0
    for attention in ("eager", BLOCKED):
        set_seed(0)
        model = AutoModelForTokenClassification.from_pretrained(
            encoders[name], attn_implementation=attention
        ).eval()
        outputs.append(model(input_ids=ids, attention_mask=mask).logits[mask.bool()])
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-4, atol=1e-5)

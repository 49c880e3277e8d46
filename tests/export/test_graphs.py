"""The graph written by hand, and the one in int8, beside what PyTorch says."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from transformers import ModernBertConfig, ModernBertForTokenClassification, PreTrainedModel

from asn_nlp.encoders import find_encoder
from asn_nlp.engines.onnx import OnnxEngine
from asn_nlp.engines.torch import TorchEngine
from asn_nlp.export.fusion import fused_graph, is_fusable
from asn_nlp.export.int8 import quantize
from asn_nlp.export.writing import make_graph, save_graph
from asn_nlp.labels import ASN_LABELS
from asn_nlp.training.model import JointModel

N_TAGS = len(ASN_LABELS.tags)


def small_modernbert(**changes: object) -> PreTrainedModel:
    """With both kinds of layers, and weights large enough that attention is not uniform."""
    torch.manual_seed(0)
    config = ModernBertConfig(
        **{
            "vocab_size": 90,
            "hidden_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "intermediate_size": 48,
            "local_attention": 8,
            "global_attn_every_n_layers": 2,
            "num_labels": N_TAGS,
            "pad_token_id": 0,
            "initializer_range": 0.3,
            **changes,
        }
    )
    return ModernBertForTokenClassification(config).eval()


def batch(rows: int, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and their mask, the last row half as long as the others."""
    ids = np.random.default_rng(0).integers(5, 90, (rows, length))
    mask = np.ones_like(ids)
    mask[-1, length // 2 + 1 :] = 0
    return ids, mask


def opened(model: onnx.ModelProto, folder: Path, hidden_size: int) -> OnnxEngine:
    graph = save_graph(model, folder, half=False)
    return OnnxEngine(graph, n_tags=N_TAGS, hidden_size=hidden_size)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mlp_bias": True, "attention_bias": True, "norm_bias": True, "classifier_bias": True},
        {"global_attn_every_n_layers": 1},
        {"global_attn_every_n_layers": 100, "local_attention": 2},
    ],
)
def test_the_graph_written_by_hand_says_what_pytorch_says(changes, tmp_path):
    classifier = small_modernbert(**changes)
    assert is_fusable(classifier.config)
    graph, weights = opened(fused_graph(classifier), tmp_path, 32), TorchEngine(classifier)
    # Shorter than a block, a whole number of blocks, and one token more; with padding and without.
    for rows, length in [(1, 1), (2, 7), (1, 16), (3, 16), (1, 17), (2, 50)]:
        ids, mask = batch(rows, length)
        for one, other in zip(graph(ids, mask), weights(ids, mask), strict=True):
            np.testing.assert_allclose(one[mask == 1], other[mask == 1], atol=2e-4, rtol=1e-4)


def test_what_the_company_of_a_text_is_changes_nothing_in_int8(tmp_path):
    classifier = small_modernbert()
    model = fused_graph(classifier)
    quantize(model, list(batch(4, 40)[0]))
    graph = opened(model, tmp_path, 32)
    ids, mask = batch(3, 40)
    together, alone = graph(ids, mask), graph(ids[-1:, :21], mask[-1:, :21])
    np.testing.assert_allclose(together.vectors[-1:, :21], alone.vectors, atol=2e-3)


def test_activations_of_another_kind_are_traced(tmp_path):
    classifier = small_modernbert(hidden_activation="silu")
    assert not is_fusable(classifier.config)
    ids, mask = batch(2, 20)
    graph = opened(make_graph(classifier, tmp_path), tmp_path, 32)
    expected = TorchEngine(classifier)(ids, mask)
    np.testing.assert_allclose(
        graph(ids, mask).tags[mask == 1], expected.tags[mask == 1], atol=2e-4
    )


@pytest.mark.parametrize("name", ["bert", "albert", "modernbert"])
@pytest.mark.parametrize("spared", [0.0, 0.3])
def test_int8_says_about_the_same_and_multiplies_in_int8(name, spared, encoders, tmp_path):
    torch.manual_seed(1)
    model = JointModel.from_encoder(find_encoder(str(encoders[name])), ASN_LABELS).eval()
    classifier = model.token_classifier
    graph = make_graph(classifier, tmp_path)
    products = sum(node.op_type == "MatMul" for node in graph.graph.node)
    quantize(graph, list(batch(6, 30)[0]), spared=spared)
    onnx.checker.check_model(graph)
    kinds = [node.op_type for node in graph.graph.node]
    in_int8 = kinds.count("MatMulIntegerToFloat")
    assert in_int8 + kinds.count("MatMul") == products
    assert in_int8 > 0
    ids, mask = batch(2, 20)
    expected = TorchEngine(classifier)(ids, mask).vectors[mask == 1]
    found = opened(graph, tmp_path, classifier.config.hidden_size)(ids, mask).vectors[mask == 1]
    assert np.abs(found - expected).max() < 0.1 * np.abs(expected).max()


def test_weights_keep_to_seven_bits():
    model = fused_graph(small_modernbert())
    quantize(model, list(batch(4, 40)[0]))
    weights = {node.input[1] for node in model.graph.node if node.op_type == "MatMulIntegerToFloat"}
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            assert np.abs(onnx.numpy_helper.to_array(tensor).astype(int)).max() <= 63

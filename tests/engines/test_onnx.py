import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from asn_nlp.encoders import find_encoder, open_tokenizer
from asn_nlp.engines.onnx import OnnxEngine
from asn_nlp.engines.torch import TorchEngine, open_classifier
from asn_nlp.errors import RunError
from asn_nlp.labels import ASN_LABELS
from asn_nlp.training.model import JointModel, write_weights

N_TAGS = len(ASN_LABELS.tags)


@pytest.fixture(scope="module", params=["bert", "albert", "roberta", "electra", "modernbert"])
def folder(request, encoders, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp(request.param)
    encoder = find_encoder(str(encoders[request.param]))
    torch.manual_seed(1)
    model = JointModel.from_encoder(encoder, ASN_LABELS)
    write_weights(path, model, open_tokenizer(encoder), half=request.param == "modernbert")
    return path


@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (2, 60)])
def test_both_engines_say_the_same_of_every_architecture(folder, shape):
    graph = OnnxEngine(folder / "model.onnx", n_tags=N_TAGS, hidden_size=16)
    weights = TorchEngine(open_classifier(folder))
    ids = np.random.default_rng(0).integers(5, 90, shape)
    mask = np.ones_like(ids)
    mask[-1, shape[1] // 2 + 1 :] = 0
    for one, other in zip(graph(ids, mask), weights(ids, mask), strict=True):
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(one[mask == 1], other[mask == 1], atol=2e-5)


def test_weights_stored_in_half_precision_take_half_the_room(encoders, tmp_path):
    encoder = find_encoder(str(encoders["modernbert"]))
    sizes = {}
    for half in (False, True):
        folder = tmp_path / str(half)
        folder.mkdir()
        model = JointModel.from_encoder(encoder, ASN_LABELS)
        write_weights(folder, model, open_tokenizer(encoder), half=half)
        sizes[half] = sum(
            np.prod(tensor.dims) * (2 if tensor.data_type == onnx.TensorProto.FLOAT16 else 4)
            for tensor in onnx.load(folder / "model.onnx").graph.initializer
            if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
        )
    assert sizes[True] < 0.75 * sizes[False]


@pytest.fixture
def graph(tiny_run, tmp_path) -> Path:
    return Path(shutil.copy(tiny_run / "model.onnx", tmp_path))


def opened(graph: Path, *, n_tags: int = N_TAGS, hidden_size: int = 32) -> OnnxEngine:
    return OnnxEngine(graph, n_tags=n_tags, hidden_size=hidden_size)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", None])
def test_a_graph_cut_off_or_none_is_named(graph, content):
    graph.write_bytes(graph.read_bytes()[:-5000] if content is None else content)
    with pytest.raises(RunError, match=r"model.onnx cannot be opened as a graph") as caught:
        opened(graph)
    assert str(caught.value).endswith(
        "write it anew with 'asn-nlp export', or read with engine='torch'"
    )


def test_a_graph_of_other_labels_is_refused(graph):
    with pytest.raises(RunError, match=r"gives .*'logits': 7.* need {'logits': 5"):
        opened(graph, n_tags=5)
    with pytest.raises(RunError, match=r"'vectors': 32.* need .*'vectors': 64"):
        opened(graph, hidden_size=64)


def test_weights_outside_the_graph_are_not_opened(graph, tmp_path):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    onnx.save(
        onnx.load(graph),
        graph,
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    with pytest.raises(RunError, match=r"names weights in another file, and a graph must hold"):
        opened(graph)

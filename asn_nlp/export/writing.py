"""The graph of a run into its folder, where it is read without PyTorch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import safe_open

from asn_nlp.engines.run_folder import GRAPH, WEIGHTS, Run, open_run, rewrite_record
from asn_nlp.engines.torch import open_classifier
from asn_nlp.errors import extra
from asn_nlp.export.fusion import fused_graph, is_fusable
from asn_nlp.export.tracing import traced_graph
from asn_nlp.files import temporary_folder

with extra("train", "writing a graph"):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from transformers import PreTrainedModel

_SMALLEST_HALVED = 1_024  # values; a smaller tensor is not worth a cast


def export_run(folder: Path) -> Path:
    """Write the float32 graph of a run whose weights are there, and return its path.

    A run of an older format is brought to the newest.

    Raises:
        RunError: the run cannot be opened, or its encoder cannot be written as a graph.
    """
    run = open_run(folder)
    path = write_graph(open_classifier(folder), folder, half=stores_half(run))
    rewrite_record(replace(run, quantization=None))
    return path


def stores_half(run: Run) -> bool:
    """Whether the weights of ``run`` are stored in half precision."""
    with safe_open(run.file(WEIGHTS), framework="np") as weights:
        stored = {weights.get_slice(name).get_dtype() for name in weights.keys()}  # noqa: SIM118
    return stored == {"F16"}


def write_graph(classifier: PreTrainedModel, folder: Path, *, half: bool) -> Path:
    """Write ``model.onnx``: token ids and mask (b, t) to tag logits and token vectors.

    It computes in float32.

    Args:
        classifier: in float32 on the processor.
        half: store the weights in half precision, which must be that of the classifier's values;
            ONNX Runtime widens them when it opens the graph.

    Raises:
        RunError: the encoder cannot be written as a graph.
    """
    return save_graph(make_graph(classifier, folder), folder, half=half)


def make_graph(classifier: PreTrainedModel, folder: Path) -> onnx.ModelProto:
    """As ``write_graph``, in memory; ``folder`` is where what is written on the way may lie."""
    training = classifier.training
    classifier.eval()
    try:
        if is_fusable(classifier.config):
            return fused_graph(classifier)
        with temporary_folder(folder, "graph") as scratch:
            return traced_graph(classifier, scratch)
    finally:
        classifier.train(training)


def save_graph(model: onnx.ModelProto, folder: Path, *, half: bool) -> Path:
    """Write ``model`` as the graph of a run folder, whole or not at all; it is changed."""
    if half:
        _halve(model)
    with temporary_folder(folder, "graph") as new:
        onnx.save(model, new / GRAPH)
        (new / GRAPH).replace(folder / GRAPH)
    return folder / GRAPH


def _halve(model: onnx.ModelProto) -> None:
    """Store the large float32 weights in half precision, each behind a cast back to float32."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALLEST_HALVED:
            continue
        name = tensor.name
        stored = numpy_helper.from_array(
            numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half"
        )
        tensor.CopyFrom(stored)
        casts.append(helper.make_node("Cast", [stored.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

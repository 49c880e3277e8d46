"""A token classifier to the graph that reading runs, and that graph into its run folder."""

import warnings
from pathlib import Path

import numpy as np
from safetensors import safe_open

from asn_nlp.engines.attention import BLOCKED
from asn_nlp.engines.run_folder import GRAPH, WEIGHTS, open_run, rewrite_record
from asn_nlp.engines.torch import open_classifier
from asn_nlp.errors import RunError, extra
from asn_nlp.files import temporary_folder

with extra("train", "writing a graph"):
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper
    from torch import Tensor, nn
    from transformers import PreTrainedModel

_OPSET = 17
_SMALLEST_HALVED = 1_024  # values; a smaller tensor is not worth a cast


def export_run(folder: Path) -> Path:
    """Write the graph of a run whose weights are there, and return its path.

    A run of an older format is brought to the newest.

    Raises:
        RunError: the run cannot be opened, or its encoder cannot be written as a graph.
    """
    run = open_run(folder)
    with safe_open(run.file(WEIGHTS), framework="np") as weights:
        stored = {weights.get_slice(name).get_dtype() for name in weights.keys()}  # noqa: SIM118
    graph = write_graph(open_classifier(folder), folder, half=stored == {"F16"})
    rewrite_record(run)
    return graph


def write_graph(classifier: PreTrainedModel, folder: Path, *, half: bool) -> Path:
    """Write ``model.onnx``: token ids and mask (b, t) to tag logits and token vectors.

    It computes in float32. Windows of sliding layers are computed locally.

    Args:
        classifier: in float32 on the processor.
        half: store the weights in half precision, which must be that of the classifier's values;
            ONNX Runtime widens them when it opens the graph.

    Raises:
        RunError: PyTorch cannot write this encoder as a graph.
    """
    path = folder / GRAPH
    attention = classifier.config._attn_implementation
    training = classifier.training
    with temporary_folder(folder, "graph") as new:
        temporary = new / GRAPH
        try:
            classifier.set_attn_implementation(BLOCKED)
            _trace(classifier.eval(), temporary)
        except Exception as error:  # the exporter raises whatever an operator makes it
            reason = str(error).partition("\n")[0]
            raise RunError(
                f"the encoder {classifier.config.model_type!r} cannot be written as a graph "
                f"({reason}); read the run with PyTorch"
            ) from error
        finally:
            classifier.set_attn_implementation(attention)
            classifier.train(training)
        if half:
            model = onnx.load(temporary)
            _halve(model)
            onnx.save(model, temporary)
        temporary.replace(path)
    return path


class _LogitsAndVectors(nn.Module):
    def __init__(self, classifier: PreTrainedModel) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        output = self.classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return output.logits, output.hidden_states[-1]


def _trace(classifier: PreTrainedModel, path: Path) -> None:
    # Lengths that no layer's sizes share, so that none of them is taken for a constant.
    mask = torch.ones(2, 37, dtype=torch.long)
    mask[1, 29:] = 0
    with warnings.catch_warnings(), torch.no_grad():
        # This exporter is called legacy, and is the one that writes our attention as it is.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _LogitsAndVectors(classifier),
            (torch.ones_like(mask), mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits", "vectors"],
            dynamic_axes={
                name: {0: "batch", 1: "tokens"}
                for name in ("input_ids", "attention_mask", "logits", "vectors")
            },
            opset_version=_OPSET,
            dynamo=False,
        )


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

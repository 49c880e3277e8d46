"""Any token classifier to a graph, operator by operator, by PyTorch's exporter."""

import warnings
from pathlib import Path

from asn_nlp.engines.attention import BLOCKED
from asn_nlp.errors import RunError, extra, first_line

with extra("train", "writing a graph"):
    import onnx
    import torch
    from torch import Tensor, nn
    from transformers import PreTrainedModel

_OPSET = 17


def traced_graph(classifier: PreTrainedModel, scratch: Path) -> onnx.ModelProto:
    """The graph of a classifier in float32 that is ready to read; sizes as ``fused_graph``.

    Windows of sliding layers are computed locally.

    Args:
        scratch: folder for what PyTorch writes on the way.

    Raises:
        RunError: PyTorch cannot write this encoder as a graph.
    """
    path = scratch / "traced.onnx"
    attention = classifier.config._attn_implementation
    try:
        classifier.set_attn_implementation(BLOCKED)
        _trace(classifier, path)
    except Exception as error:  # the exporter raises whatever an operator makes it
        raise RunError(
            f"the encoder {classifier.config.model_type!r} cannot be written as a graph "
            f"({first_line(error)}); read the run with PyTorch"
        ) from error
    finally:
        classifier.set_attn_implementation(attention)
    model = onnx.load(path)
    _drop_aliases(model.graph)
    return model


class _LogitsAndVectors(nn.Module):
    def __init__(self, classifier: PreTrainedModel) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        output = self.classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return output.logits, output.hidden_states[-1]


def _drop_aliases(graph: onnx.GraphProto) -> None:
    """Call by one name a constant that layers share."""
    constants = {tensor.name for tensor in graph.initializer}
    aliases = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "Identity" and node.input[0] in constants
    }
    nodes = [node for node in graph.node if node.output[0] not in aliases]
    for node in nodes:
        node.input[:] = [aliases.get(name, name) for name in node.input]
    del graph.node[:]
    graph.node.extend(nodes)


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

"""ModernBERT to a graph of ONNX Runtime's fused operators.

A traced graph spends more time between its matrix products than in them: rotary positions are
seven operators a layer, attention is ten, and local attention as many again for cutting and padding
blocks. Here a layer is written by hand, from the weights of its modules:

- projections have a product each for queries, keys, values, gate and value of the feed-forward
  block, so that nothing has to be split behind them;
- rotary positions are one operator, with a table of cosines that is computed when the graph opens;
- attention is one operator, which scales, masks, weighs and sums, and which reads a batch without
  padding without a mask, block by block in the cache;
- in a local layer it reads blocks of ``2 * reach`` queries, each beside the ``4 * reach`` keys
  around them, as if blocks were inputs; what hides the keys out of reach, and those of padding, is
  computed once for all layers;
- word vectors are normalised once, when the graph opens, and not at every occurrence.

The numbers are those of PyTorch, but for the order of additions.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asn_nlp.errors import extra

with extra("train", "writing a graph"):
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from torch import Tensor, nn
    from transformers import PreTrainedConfig, PreTrainedModel

_OPSET = 17
_IR = 8  # the one of that opset; older versions of ONNX Runtime refuse newer ones
FUSED = "com.microsoft"  # the domain of ONNX Runtime's own operators
_FLOAT = TensorProto.FLOAT
_HIDDEN = np.float32(-1e4)  # added to scores; far below any, and finite in half precision


def is_fusable(config: PreTrainedConfig) -> bool:
    """Whether ``fused_graph`` knows the encoder."""
    return (
        config.model_type == "modernbert"
        and {config.hidden_activation, config.classifier_activation} == {"gelu"}
        and all(rope["rope_type"] == "default" for rope in config.rope_parameters.values())
    )


def fused_graph(classifier: PreTrainedModel) -> onnx.ModelProto:
    """The graph of a ModernBERT token classifier.

    Inputs ``input_ids`` and ``attention_mask`` (b, t), outputs ``logits`` (b, t, tags) and
    ``vectors`` (b, t, hidden).

    Args:
        classifier: in float32 on the processor, one that ``is_fusable``.
    """
    config, nodes = classifier.config, _Nodes()
    encoder, head = cast(Any, classifier.model), cast(Any, classifier.head)
    tags = cast(nn.Linear, classifier.classifier)
    batch = _Batch(nodes, config)
    tables = {
        kind: _rotary_tables(nodes, getattr(encoder.rotary_emb, f"{kind}_inv_freq"), config)
        for kind in set(config.layer_types)
    }
    words = nodes.norm(encoder.embeddings.tok_embeddings.weight, encoder.embeddings.norm)
    read = stream = nodes.add("Gather", words, "input_ids")
    for layer, kind in zip(encoder.layers, config.layer_types, strict=True):
        if isinstance(layer.attn_norm, nn.LayerNorm):
            read = nodes.norm(stream, layer.attn_norm)
        query, key, value = nodes.linears(read, layer.attn.Wqkv, parts=3)
        query, key = (
            nodes.add("RotaryEmbedding", one, _ints(0), *tables[kind], num_heads=batch.heads)
            for one in (query, key)
        )
        attend = batch.attend_locally if kind == "sliding_attention" else batch.attend
        (seen,) = nodes.linears(attend(query, key, value), layer.attn.Wo)
        stream = nodes.add("Add", stream, seen)
        read = nodes.norm(stream, layer.mlp_norm)
        gate, value = nodes.linears(read, layer.mlp.Wi, parts=2)
        (more,) = nodes.linears(nodes.add("Mul", nodes.add("Gelu", gate), value), layer.mlp.Wo)
        stream = nodes.add("Add", stream, more)
    vectors = nodes.norm(stream, encoder.final_norm, name="vectors")
    (read,) = nodes.linears(vectors, head.dense)
    read = nodes.norm(nodes.add("Gelu", read), head.norm)
    nodes.linears(read, tags, name="logits")
    return nodes.graph(tags.out_features, config.hidden_size)


class _Nodes:
    """A graph as it grows; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: ArrayLike | Tensor) -> str:
        array = np.asarray(value.detach() if isinstance(value, Tensor) else value, order="C")
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def add(
        self,
        kind: str,
        *inputs: str | ArrayLike | Tensor,
        name: str | None = None,
        **attributes: Any,
    ) -> str:
        """One operator, and the name of its output; an input that is no name is a constant."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        output = name or f"{kind}_{len(self._nodes)}"
        self._nodes.append(_node(kind, names, output, **attributes))
        return output

    def norm(self, value: str | Tensor, norm: nn.LayerNorm, *, name: str | None = None) -> str:
        weights = [norm.weight] if norm.bias is None else [norm.weight, norm.bias]
        return self.add("LayerNormalization", value, *weights, name=name, axis=-1, epsilon=norm.eps)

    def linears(
        self, value: str, linear: nn.Linear, *, parts: int = 1, name: str | None = None
    ) -> list[str]:
        """The outputs of ``linear`` in equal ``parts``, each by a product of its own."""
        weights = linear.weight.chunk(parts)
        if linear.bias is None:
            return [self.add("MatMul", value, weight.T, name=name) for weight in weights]
        return [
            self.add("Add", self.add("MatMul", value, weight.T), bias, name=name)
            for weight, bias in zip(weights, linear.bias.chunk(parts), strict=True)
        ]

    def graph(self, n_tags: int, hidden_size: int) -> onnx.ModelProto:
        inputs = [_value(name, TensorProto.INT64) for name in ("input_ids", "attention_mask")]
        outputs = [
            _value("logits", _FLOAT, n_tags),
            _value("vectors", _FLOAT, hidden_size),
        ]
        graph = helper.make_graph(self._nodes, "reading", inputs, outputs, self._constants)
        versions = [helper.make_opsetid("", _OPSET), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=_IR)


class _Batch:
    """What all layers need to know of a batch, each computed once."""

    def __init__(self, nodes: _Nodes, config: PreTrainedConfig) -> None:
        self.heads, self._hidden_size = config.num_attention_heads, config.hidden_size
        self._nodes, add = nodes, nodes.add
        shape = add("Shape", "input_ids")
        self._length = add("Gather", shape, _ints(1), axis=0)
        tokens = add("Cast", "attention_mask", to=_FLOAT)
        hidden = add("Mul", add("Sub", np.float32(1), tokens), _HIDDEN)  # (b, t)
        self._whole = add("Equal", add("ReduceMin", "attention_mask", keepdims=0), np.int64(1))
        everywhere = add("Concat", _ints(1, 1), self._length, _ints(1), axis=0)
        self._mask = add("Expand", add("Unsqueeze", hidden, _ints(1, 2)), everywhere)
        if "sliding_attention" in config.layer_types:
            self._cut(hidden, config.sliding_window)

    def _cut(self, hidden: str, reach: int) -> None:
        """Into blocks: what each looks at, and what of that is hidden."""
        add = self._nodes.add
        self._block, around = 2 * reach, 4 * reach
        blocks = add("Div", add("Add", self._length, _ints(self._block - 1)), _ints(self._block))
        self._padded = add("Mul", blocks, _ints(self._block))
        starts = add("Range", np.int64(0), add("Squeeze", self._padded), np.int64(self._block))
        places = add("Add", add("Unsqueeze", starts, _ints(1)), np.arange(around) - reach)
        last = add("Squeeze", add("Sub", self._length, _ints(1)))
        self._around = add("Clip", places, np.int64(0), last)  # (blocks, 4 * reach)
        outside = add("Not", add("Equal", places, self._around))
        hidden = add("Gather", hidden, self._around, axis=1)  # (b, blocks, 4 * reach)
        hidden = add("Where", outside, _HIDDEN, hidden)
        far = np.abs(np.arange(self._block)[:, None] + reach - np.arange(around)) > reach
        self._band = add(  # (b * blocks, 1, 2 * reach, 4 * reach)
            "Add",
            add("Reshape", hidden, _ints(-1, 1, 1, around)),
            np.where(far, _HIDDEN, np.float32(0))[None, None],
        )

    def attend(self, query: str, key: str, value: str) -> str:
        """All (b, t, hidden)."""
        inputs = [query, key, value]
        branches = {
            "then_branch": self._attention(inputs, "unmasked"),
            "else_branch": self._attention([*inputs, "", "", self._mask], "masked"),
        }
        return self._nodes.add("If", self._whole, **branches)

    def _attention(self, inputs: Sequence[str], name: str) -> onnx.GraphProto:
        node = _node("MultiHeadAttention", inputs, name, num_heads=self.heads)
        output = _value(name, _FLOAT, self._hidden_size)
        return helper.make_graph([node], name, [], [output])

    def attend_locally(self, query: str, key: str, value: str) -> str:
        """All (b, t, hidden)."""
        add, size = self._nodes.add, self._hidden_size
        rest = add("Sub", self._padded, self._length)
        padding = add("Concat", _ints(0, 0, 0, 0), rest, _ints(0), axis=0)
        queries = add("Reshape", add("Pad", query, padding), _ints(-1, self._block, size))
        keys, values = (
            add(
                "Reshape",
                add("Gather", one, self._around, axis=1),
                _ints(-1, 2 * self._block, size),
            )
            for one in (key, value)
        )
        seen = add(
            "MultiHeadAttention", queries, keys, values, "", "", self._band, num_heads=self.heads
        )
        joined = add("Concat", _ints(-1), self._padded, _ints(size), axis=0)
        return add("Slice", add("Reshape", seen, joined), _ints(0), self._length, _ints(1))


def _rotary_tables(nodes: _Nodes, frequencies: Tensor, config: PreTrainedConfig) -> list[str]:
    """Cosines and sines (positions, head size / 2)."""
    # Counted in the graph: constants may be stored in half precision, which knows no 2,049.
    places = nodes.add("Range", *map(np.int64, (0, config.max_position_embeddings, 1)))
    positions = nodes.add("Cast", nodes.add("Unsqueeze", places, _ints(1)), to=_FLOAT)
    angles = nodes.add("Mul", positions, frequencies)
    return [nodes.add(kind, angles) for kind in ("Cos", "Sin")]


def _ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    fused = kind in ("MultiHeadAttention", "RotaryEmbedding", "Gelu")
    return helper.make_node(
        kind, inputs, [output], name=output, domain=FUSED if fused else "", **attributes
    )


def _value(name: str, kind: int, *inner: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["batch", "tokens", *inner])

"""A float32 graph to one that multiplies in int8.

Static quantisation: what goes into a product is rounded to 256 steps whose width was measured
beforehand, on articles of the shipped corpus. So a token's reading depends on its own window alone;
with steps measured on each batch (dynamic quantisation) it would change with the company that an
article is read in.

Weights keep to seven bits, a scale a column: processors without VNNI add pairs of products in
sixteen bits, which eight would overflow. Everything between the products, and the product that
gives the tags' logits, stays in float32.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from asn_nlp.errors import extra
from asn_nlp.export.fusion import FUSED

with extra("train", "writing a graph"):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

_LARGEST_WEIGHT = 63  # seven bits
_LARGEST_STORED = 127
_SMALLEST_STORED = 65_536  # values; a smaller matrix is not worth rounding
_DAMPING = 0.01  # of the mean moment, without which rare columns would be made to pay for all
_TOGETHER = 64  # rows, whose errors reach those behind them in one product
_TINY = 1e-6
_EVENED = 0.75  # how much of the difference between columns of a value is left to its weights


def quantize(
    model: onnx.ModelProto, windows: Sequence[NDArray[np.int64]], *, spared: float = 0.0
) -> None:
    """Turn the products with constant matrices into int8, and store word vectors so.

    Args:
        model: in float32, with the inputs and outputs of ``fused_graph``; it is changed.
        windows: token ids (t,) to measure on.
        spared: share of the products that stay in float32, those that lose most.
    """
    graph = model.graph
    constants = {one.name: one for one in graph.initializer if one.data_type == TensorProto.FLOAT}
    matrices = {name for name, one in constants.items() if len(one.dims) == 2}
    products = {
        node.output[0]: node
        for node in graph.node
        if node.op_type == "MatMul" and node.input[1] in matrices
    }
    products.popitem()  # the last gives the tags' logits
    bounds = _bounds(model, sorted({node.input[0] for node in products.values()}), windows)
    _even_out(graph, constants, products, bounds)
    steps = {name: _steps(one) for name, one in bounds.items()}
    # Where steps are wide beside what values mostly are, few of them are used.
    by_loss = sorted(products, key=lambda name: -steps[products[name].input[0]].loss)
    floats = {products[name].input[1] for name in by_loss[: round(spared * len(products))]}
    products = {name: node for name, node in products.items() if node.input[1] not in floats}
    weights = {node.input[1]: node.input[0] for node in products.values()}
    multiplied = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    stored = {
        name for name in matrices - multiplied if np.prod(constants[name].dims) >= _SMALLEST_STORED
    }
    nodes = [node for name in stored for node in _widened(name)]
    nodes += _multiplying(graph.node, products)
    del graph.node[:]
    graph.node.extend(nodes)
    for name, value in weights.items():
        graph.initializer.extend(_rounded_weights(constants[name], bounds[value].moments))
    for name in stored:
        graph.initializer.extend(_rounded_rows(constants[name]))
    for name in weights.keys() | stored:
        graph.initializer.remove(constants[name])
    for value in {node.input[0] for node in products.values()}:
        graph.initializer.append(
            numpy_helper.from_array(np.asarray(steps[value].width), f"{value}.scale")
        )
        graph.initializer.append(
            numpy_helper.from_array(np.asarray(steps[value].zero), f"{value}.zero")
        )
    if all(version.domain != FUSED for version in model.opset_import):
        model.opset_import.append(helper.make_opsetid(FUSED, 1))


class _Bounds(NamedTuple):
    low: NDArray[np.float32]  # (windows, columns), 0 or less
    high: NDArray[np.float32]  # (windows, columns), 0 or more
    moments: NDArray[np.float32]  # (columns, columns) mean products of two columns


class _Steps(NamedTuple):
    """The 256 numbers that a value is rounded to."""

    width: np.float32
    zero: np.uint8
    loss: float  # width beside the value's size


def _bounds(
    model: onnx.ModelProto, names: Sequence[str], windows: Sequence[NDArray[np.int64]]
) -> dict[str, _Bounds]:
    """What values (1, t, columns) are like."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    outputs = {output.name for output in watched.graph.output}
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in names
        if name not in outputs
    )
    session = onnxruntime.InferenceSession(watched.SerializeToString())
    bounds: dict[str, list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = {
        name: [] for name in names
    }
    moments: dict[str, NDArray[np.float32]] = {}
    for ids in windows:
        inputs = {"input_ids": ids[None], "attention_mask": np.ones_like(ids)[None]}
        for name, (value,) in zip(names, session.run(names, inputs), strict=True):
            low, high = np.minimum(value.min(axis=0), 0), np.maximum(value.max(axis=0), 0)
            bounds[name].append((low, high))
            moments[name] = moments.get(name, 0) + value.T @ value / (len(ids) * len(windows))
    return {
        name: _Bounds(
            np.stack([low for low, _ in rows]), np.stack([high for _, high in rows]), moments[name]
        )
        for name, rows in bounds.items()
    }


def _even_out(
    graph: onnx.GraphProto,
    constants: Mapping[str, onnx.TensorProto],
    products: Mapping[str, onnx.NodeProto],
    bounds: dict[str, _Bounds],
) -> None:
    """Make columns of gated values alike, which share their steps, and their weights unlike.

    A gated value is ``Mul`` of something and a product: what that product's columns are divided by,
    the rows of the weights behind it are multiplied with, and the graph says what it said.
    """
    for node in graph.node:
        value = node.output[0]
        if node.op_type != "Mul" or value not in bounds or node.input[1] not in products:
            continue
        before = constants[products[node.input[1]].input[1]]
        behind = [constants[one.input[1]] for one in products.values() if one.input[0] == value]
        low, high, moments = bounds[value]
        peaks = np.maximum(-low, high).max(axis=0)
        widest = np.max([np.abs(numpy_helper.to_array(one)).max(axis=1) for one in behind], axis=0)
        factors = np.where(
            (peaks > 0) & (widest > 0),
            np.maximum(peaks, 1e-9) ** _EVENED / np.maximum(widest, 1e-9) ** (1 - _EVENED),
            1,
        ).astype(np.float32)
        _scale(before, np.float32(1) / factors)
        for one in behind:
            _scale(one, factors[:, None])
        bounds[value] = _Bounds(low / factors, high / factors, moments / np.outer(factors, factors))


def _scale(tensor: onnx.TensorProto, factors: NDArray[np.float32]) -> None:
    values = numpy_helper.to_array(tensor) * factors
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))


def _steps(bounds: _Bounds) -> _Steps:
    """They span the least and greatest number of a window, in the mean of all windows: those of all
    would be some single outlier's, and leave the rest few steps.
    """
    least, greatest = bounds.low.min(axis=1).mean(), bounds.high.max(axis=1).mean()
    width = np.float32(max(greatest - least, _TINY) / 255)
    zero = np.uint8(np.rint(-least / width))
    size = np.sqrt(np.diagonal(bounds.moments).mean())
    return _Steps(width, zero, float(width / max(size, _TINY)))


def _multiplying(
    nodes: Iterable[onnx.NodeProto], products: Mapping[str, onnx.NodeProto]
) -> Iterator[onnx.NodeProto]:
    """``nodes`` with ``products`` in int8, and what they multiply rounded before the first does."""
    rounded = set()
    for node in nodes:
        if node.output[0] not in products:
            yield node
            continue
        value, weights = node.input
        scale, zero = f"{value}.scale", f"{value}.zero"
        if value not in rounded:
            rounded.add(value)
            yield helper.make_node("QuantizeLinear", [value, scale, zero], [f"{value}.int8"])
        inputs = [f"{value}.int8", f"{weights}.int8", scale, f"{weights}.scale", zero]
        yield helper.make_node(
            "MatMulIntegerToFloat", inputs, node.output, name=node.name, domain=FUSED
        )


def _rounded_weights(
    weights: onnx.TensorProto, moments: NDArray[np.float32]
) -> list[onnx.TensorProto]:
    """``NAME.int8`` and ``NAME.scale`` (columns,), by the method known as GPTQ.

    Row after row is rounded, and what that changes of the product, by the ``moments`` of what it is
    multiplied with, is made good in the rows that follow.
    """
    values = numpy_helper.to_array(weights).astype(np.float64)
    peaks = np.abs(values).max(axis=0)
    scale = (np.where(peaks > 0, peaks, 1) / _LARGEST_WEIGHT).astype(np.float32)
    damped = moments + np.eye(len(moments)) * (_DAMPING * np.diagonal(moments).mean() + _TINY)
    shares = np.linalg.cholesky(np.linalg.inv(damped)).T
    whole = np.empty(values.shape, dtype=np.int8)
    errors = np.empty_like(values)
    for start in range(0, len(values), _TOGETHER):
        block = slice(start, start + _TOGETHER)
        end = min(block.stop, len(values))
        for row in range(start, end):
            whole[row] = np.clip(np.rint(values[row] / scale), -_LARGEST_WEIGHT, _LARGEST_WEIGHT)
            errors[row] = (values[row] - whole[row] * scale) / shares[row, row]
            values[row + 1 : end] -= np.outer(shares[row, row + 1 : end], errors[row])
        values[end:] -= shares[block, end:].T @ errors[block]
    return [
        numpy_helper.from_array(whole, f"{weights.name}.int8"),
        numpy_helper.from_array(scale, f"{weights.name}.scale"),
    ]


def _rounded_rows(matrix: onnx.TensorProto) -> list[onnx.TensorProto]:
    """``NAME.int8`` and ``NAME.scale`` (rows, 1)."""
    values = numpy_helper.to_array(matrix)
    peaks = np.abs(values).max(axis=1, keepdims=True)
    scale = (np.where(peaks > 0, peaks, 1) / _LARGEST_STORED).astype(np.float32)
    return [
        numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{matrix.name}.int8"),
        numpy_helper.from_array(scale, f"{matrix.name}.scale"),
    ]


def _widened(name: str) -> list[onnx.NodeProto]:
    """A matrix as it was, which ONNX Runtime computes when it opens the graph."""
    return [
        helper.make_node("Cast", [f"{name}.int8"], [f"{name}.wide"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]),
    ]

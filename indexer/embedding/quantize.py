"""An 8-bit form of a float32 graph: weights per output channel, activations per token.

Placeholder docstring; measured below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from indexer.embedding.graph import GraphWriter, assembled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MATRIX = 2  # axes
_LARGE_TABLE_ROWS = 1024
_SMALLEST_SCALE = np.float32(1e-12)  # a token of zeros must not divide by zero


def quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with 8-bit weights in every product with a constant matrix, and 8-bit word tables."""
    rewriter = _Rewriter(model)
    for node in model.graph.node:
        rewriter.rewrite(node)
    return rewriter.finished()


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How an activation is written as unsigned bytes: ``round(x / scale) + zero_point``."""

    zero_point: int

    @property
    def steps(self) -> int:
        """How many bytes are left above the zero point."""
        return 255 - self.zero_point


_SYMMETRIC = _Encoding(128)
# The smallest value of GELU is -0.16997, so most of the bytes may go to positive values.
_AFTER_GELU = _Encoding(16)
_GELU_MINIMUM = 0.17


@dataclass(frozen=True, slots=True)
class _Rows:
    """Names of one activation's bytes ``(tokens, width)``, scales ``(tokens, 1)``, zero point.

    `shape` is the shape of a product with it, the last axis left open.
    """

    values: str
    scales: str
    zero_point: str
    shape: str


class _Rewriter:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._graph = GraphWriter("int8_")
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._producers = {name: node.op_type for node in model.graph.node for name in node.output}
        self._rows: dict[str, _Rows] = {}

    def rewrite(self, node: onnx.NodeProto) -> None:
        """Append `node`, or what takes its place."""
        matrix = self._constant_of(node, "MatMul", 1)
        table = self._constant_of(node, "Gather", 0)
        if matrix is not None:
            self._product(node, matrix)
        elif table is not None and len(table) >= _LARGE_TABLE_ROWS:
            self._lookup(node, table)
        else:
            self._graph.nodes.append(node)

    def finished(self) -> onnx.ModelProto:
        """The rewritten model with the constants that it still uses."""
        used = {name for node in self._graph.nodes for name in node.input}
        kept = [tensor for name, tensor in self._constants.items() if name in used]
        graph = self._model.graph
        initializers = [*kept, *self._graph.initializers.values()]
        return assembled(
            helper.make_graph(
                self._graph.nodes, graph.name, graph.input, graph.output, initializers
            )
        )

    def _constant_of(
        self, node: onnx.NodeProto, operator: str, position: int
    ) -> NDArray[np.float32] | None:
        if node.op_type != operator or node.domain:
            return None
        tensor = self._constants.get(node.input[position])
        if tensor is None or tensor.data_type != TensorProto.FLOAT:
            return None
        array = numpy_helper.to_array(tensor)
        return array if array.ndim == _MATRIX else None

    def _product(self, node: onnx.NodeProto, matrix: NDArray[np.float32]) -> None:
        graph = self._graph
        activation, weight = node.input
        rows = self._quantized_rows(activation, matrix.shape[0])
        values, scales = _symmetric_int8(matrix, axis=0)
        inputs = [
            rows.values,
            graph.constant(weight, values),
            graph.constant("unit", np.float32(1)),
            graph.constant(weight + "_scale", scales.ravel()),
            rows.zero_point,
        ]
        product = graph.apply_contrib("MatMulIntegerToFloat", inputs)
        scaled = graph.apply("Mul", [product, rows.scales])
        graph.apply("Reshape", [scaled, rows.shape], output=node.output[0])

    def _lookup(self, node: onnx.NodeProto, table: NDArray[np.float32]) -> None:
        graph = self._graph
        name, indices = node.input
        values, scales = _symmetric_int8(table, axis=1)
        taken = graph.apply("Gather", [graph.constant(name, values), indices], axis=0)
        factor = graph.apply("Gather", [graph.constant(name + "_scale", scales), indices], axis=0)
        numbers = graph.apply("Cast", [taken], to=TensorProto.FLOAT)
        graph.apply("Mul", [numbers, factor], output=node.output[0])

    def _quantized_rows(self, activation: str, width: int) -> _Rows:
        if activation not in self._rows:
            self._rows[activation] = self._quantize_rows(activation, width)
        return self._rows[activation]

    def _quantize_rows(self, activation: str, width: int) -> _Rows:
        graph = self._graph
        flat = graph.apply("Reshape", [activation, graph.integers(-1, width)])
        if self._producers.get(activation) in {"Gelu", "BiasGelu"}:
            encoding, magnitude, least = _AFTER_GELU, flat, _GELU_MINIMUM / _AFTER_GELU.zero_point
        else:
            encoding, magnitude = _SYMMETRIC, graph.apply("Abs", [flat])
            least = float(_SMALLEST_SCALE)
        largest = graph.apply("ReduceMax", [magnitude, graph.integers(-1)], keepdims=1)
        step = graph.constant(f"step_{encoding.steps}", np.float32(1 / encoding.steps))
        proportional = graph.apply("Mul", [largest, step])
        bound = graph.constant(f"least_{encoding.steps}", np.float32(least))
        scales = graph.apply("Max", [proportional, bound])
        zero_point = graph.constant(f"zero_{encoding.zero_point}", np.uint8(encoding.zero_point))
        vector = graph.apply("Squeeze", [scales, graph.integers(-1)])
        zeros = graph.apply("Expand", [zero_point, graph.apply("Shape", [vector])])
        values = graph.apply("QuantizeLinear", [flat, vector, zeros], axis=0)
        leading = graph.apply("Shape", [activation], start=0, end=-1)
        shape = graph.apply("Concat", [leading, graph.integers(-1)], axis=0)
        return _Rows(values, scales, zero_point, shape)


def _symmetric_int8(
    matrix: NDArray[np.float32], *, axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Values in -127..127 and the scales over `axis` that give the matrix back."""
    scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True) / 127, _SMALLEST_SCALE)
    return np.rint(matrix / scales).astype(np.int8), scales.astype(np.float32)

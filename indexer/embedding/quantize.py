"""An 8-bit form of a float32 graph: weights per output channel, activations per token.

Every product of an activation with a constant matrix becomes a product of bytes. Each token has
its own scale, so its bytes do not depend on the texts beside it, and the integer sums are exact in
any order: the same text has the same vector to the bit in every batch. A scale over the whole
batch would be a few percent faster and would lose that.

What makes it fast on x86, from measurements of all-MiniLM-L6-v2 on AVX-512 VNNI:

* activations are unsigned with a constant zero point and weights signed, the combination for which
  the hardware has an instruction; products run at four fifths of its peak and take half the time;
* MatMulIntegerToFloat applies the channels' scales while a tile is still in the cache; it has no
  scale per token, so that one is a pass of its own;
* QuantizeLinear with a vector of scales replaces divide, round, add and cast;
* query, key and value share one quantized activation.

MatMulNBits, which also quantizes per token, ran at half of this speed, and SkipLayerNormalization
cost a quarter of the throughput. Mean cosine to float32 is .998, the smallest of 1,500 texts .995.

x86 processors without VNNI add products of bytes in pairs that saturate at 16 bits. Weights of 7
bits would never reach that, at a mean cosine of .9967 everywhere; with 8 bits one pair in 20,000
saturates, which leaves .9971 there and .9979 elsewhere (emulated), so the weights have 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from indexer.embedding.graph import GraphWriter, assembled
from indexer.errors import ModelMismatchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MATRIX = 2  # axes
_LARGE_TABLE_ROWS = 1024
_SMALLEST_SCALE = 1e-12  # a token of zeros must not divide by zero


def quantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with 8-bit weights in every product with a constant matrix, and 8-bit word tables.

    Args:
        model: its only input is ``(texts, tokens)``, and every activation that it multiplies with
            a constant matrix is ``(texts, tokens, width)``; operator set 18 or later.

    Raises:
        ModelMismatchError: it has no product with a constant matrix.
    """
    rewriter = _Rewriter(model)
    for node in model.graph.node:
        rewriter.rewrite(node)
    if not rewriter.products:
        raise ModelMismatchError(
            f"graph {model.graph.name!r} has no MatMul with a constant float32 matrix, so "
            "there is nothing to quantize; convert it without quantization"
        )
    return rewriter.finished()


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How an activation is written as unsigned bytes: ``round(x / scale) + zero_point``.

    A row's scale is its largest magnitude over `steps`, and at least `least_scale`.
    """

    zero_point: int
    least_scale: float

    @property
    def steps(self) -> int:
        """How many bytes lie above the zero point."""
        return 255 - self.zero_point

    @property
    def zero(self) -> np.uint8:
        """The zero point as a tensor's element."""
        return np.uint8(self.zero_point)


_SYMMETRIC = _Encoding(128, _SMALLEST_SCALE)
# GELU is never below -0.16997: a few bytes for negative values leave twice as many for the rest.
_AFTER_GELU = _Encoding(16, 0.17 / 16)


@dataclass(frozen=True, slots=True)
class _Quantized:
    """The names of an activation's three parts.

    Attributes:
        values: bytes ``(texts, tokens, width)``.
        scales: float32 ``(texts, tokens, 1)``.
        zero_point: one byte, the same for all tokens.
    """

    values: str
    scales: str
    zero_point: str


class _Rewriter:
    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._graph = GraphWriter("int8_")
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._producers = {name: node.op_type for node in model.graph.node for name in node.output}
        self._input = model.graph.input[0].name
        self._shape = ""
        self._zero_vectors: dict[_Encoding, str] = {}
        self.products = 0
        self._quantized: dict[str, _Quantized] = {}

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
        initializers = [*kept, *self._graph.initializers.values()]
        old = self._model.graph
        new = helper.make_graph(self._graph.nodes, old.name, old.input, old.output, initializers)
        opset = next(entry.version for entry in self._model.opset_import if not entry.domain)
        return assembled(new, opset)

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
        self.products += 1
        graph = self._graph
        activation, weight = node.input
        quantized_activation = self._quantize(activation, matrix.shape[0])
        values, scales = _symmetric_int8(matrix, axis=0)
        inputs = [
            quantized_activation.values,
            graph.constant(weight, values),
            graph.constant("unit", np.float32(1)),
            graph.constant(weight + "_scale", scales.ravel()),
            quantized_activation.zero_point,
        ]
        product = graph.apply_contrib("MatMulIntegerToFloat", inputs)
        graph.apply("Mul", [product, quantized_activation.scales], output=node.output[0])

    def _lookup(self, node: onnx.NodeProto, table: NDArray[np.float32]) -> None:
        graph = self._graph
        name, indices = node.input
        values, scales = _symmetric_int8(table, axis=1)
        taken = graph.apply("Gather", [graph.constant(name, values), indices], axis=0)
        factor = graph.apply("Gather", [graph.constant(name + "_scale", scales), indices], axis=0)
        numbers = graph.apply("Cast", [taken], to=TensorProto.FLOAT)
        graph.apply("Mul", [numbers, factor], output=node.output[0])

    def _quantize(self, activation: str, width: int) -> _Quantized:
        """The bytes of `activation`, computed once for all products with it."""
        if activation not in self._quantized:
            scales, encoding = self._scales(activation)
            graph = self._graph
            # Per-row scales are one vector to QuantizeLinear, so its input must have two axes.
            values = graph.apply(
                "QuantizeLinear",
                [
                    graph.apply("Reshape", [activation, graph.integers(-1, width)]),
                    graph.apply("Reshape", [scales, graph.integers(-1)]),
                    self._zeros(encoding),
                ],
                axis=0,
            )
            zero_point = graph.constant(f"zero_{encoding.zero_point}", encoding.zero)
            batched = graph.apply("Reshape", [values, self._batch_shape()])
            self._quantized[activation] = _Quantized(batched, scales, zero_point)
        return self._quantized[activation]

    def _scales(self, activation: str) -> tuple[str, _Encoding]:
        graph = self._graph
        if self._producers.get(activation) == "Gelu":
            encoding, magnitude = _AFTER_GELU, activation
        else:
            encoding, magnitude = _SYMMETRIC, graph.apply("Abs", [activation])
        largest = graph.apply("ReduceMax", [magnitude, graph.integers(-1)], keepdims=1)
        step = graph.constant(f"step_{encoding.zero_point}", np.float32(1 / encoding.steps))
        least = graph.constant(f"least_{encoding.zero_point}", np.float32(encoding.least_scale))
        return graph.apply("Max", [graph.apply("Mul", [largest, step]), least]), encoding

    def _zeros(self, encoding: _Encoding) -> str:
        """The zero point once for every token of the batch."""
        if encoding not in self._zero_vectors:
            graph = self._graph
            zero = helper.make_tensor("value", TensorProto.UINT8, [1], [encoding.zero_point])
            count = graph.apply(
                "Shape", [graph.apply("Reshape", [self._input, graph.integers(-1)])]
            )
            self._zero_vectors[encoding] = graph.apply("ConstantOfShape", [count], value=zero)
        return self._zero_vectors[encoding]

    def _batch_shape(self) -> str:
        """Texts, tokens, and an open last axis."""
        if not self._shape:
            graph = self._graph
            leading = graph.apply("Shape", [self._input])
            self._shape = graph.apply("Concat", [leading, graph.integers(-1)], axis=0)
        return self._shape


def _symmetric_int8(
    matrix: NDArray[np.float32], *, axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Values in -127..127 and the scales over `axis` that give the matrix back."""
    scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=True) / 127, _SMALLEST_SCALE)
    return np.rint(matrix / scales).astype(np.int8), scales.astype(np.float32)

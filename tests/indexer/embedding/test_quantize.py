"""The 8-bit rewrite."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from indexer.embedding.graph import GraphWriter
from indexer.embedding.quantize import quantized
from indexer.errors import ModelMismatchError

ROWS, SIZE, WIDTH = 1500, 32, 48
RNG = np.random.default_rng(3)
TABLE = RNG.normal(size=(ROWS, SIZE)).astype(np.float32)
MATRIX = RNG.normal(size=(SIZE, WIDTH)).astype(np.float32)
OTHER = RNG.normal(size=(SIZE, WIDTH)).astype(np.float32)


def model(writer: GraphWriter, output: str) -> onnx.ModelProto:
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    out = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    return writer.model("test", [ids], [out])


def linear_model(activation: str | None = None) -> onnx.ModelProto:
    """Word vectors, an optional activation function, and two products with what results."""
    writer = GraphWriter()
    tokens = writer.apply("Gather", [writer.constant("table", TABLE), "input_ids"])
    if activation:
        tokens = writer.apply(activation, [tokens])
    one = writer.apply("MatMul", [tokens, writer.constant("matrix", MATRIX)])
    two = writer.apply("MatMul", [tokens, writer.constant("other", OTHER)])
    return model(writer, writer.apply("Add", [one, two]))


def run(graph: onnx.ModelProto, ids: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"input_ids": ids})[0]


@pytest.mark.parametrize("activation", [None, "Gelu", "Relu"])
def test_a_quantized_graph_stays_close_to_its_original(activation: str | None) -> None:
    ids = RNG.integers(0, ROWS, (4, 9))
    expected = run(linear_model(activation), ids)
    found = run(quantized(linear_model(activation)), ids)
    # Rounding errors of 1/254 of the largest value, of table, activation and matrix each, are
    # random over 32 terms: some percent of the result's own spread.
    assert np.abs(found - expected).max() < 0.06 * expected.std()
    assert np.abs(found - expected).max() > 0


def test_weights_and_large_tables_are_bytes_and_activations_are_quantized_once() -> None:
    graph = quantized(linear_model()).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 2
    assert kinds.count("QuantizeLinear") == 1
    assert "MatMul" not in kinds
    large = [tensor for tensor in graph.initializer if np.prod(tensor.dims) > WIDTH]
    assert {tensor.data_type for tensor in large if len(tensor.raw_data) > 8 * ROWS} == {
        TensorProto.INT8
    }


def test_small_tables_and_products_of_two_activations_are_left_alone() -> None:
    writer = GraphWriter()
    tokens = writer.apply("Gather", [writer.constant("small", TABLE[:100]), "input_ids"])
    product = writer.apply("MatMul", [tokens, writer.constant("matrix", MATRIX)])
    swapped = writer.apply("Transpose", [product], perm=[0, 2, 1])
    graph = quantized(model(writer, writer.apply("MatMul", [product, swapped]))).graph
    assert [node.op_type for node in graph.node].count("MatMul") == 1
    assert "small" in {tensor.name for tensor in graph.initializer}
    assert "matrix" not in {tensor.name for tensor in graph.initializer}


def test_a_token_does_not_depend_on_its_neighbours() -> None:
    graph = quantized(linear_model("Gelu"))
    ids = RNG.integers(0, ROWS, (6, 11))
    together = run(graph, ids)
    for text in range(6):
        np.testing.assert_array_equal(run(graph, ids[text : text + 1])[0], together[text])
        np.testing.assert_array_equal(
            run(graph, ids[text : text + 1, :1])[0, 0], together[text, 0]
        )


def test_a_token_of_zeros_gives_zeros() -> None:
    writer = GraphWriter()
    zeros = writer.constant("table", np.zeros_like(TABLE))
    tokens = writer.apply("Gather", [zeros, "input_ids"])
    product = writer.apply("MatMul", [tokens, writer.constant("matrix", MATRIX)])
    found = run(quantized(model(writer, product)), np.array([[1, 2]]))
    np.testing.assert_array_equal(found, np.zeros((1, 2, WIDTH), np.float32))


def test_quantizing_twice_gives_the_same_bytes() -> None:
    one, other = (quantized(linear_model("Gelu")) for _ in range(2))
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def test_a_graph_without_constant_products_is_refused() -> None:
    writer = GraphWriter()
    with pytest.raises(ModelMismatchError, match="nothing to quantize"):
        quantized(model(writer, writer.apply("Cast", ["input_ids"], to=TensorProto.FLOAT)))

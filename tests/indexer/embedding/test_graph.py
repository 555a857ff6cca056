"""Graphs under construction, and the ending of all of ours."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from indexer.embedding.graph import GraphWriter, end_with_pooling, serialized
from indexer.embedding.model_files import OUTPUT_NAME


def pooling_graph(pooling: str) -> bytes:
    writer = GraphWriter()
    end_with_pooling(writer, "tokens", pooling)
    tokens = helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["texts", "tokens", 48])
    vectors = helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["texts", 48])
    return serialized(writer.model("pooling", [tokens], [vectors]))


def pooled(content: bytes, tokens: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {"tokens": tokens})[0]


def test_a_constant_is_stored_once_under_its_name() -> None:
    writer = GraphWriter("p_")
    assert writer.constant("c", np.float32(1)) == writer.constant("c", np.float32(1)) == "p_c"
    assert list(writer.initializers) == ["p_c"]


def test_equal_calls_give_equal_bytes() -> None:
    assert pooling_graph("mean") == pooling_graph("mean")


@pytest.mark.parametrize("length", [1, 2, 7, 40])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_pooling_is_the_normalized_mean_or_first_token(pooling: str, length: int) -> None:
    tokens = np.random.default_rng(1).normal(size=(5, length, 48)).astype(np.float32)
    expected = tokens.astype(np.float64).mean(axis=1) if pooling == "mean" else tokens[:, 0]
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(pooled(pooling_graph(pooling), tokens), expected, atol=1e-6)


@pytest.mark.parametrize("length", [1, 3, 17, 110])
def test_pooling_gives_the_same_bits_for_one_text_and_for_many(length: int) -> None:
    tokens = np.random.default_rng(2).normal(size=(9, length, 48)).astype(np.float32)
    content = pooling_graph("mean")
    many = pooled(content, tokens)
    for row in range(9):
        np.testing.assert_array_equal(pooled(content, tokens[row : row + 1])[0], many[row])

"""A transformer of any architecture, written as ONNX by PyTorch's tracing exporter."""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, Any

import onnx
from onnx import TensorProto, helper

from indexer.embedding.graph import GraphWriter, assembled, end_with_pooling
from indexer.embedding.model_files import INPUT_NAME, OUTPUT_NAME

if TYPE_CHECKING:
    from indexer.embedding.model_files import Pooling

_OPSET = 20  # the newest that the tracing exporter writes; it has GELU as one operator
_TOKENS = "tokens"


def traced(transformer: Any, pooling: Pooling, dimension: int) -> onnx.ModelProto:  # noqa: ANN401 - an optional library has no types here
    """The float32 graph: token numbers in, unit vectors out.

    Args:
        transformer: a PyTorch module that takes ``input_ids`` and returns, first, the token
            vectors.
        pooling: how they become one.
        dimension: their length.
    """
    encoder = _reachable(onnx.load_from_string(_exported(transformer)).graph)
    ending = GraphWriter("pooling_")
    end_with_pooling(ending, _TOKENS, pooling)
    shape: list[str | int | None] = ["texts", dimension]
    graph = helper.make_graph(
        [*encoder.node, *ending.nodes],
        "traced",
        encoder.input,
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, shape)],
        [*encoder.initializer, *ending.initializers.values()],
    )
    return assembled(graph, _OPSET)


def _exported(transformer: Any) -> bytes:  # noqa: ANN401 - an optional library has no types
    torch: Any = importlib.import_module("torch")

    class TokenVectors(torch.nn.Module):  # type: ignore[misc]  # torch is Any here
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any) -> Any:  # noqa: ANN401 - tensors of an untyped library
            return self.transformer(input_ids=input_ids)[0]

    axes = {0: "texts", 1: "tokens"}
    content = io.BytesIO()
    # An example with neither axis of length 1, which tracing would take for a constant.
    example = torch.zeros((2, 7), dtype=torch.int64)
    torch.onnx.export(
        TokenVectors().eval(),
        (example,),
        content,
        dynamo=False,
        opset_version=_OPSET,
        input_names=[INPUT_NAME],
        output_names=[_TOKENS],
        dynamic_axes={INPUT_NAME: axes, _TOKENS: axes},
    )
    return content.getvalue()


def _reachable(graph: onnx.GraphProto) -> onnx.GraphProto:
    """The graph without the nodes that its first output does not depend on, such as a pooler."""
    needed = {graph.output[0].name}
    kept: list[onnx.NodeProto] = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    initializers = [tensor for tensor in graph.initializer if tensor.name in needed]
    return helper.make_graph(kept[::-1], graph.name, graph.input, graph.output[:1], initializers)

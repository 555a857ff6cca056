"""An ONNX graph under construction, with stable names, and the ending that all of ours share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from indexer.embedding.model_files import OUTPUT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.embedding.model_files import Pooling

Attribute = int | float | onnx.TensorProto
"""What our nodes have as attributes."""

OPSET = 23  # the first with Attention
CONTRIB = "com.microsoft"  # ONNX Runtime's own operators
_IR_VERSION = 10  # ONNX 1.16: readable by every runtime that knows our operator set


class GraphWriter:
    """Collects nodes in execution order; equal calls give an equal graph, byte for byte."""

    def __init__(self, prefix: str = "") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self._prefix = prefix
        self._count = 0

    def constant(self, name: str, values: NDArray[np.generic] | np.generic) -> str:
        """Store `values` under `name` once, and return the name."""
        name = self._prefix + name
        if name not in self.initializers:
            array = np.asarray(values, order="C")
            self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def integers(self, *values: int) -> str:
        """A constant int64 vector: shapes, axes and indices."""
        return self.constant("int_" + "_".join(map(str, values)), np.array(values, np.int64))

    def apply(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        output: str | None = None,
        **attributes: Attribute,
    ) -> str:
        """Append a node of ONNX's own operator set and return the name of its output."""
        return self._append(operator, inputs, "", output, attributes)

    def apply_contrib(self, operator: str, inputs: Sequence[str], **attributes: Attribute) -> str:
        """Append a node of ONNX Runtime's own operators and return the name of its output."""
        return self._append(operator, inputs, CONTRIB, None, attributes)

    def _append(
        self,
        operator: str,
        inputs: Sequence[str],
        domain: str,
        output: str | None,
        attributes: dict[str, Attribute],
    ) -> str:
        self._count += 1
        name = f"{self._prefix}{operator}_{self._count}"
        result = output or name
        node = helper.make_node(operator, inputs, [result], name=name, domain=domain)
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self.nodes.append(node)
        return result

    def model(
        self,
        name: str,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
    ) -> onnx.ModelProto:
        """The finished model."""
        graph = helper.make_graph(
            self.nodes, name, inputs, outputs, list(self.initializers.values())
        )
        return assembled(graph)


def end_with_pooling(graph: GraphWriter, tokens: str, pooling: Pooling) -> None:
    """From token vectors ``(texts, tokens, size)`` to the unit vectors of the texts.

    The mean is taken as a product with a row of ones, without the division that the norm undoes:
    ONNX Runtime's ReduceMean adds in another order when there is only one text, and a query would
    differ from the same text in a batch.
    """
    if pooling == "cls":
        pooled = graph.apply("Gather", [tokens, graph.constant("first", np.int64(0))], axis=1)
    else:
        length = graph.apply(
            "Slice", [graph.apply("Shape", [tokens]), *map(graph.integers, (1, 2))]
        )
        shape = graph.apply("Concat", [graph.integers(1), length], axis=0)
        one = helper.make_tensor("value", TensorProto.FLOAT, [1], [1.0])
        ones = graph.apply("ConstantOfShape", [shape], value=one)
        summed = graph.apply("MatMul", [ones, tokens])
        pooled = graph.apply("Squeeze", [summed, graph.integers(1)])
    graph.apply("LpNormalization", [pooled], output=OUTPUT_NAME, axis=-1, p=2)


def assembled(graph: onnx.GraphProto, opset: int = OPSET) -> onnx.ModelProto:
    """A model around `graph`, of ONNX's operators in version `opset` and ONNX Runtime's own."""
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)


def serialized(model: onnx.ModelProto) -> bytes:
    """The model's bytes; the same model always gives the same bytes."""
    content: bytes = model.SerializeToString(deterministic=True)
    return content

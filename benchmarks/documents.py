"""Whose vectors a catalogue's products have: the default model's, or an approximation of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.standin import DistilledDocuments
from indexer.embedding.protocol import Embedder, Teacher

if TYPE_CHECKING:
    from indexer.embedding.distilled import DistilledEmbedder

DISTILLED = "distilled"
"""Products by the query encoder of a smaller catalogue of the same kind."""
SAMPLE_PRODUCTS = 10_000
"""Of that catalogue."""


def distilled_documents(model: Embedder, encoder: DistilledEmbedder | None) -> DistilledDocuments:
    """The documents' vectors by `encoder`, everything else by `model`.

    Raises:
        BenchmarkError: no encoder was distilled from this model.
    """
    if encoder is None or not isinstance(model, Teacher):
        raise BenchmarkError(
            f"no query encoder was distilled from {model.name}; leave --documents out"
        )
    return DistilledDocuments(model, encoder)

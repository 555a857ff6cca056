"""The truth about neighbours: every product's similarity to some queries, without an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.snapshot import VECTORS_FILE
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.vectors.protocol import VectorIndex

DEPTH = 100
"""Of recall@100."""
_BLOCK = 1 << 16
_EQUAL = 1e-6  # cosines of equal vectors differ by their rounding


def read_vectors(directory: Path) -> NDArray[np.float16]:
    """The vectors of a generation's products, float16 ``(products, dimension)``, mapped."""
    return read_arrays(directory / VECTORS_FILE).array("vectors")


def similarities(directory: Path, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of each query with each product of a generation.

    Args:
        directory: of the generation.
        queries: unit vectors, float32 ``(queries, dimension)``.

    Returns:
        float32 ``(queries, products)``.
    """
    vectors = read_vectors(directory)
    found = np.empty((len(queries), len(vectors)), np.float32)
    for begin in range(0, len(vectors), _BLOCK):
        block = vectors[begin : begin + _BLOCK].astype(np.float32)
        found[:, begin : begin + _BLOCK] = queries @ block.T
    return found


def recall(
    index: VectorIndex,
    queries: NDArray[np.float32],
    cosines: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
) -> float:
    """The share of the 100 nearest (inside `mask`) that `index` finds, averaged over queries.

    A product as near as the hundredth is as good as it: copies of a product are no mistakes.

    Args:
        index: that is judged.
        queries: see `similarities`, which gave `cosines`.
        cosines: float32 ``(queries, products)``.
        mask: bool ``(products,)``, with at least one product.
    """
    shares = []
    for query, row in zip(queries, cosines, strict=True):
        inside = row if mask is None else row[mask]
        depth = min(DEPTH, len(inside))
        hundredth = np.partition(inside, -depth)[-depth]
        found = index.search(query, depth, mask).rows
        shares.append(np.count_nonzero(row[found] >= hundredth - _EQUAL) / depth)
    return float(np.mean(shares))

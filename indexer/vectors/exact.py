"""Exhaustive search over the vectors themselves: small catalogues, and the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits
from indexer.vectors.half import cosines, widen

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ExactIndex:
    """The inner product of a query with every vector."""

    def __init__(self, vectors: NDArray[np.float16]) -> None:
        """Search `vectors`.

        Args:
            vectors: float16 ``(products, dimension)``, unit rows; widened once, in memory.
        """
        self._vectors = widen(vectors)
        self._rows = np.arange(len(vectors), dtype=np.int64)

    def search(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> Hits:
        """See `VectorIndex.search`."""
        if mask is None:
            return Hits.best(self._rows, cosines(self._vectors, query), limit)
        rows = np.flatnonzero(mask)
        return Hits.best(rows, self.similarities(query, rows), limit)

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorIndex.gather`."""
        vectors: NDArray[np.float32] = self._vectors[rows]
        return vectors

    def similarities(
        self, query: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """See `VectorIndex.similarities`."""
        return cosines(self._vectors[rows], query)

"""Exhaustive search over the vectors themselves: small catalogues, and the oracle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits
from indexer.vectors.half import cosines, widen
from indexer.vectors.protocol import Looked

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
        return self.explore(query, limit, mask)[0]

    def explore(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[Hits, Looked]:
        """See `VectorIndex.explore`."""
        if mask is None:
            rows, scores = self._rows, cosines(self._vectors, query)
        else:
            rows = np.flatnonzero(mask)
            scores = self.similarities(query, rows)
        return Hits.best(rows, scores, limit), Looked(0, 0, len(rows), len(rows))

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorIndex.gather`."""
        vectors: NDArray[np.float32] = self._vectors[rows]
        return vectors

    def similarities(
        self, query: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """See `VectorIndex.similarities`."""
        return cosines(self._vectors[rows], query)

"""The absence of vectors: stands where those of a generation cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits
from indexer.vectors.protocol import Looked

if TYPE_CHECKING:
    from numpy.typing import NDArray


class AbsentVectors:
    """A vector index that finds nothing; nothing is near to anything."""

    def __init__(self, dimension: int) -> None:
        """Stand for vectors of `dimension` components."""
        self._dimension = dimension

    def search(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> Hits:
        """See `VectorIndex.search`; no hits."""
        return self.explore(query, limit, mask)[0]

    def explore(
        self,
        query: NDArray[np.float32],  # noqa: ARG002 - protocol
        limit: int,  # noqa: ARG002 - protocol
        mask: NDArray[np.bool_] | None = None,  # noqa: ARG002 - protocol
    ) -> tuple[Hits, Looked]:
        """See `VectorIndex.explore`; nowhere was looked."""
        return Hits.none(), Looked(0, 0, 0, 0)

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorIndex.gather`; zeros, which have no direction."""
        return np.zeros((len(rows), self._dimension), np.float32)

    def similarities(
        self,
        query: NDArray[np.float32],  # noqa: ARG002 - protocol
        rows: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """See `VectorIndex.similarities`; zeros."""
        return np.zeros(len(rows), np.float32)

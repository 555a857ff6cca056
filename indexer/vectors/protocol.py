"""What finds the products whose vectors are nearest to a query's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from indexer.hits import Hits


class Looked(NamedTuple):
    """How far a search looked.

    Attributes:
        lists: gone through.
        products: in them.
        passed: of these, inside the mask.
        scored: of these, compared with the query component by component.
    """

    lists: int
    products: int
    passed: int
    scored: int


class VectorIndex(Protocol):
    """Nearest neighbours by cosine over unit vectors.

    Implementations are immutable and safe to call from several threads. A score is the cosine
    with the stored vector, which may have been rounded to 8 bits for each component (an error of
    about .0005 at 384 components); the same pair has the same score in every call. An approximate
    implementation may miss neighbours, never misjudge them.
    """

    def search(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> Hits:
        """The `limit` nearest rows, fewer in a smaller catalogue.

        Args:
            query: float32 ``(dimension,)``, L2 norm 1.
            limit: at least 1.
            mask: bool ``(products,)``; only rows that are set count. ``None`` for all.

        Returns:
            Rows with their cosines, best first.
        """
        ...

    def explore(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[Hits, Looked]:
        """What `search` gives for the same, and how far it looked."""
        ...

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of given rows.

        Args:
            rows: int64 ``(n,)``.

        Returns:
            float32 ``(n, dimension)`` in the order of `rows`, L2 norm 1 but for half precision.
        """
        ...

    def similarities(
        self, query: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The cosines of given rows.

        Args:
            query: float32 ``(dimension,)``, L2 norm 1.
            rows: int64 ``(n,)``.

        Returns:
            float32 ``(n,)`` in the order of `rows`.
        """
        ...

"""A session: the products that a shopper looked at just now, as a direction in meaning.

It comes with the request and is stored nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.ranking.fusion import semantic_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from indexer.vectors.protocol import VectorIndex

_DECAY = 0.8
"""What a product counts beside the one that was viewed after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What was viewed.

    Attributes:
        vector: float32 ``(dimension,)``, of length 1: the middle of the viewed products.
        vectors: of all products.
        unrelated: the cosine that says nothing; see `searchsvc.ranking.fusion.semantic_share`.
        weight: of a product that is just the same, as a share of a full boost.
    """

    vector: NDArray[np.float32]
    vectors: VectorIndex
    unrelated: float
    weight: float

    @classmethod
    def of(
        cls, viewed: Sequence[str], snapshot: Snapshot, unrelated: float, weight: float
    ) -> Session | None:
        """That of `viewed` ids, the latest first; ``None`` where the snapshot has none of them."""
        places = [snapshot.products.row(product) for product in viewed]
        rows = np.array([row for row in places if row is not None], np.int64)
        if not len(rows) or not weight:
            return None
        decay = np.float32(_DECAY) ** np.arange(len(rows), dtype=np.float32)
        middle = decay @ snapshot.vectors.gather(rows)
        length = float(np.linalg.norm(middle))
        if not length:
            return None
        vector = (middle / np.float32(length)).astype(np.float32)
        return cls(vector, snapshot.vectors, unrelated, weight)

    def shares(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the products at `rows` gain: float32 ``(n,)``, 0 to `weight`."""
        cosines = self.vectors.similarities(self.vector, rows)
        near = np.maximum(semantic_share(cosines, self.unrelated), 0)
        return (near * np.float32(self.weight)).astype(np.float32)

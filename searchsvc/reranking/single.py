"""The simplest reranker: one feature is the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.reranking.protocol import FEATURES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SingleFeature:
    """Ranks by one feature; by ``score_deficit`` it gives the order of the first stage."""

    def __init__(self, name: str) -> None:
        """Rank by the feature called `name`, one of `FEATURES`."""
        self._column = FEATURES.index(name)

    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Reranker.rerank`."""
        return features[:, self._column].copy()

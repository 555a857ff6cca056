"""What scores candidates by their features, and what those features are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES = (
    "lexical_share",
    "lexical_relative",
    "coverage",
    "semantic_share",
    "semantic_deficit",
    "feedback",
    "feedback_deficit",
    "score_deficit",
    "lexical_reciprocal_rank",
    "semantic_reciprocal_rank",
)
"""The columns of a feature matrix, see `searchsvc.ranking.features`.

More of any of them speaks for a product: a learned ranker may be held to that.
"""


class Reranker(Protocol):
    """Scores candidates.

    A candidate's score depends on its own features only: what must be compared with the other
    candidates is a feature. Implementations are immutable and safe to call from several threads.
    """

    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of each candidate, the higher the better.

        Args:
            features: float32 ``(n, len(FEATURES))``, finite, in the order of `FEATURES`.

        Returns:
            float32 ``(n,)``, finite.
        """
        ...

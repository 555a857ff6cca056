"""The second stage: the first candidates of a ranking, ordered again by a reranker."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.ranking.features import candidate_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.ranking.window import Ranking
    from searchsvc.reranking.protocol import Reranker

DEPTH = 100
"""Places that are ordered again; it does not depend on the page, so that pages are stable."""


def rerank(ranking: Ranking, reranker: Reranker) -> Ranking:
    """Order the first `DEPTH` places by `reranker`, ties by row.

    What the query identifies stays where it is, and so does everything behind those places. The
    scores of the places are stretched over the range that they had, so that none rises from hit
    to hit. Without a query vector the order stays: half of the features would be missing.
    """
    first = int(np.count_nonzero(ranking.window.identified))
    moved = slice(first, min(DEPTH, len(ranking.rows)))
    if ranking.meaning is None or moved.stop <= first:
        return ranking
    found = reranker.rerank(candidate_features(ranking, ranking.meaning, moved))
    new = _stretched(found, ranking.scores[moved.stop - 1], ranking.scores[first])
    order = np.lexsort((ranking.rows[moved], -found))
    rows, scores = ranking.rows.copy(), ranking.scores.copy()
    feedback, before = ranking.feedback.copy(), np.zeros(len(rows), np.int64)
    rows[moved], scores[moved] = rows[moved][order], new[order]
    feedback[moved], before[moved] = feedback[moved][order], order + first + 1
    return replace(ranking, rows=rows, scores=scores, feedback=feedback, reranked_from=before)


def _stretched(
    scores: NDArray[np.float32], low: np.float32, high: np.float32
) -> NDArray[np.float32]:
    """`scores` on the range from `low` to `high`, their order kept."""
    above = scores - scores.min()
    span = float(above.max())
    if not span:
        return np.full(len(scores), low, np.float32)
    share = above / np.float32(span)
    stretched: NDArray[np.float32] = np.minimum(low + share * (high - low), high)
    return stretched

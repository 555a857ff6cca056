"""Boosts: what products gain beside their relevance, within bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import best_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.ranking.window import Ranking


def favour(ranking: Ranking, popularity: NDArray[np.float32], weight: float) -> Ranking:
    """Order the window again by its scores with what each row gains by its popularity.

    Args:
        ranking: of the window.
        popularity: float32 ``(products,)``, 0 to 1.
        weight: what a popularity of 1 gains.
    """
    gained = _of_unidentified(popularity[ranking.rows] * np.float32(weight), ranking)
    scores = (ranking.scores + gained).astype(np.float32)
    order = best_first(scores)
    return replace(_reordered(ranking, scores, order), popularity=gained[order])


def boost(ranking: Ranking, shares: NDArray[np.float32], limit: float) -> Ranking:
    """Order the window again by its scores with what each row gains; ties keep their order.

    What the query identifies stays first, and rows behind the window stay there: their scores
    never exceed the last one's.

    Args:
        ranking: of the window.
        shares: float32 ``(n,)`` in the order of its rows, the sum of all that each gains as shares
            of a full boost; beyond -1 and 1 they count no more.
        limit: a full boost; no row gains or loses more.
    """
    gained = _of_unidentified(bounded(shares) * np.float32(limit), ranking)
    scores = (ranking.scores + gained).astype(np.float32)
    order = best_first(scores)
    popularity = ranking.popularity
    return replace(
        _reordered(ranking, scores, order),
        popularity=None if popularity is None else popularity[order],
        full_boost=limit,
        boosts=gained[order],
        boosted_from=order + 1,
        unboosted=ranking.scores[order],
    )


def bounded(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums of shares of a full boost, as far as they count: float32, -1 to 1."""
    return np.clip(shares, -1, 1).astype(np.float32)


def _of_unidentified(gained: NDArray[np.float32], ranking: Ranking) -> NDArray[np.float32]:
    window = ranking.window
    if window.identified.any():  # which few queries have
        gained[window.identified[np.searchsorted(window.rows, ranking.rows)]] = 0
    return gained


def _reordered(ranking: Ranking, scores: NDArray[np.float32], order: NDArray[np.int64]) -> Ranking:
    before = ranking.reranked_from
    return replace(
        ranking,
        rows=ranking.rows[order],
        scores=scores[order],
        feedback=ranking.feedback[order],
        reranked_from=None if before is None else before[order],
    )

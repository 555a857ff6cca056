"""Boosts: preferences of whom the answer is for, added to the scores within bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from searchsvc.ranking.window import Ranking


def total_boost(
    masks: Sequence[NDArray[np.bool_]], weights: Sequence[float], limit: float
) -> NDArray[np.float32]:
    """What all boosts together give each product.

    Args:
        masks: bool ``(products,)``, who gets each boost.
        weights: of the boosts, -1 to 1.
        limit: no product gains or loses more, however many boosts it gets.

    Returns:
        float32 ``(products,)``, -limit to limit.
    """
    total = np.zeros(len(masks[0]), np.float32)
    for mask, weight in zip(masks, weights, strict=True):
        total[mask] += np.float32(weight)
    bounded: NDArray[np.float32] = np.clip(total, -1, 1) * np.float32(limit)
    return bounded


def boost(ranking: Ranking, gains: NDArray[np.float32]) -> Ranking:
    """Order the window again by its scores with what each row gains; ties keep their order.

    What the query identifies stays first, and rows behind the window stay there: their scores
    never exceed the last one's.

    Args:
        ranking: of the window.
        gains: float32 ``(products,)``; see `total_boost`.
    """
    gained = gains[ranking.rows]
    gained[ranking.window.identified[np.searchsorted(ranking.window.rows, ranking.rows)]] = 0
    scores = (ranking.scores + gained).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    before = ranking.reranked_from
    return replace(
        ranking,
        rows=ranking.rows[order],
        scores=scores[order],
        feedback=ranking.feedback[order],
        reranked_from=None if before is None else before[order],
        boosts=gained[order],
        boosted_from=order + 1,
        unboosted=ranking.scores[order],
    )

"""Popularity: what sells, decayed by its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learning.evidence import POPULARITY_HALF_LIFE_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.learning.evidence import Evidence


def popularity(
    evidence: Evidence, half_life_days: float = POPULARITY_HALF_LIFE_DAYS
) -> NDArray[np.float64]:
    """The weighted purchases of each product, float64 ``(products,)``; 0 for none.

    A purchase counts half after each `half_life_days` before the newest event, other events count
    `EVENT_WEIGHTS` of one, and no user counts more than `MOST_OF_ONE_USER` for one product.
    """
    _, rows, counts = evidence.pairs(half_life_days)
    sold = np.bincount(rows, weights=counts, minlength=evidence.products)
    return sold.astype(np.float64)

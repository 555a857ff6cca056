"""Popularity: what sells, decayed by its age.

Whoever can send events can send those of people who are not there. What a few of them say is
therefore nothing: see `LEAST_PEOPLE` and `searchsvc.learning.evidence.LEAST_USERS`. Who makes up
more people than these is kept out by limits on who may send events, not by counting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learning.evidence import LEAST_USERS, POPULARITY_HALF_LIFE_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.learning.evidence import Evidence

LEAST_PEOPLE = 5
"""Users who must have had to do with a product for it to have any popularity."""


def popularity(evidence: Evidence) -> NDArray[np.float64]:
    """The weighted purchases of each product, float64 ``(products,)``; 0 for none.

    A user counts at most once a day for one product, with the event that counts most of that day,
    and no more than `searchsvc.learning.evidence.MOST_OF_ONE_USER` in all. In a shop of fewer than
    `LEAST_USERS` nothing is popular.
    """
    _, rows, counts = evidence.once_a_day().pairs(POPULARITY_HALF_LIFE_DAYS)
    people = np.bincount(rows, minlength=evidence.products)
    enough = (people >= LEAST_PEOPLE) & (evidence.user_count >= LEAST_USERS)
    return np.where(enough, np.bincount(rows, counts, minlength=evidence.products), 0.0)


def sold(evidence: Evidence, half_life_days: float) -> NDArray[np.float64]:
    """What the shop sells of each product, however few buy it: float64 ``(products,)``.

    Tastes are compared with it, which count every event. A purchase counts half after each
    `half_life_days` before the newest event.
    """
    _, rows, counts = evidence.pairs(half_life_days)
    return np.bincount(rows, counts, minlength=evidence.products).astype(np.float64)

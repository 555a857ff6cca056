"""The preference between two rankings that interleaved lists show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.outcomes.significance import resamples_for
from searchsvc.relevance.statistics import bootstrap_means, percentile_interval, randomization_p

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Preference:
    """How much users prefer the second ranking.

    Attributes:
        wins: lists that credited the second ranking more.
        losses: that credited the first more.
        ties: that credited both alike; lists without a click are none.
        users: who clicked.
        value: -1 to 1, above 0 for the second: wins less losses as a share of a user's lists, on
            average over users, so that nobody counts twice for clicking twice.
        low: of its 95 % bootstrap interval by user.
        high: of the same.
        p: of the two-sided randomization test over users that there is no preference.
    """

    wins: int
    losses: int
    ties: int
    users: int
    value: float
    low: float
    high: float
    p: float


def preference(credits: Iterable[tuple[str, int]]) -> Preference:  # noqa: A002 - the field's word
    """What the clicked lists say.

    Chapelle, Joachims, Radlinski and Yue, Large-scale validation and analysis of interleaved
    search evaluation, ACM TOIS 30, 2012; by user instead of by query, since clicks of one user
    are not independent.

    Args:
        credits: of each list with a click: its user, and `Interleaved.credit`.

    Raises:
        ValueError: there are none.
    """
    by_user: dict[str, list[int]] = {}
    for user, credit in credits:
        by_user.setdefault(user, []).append((credit > 0) - (credit < 0))
    if not by_user:
        raise ValueError("there is no list with a click, expected at least one")
    signs = [sign for mine in by_user.values() for sign in mine]
    means = np.array([[np.mean(mine)] for mine in by_user.values()], np.float64)
    resamples = resamples_for(len(means))
    interval = percentile_interval(bootstrap_means(means, resamples=resamples))
    return Preference(
        signs.count(1),
        signs.count(-1),
        signs.count(0),
        len(by_user),
        float(means.mean()),
        float(interval.low[0]),
        float(interval.high[0]),
        float(randomization_p(means, resamples=resamples)[0]),
    )

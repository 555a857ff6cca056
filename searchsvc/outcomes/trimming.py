"""Trimming: what a single user may bring, so that one order does not decide an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

QUANTILE = 0.999
"""Of what users with any of it bring."""


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Rows of users, none of which has more than `cap` in one column.

    Attributes:
        rows: of each arm: float64 ``(users, columns)``.
        cap: the most that a user counts for; 0 where nobody has any.
        users: that had more.
    """

    rows: tuple[NDArray[np.float64], ...]
    cap: float
    users: int


def trim(arms: Sequence[NDArray[np.float64]], column: int) -> Trimmed:
    """Winsorize `column` at `QUANTILE` of the users of all arms who have any of it.

    One cap for all arms, so that it favours none. It is the value of a user, not one between two
    of them: of up to 1,000 the largest is cut to the second largest, however large it is. Users
    without any are left out of the quantile, which where few buy were 0. Dixon, Simplified
    Estimation from Censored Normal Samples, Annals of Mathematical Statistics 31, 1960.

    Args:
        arms: float64 ``(users, columns)`` of each.
        column: not negative.
    """
    values = np.concatenate([rows[:, column] for rows in arms])
    some = values[values > 0]
    cap = float(np.quantile(some, QUANTILE, method="lower")) if len(some) else 0.0
    trimmed = []
    for rows in arms:
        kept = rows.copy()
        kept[:, column] = np.minimum(kept[:, column], cap)
        trimmed.append(kept)
    return Trimmed(tuple(trimmed), cap, int(np.count_nonzero(values > cap)))

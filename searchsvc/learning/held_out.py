"""Held-out purchases: what shoppers bought, seen from before they bought it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learning.evidence import DAY_MS
from searchsvc.segments.profile import MAX_INTERACTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.learning.evidence import Evidence

MOST_PURCHASES = 20_000
"""Held out; more would tell the weights no better than they are needed."""
MOST_OF_ONE_USER = 50
"""Of them, so that the weights are those of many."""
ALTERNATIVES = 20
"""Products beside each that was bought."""
SETTLING_MS = DAY_MS
"""What happened less than this before a purchase belongs to it: the clicks that led there, and
other orders of the same day."""
_SEED = 20_261_122
_NEAR_SHARE = 0.025
_NEAR_LEAST = 200


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Purchases by users who had a history, each beside what others bought at about the time.

    Attributes:
        users: int32 ``(n,)``, ascending.
        times_ms: int64 ``(n,)``, of the purchase.
        begins: int64 ``(n,)``, the history is ``evidence[begins:ends]``.
        ends: int64 ``(n,)``.
        rows: int64 ``(n, 1 + ALTERNATIVES)``, the bought product first.
        valid: bool, of the same shape: whether an alternative is one.
    """

    users: NDArray[np.int32]
    times_ms: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    valid: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.users)


def held_out(evidence: Evidence) -> HeldOut:
    """A sample of the purchases of users who had to do with other products before.

    Alternatives are drawn from what other users bought at about the same time. They are as popular
    and as much in season as what was bought, so that neither popularity nor season is taken for
    taste: both happen to a shopper who is like everybody else. The sample is the same for the same
    evidence.
    """
    random = np.random.default_rng(_SEED)
    begins, ends = _histories(evidence)
    eligible = np.flatnonzero(evidence.purchases & (ends > begins))
    chosen = _sample(evidence.users[eligible], random)
    places = eligible[chosen]
    alternatives = _alternatives(evidence, places, random)
    rows = np.column_stack((evidence.rows[places], evidence.rows[alternatives]))
    foreign = evidence.users[alternatives] != evidence.users[places, None]
    other = rows[:, 1:] != rows[:, :1]
    return HeldOut(
        users=evidence.users[places],
        times_ms=evidence.times_ms[places],
        begins=begins[places],
        ends=ends[places],
        rows=rows,
        valid=np.column_stack((np.ones(len(places), np.bool_), foreign & other)),
    )


def _histories(evidence: Evidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the history before each entry begins and ends, as far back as profiles go."""
    if not len(evidence):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = int(evidence.times_ms.min())
    span = int(evidence.times_ms.max()) - first + 1
    users = evidence.users.astype(np.int64) * span
    since = evidence.times_ms - first
    ends = np.searchsorted(users + since, users + np.maximum(since - SETTLING_MS, 0), "left")
    begins = np.searchsorted(evidence.users, evidence.users, "left")
    return np.maximum(begins, ends - MAX_INTERACTIONS), ends


def _sample(users: NDArray[np.int32], random: np.random.Generator) -> NDArray[np.int64]:
    """At most so many places, and so many of each user, ascending."""
    shuffled = random.permutation(len(users))
    by_user = shuffled[np.argsort(users[shuffled], kind="stable")]
    sorted_users = users[by_user]
    turn = np.arange(len(users)) - np.searchsorted(sorted_users, sorted_users, "left")
    kept = by_user[turn < MOST_OF_ONE_USER]
    if len(kept) > MOST_PURCHASES:
        kept = random.choice(kept, MOST_PURCHASES, replace=False)
    kept.sort()
    return kept


def _alternatives(
    evidence: Evidence, places: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """Entries of purchases near in time to each of `places`: int64 ``(n, ALTERNATIVES)``."""
    purchases = np.flatnonzero(evidence.purchases)
    by_time = purchases[np.argsort(evidence.times_ms[purchases], kind="stable")]
    rank = np.empty(len(evidence), np.int64)
    rank[by_time] = np.arange(len(by_time))
    reach = min(max(_NEAR_LEAST, int(_NEAR_SHARE * len(by_time))), len(by_time) // 2)
    low = np.clip(rank[places] - reach, 0, len(by_time) - 2 * reach)
    drawn = random.integers(0, max(2 * reach, 1), (len(places), ALTERNATIVES))
    near: NDArray[np.int64] = by_time[low[:, None] + drawn]
    return near

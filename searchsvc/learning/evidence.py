"""Evidence: a shop's interactions with the products of one snapshot, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from searchsvc.events.event import EventKind
from searchsvc.state.tables import KIND_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.state.interactions import Interactions

EVENT_WEIGHTS: Final[Mapping[EventKind, float]] = MappingProxyType(
    {
        EventKind.PURCHASE: 1.0,
        EventKind.ADD_TO_CART: 0.3,
        EventKind.CLICK: 0.05,
        EventKind.VIEW: 0.05,
    }
)
"""What an event counts beside a purchase. A purchase comes after its own cart, click and view, so
that the weights also say how much those who do not buy add; twenty looks are one purchase."""
POPULARITY_HALF_LIFE_DAYS: Final = 60.0
"""What sells changes with the season."""
POPULARITY_PRIOR: Final = 20.0
"""Decayed purchases of the best-selling product, see `searchsvc.learned.model.LearnedFrom`."""
TASTE_HALF_LIFE_DAYS: Final = 180.0
"""What somebody likes changes more slowly, and is seen in fewer events."""
MOST_OF_ONE_USER: Final = 3.0
"""Weighted purchases of one product by one user that count: whoever restocks a warehouse makes no
bestseller alone."""
LEAST_USERS: Final = 20
"""Of whom something is learned: what sells would be what a few say, and a model of fewer would
tell of each of them."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One entry for each product of an event that the snapshot has, by user and then by time.

    Attributes:
        users: int32 ``(n,)``, ascending.
        rows: int64 ``(n,)``, of the snapshot.
        weights: float64 ``(n,)``, what each counts beside a purchase, whatever its age.
        times_ms: int64 ``(n,)``, milliseconds since the epoch.
        purchases: bool ``(n,)``.
        products: how many the snapshot has.
    """

    users: NDArray[np.int32]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    times_ms: NDArray[np.int64]
    purchases: NDArray[np.bool_]
    products: int

    @classmethod
    def of(cls, interactions: Interactions, snapshot: Snapshot) -> Evidence:
        """What of `interactions` is about products of `snapshot`.

        How many of a product were bought does not count: ten cups are one choice.
        """
        row_of = [snapshot.products.row(product) for product in interactions.product_ids]
        rows = np.array([-1 if row is None else row for row in row_of], np.int64)
        rows = rows[interactions.products] if len(rows) else np.empty(0, np.int64)
        worth = np.zeros(max(KIND_CODES.values()) + 1)
        for kind, weight in EVENT_WEIGHTS.items():
            worth[KIND_CODES[kind]] = weight
        weights = worth[interactions.kinds]
        known = (rows >= 0) & (weights > 0)
        return cls(
            users=interactions.users[known],
            rows=rows[known],
            weights=weights[known],
            times_ms=interactions.times_ms[known],
            purchases=interactions.kinds[known] == KIND_CODES[EventKind.PURCHASE],
            products=len(snapshot.products),
        )

    def of_purchases(self) -> Evidence:
        """The purchases among it."""
        return self._of(np.flatnonzero(self.purchases))

    def once_a_day(self) -> Evidence:
        """Of what a user had to do with a product on one day (UTC), what counts most.

        Of equals it is the latest.
        """
        order = np.lexsort((self.weights, self.times_ms // DAY_MS, self.rows, self.users))
        keys = (self.users, self.rows, self.times_ms // DAY_MS)
        last = np.zeros(max(len(order) - 1, 0), np.bool_)
        for key in keys:
            last |= np.diff(key[order]) != 0
        kept = order[np.append(last, np.ones(min(len(order), 1), np.bool_))]
        kept.sort()
        return self._of(kept)

    def decayed(self, half_life_days: float) -> NDArray[np.float64]:
        """What each entry counts by its age, float64 ``(n,)``.

        Ages are counted from the newest event rather than from the clock: a shop that sends no
        events for a month has the popularity that it had, and the same events give the same
        model. The choice only scales all of them alike.
        """
        ages = (self.newest_ms - self.times_ms) / DAY_MS
        decayed: NDArray[np.float64] = self.weights * 0.5 ** (ages / half_life_days)
        return decayed

    def pairs(
        self, half_life_days: float, most: float = MOST_OF_ONE_USER
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """What each user has to do with each product, by user and then by row.

        Args:
            half_life_days: see `decayed`.
            most: weighted purchases of one product by one user that count.

        Returns:
            int64 ``(m,)`` users, int64 ``(m,)`` rows, and float64 ``(m,)`` weighted purchases.
        """
        keys, places = np.unique(
            self.users.astype(np.int64) * self.products + self.rows, return_inverse=True
        )
        counts = np.bincount(places, weights=self.decayed(half_life_days), minlength=len(keys))
        capped = np.minimum(counts.astype(np.float64), most)
        return keys // self.products, keys % self.products, capped

    def _of(self, kept: NDArray[np.int64]) -> Evidence:
        return Evidence(
            self.users[kept],
            self.rows[kept],
            self.weights[kept],
            self.times_ms[kept],
            self.purchases[kept],
            self.products,
        )

    @property
    def user_count(self) -> int:
        """How many users have any entry."""
        return len(np.unique(self.users))

    @property
    def order_count(self) -> int:
        """How many purchases there are; what a user buys at the same moment is one."""
        users, times_ms = self.users[self.purchases], self.times_ms[self.purchases]
        begins = (np.diff(users) != 0) | (np.diff(times_ms) != 0)
        return int(np.count_nonzero(begins)) + min(len(users), 1)

    @property
    def newest_ms(self) -> int:
        """Time of the newest entry; 0 without any."""
        return int(self.times_ms.max(initial=0))

    def __len__(self) -> int:
        return len(self.rows)

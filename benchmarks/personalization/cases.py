"""The cases: held-out purchases, each with what its user had bought before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.personalization.purchases import Purchases
    from benchmarks.personalization.split import Split

MAX_PER_ORDER = 5
"""Products of one order that are asked about: their histories are the same."""
_MANY = 1 << 30


@dataclass(frozen=True, slots=True)
class Bucket:
    """Users with so many earlier orders.

    Attributes:
        least: earlier orders.
        most: earlier orders, included.
    """

    name: str
    least: int
    most: int

    def __contains__(self, orders: int) -> bool:
        return self.least <= orders <= self.most


NOBODY = Bucket("0", 0, 0)
BUCKETS = (NOBODY, Bucket("1-4", 1, 4), Bucket("5-9", 5, 9), Bucket("10+", 10, _MANY))
"""Every number of earlier orders is in one of them."""
REGULARS = Bucket("5+", 5, _MANY)


@dataclass(frozen=True, slots=True)
class History:
    """What somebody had bought when a case begins.

    Attributes:
        places: of the purchases, in `Purchases`.
        orders: how many orders they are of.
    """

    places: range
    orders: int


EMPTY = History(range(0), 0)


@dataclass(frozen=True, slots=True)
class Case:
    """A product that was bought, and what was known of its user a moment before.

    Attributes:
        user: who bought it.
        order: with what else; the cases of one order have the same history.
        product: a row of the catalogue.
        time_ms: of the order's first product, milliseconds since the epoch.
        history: strictly earlier than `time_ms`, so that nothing of the order itself is in it.
        repeated: whether the product is in the history.
    """

    user: int
    order: int
    product: int
    time_ms: int
    history: History
    repeated: bool


def draw_cases(purchases: Purchases, split: Split, count: int, seed: int) -> list[Case]:
    """Products of orders since the split, by user and then by order.

    Args:
        purchases: of the shop.
        split: orders that begin before it are not asked about.
        count: at most so many, drawn at random; no order has more than `MAX_PER_ORDER`.
        seed: the same seed draws the same.
    """
    rng = np.random.default_rng(seed)
    begins = _order_begins(purchases)
    held_out = _held_out(purchases, begins, split)
    places = _thinned(purchases, held_out, rng)
    drawn = np.sort(rng.permutation(places)[:count])
    histories: dict[int, History] = {}
    cases = []
    for place in drawn.tolist():
        user, order = int(purchases.users[place]), int(purchases.orders[place])
        time_ms = int(begins[order])
        if order not in histories:
            histories[order] = history_of(purchases, user, time_ms)
        history, product = histories[order], int(purchases.products[place])
        known = purchases.products[history.places.start : history.places.stop]
        cases.append(Case(user, order, product, time_ms, history, bool((known == product).any())))
    return cases


def lend_histories(cases: Sequence[Case], purchases: Purchases, seed: int) -> dict[int, History]:
    """The history of somebody else for each order of the cases: the control.

    The other user is drawn among those who had as many orders at that moment, in the sense of
    `BUCKETS`. Without such a user, and for whoever has no history, it is an empty one.
    """
    rng = np.random.default_rng(seed)
    begins = _order_begins(purchases)
    owners = np.zeros(len(begins), np.int64)
    owners[purchases.orders] = purchases.users
    lent: dict[int, History] = {}
    for case in cases:
        if case.order in lent:
            continue
        counts = np.bincount(owners[begins < case.time_ms], minlength=1 + int(owners.max()))
        bucket = bucket_of(case.history.orders)
        alike = np.flatnonzero((counts >= bucket.least) & (counts <= bucket.most))
        others = alike[(alike != case.user) & (counts[alike] > 0)]
        lent[case.order] = EMPTY
        if case.history.orders and len(others):
            lent[case.order] = history_of(purchases, int(rng.choice(others)), case.time_ms)
    return lent


def bucket_of(orders: int) -> Bucket:
    """The one of `BUCKETS` with so many earlier orders."""
    return next(bucket for bucket in BUCKETS if orders in bucket)


def history_of(purchases: Purchases, user: int, time_ms: int) -> History:
    """What `user` had bought when it was `time_ms`."""
    places = purchases.before(user, time_ms)
    return History(places, len(np.unique(purchases.orders[places.start : places.stop])))


def _order_begins(purchases: Purchases) -> NDArray[np.int64]:
    """The time of each order's first product: int64 ``(orders,)``."""
    begins = np.full(int(purchases.orders.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(begins, purchases.orders, purchases.times_ms)
    return begins


def _held_out(purchases: Purchases, begins: NDArray[np.int64], split: Split) -> NDArray[np.int64]:
    """A place of each product of each order since the split: int64 ``(n,)``, ascending."""
    later = np.flatnonzero(begins[purchases.orders] >= split.at_ms)
    pairs = np.stack((purchases.orders[later], purchases.products[later]))
    _, first = np.unique(pairs, axis=1, return_index=True)
    once: NDArray[np.int64] = later[np.sort(first)]
    return once


def _thinned(
    purchases: Purchases, places: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """At most `MAX_PER_ORDER` of each order, drawn at random."""
    mixed = rng.permutation(places)
    mixed = mixed[np.argsort(purchases.orders[mixed], kind="stable")]
    orders = purchases.orders[mixed]
    number = np.arange(len(mixed)) - np.searchsorted(orders, orders)
    kept: NDArray[np.int64] = np.sort(mixed[number < MAX_PER_ORDER])
    return kept

"""A shop whose shoppers have known tastes, and their interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from searchsvc.events.event import EventKind
from searchsvc.state.interactions import Interactions
from searchsvc.state.tables import KIND_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

BRANDS = ("Acme", "Bolt", "Crow", "Dune", "Echo", "Fern")
COLOURS = ("red", "blue", "green", "black", "white")
THINGS = ("shoe", "hat", "coat", "glove", "scarf", "belt", "bag", "sock")
RECORDS: list[dict[str, Any]] = [
    {
        "id": f"p{number:03}",
        "title": f"{thing} number {number}",
        "brand": brand,
        "color": colour,
        "product_type": f"Clothes > {thing}",
        "price": f"{5 + number % 50}.00 EUR",
    }
    for number, (brand, colour, thing) in enumerate(product(BRANDS, COLOURS, THINGS))
]
PURCHASE = KIND_CODES[EventKind.PURCHASE]
DAY = 86_400_000
START = 1_700_000_000_000

Row = tuple[int, str, EventKind, int]
"""User, product, kind, time."""


def interactions(rows: Iterable[Row], quantity: int = 1) -> Interactions:
    """What the state store would say of `rows`."""
    ordered = sorted(rows, key=lambda row: (row[0], row[3]))
    ids = sorted({row[1] for row in ordered})
    numbers = sorted({row[0] for row in ordered})
    return Interactions(
        users=np.array([numbers.index(row[0]) for row in ordered], np.int32),
        products=np.array([ids.index(row[1]) for row in ordered], np.int32),
        kinds=np.array([KIND_CODES[row[2]] for row in ordered], np.int8),
        times_ms=np.array([row[3] for row in ordered], np.int64),
        quantities=np.full(len(ordered), quantity, np.int32),
        user_keys=tuple(f"{number:064x}" for number in numbers),
        product_ids=tuple(ids),
    )


@dataclass(frozen=True)
class Shoppers:
    """Who buys by tastes in log-odds.

    Attributes:
        brand: of the favourite brand.
        colour: of the favourite colour.
        again: of each product bought before.
        once: whether each product is there to be sold once.
        groups: the favourite brand is that of the shopper's group, of so many.
    """

    count: int = 200
    orders: int = 8
    brand: float = 0.0
    colour: float = 0.0
    again: float = 0.0
    once: bool = False
    groups: int = 0
    popularity: Mapping[int, float] = field(default_factory=dict)


def purchases(shoppers: Shoppers, seed: int = 1) -> Interactions:
    """What they buy: two products in each order, an order each two weeks."""
    random = np.random.default_rng(seed)
    brands = np.array([BRANDS.index(record["brand"]) for record in RECORDS])
    colours = np.array([COLOURS.index(record["color"]) for record in RECORDS])
    popular = random.normal(0, 1, len(RECORDS))
    number = shoppers.count
    groups = shoppers.groups or len(BRANDS)
    liked_brand = np.arange(number) % groups if shoppers.groups else random.integers(0, 6, number)
    liked_colour = random.integers(0, len(COLOURS), number)
    odds = (
        popular
        + shoppers.brand * (brands == liked_brand[:, None])
        + shoppers.colour * (colours == liked_colour[:, None])
    )
    users, rows, times = [], [], []
    for order in range(shoppers.orders):
        for _ in range(2):
            chances = np.exp(odds)
            chances /= chances.sum(axis=1, keepdims=True)
            drawn = (random.random((number, 1)) > np.cumsum(chances, axis=1)).sum(axis=1)
            drawn = np.minimum(drawn, len(RECORDS) - 1)
            users.append(np.arange(number))
            rows.append(drawn)
            times.append(START + order * 14 * DAY + random.integers(0, DAY, number))
            odds[np.arange(number), drawn] += shoppers.again
            if shoppers.once:
                odds[np.arange(number), drawn] = -np.inf
    return of_arrays(np.concatenate(users), np.concatenate(rows), np.concatenate(times))


def of_arrays(
    users: NDArray[np.int64], rows: NDArray[np.int64], times: NDArray[np.int64]
) -> Interactions:
    """Purchases by users of products, in any order."""
    order = np.lexsort((times, users))
    bought = np.unique(rows)
    return Interactions(
        users=users[order].astype(np.int32),
        products=np.searchsorted(bought, rows)[order].astype(np.int32),
        kinds=np.full(len(users), PURCHASE, np.int8),
        times_ms=times[order].astype(np.int64),
        quantities=np.ones(len(users), np.int32),
        user_keys=tuple(f"{number:064x}" for number in range(int(users.max(initial=-1)) + 1)),
        product_ids=tuple(RECORDS[row]["id"] for row in bought),
    )


def shuffled(given: Interactions, seed: int) -> Interactions:
    """The same orders, each by a shopper drawn at random."""
    keys = given.users.astype(np.int64) * 10**14 + given.times_ms
    _, order_of = np.unique(keys, return_inverse=True)
    first = np.zeros(order_of.max() + 1, np.int64)
    first[order_of] = np.arange(len(order_of))
    owners = np.random.default_rng(seed).permutation(given.users[first])[order_of]
    rows = np.array([int(given.product_ids[place][1:]) for place in given.products])
    return of_arrays(owners.astype(np.int64), rows, given.times_ms)

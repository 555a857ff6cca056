"""Shoppers by the position-based model, whose every probability is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.outcomes.counterfactual import Replayed
from searchsvc.outcomes.propensity import Exposure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PRODUCTS = 12
Order = list[int]


@dataclass(frozen=True)
class World:
    """Queries with products 0 to 11, each wanted with a known probability.

    Attributes:
        wanted: float64 ``(queries, PRODUCTS)``.
        eta: of the looking.
    """

    wanted: NDArray[np.float64]
    eta: float

    @classmethod
    def make(cls, queries: int, eta: float, seed: int) -> World:
        return cls(np.random.default_rng(seed).uniform(0.02, 0.7, (queries, PRODUCTS)), eta)

    def noisy_orders(self, noise: float, seed: int) -> list[Order]:
        """Of each query; the more noise, the worse."""
        rng = np.random.default_rng(seed)
        scores = self.wanted + rng.normal(0, noise, self.wanted.shape)
        return [np.argsort(-it).tolist() for it in scores]

    def value(self, orders: list[Order]) -> float:
        """The true mean gain of a wanted product."""
        gain = 1 / np.log2(2 + np.arange(PRODUCTS))
        total = sum(
            float(wanted[list(order)] @ gain)
            for wanted, order in zip(self.wanted, orders, strict=True)
        )
        return total / float(self.wanted.sum())

    def clicks(
        self, shown: list[Order], searches: int, seed: int
    ) -> list[tuple[int, list[tuple[int, int]]]]:
        """Of each search: its query, and product and position of each click."""
        rng = np.random.default_rng(seed)
        looks = (1.0 + np.arange(PRODUCTS)) ** -self.eta
        found = []
        for query in rng.integers(len(self.wanted), size=searches):
            order = np.array(shown[query])
            hit = rng.random(PRODUCTS) < looks * self.wanted[query][order]
            found.append((int(query), [(int(order[it]), int(it) + 1) for it in hit.nonzero()[0]]))
        return found


def replayed(
    clicks: list[tuple[int, list[tuple[int, int]]]], a: list[Order], b: list[Order]
) -> list[Replayed]:
    """By users who search five times each."""
    return [
        Replayed(
            f"user {number // 5}",
            [
                (position, list(a[query]).index(product) + 1, list(b[query]).index(product) + 1)
                for product, position in chosen
            ],
        )
        for number, (query, chosen) in enumerate(clicks)
    ]


def exposures(
    logs: Sequence[tuple[list[Order], list[tuple[int, list[tuple[int, int]]]]]],
) -> list[Exposure]:
    """Of several logs, each with the orders that it showed."""
    found = []
    for orders, clicks in logs:
        shown = np.bincount([query for query, _ in clicks], minlength=len(orders))
        counts = np.zeros((len(orders), PRODUCTS), int)
        for query, chosen in clicks:
            for product, _ in chosen:
                counts[query, product] += 1
        found += [
            Exposure(
                (str(query), str(product)), place + 1, int(shown[query]), counts[query, product]
            )
            for query, order in enumerate(orders)
            for place, product in enumerate(order)
        ]
    return found

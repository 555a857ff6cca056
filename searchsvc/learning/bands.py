"""Price bands as traits: fifths of what the shop sells, from the cheapest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BANDS = ("lowest", "low", "middle", "high", "highest")
"""Names of the bands: they stay the same when prices rise."""


def band_edges(prices: NDArray[np.float64], sold: NDArray[np.float64]) -> NDArray[np.float64]:
    """The prices between the bands, of which each sells about as often as the others.

    Args:
        prices: float64 ``(n,)``, of the products that have one.
        sold: float64 ``(n,)``, above 0: how often each is sold.

    Returns:
        float64, ascending, at most one less than there are bands; fewer where many products have
        the same price, none where all have.
    """
    if not len(prices):
        return np.empty(0)
    order = np.argsort(prices, kind="stable")
    until = np.cumsum(sold[order])
    shares = np.arange(1, len(BANDS)) / len(BANDS)
    places = np.searchsorted(until, shares * until[-1])
    edges = np.unique(prices[order][places])
    inner: NDArray[np.float64] = edges[edges > prices.min()]
    return inner


def band_names(count: int) -> list[str]:
    """What `count` bands are called, at most five; fewer are spread over the names."""
    places = np.linspace(0, len(BANDS) - 1, count).round().astype(int)
    return [BANDS[place] for place in places]


def bands_of(prices: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The band of each price, int64 ``(n,)``, from 0; a price on an edge is in the upper band."""
    return np.searchsorted(edges, prices, side="right").astype(np.int64)

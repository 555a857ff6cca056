"""A workload: queries that were never seen, what a shop's page asks with each, and filters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.crowd import CONTEXT
from benchmarks.errors import BenchmarkError
from indexer.product import Product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.columns import Columns
    from indexer.snapshot import Snapshot

PAGE = 20
"""Hits that are asked for."""
SHARES = (0.5, 0.02, 0.0001)
"""Of the catalogue, what the filters let through: about half, few, hardly any."""
_SEED = 20_261_122
_PRICES = (None, 20, 50, 100, 250, None)
_PRICE, _SECOND = "effective_price", "review_count"
_HALF = 0.5
_FEW = 0.001


@dataclass(frozen=True, slots=True)
class GivenVectors:
    """An embedder that has embedded everything already: what remains is the search itself."""

    vectors: Mapping[str, NDArray[np.float32]]

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        return self.vectors[text]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A filter, in the JSON of the API.

    Attributes:
        wanted: the share of the catalogue that it was made to let through.
        share: that it lets through.
    """

    wanted: float
    share: float
    filter: dict[str, Any]


def draw_queries(snapshot: Snapshot, count: int, seed: int = _SEED) -> list[str]:
    """Distinct queries of two to four words that stand together in some product's texts."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        row = int(rng.integers(len(snapshot.products)))
        product = Product.from_json(snapshot.products.json(row))
        words = (product.title if rng.random() < _HALF else product.description).split()
        size = int(rng.integers(2, 5))
        begin = int(rng.integers(max(1, len(words) - size + 1)))
        text = " ".join(words[begin : begin + size]).strip(".,;:!?").lower()
        if text:
            drawn[text] = None
    return list(drawn)


def page_request(text: str, narrowing: Narrowing | None = None) -> bytes:
    """The body that a shop's page sends: 20 hits, four facets, a shopper in every segment."""
    body: dict[str, Any] = {
        "query": text,
        "limit": PAGE,
        "facets": [
            "brand",
            "product_type",
            "color",
            {"field": _PRICE, "ranges": [_range(*pair) for pair in pairwise(_PRICES)]},
        ],
        "user": {"consent": True, "context": CONTEXT},
    }
    if narrowing is not None:
        body["filters"] = narrowing.filter
    return orjson.dumps(body)


def draw_narrowings(
    columns: Columns, products: int, shares: Sequence[float] = SHARES
) -> list[Narrowing]:
    """Filters on two numbers of a product that let about each of `shares` through.

    Products of one model share their price; the number of reviews parts those of one price from
    those of another, so that also small shares can be met, if not exactly.

    Raises:
        BenchmarkError: the products have no prices or no numbers of reviews.
    """
    return [_narrowing(columns, products, share) for share in shares]


def _narrowing(columns: Columns, products: int, share: float) -> Narrowing:
    prices, reviews = _dense(columns, _PRICE, products), _dense(columns, _SECOND, products)
    wanted = max(1, round(share * products))
    # Two windows, each of which lets the same part through, where one price would be too many.
    first = wanted if share >= _FEW else round(math.sqrt(share) * products)
    passing, price = _window(np.arange(products), prices, first)
    bounds = [price]
    if first > wanted:
        passing, review = _window(passing, reviews, wanted)
        bounds.append(review)
    fields = (_PRICE, _SECOND)
    conditions = [
        {"field": field, "gte": low, "lte": high}
        for field, (low, high) in zip(fields, bounds, strict=False)
    ]
    return Narrowing(share, len(passing) / products, {"and": conditions})


def _window(
    rows: NDArray[np.int64], values: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int64], tuple[float, float]]:
    """About `count` of `rows`, those around the median of their `values`, and its bounds."""
    known = rows[~np.isnan(values[rows])]
    if not len(known):
        raise BenchmarkError(
            f"no product has both {_PRICE} and {_SECOND}, which filters are made of; "
            "measure a generated catalogue"
        )
    ordered = np.sort(values[known])
    begin = max(0, (len(ordered) - count) // 2)
    low, high = float(ordered[begin]), float(ordered[min(begin + count, len(ordered)) - 1])
    inside = (values[known] >= low) & (values[known] <= high)
    return known[inside], (low, high)


def _dense(columns: Columns, name: str, products: int) -> NDArray[np.float64]:
    column = columns.get(name)
    dense = np.full(products, np.nan)
    if column is not None:
        dense[slice(None) if column.rows is None else column.rows] = column.values
    return dense


def _range(low: float | None, high: float | None) -> dict[str, float]:
    return {name: bound for name, bound in (("from", low), ("to", high)) if bound is not None}

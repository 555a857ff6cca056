"""A crowd: segments, events and shoppers drawn from a catalogue, to time boosts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.product import Product
from searchsvc.events.event import EventKind
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.profile import Interaction, Profile
from searchsvc.segments.shopper import Shopper
from searchsvc.state.interactions import Interactions
from searchsvc.state.tables import KIND_CODES

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot

SEGMENTS = 20
BOOSTS = 200
HISTORY = 200
"""Purchases of the shopper."""
VIEWED = 5
CONTEXT = {
    "country": "DE",
    "device": "mobile",
    "referrer": "https://www.example.org/autumn",
    "loyalty": "gold",
}
"""What requests say of their shopper, who is in every segment by it."""
_CONDITIONS: tuple[dict[str, Any], ...] = (
    {"fact": "country", "any_of": ["DE", "AT", "CH"]},
    {"fact": "device", "eq": "mobile"},
    {"fact": "referrer", "matches": "*.example.org"},
    {"and": [{"fact": "loyalty", "eq": "gold"}, {"not": {"fact": "country", "eq": "US"}}]},
)
_USERS, _PURCHASES = 40, 25  # of the shop, to learn from
NOW_MS = 1_770_000_000_000
"""When the last event happened, milliseconds since the epoch."""
_DAY_MS = 86_400_000


def segmented_shopper() -> Shopper:
    """Somebody who is in all segments, and of whom no more is known."""
    return Shopper(consent=True, context=CONTEXT)


def known_shopper(snapshot: Snapshot, rng: np.random.Generator) -> Shopper:
    """Somebody in all segments who has a profile, and a session of products drawn at random."""
    viewed = rng.choice(len(snapshot.products), VIEWED, replace=False).tolist()
    return Shopper(
        consent=True,
        token="somebody",  # noqa: S106 - a pseudonym, no secret
        context=CONTEXT,
        viewed=tuple(snapshot.products.id(row) for row in viewed),
    )


def draw_segments(snapshot: Snapshot, rng: np.random.Generator) -> SegmentsDocument:
    """Segments that everybody is in, whose boosts are about brands, categories and prices."""
    rows = rng.integers(len(snapshot.products), size=BOOSTS).tolist()
    products = [Product.from_json(snapshot.products.json(row)) for row in rows]
    boosts = [
        {"filter": _filter(product, number), "weight": round(float(rng.uniform(-1, 1)), 2)}
        for number, product in enumerate(products)
    ]
    return SegmentsDocument.model_validate(
        {
            "segments": [
                {
                    "name": f"segment-{number}",
                    "when": _CONDITIONS[number % len(_CONDITIONS)],
                    "boosts": boosts[number::SEGMENTS],
                }
                for number in range(SEGMENTS)
            ]
        }
    )


def _filter(product: Product, number: int) -> dict[str, Any]:
    """One that the product fulfils; by turns of four kinds."""
    price = product.price.major_units if product.price else 0.0
    cheaper = {"field": "effective_price", "lte": price}
    brand = {"field": "brand", "eq": product.brand} if product.brand else cheaper
    types = product.product_types
    category = {"field": "product_type", "eq": types[0]} if types else brand
    return (brand, category, cheaper, {"and": [category, cheaper]})[number % 4]


def draw_events(snapshot: Snapshot, rng: np.random.Generator) -> Interactions:
    """Purchases of users who each like the neighbourhood of some products in the catalogue."""
    count, size = len(snapshot.products), _USERS * _PURCHASES
    users = np.repeat(np.arange(_USERS, dtype=np.int32), _PURCHASES)
    rows = (
        np.repeat(rng.integers(count, size=_USERS), _PURCHASES) + rng.integers(50, size=size)
    ) % count
    distinct, codes = np.unique(rows, return_inverse=True)
    times = np.sort(rng.integers(NOW_MS - 90 * _DAY_MS, NOW_MS, (_USERS, _PURCHASES)), axis=1)
    return Interactions(
        users=users,
        products=codes.astype(np.int32),
        kinds=np.full(size, KIND_CODES[EventKind.PURCHASE], np.int8),
        times_ms=times.ravel(),
        quantities=np.ones(size, np.int32),
        user_keys=tuple(f"{user:064x}" for user in range(_USERS)),
        product_ids=tuple(snapshot.products.id(row) for row in distinct.tolist()),
    )


def profile_of(events: Interactions) -> Profile:
    """That of somebody who bought what the first users did."""
    return Profile(
        tuple(
            Interaction(events.product_ids[product], EventKind.PURCHASE, int(time_ms))
            for product, time_ms in zip(
                events.products[:HISTORY].tolist(), events.times_ms[:HISTORY].tolist(), strict=True
            )
        ),
        orders=HISTORY,
    )

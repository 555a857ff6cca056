"""An event: something that a shopper who agreed to it did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_ITEMS = 100
"""Products of one event that is sent."""
MAX_EVENTS = 1_000
"""Events of one request."""


class EventKind(StrEnum):
    """What was done."""

    SEARCH = "search"
    VIEW = "view"
    CLICK = "click"
    ADD_TO_CART = "add_to_cart"
    PURCHASE = "purchase"


class Source(StrEnum):
    """Where an event comes from."""

    API = "api"
    INSIGHTS = "insights"  # Algolia's form
    IMPORT = "import"
    SERVICE = "service"  # a search that this service answered


@dataclass(frozen=True, slots=True)
class Item:
    """One product of an event.

    Attributes:
        position: in the answer that it was chosen from, from 1.
        quantity: how many.
        price: of one, in the major unit.
    """

    product_id: str
    position: int | None = None
    quantity: int = 1
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a shopper did, who has consented to its being stored.

    Attributes:
        id: chosen by whoever sends it; a second event of the same user in the same index
            with the same id is the same event.
        user: the user's key, see `searchsvc.state.keys`; never the token itself.
        time_ms: when it happened, in milliseconds since the epoch (UTC).
        items: products that it is about; none for a search.
        query_id: of the search that it follows; of the search itself for a search.
        query: what was searched for.
        currency: of the prices, ISO 4217.
        arm: of the experiment that the user was in.
    """

    id: str
    kind: EventKind
    index: str
    user: str
    time_ms: int
    source: Source
    items: tuple[Item, ...] = ()
    query_id: str | None = None
    query: str | None = None
    currency: str | None = None
    arm: str | None = None

"""A draft: an event as it was sent, before it is known whether it may be stored."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING

import orjson

from searchsvc.events.event import Event, EventKind

if TYPE_CHECKING:
    from searchsvc.events.event import Item, Source

_HOUR_MS = 3_600_000
_DIGEST_BYTES = 16
_ORDER_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Draft:
    """An event of a request.

    Attributes:
        place: of the event in the request, for messages: ``events[3]``.
        consent: whether the shopper agreed to its being stored.
        token: of the user; may be empty without consent.
        index: as the request names it; may be empty without consent.
        id: as sent; ``None`` where the order or the content is the identity.
        time_ms: when it happened, or arrived.
        is_timed: whether the request said the time.
        order: number of the order that a purchase is.
    """

    place: str
    consent: bool
    token: str
    index: str
    id: str | None
    kind: EventKind
    source: Source
    time_ms: int
    is_timed: bool
    items: tuple[Item, ...] = ()
    query_id: str | None = None
    query: str | None = None
    currency: str | None = None
    order: str | None = None

    def to_event(self, user: str, index: str, arm: str | None = None) -> Event:
        """The event to store.

        Args:
            user: the key of the user, see `searchsvc.state.keys`.
            index: as it is served.
            arm: of the experiment that runs there, which the user is in.
        """
        return Event(
            self.id or self._identity(user, index),
            self.kind,
            index,
            user,
            self.time_ms,
            self.source,
            self.items,
            self.query_id,
            self.query,
            self.currency,
            arm,
        )

    def _identity(self, user: str, index: str) -> str:
        """The same for the same content, so that a request sent again stores nothing twice.

        What says no time is the same only within an hour: tomorrow's click is another one.
        """
        if self.kind is EventKind.SEARCH and self.query_id:
            return search_id(self.query_id)
        if self.order:
            return order_event_id(index, user, self.order)
        moment = self.time_ms if self.is_timed else self.time_ms // _HOUR_MS
        items = [
            (item.product_id, item.position, item.quantity, item.price) for item in self.items
        ]
        content = [
            self.kind, index, moment, self.is_timed, items,
            self.query_id, self.query, self.currency,
        ]  # fmt: skip
        return blake2b(orjson.dumps(content), digest_size=_DIGEST_BYTES).hexdigest()


def search_id(query_id: str) -> str:
    """The event of a search, whoever reports it: the service that answered, or the page."""
    return f"search:{query_id}"


def order_event_id(index: str, user: str, order: str) -> str:
    """The event of an order, whoever reports it: the shop as it happens, or its history later."""
    content = f"{index}\0{user}\0order\0{order}"
    return sha256(content.encode()).hexdigest()[:_ORDER_DIGITS]

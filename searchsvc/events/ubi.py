"""Events in the schema of User Behavior Insights (UBI) 1.3.0, as OpenSearch stores it.

https://github.com/o19s/ubi and OpenSearch's mappings, which have ``position.ordinal`` as a number.
Searches are query records, everything else is an event record for each product.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from searchsvc.events.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from searchsvc.events.event import Event, Item

QUERIES, EVENTS = "ubi_queries", "ubi_events"
"""OpenSearch's names for the two indexes."""
OBJECT_ID_FIELD = "id"
"""The field of a product that is its id."""

_ACTIONS: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.VIEW: "view",
        EventKind.CLICK: "click",
        EventKind.ADD_TO_CART: "add_to_cart",
        EventKind.PURCHASE: "purchase",
    }
)


def ubi_records(event: Event) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The records of an event: index that each belongs to, its id there, and the record.

    The ids are the same each time, so that a second export into OpenSearch replaces the first.
    """
    key = f"{event.user[:16]}-{event.id}"
    if event.kind is EventKind.SEARCH:
        yield QUERIES, key, _query(event)
        return
    for number, item in enumerate(event.items):
        yield EVENTS, f"{key}-{number}", _event(event, item)


def timestamp(time_ms: int) -> str:
    """A time as OpenSearch's ``strict_date_time`` has it: ``2026-01-02T03:04:05.678Z``."""
    # Not by a float of seconds: its last digit may be another one.
    seconds, millis = divmod(time_ms, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03}Z"


def _query(event: Event) -> dict[str, Any]:
    attributes = {"experiment_arm": event.arm} if event.arm else None
    return _present(
        {
            "application": event.index,
            "query_id": event.query_id,
            "client_id": event.user,
            "user_query": event.query or "",
            "object_id_field": OBJECT_ID_FIELD,
            "query_attributes": attributes,
            "timestamp": timestamp(event.time_ms),
        }
    )


def _event(event: Event, item: Item) -> dict[str, Any]:
    detail = {"quantity": item.quantity, "price": item.price, "currency": event.currency}
    attributes = {
        "object": {
            "object_id": item.product_id,
            "object_id_type": "product",
            "object_id_field": OBJECT_ID_FIELD,
            "object_detail": _present(detail),
        },
        "position": None if item.position is None else {"ordinal": item.position},
        "experiment_arm": event.arm,
    }
    return _present(
        {
            "application": event.index,
            "action_name": _ACTIONS[event.kind],
            "query_id": event.query_id,
            "client_id": event.user,
            "user_query": event.query,
            "timestamp": timestamp(event.time_ms),
            "event_attributes": _present(attributes),
        }
    )


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}

"""The rows of an event: how it is written to the tables and read from them."""

from __future__ import annotations

import math
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from sqlalchemy import select

from searchsvc.events.event import Event, Item
from searchsvc.state.tables import EVENT, ITEM, KIND_CODES, SOURCE_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from sqlalchemy import Row, Select

    EventRow = Row[*tuple[Any, ...]]

KEY_BYTES = 32
MAX_NUMBER = 2**31 - 1
"""Of quantities and positions, also below zero; PostgreSQL's integers have 32 bits."""
MAX_TIME_MS = 253_402_300_799_999
"""The last that ISO 8601 can write with four digits for the year."""

_KINDS = {code: kind for kind, code in KIND_CODES.items()}
_SOURCES = {code: source for source, code in SOURCE_CODES.items()}

EVENTS_AND_ITEMS: Select[*tuple[Any, ...]] = (
    select(
        EVENT.c.number,
        EVENT.c.user,
        EVENT.c.id,
        EVENT.c.index_name,
        EVENT.c.time_ms,
        EVENT.c.kind,
        EVENT.c.source,
        EVENT.c.query_id,
        EVENT.c.currency,
        EVENT.c.arm,
        EVENT.c.query,
        ITEM.c.product_id,
        ITEM.c.quantity,
        ITEM.c.position,
        ITEM.c.price,
    )
    .select_from(EVENT.outerjoin(ITEM, ITEM.c.event == EVENT.c.number))
    .order_by(EVENT.c.time_ms, EVENT.c.id, EVENT.c.user, EVENT.c.index_name, ITEM.c.ordinal)
)
"""Events, the oldest first; one row for each product, and one for an event without any."""


def user_bytes(user: str) -> bytes:
    """What is stored of a user's key.

    Raises:
        ValueError: it is none; perhaps a token was given instead.
    """
    try:
        key = bytes.fromhex(user)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"found a user key of {len(user)} characters, expected 64 digits")
    return key


def event_row(event: Event) -> dict[str, Any]:
    """The row of `EVENT` for `event`.

    Raises:
        ValueError: a part of it cannot be stored; names the part, not what it holds.
    """
    for name in ("id", "index", "query_id", "currency", "arm", "query"):
        text: str | None = getattr(event, name)
        if text is not None:
            _check_text(text, name)
    if not 0 <= event.time_ms <= MAX_TIME_MS:
        raise ValueError("time_ms: expected a time from 1970 to 9999")
    return {
        "user": user_bytes(event.user),
        "id": event.id,
        "index_name": event.index,
        "time_ms": event.time_ms,
        "kind": KIND_CODES[event.kind],
        "source": SOURCE_CODES[event.source],
        "query_id": event.query_id,
        "currency": event.currency,
        "arm": event.arm,
        "query": event.query,
    }


def item_rows(number: int, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """The rows of `ITEM` for `items` of the event with `number`; they have been checked."""
    for ordinal, item in enumerate(items):
        yield {
            "event": number,
            "ordinal": ordinal,
            "product_id": item.product_id,
            "quantity": item.quantity,
            "position": item.position,
            "price": item.price,
        }


def check_items(items: Sequence[Item]) -> None:
    """Refuse what only one of the databases would take.

    Raises:
        ValueError: names the part, not what it holds.
    """
    for item in items:
        _check_text(item.product_id, "product_id")
        if not -MAX_NUMBER <= item.quantity <= MAX_NUMBER:
            raise ValueError(f"quantity: expected at most {MAX_NUMBER} either way")
        if item.position is not None and not -MAX_NUMBER <= item.position <= MAX_NUMBER:
            raise ValueError(f"position: expected at most {MAX_NUMBER} either way")
        if item.price is not None and not math.isfinite(item.price):
            raise ValueError("price: expected a finite number")


def events_of(rows: Iterable[EventRow]) -> Iterator[Event]:
    """The events of rows of `EVENTS_AND_ITEMS`."""
    for _, group in groupby(rows, key=itemgetter(0)):
        lines = list(group)
        first = lines[0]
        yield Event(
            id=first.id,
            kind=_KINDS[first.kind],
            index=first.index_name,
            user=first.user.hex(),
            time_ms=first.time_ms,
            source=_SOURCES[first.source],
            items=tuple(
                Item(line.product_id, line.position, line.quantity, line.price)
                for line in lines
                if line.product_id is not None
            ),
            query_id=first.query_id,
            query=first.query,
            currency=first.currency,
            arm=first.arm,
        )


def _check_text(text: str, name: str) -> None:
    if "\0" in text:
        raise ValueError(f"{name}: holds NUL, which PostgreSQL does not store")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name}: holds half a character (a lone surrogate)") from None

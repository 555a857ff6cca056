"""The events of an import: the rows of an order become one, any other row is one."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from searchsvc.events.draft import order_event_id, search_id
from searchsvc.events.event import Event, EventKind, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from searchsvc.events.files.rows import Row

    GroupKey: TypeAlias = tuple[str, str, int, str | None]

MAX_ORDER = 1_000
"""Rows of one event; a longer order goes on in another one."""
_REMEMBERED_USERS = 100_000
_DIGITS = 32


class Imported(NamedTuple):
    """An event with the line that it begins on."""

    line: int
    event: Event


class EventMaker:
    """Makes the events of one file.

    The id of an order's event comes from the order and the customer, so that a second import
    repeats it, in another file, too. The rows of an order stand together; where one goes on
    elsewhere in the file, the id of that part also comes from its products. Needs about 100 bytes
    of memory for each order.

    Args:
        index: that the events belong to.
        user_key: of a customer's id.
    """

    def __init__(self, index: str, user_key: Callable[[str], str]) -> None:
        self._index = index
        self._user_key = lru_cache(_REMEMBERED_USERS)(user_key)
        self._orders: set[int] = set()
        self._pending: list[Row] = []
        self._key: GroupKey | None = None

    def add(self, row: Row) -> Iterator[Imported]:
        """Take the next row; gives the events that are complete by now."""
        key = _group_key(row)
        if key is None or key != self._key or len(self._pending) >= MAX_ORDER:
            yield from self.rest()
        if key is None:
            yield self._single(row)
        else:
            self._key = key
            self._pending.append(row)

    def rest(self) -> Iterator[Imported]:
        """The event of the rows that are left."""
        if self._pending:
            rows, self._pending, self._key = self._pending, [], None
            yield self._order(rows)

    def _order(self, rows: list[Row]) -> Imported:
        first = rows[0]
        user = self._user_key(first.customer)
        if not first.order:
            return self._event(rows, user, self._digest(user, *_content(rows)))
        event_id = order_event_id(self._index, user, first.order)
        known = int(event_id[:16], 16)
        if known in self._orders:
            event_id = self._digest(user, "order", first.order, *_content(rows))
        self._orders.add(known)
        return self._event(rows, user, event_id)

    def _single(self, row: Row) -> Imported:
        user = self._user_key(row.customer)
        if row.event_id:
            event_id = self._digest(user, "id", row.event_id)
        elif row.kind is EventKind.SEARCH and row.query_id:
            event_id = search_id(row.query_id)
        else:
            event_id = self._digest(user, *_content([row]))
        return self._event([row], user, event_id)

    def _event(self, rows: list[Row], user: str, event_id: str) -> Imported:
        first = rows[0]
        event = Event(
            event_id,
            first.kind,
            self._index,
            user,
            first.time_ms,
            Source.IMPORT,
            tuple(row.item for row in rows if row.item is not None),
            first.query_id,
            first.query,
            first.currency,
        )
        return Imported(first.line, event)

    def _digest(self, user: str, *parts: str) -> str:
        """Stands for `parts` of a user in this index.

        A user has one event of an id in all indexes, and a file may be meant for several.
        """
        return sha256("\0".join((self._index, user, *parts)).encode()).hexdigest()[:_DIGITS]


def _group_key(row: Row) -> GroupKey | None:
    """What the rows of one order have in common; ``None`` for what is an event of its own."""
    if row.kind is not EventKind.PURCHASE or row.event_id:
        return None
    # Rows without an order's id belong together when they are of one moment.
    return row.customer, row.order, 0 if row.order else row.time_ms, row.currency


def _content(rows: Iterable[Row]) -> list[str]:
    """What tells events apart that have no id: whatever the order of their rows."""
    parts = []
    for row in rows:
        product = (row.item.product_id, str(row.item.quantity)) if row.item else ()
        told = (row.kind, str(row.time_ms), row.query_id or "", row.query or "", *product)
        parts.append("\x1f".join(told))
    return sorted(parts)

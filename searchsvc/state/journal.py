"""The journal: events in the database, appended, read in their order, and purged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, tuple_

from searchsvc.state.rows import (
    EVENTS_AND_ITEMS,
    check_items,
    event_row,
    events_of,
    item_rows,
    user_bytes,
)
from searchsvc.state.tables import EVENT, ITEM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Select

    from searchsvc.events.event import Event
    from searchsvc.state.database import Database
    from searchsvc.state.dialect import Dialect
    from searchsvc.state.rows import EventRow

    Identity = tuple[bytes, str, str]  # user, index, id

PAGE_ROWS = 5_000
"""Read at once when events are streamed."""
PURGED_AT_ONCE = 2_000
"""Events that one transaction of a purge deletes; others that write wait for it."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of events that were appended.

    Attributes:
        stored: how many are new.
        repeated: how many were there already, or more than once among those given.
    """

    stored: int
    repeated: int


def append(
    connection: Connection, dialect: Dialect, batches: Sequence[Sequence[Event]]
) -> list[Appended]:
    """Store all `batches`; of events of one user in one index with the same id, the first stays.

    Raises:
        ValueError: an event cannot be stored; nothing is stored then.
    """
    new: dict[Identity, Event] = {}
    brought: list[set[Identity]] = []
    rows: dict[Identity, dict[str, Any]] = {}
    for batch in batches:
        keys = set()
        for event in batch:
            key = user_bytes(event.user), event.index, event.id
            if key not in new:
                check_items(event.items)
                rows[key] = event_row(event)
                new[key] = event
                keys.add(key)
        brought.append(keys)
    if not rows:
        return [Appended(0, 0) for _ in batches]
    # In one order by everybody who writes: two that wait for each other's rows would never end.
    ordered = [rows[key] for key in sorted(rows)]
    statement = (
        dialect.insert(EVENT)
        .on_conflict_do_nothing(index_elements=[EVENT.c.user, EVENT.c.index_name, EVENT.c.id])
        .returning(EVENT.c.number, EVENT.c.user, EVENT.c.index_name, EVENT.c.id)
    )
    stored: set[Identity] = set()
    items: list[dict[str, Any]] = []
    for number, user, index, event_id in connection.execute(statement, ordered):
        key = bytes(user), index, event_id
        stored.add(key)
        items.extend(item_rows(number, new[key].items))
    if items:
        connection.execute(dialect.insert(ITEM), items)
    return [
        Appended(len(keys & stored), len(batch) - len(keys & stored))
        for keys, batch in zip(brought, batches, strict=True)
    ]


def stream(
    database: Database, index: str | None, since_ms: int, until_ms: int | None
) -> Iterator[Event]:
    """Events in the order of their time and id, a page at a time.

    Each page is a transaction of its own, so that whoever reads slowly holds up nobody: neither a
    deletion nor what cleans up behind it.

    Args:
        database: where they are.
        index: of these events only; ``None`` for all.
        since_ms: not older.
        until_ms: older than this; ``None`` for no limit.
    """
    wanted = EVENTS_AND_ITEMS
    if index is not None:
        wanted = wanted.where(EVENT.c.index_name == index)
    if until_ms is not None:
        wanted = wanted.where(EVENT.c.time_ms < until_ms)
    page = wanted.where(EVENT.c.time_ms >= since_ms)
    while True:
        rows, more = _page(database, page)
        with database.understanding():
            events = list(events_of(rows))
        yield from events
        if not more:
            return
        last = rows[-1]
        page = wanted.where(
            EVENT.c.time_ms >= last.time_ms,  # the index knows times alone
            tuple_(EVENT.c.time_ms, EVENT.c.id, EVENT.c.user, EVENT.c.index_name)
            > tuple_(last.time_ms, last.id, last.user, last.index_name),
        )


def _page(
    database: Database, statement: Select[*tuple[Any, ...]]
) -> tuple[Sequence[EventRow], bool]:
    """The next rows, of whole events, and whether there may be more behind them."""
    limit = PAGE_ROWS
    while True:
        with database.reading() as connection:
            rows = connection.execute(statement.limit(limit)).all()
        if len(rows) < limit:
            return rows, False
        # The last event may go on behind the page: the next one begins with it.
        whole = [row for row in rows if row.number != rows[-1].number]
        if whole:
            return whole, True
        limit *= 2


def purge(connection: Connection, before_ms: int) -> int:
    """Delete the oldest events before `before_ms`, at most `PURGED_AT_ONCE`; how many it were."""
    oldest = (
        select(EVENT.c.number)
        .where(EVENT.c.time_ms < before_ms)
        .order_by(EVENT.c.time_ms)
        .limit(PURGED_AT_ONCE)
    )
    return connection.execute(delete(EVENT).where(EVENT.c.number.in_(oldest))).rowcount

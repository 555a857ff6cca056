"""A user's data: all that is stored of one person, exported and deleted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from searchsvc.state.rows import EVENTS_AND_ITEMS, events_of
from searchsvc.state.tables import EVENT, MEMBER

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from searchsvc.events.event import Event


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion removed.

    Attributes:
        events: how many.
        memberships: in listed segments.
        receipt: of the line in the audit log; nothing else links the line to the request.
        erased: whether the bytes are gone from the files, too. On SQLite ``False`` means that
            another process was in the way, and `StateStore.erase` completes it. On PostgreSQL it
            is ``False`` whenever something was deleted: see `searchsvc.state.postgres.Postgres`.
    """

    events: int
    memberships: int
    receipt: str
    erased: bool


def known(connection: Connection, user: bytes) -> dict[str, Any]:
    """All that is stored of `user`, as JSON has it."""
    rows = connection.execute(EVENTS_AND_ITEMS.where(EVENT.c.user == user))
    events = [_json(event) for event in events_of(rows)]
    memberships = connection.execute(
        select(MEMBER.c.index_name, MEMBER.c.segment)
        .where(MEMBER.c.user == user)
        .order_by(MEMBER.c.index_name, MEMBER.c.segment)
    )
    return {
        "user": user.hex(),
        "events": events,
        "memberships": [{"index": index, "segment": segment} for index, segment in memberships],
    }


def forget(connection: Connection, user: bytes) -> dict[str, int]:
    """Delete all that is stored of `user`; how much it was."""
    events = connection.execute(delete(EVENT).where(EVENT.c.user == user)).rowcount
    memberships = connection.execute(delete(MEMBER).where(MEMBER.c.user == user)).rowcount
    return {"events": events, "memberships": memberships}


def _json(event: Event) -> dict[str, Any]:
    fields = _present(asdict(event))
    del fields["user"]  # stands above all
    when = datetime.fromtimestamp(fields.pop("time_ms") / 1_000, UTC)
    fields["time"] = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if event.items:
        fields["items"] = [_present(asdict(item)) for item in event.items]
    return fields


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, ())}

"""The census: how many events and users there are of each index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from searchsvc.state.tables import EVENT, KIND_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from searchsvc.events.event import EventKind


@dataclass(frozen=True, slots=True)
class Counted:
    """What there is of one index.

    Attributes:
        kinds: events of each kind, also where there are none.
        users: who did something.
        oldest_ms: time of the first event.
        newest_ms: time of the latest.
    """

    events: int
    kinds: Mapping[EventKind, int]
    users: int
    oldest_ms: int
    newest_ms: int


def count(connection: Connection) -> dict[str, Counted]:
    """What there is of each index that has events, by its name."""
    statement = (
        select(
            EVENT.c.index_name,
            func.count(EVENT.c.user.distinct()),
            func.min(EVENT.c.time_ms),
            func.max(EVENT.c.time_ms),
            *(func.count().filter(EVENT.c.kind == code) for code in KIND_CODES.values()),
        )
        .group_by(EVENT.c.index_name)
        .order_by(EVENT.c.index_name)
    )
    return {
        index: Counted(
            sum(counts), dict(zip(KIND_CODES, counts, strict=True)), users, oldest_ms, newest_ms
        )
        for index, users, oldest_ms, newest_ms, *counts in connection.execute(statement)
    }

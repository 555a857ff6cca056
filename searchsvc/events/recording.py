"""The record of a search: the event that an answered search leaves, if the shopper agreed."""

from __future__ import annotations

from searchsvc.events.draft import search_id
from searchsvc.events.event import Event, EventKind, Source
from searchsvc.events.retention import now_ms
from searchsvc.query.query import MAX_TEXT


def search_event(
    index: str,
    user: str,
    query: str,
    query_id: str,
    *,
    arm: str | None = None,
    time_ms: int | None = None,
) -> Event:
    """The event of a search that this service answered.

    To be called for shoppers who consented and have a token, and for no one else.

    Args:
        index: as it is served.
        user: the key of the user, see `searchsvc.state.keys`.
        query: what was typed; cut to `MAX_TEXT` characters.
        query_id: of the answer. A page that reports the same search again adds nothing.
        arm: of the experiment that the user is in.
        time_ms: when it was answered; now by default.
    """
    return Event(
        search_id(query_id),
        EventKind.SEARCH,
        index,
        user,
        now_ms() if time_ms is None else time_ms,
        Source.SERVICE,
        query_id=query_id,
        query=_storable(query[:MAX_TEXT]),
        arm=arm,
    )


def _storable(text: str) -> str:
    """`text` without what databases do not take: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode(errors="replace").decode()

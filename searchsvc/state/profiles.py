"""A user's profile, put together from the user's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from searchsvc.events.event import EventKind
from searchsvc.segments.profile import MAX_INTERACTIONS, MAX_SEARCHES, Interaction, Profile
from searchsvc.state.tables import EVENT, ITEM, KIND_CODES, MEMBER

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KINDS = {code: kind for kind, code in KIND_CODES.items()}
_PURCHASE = KIND_CODES[EventKind.PURCHASE]

_THEIRS = (EVENT.c.index_name == bindparam("index"), EVENT.c.user == bindparam("user"))
_INTERACTIONS = (
    select(ITEM.c.product_id, EVENT.c.kind, EVENT.c.time_ms, ITEM.c.quantity, ITEM.c.price)
    .join_from(EVENT, ITEM, ITEM.c.event == EVENT.c.number)
    .where(*_THEIRS)
    .order_by(EVENT.c.time_ms.desc(), EVENT.c.id, ITEM.c.ordinal)
    .limit(MAX_INTERACTIONS)
)
_SEARCHED = (
    select(EVENT.c.query)
    .where(*_THEIRS, EVENT.c.kind == KIND_CODES[EventKind.SEARCH], EVENT.c.query.is_not(None))
    .order_by(EVENT.c.time_ms.desc(), EVENT.c.id)
    .limit(MAX_SEARCHES)
)
_SPENT = (
    select(func.sum(ITEM.c.quantity * ITEM.c.price))
    .join_from(EVENT, ITEM, ITEM.c.event == EVENT.c.number)
    .where(*_THEIRS, EVENT.c.kind == _PURCHASE)
    .scalar_subquery()
)
_TOTALS = select(
    func.min(EVENT.c.time_ms),
    func.max(EVENT.c.time_ms),
    func.count().filter(EVENT.c.kind == _PURCHASE),
    _SPENT,
).where(*_THEIRS)
_SEGMENTS = select(MEMBER.c.segment).where(
    MEMBER.c.index_name == bindparam("index"), MEMBER.c.user == bindparam("user")
)


def profile(connection: Connection, index: str, user: bytes) -> Profile:
    """What the events of `user` in `index` say."""
    whose = {"index": index, "user": user}
    segments = frozenset(connection.scalars(_SEGMENTS, whose))
    first_ms, last_ms, orders, spent = connection.execute(_TOTALS, whose).one()
    if first_ms is None:
        return Profile(segments=segments)
    interactions = tuple(
        Interaction(product_id, _KINDS[kind], time_ms, quantity, price)
        for product_id, kind, time_ms, quantity, price in connection.execute(_INTERACTIONS, whose)
    )
    searched = tuple(connection.scalars(_SEARCHED, whose))
    return Profile(interactions, searched, orders, spent or 0.0, first_ms, last_ms, segments)

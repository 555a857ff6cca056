"""Members: who is in which listed segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from searchsvc.state.tables import MEMBER

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sqlalchemy import ColumnElement, Connection

    from searchsvc.state.dialect import Dialect

_AT_ONCE = 10_000


def put(
    connection: Connection, dialect: Dialect, index: str, segment: str, users: AbstractSet[bytes]
) -> int:
    """Put `users` into a segment; how many were not in it."""
    before = _size(connection, index, segment)
    statement = dialect.insert(MEMBER).on_conflict_do_nothing()
    ordered = sorted(users)  # pages of the table are then filled one after another
    for start in range(0, len(ordered), _AT_ONCE):
        rows = [
            {"index_name": index, "segment": segment, "user": user}
            for user in ordered[start : start + _AT_ONCE]
        ]
        connection.execute(statement, rows)
    return _size(connection, index, segment) - before


def remove(connection: Connection, index: str, segment: str) -> int:
    """Empty a segment; how many were in it."""
    return connection.execute(delete(MEMBER).where(*_of(index, segment))).rowcount


def users(connection: Connection, index: str) -> dict[str, set[str]]:
    """The keys of the users in each segment that has any, by its name."""
    statement = select(MEMBER.c.segment, MEMBER.c.user).where(MEMBER.c.index_name == index)
    found: dict[str, set[str]] = {}
    for segment, user in connection.execute(statement):
        found.setdefault(segment, set()).add(user.hex())
    return found


def sizes(connection: Connection, index: str) -> dict[str, int]:
    """How many are in each segment that has any, by its name."""
    statement = (
        select(MEMBER.c.segment, func.count())
        .where(MEMBER.c.index_name == index)
        .group_by(MEMBER.c.segment)
        .order_by(MEMBER.c.segment)
    )
    return dict(connection.execute(statement).all())


def _size(connection: Connection, index: str, segment: str) -> int:
    statement = select(func.count()).select_from(MEMBER).where(*_of(index, segment))
    return connection.scalars(statement).one()


def _of(index: str, segment: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return MEMBER.c.index_name == index, MEMBER.c.segment == segment

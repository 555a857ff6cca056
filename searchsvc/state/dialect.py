"""A dialect: all that differs between the databases that can hold the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import Connection, Engine, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
    from sqlalchemy.exc import DBAPIError

WAIT_SECONDS = 5
"""How long a statement waits for a lock, and whoever wants a connection for one."""
CONNECTIONS = 4
"""Connections of a process that stay open; under load it opens more."""
MORE_CONNECTIONS = 16


class Dialect(Protocol):
    """One kind of database."""

    title: str
    """What people call it."""
    reading: Mapping[str, Any]
    """Execution options of a transaction that reads: it sees one state from start to end."""
    writing: Mapping[str, Any]
    """Execution options of a transaction that writes."""

    def engine(self, *, create: bool) -> Engine:
        """Connections to the database, none of which is opened yet.

        Raises:
            StateMissingError: there is no database, and none may be made.
            StateUnavailableError: it cannot be made, or its driver is not installed.
        """
        ...

    def insert(self, table: Table) -> SqliteInsert | PostgresInsert:
        """An insert into `table` that knows ``ON CONFLICT``."""
        ...

    def serialize(self, connection: Connection, what: str) -> None:
        """Let no other transaction that asks for the same `what` run beside this one."""
        ...

    def is_in_place(self) -> bool:
        """Whether the database that was opened first is still what new connections would get."""
        ...

    def leave(self) -> None:
        """Clear away what a database that is no longer in its place left for the next one."""
        ...

    def rewrite(self, engine: Engine) -> bool:
        """Write the database anew, without what deleted rows left in it; whether that was done."""
        ...

    def empty_log(self, engine: Engine) -> bool:
        """Have nothing left in the log of what was rewritten; whether that was done.

        Others that write wait for no more than a moment meanwhile.
        """
        ...

    def reason(self, error: DBAPIError) -> str:
        """What went wrong and what to do; no row, path, host or password is in it."""
        ...

"""PostgreSQL as the state database: for services on several machines."""

from __future__ import annotations

import hashlib
import importlib.util
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, func, select
from sqlalchemy.dialects.postgresql import insert

from searchsvc.errors import StateUnavailableError
from searchsvc.state.dialect import CONNECTIONS, MORE_CONNECTIONS, WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import URL, Connection, Engine, Table
    from sqlalchemy.dialects.postgresql import Insert
    from sqlalchemy.exc import DBAPIError

CONNECT_SECONDS = 2
"""How long to wait for a server that does not answer."""

_CONNECTING: Mapping[str, Any] = MappingProxyType(
    {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "searchsvc",
        # A server that vanished is noticed; without it, only after a quarter of an hour.
        "tcp_user_timeout": 10_000,
        "options": f"-c lock_timeout={WAIT_SECONDS}s",
    }
)


class Postgres:
    """A database of a PostgreSQL server, reached by psycopg.

    What is deleted is gone from every query at once. Its bytes stay in dead rows until VACUUM,
    which the server does by itself, frees their space and other rows take it, and in the
    write-ahead log and in backups for as long as the server keeps these.
    """

    title = "PostgreSQL"
    reading: Mapping[str, Any] = MappingProxyType(
        {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    writing: Mapping[str, Any] = MappingProxyType({"isolation_level": "READ COMMITTED"})

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")

    def engine(self, *, create: bool) -> Engine:  # noqa: ARG002 - the server's owner makes it
        """See `Dialect`."""
        if importlib.util.find_spec("psycopg") is None:
            raise StateUnavailableError(
                "PostgreSQL needs its driver; run: pip install 'searchsvc[postgres]'"
            )
        given = self._url.query  # wins over ours
        engine = create_engine(
            self._url,
            hide_parameters=True,
            connect_args={k: v for k, v in _CONNECTING.items() if k not in given},
            pool_size=CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
            pool_timeout=WAIT_SECONDS,
            pool_pre_ping=True,  # a restarted server fails nobody's request
        )
        # Many rows of an insert in one statement; psycopg would send them one after another.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        return engine

    def insert(self, table: Table) -> Insert:
        """See `Dialect`."""
        return insert(table)

    def serialize(self, connection: Connection, what: str) -> None:
        """See `Dialect`."""
        digest = hashlib.sha256(f"searchsvc {what}".encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))

    def is_in_place(self) -> bool:
        """See `Dialect`; the server keeps its files."""
        return True

    def leave(self) -> None:
        """See `Dialect`; there is nothing."""

    def rewrite(self, engine: Engine) -> bool:  # noqa: ARG002 - nothing to be done from here
        """See `Dialect`; the server decides when, so never at once."""
        return False

    def empty_log(self, engine: Engine) -> bool:  # noqa: ARG002 - nothing to be done from here
        """See `Dialect`; ditto."""
        return False

    def reason(self, error: DBAPIError) -> str:
        """See `Dialect`."""
        # What follows the first line may quote a row; what precedes the last "failed" is a host.
        first = str(error.orig).partition("\n")[0]
        said = first.rpartition(" failed: ")[2]
        return f"{said}; check that the server runs and that SEARCHSVC_STATE_URL is right"

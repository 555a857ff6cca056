"""SQLite as the state database: a file that all processes of one machine share."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from sqlalchemy import create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError

from searchsvc.errors import StateMissingError, StateUnavailableError
from searchsvc.state.dialect import CONNECTIONS, MORE_CONNECTIONS, WAIT_SECONDS
from searchsvc.state.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import URL, Connection, Engine, Table
    from sqlalchemy.dialects.sqlite import Insert
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

_log = logging.getLogger(__name__)

_PRAGMAS = (
    "synchronous=FULL",  # a transaction that returned survives a power cut
    "foreign_keys=ON",
    "secure_delete=ON",  # deleted rows are overwritten
    "temp_store=MEMORY",  # sorting leaves nothing on the disk
    "cache_size=-16384",  # KiB
    "trusted_schema=OFF",
)
_RETRY_SECONDS = 0.05
_MOMENT_MS = 200
_OPTION = "searchsvc_begin"
_REPLACE = (
    "stop the service, then restore it from a backup or move it away to begin anew, in both cases "
    "with what is called like it and -wal or -shm removed, and start the service"
)
_REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: (
            f"another process has held its lock for more than {WAIT_SECONDS} s; try again"
        ),
        sqlite3.SQLITE_FULL: "the disk is full; make room",
        sqlite3.SQLITE_IOERR: "the disk is full or fails; make room, or see the system's log",
        sqlite3.SQLITE_READONLY: "the service's user needs write access to it and its directory",
        sqlite3.SQLITE_CANTOPEN: "the service's user needs access to it and its directory",
        sqlite3.SQLITE_NOTADB: _REPLACE,
        sqlite3.SQLITE_CORRUPT: _REPLACE,
        sqlite3.SQLITE_CONSTRAINT: _REPLACE,  # of what is there already
    }
)
_PRIMARY_CODE = 0xFF  # of an extended result code


class Sqlite:
    """One database file in write-ahead mode: readers and the one writer do not wait for another.

    It must be on a disk of this machine: the mode needs memory that all processes share.
    """

    title = "SQLite"
    reading: Mapping[str, Any] = MappingProxyType({_OPTION: "BEGIN"})
    # A lock that is taken at once is waited for; one that a reader wants later is refused.
    writing: Mapping[str, Any] = MappingProxyType({_OPTION: "BEGIN IMMEDIATE"})

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = Path(file_of(url))
        self._place = Place(self._path)

    def engine(self, *, create: bool) -> Engine:
        """See `Dialect`."""
        if self._url.database in (None, "", ":memory:"):
            raise StateUnavailableError(
                "a SQLite database in memory would be another one in each process; name a file in "
                "SEARCHSVC_STATE_URL, such as sqlite:////var/lib/searchsvc/state.db"
            )
        if "uri" not in self._url.query:
            self._prepare(create=create)
        engine = create_engine(
            self._url,
            hide_parameters=True,
            connect_args={"timeout": WAIT_SECONDS},
            pool_size=CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
            pool_timeout=WAIT_SECONDS,
        )
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "begin", _begin)
        return engine

    def insert(self, table: Table) -> Insert:
        """See `Dialect`."""
        return insert(table)

    def serialize(self, connection: Connection, what: str) -> None:
        """See `Dialect`; there is never more than one that writes."""

    def is_in_place(self) -> bool:
        """See `Dialect`."""
        return self._place.is_kept()

    def leave(self) -> None:
        """See `Dialect`."""
        self._place.clear()

    def rewrite(self, engine: Engine) -> bool:
        """See `Dialect`.

        ``secure_delete`` overwrites a deleted row where it is, but copies of it can remain in the
        free part of pages that it was once moved out of. Only writing the whole file anew removes
        these: seconds for a million events, while which writers wait and readers do not.
        """
        try:
            with engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA temp_store=FILE")  # the copy may be larger than the memory
                try:
                    driver.execute("VACUUM")
                finally:
                    driver.execute("PRAGMA temp_store=MEMORY")
        except (sqlite3.Error, DBAPIError) as error:
            _log.warning("%s was not written anew (%s): later", self._path.name, error)
            return False
        return True

    def empty_log(self, engine: Engine) -> bool:
        """See `Dialect`.

        It waits for those that read what was there before, and has the lock of writers meanwhile.
        """
        try:
            with engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute(f"PRAGMA busy_timeout={_MOMENT_MS}")
                try:
                    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    driver.execute(f"PRAGMA busy_timeout={round(WAIT_SECONDS * 1_000)}")
        except (sqlite3.Error, DBAPIError) as error:
            _log.warning("%s-wal was not emptied (%s): later", self._path.name, error)
            return False
        if busy:
            _log.warning("%s-wal could not be emptied, since it is read: later", self._path.name)
        return not busy

    def reason(self, error: DBAPIError) -> str:
        """See `Dialect`."""
        code = getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE
        remedy = _REMEDIES.get(code, "see the message")
        return f"{self._path.name}: {error.orig}; {remedy}"

    def _connected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        driver: Any = connection
        driver.isolation_level = None  # transactions begin where `_begin` says, not earlier
        _write_ahead(driver)
        for pragma in _PRAGMAS:
            driver.execute(f"PRAGMA {pragma}")
        self._place.note()

    def _prepare(self, *, create: bool) -> None:
        """Make the file, for its owner alone, unless it is there."""
        if self._path.exists():
            return
        if not create:
            raise StateMissingError(f"nothing was stored yet: there is no {self._path.name}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            raise StateUnavailableError(
                f"{self._path.name} cannot be made ({error.strerror or error}); the service's "
                "user needs write access to its directory"
            ) from error


def file_of(url: URL) -> str:
    """The path of the file that `url` names, also by a URI."""
    name = url.database or ""
    return unquote(urlsplit(name).path) if "uri" in url.query else name


def _write_ahead(driver: sqlite3.Connection) -> None:
    """Turn write-ahead mode on; unlike all else, that does not wait for others who do so."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & _PRIMARY_CODE
            if code != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_OPTION, "BEGIN"))

"""The database of the state: its connections and transactions, and what can go wrong with them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from searchsvc.errors import StateFormatError, StateUnavailableError
from searchsvc.state import schema
from searchsvc.state.postgres import Postgres
from searchsvc.state.sqlite import Sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from typing import Any

    from sqlalchemy import URL, Connection, Engine

    from searchsvc.state.dialect import Dialect

DIALECTS: Mapping[str, Callable[[URL], Dialect]] = {
    "sqlite": Sqlite,
    "postgresql": Postgres,
    "postgres": Postgres,
}
"""By the beginning of a URL."""
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What comes of a row with values that nobody has stored."""
_WITH_VALUES = ("INSERT", "UPDATE")
"""How statements begin that can have a value that is refused; for others, rows are not whole."""


class Database:
    """Transactions on the state database; to be used from any thread of one process."""

    def __init__(self, dialect: Dialect, engine: Engine) -> None:
        self.dialect = dialect
        self._engine = engine
        self._is_lost = False

    @property
    def is_lost(self) -> bool:
        """Whether it was found not to be in its place any more; a transaction has failed then."""
        return self._is_lost

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Database:
        """The database at `url`. To be opened after a fork, never before.

        Args:
            url: as SQLAlchemy writes URLs.
            create: whether the database, its tables and upgrades of them may be made.

        Raises:
            StateMissingError: nothing is there, and nothing may be made.
            StateUnavailableError: it cannot be opened.
            StateFormatError: another version of the service made it.
        """
        dialect = _dialect(url)
        database = cls(dialect, _engine(dialect, create=create))
        try:
            with database.reading() as connection:
                version = schema.version_of(connection)
            if not create:
                schema.check(version)
            elif version != schema.SCHEMA_VERSION:
                with database.writing() as connection:
                    dialect.serialize(connection, "schema")
                    schema.migrate(connection)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A transaction that reads: it sees one state, and waits for no writer.

        Raises:
            StateUnavailableError: the database cannot be reached, or is damaged.
        """
        with self._transaction(self.dialect.reading) as connection, self.understanding():
            yield connection

    @contextmanager
    def understanding(self) -> Generator[None]:
        """Nothing but values that were read is looked at in the body.

        Raises:
            StateUnavailableError: there is one that was never stored.
        """
        try:
            yield
        except _UNREADABLE as error:
            # Without its cause, which may quote the value.
            raise self._damaged(type(error).__name__) from None

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction that writes: on the disk when the block has been left, or nothing of it.

        Raises:
            StateUnavailableError: the database cannot be reached or written.
        """
        with self._transaction(self.dialect.writing) as connection:
            yield connection
        self._check_place()

    def leave(self) -> None:
        """Close all connections to a database that is lost, so that another can be opened."""
        self.close()
        self.dialect.leave()

    def rewrite(self) -> bool:
        """See `Dialect.rewrite`."""
        self._check_place()
        return self.dialect.rewrite(self._engine)

    def empty_log(self) -> bool:
        """See `Dialect.empty_log`."""
        self._check_place()
        return self.dialect.empty_log(self._engine)

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Generator[Connection]:
        self._check_place()  # or a new connection could make an empty file
        try:
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                self._check_place()
                yield connection
        except (DataError, IntegrityError) as error:
            # Whatever it is, the driver's message would quote a row.
            kind = type(error.orig).__name__
            if not (error.statement or "").startswith(_WITH_VALUES):
                raise self._damaged(kind) from None
            raise ValueError(f"{self.dialect.title} refused a value ({kind})") from None
        except DBAPIError as error:
            # Without its cause: what a driver says may quote a row.
            raise self._unavailable(self.dialect.reason(error)) from None
        except PoolTimeoutError:
            raise self._unavailable("too many want it at once; try again") from None

    def _check_place(self) -> None:
        if not self.dialect.is_in_place():
            self._is_lost = True
            raise self._unavailable(
                "it was removed or replaced while it was open, and nothing is known to be stored; "
                "try again, with the one that is in its place now. Stop the service before you "
                "move it or restore a backup."
            )

    def _damaged(self, kind: str) -> StateUnavailableError:
        return self._unavailable(
            f"it has a value that was never stored ({kind}), so it is damaged; stop the service, "
            "and restore it from a backup"
        )

    def _unavailable(self, reason: str) -> StateUnavailableError:
        return StateUnavailableError(
            f"the state database ({self.dialect.title}) cannot be used: {reason}"
        )


def _engine(dialect: Dialect, *, create: bool) -> Engine:
    try:
        return dialect.engine(create=create)
    except (ArgumentError, OSError, TypeError, ValueError) as error:
        # Without its words: they may quote the URL, and that may hold a password.
        raise StateUnavailableError(
            f"the state database ({dialect.title}) cannot be used: its URL does not name one that "
            f"can be opened ({type(error).__name__}); check SEARCHSVC_STATE_URL"
        ) from None


def _dialect(url: str) -> Dialect:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StateUnavailableError(
            "SEARCHSVC_STATE_URL is no URL, expected one such as "
            "postgresql://user:password@host/database"
        ) from None  # it may hold a password
    name = parsed.drivername.partition("+")[0]
    make = DIALECTS.get(name)
    if make is None:
        raise StateFormatError(
            f"SEARCHSVC_STATE_URL begins with {name!r}, expected sqlite or postgresql"
        )
    return make(parsed)

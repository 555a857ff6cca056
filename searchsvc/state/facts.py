"""Facts about a state database itself: whose key it was filled with, and when to clean it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from searchsvc.errors import TokenKeyError
from searchsvc.state.tables import FACT

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from searchsvc.state.database import Database
    from searchsvc.state.dialect import Dialect

_KEY = "token_key"
_ERASE = "erase_ms"


def check_key(database: Database, fingerprint: str) -> None:
    """Refuse another token key than the one that the database was first opened with.

    Under another key everybody would be a stranger: no profile would be found, and what a user
    asks to be deleted would stay.

    Raises:
        TokenKeyError: the database was filled with another one.
    """
    with database.reading() as connection:
        found = _read(connection, _KEY)
    if found is None:
        with database.writing() as connection:
            statement = database.dialect.insert(FACT).on_conflict_do_nothing()
            connection.execute(statement, {"name": _KEY, "value": fingerprint})
            found = _read(connection, _KEY)
    if found != fingerprint:
        raise TokenKeyError(
            "the state database was filled with another token key. Restore that key (token.key in "
            "the data directory, or SEARCHSVC_TOKEN_KEY): without it nobody finds the stored "
            "users again, not even to delete them."
        )


@dataclass(frozen=True, slots=True)
class Remains:
    """What deleted rows left in the files, which has to be erased; times in ms since 1970.

    Attributes:
        due_ms: when it has to be, at the latest.
        deleted_ms: of the last deletion; no two have the same.
        rewritten_ms: of the last deletion before the database was last written anew, 0 if it was
            not: what it deleted is in the log only.
    """

    due_ms: int
    deleted_ms: int
    rewritten_ms: int

    @property
    def are_in_log_only(self) -> bool:
        """Whether the database need not be written anew."""
        return self.deleted_ms == self.rewritten_ms


def remains(connection: Connection) -> Remains | None:
    """What has to be erased; ``None`` if nothing has."""
    found = _read(connection, _ERASE)
    return None if found is None else Remains(*map(int, found.split(" ")))


def note_deletion(connection: Connection, dialect: Dialect, now_ms: int, due_ms: int) -> None:
    """Have what `connection` deletes now erased from the files at `due_ms`, or before."""
    noted = remains(connection)
    if noted is None:
        noted = Remains(due_ms, now_ms, 0)
    else:
        last_ms = max(now_ms, noted.deleted_ms + 1)
        noted = replace(noted, due_ms=min(noted.due_ms, due_ms), deleted_ms=last_ms)
    _write(connection, dialect, noted)


def note_rewriting(connection: Connection, dialect: Dialect, before: Remains) -> None:
    """The database was written anew after `before` had been read."""
    noted = remains(connection)
    if noted is not None:
        _write(connection, dialect, replace(noted, rewritten_ms=before.deleted_ms))


def clear_remains(connection: Connection) -> None:
    """The log was emptied; what was deleted since the database was rewritten remains to be."""
    found = remains(connection)
    if found is not None and found.are_in_log_only:
        connection.execute(delete(FACT).where(FACT.c.name == _ERASE))


def _write(connection: Connection, dialect: Dialect, noted: Remains) -> None:
    value = f"{noted.due_ms} {noted.deleted_ms} {noted.rewritten_ms}"
    given = dialect.insert(FACT).values(name=_ERASE, value=value)
    connection.execute(
        given.on_conflict_do_update(
            index_elements=[FACT.c.name], set_={"value": given.excluded.value}
        )
    )


def _read(connection: Connection, name: str) -> str | None:
    return connection.scalar(select(FACT.c.value).where(FACT.c.name == name))

"""Facts about a state database itself: whose key it was filled with, and when to clean it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from searchsvc.errors import TokenKeyError
from searchsvc.state.tables import FACT

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from searchsvc.state.database import Database
    from searchsvc.state.dialect import Dialect

_KEY = "token_key"
_ERASE = "erase_due_ms"


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


def erase_due(connection: Connection) -> int | None:
    """When what deleted rows left in the files has to be erased, in ms; ``None`` if nothing is."""
    found = _read(connection, _ERASE)
    return None if found is None else int(found.partition(" ")[0])


def set_erase_due(connection: Connection, dialect: Dialect, now_ms: int, due_ms: int) -> None:
    """Have what is deleted at `now_ms` erased from the files at `due_ms`, or before."""
    before = erase_due(connection)
    due_ms = due_ms if before is None else min(before, due_ms)
    given = dialect.insert(FACT).values(name=_ERASE, value=f"{due_ms} {now_ms}")
    connection.execute(
        given.on_conflict_do_update(
            index_elements=[FACT.c.name], set_={"value": given.excluded.value}
        )
    )


def clear_erase_due(connection: Connection, began_ms: int) -> None:
    """The files were erased from `began_ms` on; what was deleted since is not known to be gone."""
    found = _read(connection, _ERASE)
    if found is not None and int(found.partition(" ")[2]) < began_ms:
        connection.execute(delete(FACT).where(FACT.c.name == _ERASE))


def _read(connection: Connection, name: str) -> str | None:
    return connection.scalar(select(FACT.c.value).where(FACT.c.name == name))

"""Copies of a SQLite state database: made while it is in use, and put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from indexer.durable import flush
from searchsvc.errors import StateUnavailableError
from searchsvc.state.dialect import WAIT_SECONDS
from searchsvc.state.location import url_of
from searchsvc.state.sqlite import file_of

if TYPE_CHECKING:
    from searchsvc.state.location import StateSettings

_SQLITE = "sqlite"
_BESIDE = ("-wal", "-shm", "-journal")


def database_file(settings: StateSettings) -> Path | None:
    """The file of the state database; ``None`` where it is not SQLite's.

    Raises:
        StateUnavailableError: the URL is none.
    """
    try:
        url = make_url(url_of(settings))
    except ArgumentError:
        raise StateUnavailableError("SEARCHSVC_STATE_URL is no URL; set a valid one") from None
    return Path(file_of(url)) if url.drivername.partition("+")[0] == _SQLITE else None


def copy_database(source: Path, target: Path) -> None:
    """Write what is in the database at `source` to a new one at `target`, for its owner alone.

    It is the state of one moment, readers and writers go on meanwhile, and nothing of what was
    deleted is in it, since rows are copied and not pages. It has no log beside it.

    Raises:
        StateUnavailableError: it cannot be read or written, or it is damaged.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(source, timeout=WAIT_SECONDS)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
        with closing(sqlite3.connect(target)) as copy:
            ((found,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise StateUnavailableError(
            f"{source.name} cannot be copied ({error}). Make room on the disk, or run "
            "'searchsvc doctor' to see whether it is damaged."
        ) from error
    if found != "ok":
        raise StateUnavailableError(
            f"{source.name} is damaged ({found}); restore it from an earlier backup"
        )
    flush(target)


def require_unused(path: Path) -> None:
    """See that no process has the database at `path` open, and bring its log into it.

    A damaged database passes: nobody can use it.

    Raises:
        StateUnavailableError: some process has it open.
    """
    try:
        with closing(sqlite3.connect(path, timeout=0.5)) as connection:
            # Only who is alone can leave write-ahead mode.
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        ):
            raise StateUnavailableError(
                f"{path.name} is in use. Stop the service (and whatever else has it open), "
                "restore, and start the service; or restore with --no-state."
            ) from error


def put_in_place(database: Path, path: Path) -> None:
    """Have the file `database`, on the same disk, at `path`, with no log of another one beside it.

    Nobody may have the one at `path` open; see `require_unused`.
    """
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").unlink()
    database.replace(path)
    flush(path.parent)


def deletions_since(path: Path, since_ms: int) -> list[str] | None:
    """Receipts of the users who were deleted from the database at `path` since then.

    Returns:
        ``None`` where that cannot be read.
    """
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as connection:
            rows = connection.execute(
                "SELECT receipt FROM searchsvc_audit WHERE action = 'delete' AND time_ms >= ? "
                "ORDER BY number",
                (since_ms,),
            ).fetchall()
    except sqlite3.Error:
        return None
    return [receipt for (receipt,) in rows]

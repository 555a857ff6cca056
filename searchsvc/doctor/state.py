"""Checks of the state: its database, and who may ask the service at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from searchsvc.doctor.finding import LOOPBACK, failure, ok, warning
from searchsvc.errors import KeyMirrorError, SearchServiceError, StateMissingError
from searchsvc.keys.keyset import KeySet
from searchsvc.keys.mirror import MIRROR_FILE, Mirror
from searchsvc.state.copying import database_file
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.doctor.finding import Patient, Said

LARGEST_LOG_BYTES = 256 * 1024 * 1024
_WRITE_SECONDS = 2.0
_PRIMARY = 0xFF  # of an extended result code of SQLite
_MEANWHILE = "until then the keys that were known last are in force"
_NOTHING = "no events, users or keys were stored yet"


def database(patient: Patient) -> Iterator[Said]:
    """Whether the database opens with its key, is of this version, and is not damaged."""
    try:
        path = database_file(patient.settings)
        trouble = list(_trouble(path, deep=patient.deep)) if path and path.exists() else []
        if trouble:
            yield from trouble
            return
        StateStore.open(patient.settings, create=False).close()
    except StateMissingError:
        if Mirror(patient.settings.data_dir).path.exists():
            yield failure(
                f"there is no database of events and keys, and there was one: {MIRROR_FILE} is "
                "of its keys",
                "'searchsvc restore' it from a backup, or 'searchsvc keys restore' begins a new "
                "one with the keys of that file",
            )
        else:
            yield ok(_NOTHING)
    except SearchServiceError as error:
        yield failure(
            f"the state cannot be used: {error}",
            "do what the message says; until then no events are stored and nobody is known",
        )
    else:
        yield ok(f"{path or 'the database'} opens with its token key")
        yield from _log(path)


def keys(patient: Patient) -> Iterator[Said]:
    """Whether those can ask who should, and nobody else."""
    settings = patient.settings
    stored = _stored(patient)
    try:
        known = Mirror(settings.data_dir).read()
    except KeyMirrorError as error:
        yield failure(
            str(error),
            "look at the database's keys with 'searchsvc keys list --all' before you take them; "
            "if some are missing there, put the file back from a backup",
        )
        return
    if known is not None and stored is not None and not stored.follows(known):
        yield failure(
            f"the database has not the keys that {MIRROR_FILE} knows: it is a new one, or an "
            "older one, such as a backup",
            "'searchsvc keys restore' puts them back, 'searchsvc keys restore --discard' takes "
            f"those that the database has; {_MEANWHILE}",
        )
        return
    made = len((stored or known or KeySet()).keys)
    outside = patient.host not in LOOPBACK
    if settings.keys == "off" and outside:
        yield warning(
            f"everybody who reaches {patient.host} may search and send events "
            "(SEARCHSVC_KEYS=off)",
            "let only your own proxy reach it, or set SEARCHSVC_KEYS=required",
        )
    elif settings.keys == "auto" and outside and not made:
        yield failure(
            f"there is no key, and the service is to listen at {patient.host}",
            "'searchsvc keys create' makes one; SEARCHSVC_KEYS=off means that none is needed",
        )
    elif settings.keys == "required" and not made and settings.admin_key is None:
        yield failure(
            "keys are required, and there is none: every request is refused",
            "'searchsvc keys create --role search' makes one",
        )
    else:
        yield ok(f"SEARCHSVC_KEYS={settings.keys}, {made} keys, listening at {patient.host}")


def _stored(patient: Patient) -> KeySet | None:
    """The keys of the database, none where there is no database; ``None`` if it cannot be read."""
    try:
        with closing(StateStore.open(patient.settings, create=False)) as store:
            return store.keys()
    except StateMissingError:
        return KeySet()
    except SearchServiceError:  # which another check tells
        return None


def _trouble(path: Path, *, deep: bool) -> Iterator[Said]:
    """What keeps the service from using the database file at `path`."""
    if _is_locked(path):
        yield failure(
            f"{path} is locked: somebody has been writing to it for more than "
            f"{_WRITE_SECONDS:g} seconds",
            f"'fuser {path}' tells which processes have it open; end the one that is not the "
            "service",
        )
        return
    damage = _damage(path, deep=deep)
    if damage:
        yield failure(
            f"{path} is damaged: {damage}",
            "stop the service, and 'searchsvc restore' it from a backup",
        )


def _is_locked(path: Path) -> bool:
    """Whether nobody gets to write for longer than any transaction of the service takes."""
    try:
        with closing(sqlite3.connect(path, timeout=_WRITE_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:  # others than locks: opening it tells better
        return error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
    return False


def _damage(path: Path, *, deep: bool) -> str:
    pragma = "integrity_check" if deep else "quick_check"
    try:
        with closing(sqlite3.connect(path, timeout=5.0)) as connection:
            ((found,),) = connection.execute(f"PRAGMA {pragma}(1)").fetchall()
    except sqlite3.OperationalError:  # access or a lock, which opening it tells better
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found)


def _log(path: Path | None) -> Iterator[Said]:
    log = Path(f"{path}-wal")
    size = log.stat().st_size if path is not None and log.exists() else 0
    if size > LARGEST_LOG_BYTES:
        yield warning(
            f"{log} has {size / 1e6:,.0f} MB: somebody reads the database without end",
            "end what has it open beside the service, then restart the service",
        )

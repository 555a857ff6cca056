"""Checks of the state: its database, and who may ask the service at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from searchsvc.doctor.finding import LOOPBACK, failure, ok, warning
from searchsvc.errors import SearchServiceError, StateMissingError
from searchsvc.keys.mirror import Mirror
from searchsvc.state.copying import database_file
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.doctor.finding import Patient, Said

LARGEST_LOG_BYTES = 256 * 1024 * 1024
_NOTHING = "no events, users or keys were stored yet"


def database(patient: Patient) -> Iterator[Said]:
    """Whether the database opens with its key, is of this version, and is not damaged."""
    try:
        path = database_file(patient.settings)
        if path is not None and path.exists():
            damage = _damage(path, deep=patient.deep)
            if damage:
                yield failure(
                    f"{path} is damaged: {damage}",
                    "stop the service, and 'searchsvc restore' it from a backup",
                )
                return
        StateStore.open(patient.settings, create=False).close()
    except StateMissingError:
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
    made = _keys_made(patient)
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


def _keys_made(patient: Patient) -> int:
    """How many keys were ever made, as far as that can be known."""
    try:
        store = StateStore.open(patient.settings, create=False)
        try:
            return len(store.keys().keys)
        finally:
            store.close()
    except SearchServiceError:
        pass
    try:
        known = Mirror(patient.settings.data_dir).read()
    except SearchServiceError:
        return 0
    return len(known.keys) if known else 0


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

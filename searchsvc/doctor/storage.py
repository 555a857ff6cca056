"""Checks of the data directory: access, room on its disk, what others may read."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from indexer.errors import IndexerError
from indexer.layout import IndexLayout, list_indexes
from indexer.manifest import Manifest
from searchsvc.doctor.finding import failure, ok, size, warning
from searchsvc.keys.mirror import MIRROR_FILE
from searchsvc.state.location import DATABASE_FILE, KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from searchsvc.doctor.finding import Patient, Said

HEADROOM_BYTES = 256 * 1024 * 1024
"""Beside what a reindex takes: events, logs, the disk's own accounts."""
FEWEST_INODES = 10_000
_PRIVATE = (KEY_FILE, MIRROR_FILE, DATABASE_FILE)


def data_directory(patient: Patient) -> Iterator[Said]:
    """Whether the service may read and write where its data is."""
    path = patient.settings.data_dir
    user = os.geteuid()
    if not path.exists():
        yield warning(
            f"there is no {path} yet",
            "'searchsvc reindex FEED' makes it; or name another one by --data-dir",
        )
        return
    if not path.is_dir() or not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield failure(
            f"{path} is no directory that user {user} may read and write",
            f"'chown {user} {path}', or run as its owner; a service that only reads needs no "
            "write access, and stores no events then",
        )
        return
    found = path.stat()
    if found.st_mode & stat.S_IWOTH:
        yield warning(f"everybody may write in {path}", f"'chmod o-w {path}'")
    elif found.st_uid not in (user, 0):
        yield warning(
            f"{path} belongs to user {found.st_uid}, and this is {user}",
            f"run as user {found.st_uid}: files that others make there it cannot replace",
        )
    else:
        yield ok(f"{path.absolute()} can be read and written")


def privacy(patient: Patient) -> Iterator[Said]:
    """Whether files of users and keys are for their owner alone, and catalogues not for all."""
    clean = True
    for path in (patient.settings.data_dir / name for name in _PRIVATE):
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            clean = False
            yield warning(f"others than its owner may read {path}", f"'chmod 600 {path}'")
    for path in _open_to_all(patient.settings.data_dir):
        clean = False
        yield warning(
            f"everybody on this machine may read the catalogue in {path}",
            f"'chmod 700 {path}'; where other users serve it, 'chgrp GROUP {path}' with a group "
            f"of theirs and 'chmod 750 {path}'",
        )
    if clean:
        yield ok("files of users and keys are for their owner alone, catalogues not for everybody")


def room(patient: Patient) -> Iterator[Said]:
    """Whether a reindex fits on the disk beside what is there."""
    data_dir = patient.settings.data_dir
    usage = shutil.disk_usage(_existing(data_dir))
    largest = max((_bytes(data_dir, name) for name in list_indexes(data_dir)), default=0)
    needed = 2 * largest + HEADROOM_BYTES
    message = f"{size(usage.free)} free; a reindex of the largest index takes up to "
    message += size(needed)
    remedy = "make room, keep fewer generations ('searchsvc reindex --keep'), or a larger disk"
    if usage.free < HEADROOM_BYTES:
        yield failure(message, remedy)
    elif usage.free < needed:
        yield warning(message, remedy)
    else:
        yield ok(message)


def inodes(patient: Patient) -> Iterator[Said]:
    """Whether the disk can hold more files."""
    found = os.statvfs(_existing(patient.settings.data_dir))
    if found.f_files and found.f_favail < FEWEST_INODES:
        yield warning(
            f"the disk can hold {found.f_favail:,} more files, expected {FEWEST_INODES:,}",
            "remove small files from it, or make it anew with more inodes",
        )
    else:
        yield ok("there are enough inodes")


def _open_to_all(data_dir: Path) -> list[Path]:
    """The directories of indexes that everybody may enter, by way of the data directory."""
    if not data_dir.exists() or not data_dir.stat().st_mode & stat.S_IXOTH:
        return []
    paths = [data_dir / name for name in list_indexes(data_dir)]
    return [path for path in paths if path.stat().st_mode & stat.S_IRWXO]


def _existing(path: Path) -> Path:
    return next(it for it in (path.absolute(), *path.absolute().parents) if it.exists())


def _bytes(data_dir: Path, index: str) -> int:
    layout = IndexLayout.of(data_dir, index)
    try:
        return Manifest.read(layout.generation_dir(layout.require_current())).total_bytes
    except IndexerError:  # which another check tells
        return 0

"""Making a backup, while the service runs and while indexes are written."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from indexer.layout import IndexLayout, list_indexes
from searchsvc.backup.contents import STATE_FILE, Contents, Entry
from searchsvc.backup.taken import taken_file, taken_index
from searchsvc.backup.target import open_target
from searchsvc.errors import BackupError
from searchsvc.keys.mirror import MIRROR_FILE
from searchsvc.state.copying import copy_database, database_file
from searchsvc.state.location import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from searchsvc.backup.target import Target
    from searchsvc.settings import Settings

_ELSEWHERE = (
    "the state database is not SQLite: make a dump of it (pg_dump) right after this backup; it "
    "holds events, memberships, keys and the audit log"
)


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds.

    Attributes:
        indexes: the generation of each.
        has_state: whether the state database is in it.
        files: how many.
        bytes: of all files.
        written: bytes that the backup before did not have.
        notes: what is not in it.
    """

    indexes: dict[str, str]
    has_state: bool
    files: int
    bytes: int
    written: int
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


def back_up(
    settings: Settings,
    target: Path,
    indexes: Sequence[str] = (),
    *,
    state: bool = True,
    told: Callable[[int], None] = lambda _: None,
) -> BackupReport:
    """Make a backup of the data directory; nobody has to stop.

    Each index is there as it was at one moment, and so is the state; the moments differ by as
    long as the backup takes.

    Args:
        settings: of the service.
        target: a directory, which may have the backup before, or an archive (``.tar.gz``).
        indexes: their names; all by default.
        state: whether users' events and keys are to be in it.
        told: of every chunk of bytes that was read.

    Raises:
        BackupError: an index is damaged, or `target` is something else.
        SnapshotError: there is no such index, or its pointer is damaged.
        StateUnavailableError: the state database cannot be read.
    """
    data_dir = settings.data_dir
    names = list(indexes) or list_indexes(data_dir)
    database = database_file(settings) if state else None
    notes = [_ELSEWHERE] if state and database is None else []
    if target.absolute().is_relative_to(data_dir.absolute()):
        raise BackupError(
            f"{target} is inside the data directory, where it would be lost with it; name a place "
            "on another disk"
        )
    created_ms = time.time_ns() // 1_000_000
    with open_target(target, told) as to:
        generations: dict[str, str] = {}
        # Not newer than the database: the file of keys follows it, never the reverse.
        wanted = [data_dir / MIRROR_FILE, data_dir / KEY_FILE] if state else []
        done = [_add(to, path, path.name) for path in wanted if path.exists()]
        if database is not None and database.exists():
            done.append(_add_state(to, database))
        for name in names:
            with taken_index(IndexLayout.of(data_dir, name)) as (generation, files):
                generations[name] = generation
                done += [(one.entry, to.add(one.entry, one.file)) for one in files]
        if not done:
            raise BackupError(
                f"there is nothing to back up in {data_dir}: no index and no state. Name the data "
                "directory with --data-dir."
            )
        contents = Contents(
            program=version("searchsvc"),
            created_ms=created_ms,
            indexes=generations,
            files=tuple(entry for entry, _ in done),
        )
        to.finish(contents)
    written = sum(size for _, size in done)
    return BackupReport(
        generations, contents.has_state, len(done), contents.total_bytes, written, notes
    )


def _add(to: Target, path: Path, name: str) -> tuple[Entry, int]:
    one = taken_file(path, name)
    with one.file:
        return one.entry, to.add(one.entry, one.file)


def _add_state(to: Target, database: Path) -> tuple[Entry, int]:
    copy_database(database, to.scratch)
    try:
        return _add(to, to.scratch, STATE_FILE)
    finally:
        to.scratch.unlink()

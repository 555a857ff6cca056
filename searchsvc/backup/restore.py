"""Restoring a backup: all that is put back is verified before anything changes."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from indexer.durable import flush, make_directory, remove_durably, write_durably
from indexer.layout import IndexLayout
from indexer.snapshot import verify
from searchsvc.backup.contents import STATE_FILE
from searchsvc.backup.source import open_backup
from searchsvc.backup.taken import live_files
from searchsvc.errors import BackupError
from searchsvc.keys.mirror import MIRROR_FILE
from searchsvc.livefile import changing
from searchsvc.state.copying import (
    database_file,
    deletions_since,
    put_in_place,
    require_unused,
)
from searchsvc.state.location import KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from pathlib import Path

    from searchsvc.backup.contents import Contents, Entry
    from searchsvc.backup.source import Backup
    from searchsvc.settings import Settings

Writer: TypeAlias = "Callable[[IndexLayout], AbstractContextManager[Path]]"
"""Has the lock of an index's one writer, and gives a directory for what is unfinished."""

_PRIVATE = 0o600
_PUBLIC = 0o644
_ASIDE = ".state.db.restoring"
_NOT_SQLITE = (
    "the state is in the backup, and the settings name a database that is not SQLite: it was not "
    "restored. Import your own dump of that database."
)
_OLDER_KEYS = (
    "API keys are those of the backup. The service keeps the last known ones in force where they "
    "are newer: 'searchsvc keys restore' puts these into the database, so that a key that was "
    "revoked since stays so"
)


@dataclass(slots=True)
class RestoreReport:
    """What was restored.

    Attributes:
        created_ms: when the backup was made, in ms since 1970.
        indexes: the generation of each.
        has_state: whether the state database was put back.
        deleted_again: receipts of the users whose data was deleted after the backup, and is back.
        notes: what to do now.
    """

    created_ms: int
    indexes: dict[str, str] = field(default_factory=dict)
    has_state: bool = False
    deleted_again: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """How to restore.

    Attributes:
        indexes: of these only; of all where it is empty.
        state: whether events, keys and the token key are restored, too.
        force: whether what is in the data directory is replaced.
    """

    indexes: Collection[str] = ()
    state: bool = True
    force: bool = False


def restore(
    settings: Settings,
    source: Path,
    options: RestoreOptions,
    writer: Writer,
    told: Callable[[int], None] = lambda _: None,
) -> RestoreReport:
    """Put back what is in a backup.

    Indexes may be restored while a service runs, which swaps them in; the state may not. One
    index after the other is complete; repeated, it completes what was interrupted.

    Args:
        settings: of the service; say where everything belongs.
        source: the directory or archive.
        options: how.
        writer: see there.
        told: of every chunk of bytes that was read.

    Raises:
        BackupError: what is to be restored is damaged, or there is something already; nothing was
            changed.
        StateUnavailableError: the state database is in use; nothing was changed.
        IndexLockedError: an index is being written.
    """
    data_dir = settings.data_dir
    make_directory(data_dir)
    with open_backup(source, data_dir) as backup:
        contents = backup.contents
        names = _names(contents.indexes, options.indexes)
        database = database_file(settings) if options.state and contents.has_state else None
        if not options.force:
            _require_nothing(data_dir, names, database)
        backup.verify(_restored(contents, names, with_state=database is not None), told)
        if database is not None and database.exists():
            require_unused(database)
        report = RestoreReport(contents.created_ms)
        for name in names:
            _restore_index(backup, IndexLayout.of(data_dir, name), writer)
            report.indexes[name] = contents.indexes[name]
        if database is not None:
            _restore_state(backup, data_dir, database, report)
        elif options.state and contents.has_state:
            report.notes.append(_NOT_SQLITE)
    return report


def _names(there: Collection[str], wanted: Collection[str]) -> list[str]:
    for name in wanted:
        if name not in there:
            raise BackupError(
                f"index {name!r} is not in the backup; it has {', '.join(there) or 'none'}"
            )
    return sorted(wanted or there)


def _restored(contents: Contents, names: Collection[str], *, with_state: bool) -> list[Entry]:
    """The files that are restored; what is wrong with others is no reason to do without these."""
    roots = {*names, ""} if with_state else {*names}
    return [it for it in contents.files if it.path.rpartition("/")[0].partition("/")[0] in roots]


def _require_nothing(data_dir: Path, names: Collection[str], database: Path | None) -> None:
    found = [name for name in names if IndexLayout.of(data_dir, name).current_file.exists()]
    if database is not None and database.exists():
        found.append(database.name)
    if found:
        raise BackupError(
            f"{data_dir} has {', '.join(found)} already, and nothing was changed. --force "
            "replaces them, --no-state leaves the state alone; or name another data directory "
            "with --data-dir."
        )


def _restore_index(backup: Backup, layout: IndexLayout, writer: Writer) -> None:
    """Have an index as it was; its pointer changes last, as when a generation is published."""
    generation = backup.contents.indexes[layout.name]
    files = backup.contents.beneath(f"{layout.name}/generations/{generation}")
    with writer(layout) as staging:
        final = layout.generation_dir(generation)
        if not (final.exists() and _is_whole(layout, generation)):
            aside = staging / generation
            aside.mkdir()
            for name, entry in files.items():
                backup.write(entry, aside / name, _PUBLIC)
            flush(aside)
            if final.exists():
                final.rename(staging / f"damaged-{generation}")
            aside.rename(final)
            flush(layout.generations_dir)
        for name, entry in backup.contents.beneath(f"{layout.name}/reports").items():
            write_durably(layout.reports_dir / name, backup.read(entry))
        _restore_live(backup, layout)
        # Whatever was read of the feed since then has to be read again.
        remove_durably(layout.source_file)
        write_durably(layout.current_file, f"{generation}\n".encode())


def _is_whole(layout: IndexLayout, generation: str) -> bool:
    try:
        return not verify(layout, generation)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is replaced
        return False


def _restore_live(backup: Backup, layout: IndexLayout) -> None:
    files = backup.contents.beneath(layout.name)
    with changing(layout.current_file, layout.live_lock_file):
        for name, entry in files.items():
            write_durably(layout.root / name, backup.read(entry))
        for path in list(live_files(layout)):
            if path.name not in files:
                remove_durably(path)


def _restore_state(backup: Backup, data_dir: Path, database: Path, report: RestoreReport) -> None:
    """Have the state as it was; the database is complete before it is in its place."""
    files = backup.contents.beneath("")
    make_directory(database.parent)
    aside = database.with_name(_ASIDE)
    aside.unlink(missing_ok=True)
    backup.write(files[STATE_FILE], aside, _PRIVATE)
    deleted = deletions_since(database, backup.contents.created_ms)
    if KEY_FILE in files:
        write_durably(data_dir / KEY_FILE, backup.read(files[KEY_FILE]), mode=_PRIVATE)
    if MIRROR_FILE in files and not (data_dir / MIRROR_FILE).exists():
        write_durably(data_dir / MIRROR_FILE, backup.read(files[MIRROR_FILE]), mode=_PRIVATE)
    elif (data_dir / MIRROR_FILE).exists():
        report.notes.append(_OLDER_KEYS)
    put_in_place(aside, database)
    report.has_state = True
    report.deleted_again = deleted or []
    report.notes += _notes_on_deletions(deleted, backup.contents.created_ms)


def _notes_on_deletions(deleted: list[str] | None, created_ms: int) -> list[str]:
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(created_ms / 1_000))
    if deleted is None:
        note = (
            "the database that was replaced could not be read: users whose deletion was asked "
            f"for since {made} are back. Delete them again by your own records."
        )
        return [note]
    if not deleted:
        return []
    note = (
        f"{len(deleted)} deletions of users were made since the backup ({made}), and their data "
        "is back. A receipt does not say whose it is: find these receipts in your own records, "
        f"and delete the users again: {', '.join(deleted)}"
    )
    return [note]

"""Publishing: how a finished build becomes the current generation, and how to go back.

A build is written aside, every file is flushed to the disk, the directory is renamed to its final
name, and only then does the pointer change, by a rename as well. A process that is killed at any
point leaves either the old generation or the new one, never a mixture; what it left behind is
removed when the next writer takes the lock. Names count up and are never used twice.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.durable import flush, make_directory, write_durably
from indexer.errors import IndexLockedError, PublishError, SnapshotError
from indexer.layout import STAGING_PREFIX, generation_number, is_generation
from indexer.manifest import Origin
from indexer.verified import manifest_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from io import TextIOWrapper

    from indexer.layout import IndexLayout

WAIT_SECONDS = 60.0
"""How long a command waits for another writer: longer than most deltas, shorter than a build."""
_LOOKS_SECONDS = 0.02
KEPT_DELTAS = 3
"""Generations by deltas that stay for rollback; they do not count as full builds."""


@contextmanager
def writer(
    layout: IndexLayout, wait_seconds: float = 0.0, waiting: Callable[[], None] = lambda: None
) -> Generator[Path]:
    """Be the one writer of an index; gives an empty staging directory that is removed at the end.

    The operating system releases the lock when the process dies, however it dies. Who does not
    wait gives way to all who do: changes that arrive one after the other would otherwise keep
    everybody else from writing for as long as they arrive.

    Args:
        layout: the index.
        wait_seconds: for another writer.
        waiting: called once if there is something to wait for.

    Raises:
        IndexLockedError: another process is writing this index, or waits to do so.
    """
    layout.make()
    make_directory(layout.generations_dir)
    make_directory(layout.reports_dir)
    with layout.lock_file.open("a") as lock:
        if not _acquired(layout, lock, wait_seconds, waiting):
            raise IndexLockedError(
                f"index {layout.name!r} is being written by another process. "
                "Wait until it has finished, or stop it."
            )
        _clean(layout)
        staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=layout.root))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _clean(layout: IndexLayout) -> None:
    """Remove what a writer left that died: unfinished builds, reports of what is not there."""
    for leftover in layout.root.glob(f"{STAGING_PREFIX}*"):
        shutil.rmtree(leftover)
    there = layout.generations()
    for report in layout.reports_dir.iterdir():
        subject = report.name.split(".")[0]
        if not subject or (is_generation(subject) and subject not in there):
            report.unlink()


def _acquired(
    layout: IndexLayout, lock: TextIOWrapper, wait_seconds: float, waiting: Callable[[], None]
) -> bool:
    """Whether the writer's lock could be had in time."""
    with layout.waiting_file.open("a") as queue:
        if not wait_seconds:
            # Let go at once: whoever begins to wait meanwhile is delayed by no more than that.
            if not _taken(queue, fcntl.LOCK_EX):
                return False
            fcntl.flock(queue, fcntl.LOCK_UN)
            return _taken(lock, fcntl.LOCK_EX)
        if _taken(lock, fcntl.LOCK_EX):
            return True
        waiting()
        until = time.monotonic() + wait_seconds
        fcntl.flock(queue, fcntl.LOCK_SH)
        while not _taken(lock, fcntl.LOCK_EX):
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOKS_SECONDS)
        return True


def _taken(file: TextIOWrapper, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def publish(
    layout: IndexLayout, snapshot: Path, announce: Callable[[str], None] = lambda _: None
) -> str:
    """Make the complete `snapshot`, a directory inside the staging directory, the current one.

    The caller holds the lock.

    Args:
        layout: the index.
        snapshot: renamed.
        announce: told the new generation's name before anybody can see it, for what has to be
            on the disk even if the process dies right after publishing.

    Returns:
        The new generation's name.
    """
    newest = max((generation_number(name) for name in layout.generations()), default=0)
    name = f"g{newest + 1:08}-{manifest_digest(snapshot)}"
    announce(name)
    for path in snapshot.iterdir():
        flush(path)
    flush(snapshot)
    snapshot.rename(layout.generation_dir(name))
    flush(layout.generations_dir)
    flush(layout.root.parent)  # who made the index's directory may have died before that
    _point_to(layout, name)
    return name


def rollback(layout: IndexLayout, generation: str | None = None, wait_seconds: float = 0.0) -> str:
    """Make an older generation current again.

    Args:
        layout: the index.
        generation: its name; by default the newest one that is older than the current one, or
            the newest of all where the pointer to the current one was lost.
        wait_seconds: for another writer.

    Returns:
        The name of the generation that is current now.

    Raises:
        PublishError: there is no such generation, or none that is older.
        IndexLockedError: another process is writing this index.
    """
    with writer(layout, wait_seconds):
        existing = layout.generations()
        if generation is None:
            current = layout.current() if existing else layout.require_current()
            older = [name for name in existing if current is None or _is_older(name, current)]
            if not older:
                raise PublishError(
                    f"index {layout.name!r} has no generation older than the current one. "
                    "Run 'searchsvc reindex' with the earlier feed instead."
                )
            generation = older[-1]
        elif generation not in existing:
            raise PublishError(
                f"index {layout.name!r} has no generation {generation!r}; it has "
                f"{', '.join(existing) or 'none'}. 'searchsvc inspect' lists them."
            )
        _point_to(layout, generation)
        return generation


def _is_older(name: str, than: str) -> bool:
    return generation_number(name) < generation_number(than)


def prune(layout: IndexLayout, keep: int | None, keep_deltas: int = KEPT_DELTAS) -> list[str]:
    """Remove old generations; the caller holds the lock.

    The newest is always kept, since names count up from it, and so is the current one. A service
    that still reads a removed generation keeps its mapped files until it swaps.

    Args:
        layout: the index.
        keep: how many of the newest full builds stay, at least 1; ``None`` keeps them all.
        keep_deltas: how many of the newest that deltas made stay as well, so that a stream of
            deltas leaves something to go back to that is older than a minute.

    Returns:
        The names of the removed generations.
    """
    current = layout.require_current()
    names = layout.generations()
    deltas = [name for name in names if _is_delta(layout, name)]
    builds = [name for name in names if name not in deltas]
    spare = deltas[: -max(keep_deltas, 1)]
    if keep is not None:
        spare += builds[: -max(keep, 1)]
    removed = [name for name in sorted(spare) if name not in (current, names[-1])]
    for name in removed:
        # Renamed first: a half-removed directory must not pass for a generation.
        doomed = layout.root / f"{STAGING_PREFIX}removed-{name}"
        layout.generation_dir(name).rename(doomed)
        flush(layout.generations_dir)
        shutil.rmtree(doomed)
        for report in layout.reports_dir.glob(f"{name}.*"):
            report.unlink()
    return removed


def _is_delta(layout: IndexLayout, generation: str) -> bool:
    try:
        return Origin.read(layout.generation_dir(generation)).is_delta
    except SnapshotError:  # it goes when full builds go
        return False


def _point_to(layout: IndexLayout, generation: str) -> None:
    write_durably(layout.current_file, f"{generation}\n".encode())

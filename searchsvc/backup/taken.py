"""Files that are taken for a backup: held open, so that nobody can take them away meanwhile."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from typing import TYPE_CHECKING, BinaryIO

from indexer.manifest import MANIFEST_FILE, AnyVersion, FileEntry
from searchsvc.backup.contents import FILE_NAME, Entry
from searchsvc.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from indexer.layout import IndexLayout

_ATTEMPTS = 10
_PASSING = frozenset({"CURRENT", "LOCK", "WAITING", "source.json", "watch.json"})
"""Not taken: an index that was put back has to read its feed anew, whatever it has read since."""
_LOCK_ENDING = ".lock"


class _Files(AnyVersion):
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Taken:
    """An open file at its beginning.

    Attributes:
        entry: what it is and has to be.
        file: to be read once.
    """

    entry: Entry
    file: BinaryIO


@contextmanager
def taken_index(layout: IndexLayout) -> Generator[tuple[str, list[Taken]]]:
    """The files of an index: of its current generation, and its live documents.

    A generation that is removed meanwhile can still be read.

    Returns:
        The generation's name, and the files.

    Raises:
        SnapshotError: there is none, or it is damaged.
        BackupError: a file is missing.
    """
    with ExitStack() as opened:
        generation, files = _generation(layout, opened)
        yield generation, [*files, *_reports(layout, generation, opened), *_live(layout, opened)]


def taken_file(path: Path, name: str) -> Taken:
    """The file at `path`, to be closed by the caller.

    Args:
        path: where it is.
        name: what it is called in the backup.

    Raises:
        OSError: it cannot be read.
    """
    file = path.open("rb")
    digest = file_digest(file, "sha256").hexdigest()
    size = file.tell()
    file.seek(0)
    return Taken(Entry(path=name, sha256=digest, bytes=size), file)


def live_files(layout: IndexLayout) -> Iterator[Path]:
    """What an index has beside its generations that a backup takes, in no order."""
    for path in layout.root.iterdir():
        if (
            path.name not in _PASSING
            and not path.name.endswith(_LOCK_ENDING)
            and FILE_NAME.fullmatch(path.name)
            and path.is_file()
            and not path.is_symlink()
        ):
            yield path


def _generation(layout: IndexLayout, opened: ExitStack) -> tuple[str, list[Taken]]:
    for _ in range(_ATTEMPTS):
        generation = layout.require_current()
        attempt = ExitStack()
        try:
            files = files_of(layout, generation, attempt)
        except FileNotFoundError as error:
            attempt.close()
            if layout.require_current() == generation:
                raise BackupError(
                    f"generation {generation} of index {layout.name!r} lacks {error.filename}. "
                    "Go back with 'searchsvc rollback', or run 'searchsvc reindex'; or name the "
                    "other indexes with --index."
                ) from error
        except BaseException:
            attempt.close()
            raise
        else:
            opened.push(attempt)
            return generation, files
    raise BackupError(
        f"index {layout.name!r} gets a new generation faster than its files can be opened; try "
        "again when it is changed less often"
    )


def files_of(layout: IndexLayout, generation: str, opened: ExitStack) -> list[Taken]:
    """The open files of a generation.

    Raises:
        FileNotFoundError: one is missing.
    """
    directory = layout.generation_dir(generation)
    prefix = f"{layout.name}/generations/{generation}"
    if not (directory / MANIFEST_FILE).exists():
        raise FileNotFoundError(2, "no manifest", MANIFEST_FILE)
    manifest = taken_file(directory / MANIFEST_FILE, f"{prefix}/{MANIFEST_FILE}")
    opened.enter_context(manifest.file)
    files = []
    for name, expected in _Files.read(directory).files.items():
        entry = Entry(path=f"{prefix}/{name}", sha256=expected.sha256, bytes=expected.bytes)
        files.append(Taken(entry, opened.enter_context((directory / name).open("rb"))))
    return [*files, manifest]


def _reports(layout: IndexLayout, generation: str, opened: ExitStack) -> Iterator[Taken]:
    for path in sorted(layout.reports_dir.glob(f"{generation}.*")):
        try:
            one = taken_file(path, f"{layout.name}/reports/{path.name}")
        except FileNotFoundError:
            continue
        opened.enter_context(one.file)
        yield one


def _live(layout: IndexLayout, opened: ExitStack) -> list[Taken]:
    """The live documents, all of one moment."""
    with _changes_wait(layout):
        found = [
            taken_file(path, f"{layout.name}/{path.name}") for path in sorted(live_files(layout))
        ]
    for one in found:
        opened.enter_context(one.file)
    return found


@contextmanager
def _changes_wait(layout: IndexLayout) -> Generator[None]:
    """Hold the lock of those who change live documents; on a disk that nobody can write, none."""
    try:
        lock = os.open(layout.live_lock_file, os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError:
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)

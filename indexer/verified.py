"""Verified files: which have been found to be as their manifest says, and need not be read again.

What compiled loops read has to be what was written: they go where a number points to, also where
that is behind the end of an array. So nothing is opened to be searched, and nothing is taken over
into another generation, whose bytes were not compared with their checksum: half a second for each
gigabyte. A generation by a delta shares most of its files with the one before: those are known.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import TYPE_CHECKING

from indexer.errors import SnapshotCorruptError
from indexer.manifest import MANIFEST_FILE, describe_file

if TYPE_CHECKING:
    import os
    from collections.abc import Collection
    from pathlib import Path

    from indexer.manifest import FileEntry, Manifest

_MOST = 1_024  # files to remember; a generation has about fifteen
_DIGEST_DIGITS = 8

Identity = tuple[int, ...]


class Verified:
    """What was found of files, as long as they are the same; safe to use from several threads.

    A file is known by its inode, size and time of change. Who alters a byte and sets the time back
    is found out by the next process, since none remembers what another one has found.
    """

    def __init__(self) -> None:
        self._found: dict[Identity, tuple[FileEntry, int]] = {}
        self._changing = threading.Lock()

    def problems(self, directory: Path, manifest: Manifest, names: Collection[str]) -> list[str]:
        """What is wrong with the files called `names` in `directory`; nothing if nothing is.

        Files that the manifest does not have are left out.
        """
        found = (
            self._problem(directory / name, manifest.files[name])
            for name in sorted(names)
            if name in manifest.files
        )
        return [problem for problem in found if problem]

    def check(self, directory: Path, manifest: Manifest, names: Collection[str]) -> None:
        """Refuse a generation of which any file called `names` is not as it was written.

        Raises:
            SnapshotCorruptError: names the files, and what is wrong with each.
        """
        problems = self.problems(directory, manifest, names)
        if problems:
            raise SnapshotCorruptError(
                f"generation {directory.name} is damaged: {'; '.join(problems)}. "
                "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
            )

    def _problem(self, path: Path, expected: FileEntry) -> str:
        try:
            found = self._entry(path, expected)
        except OSError as error:
            return f"{path.name}: cannot be read ({error.strerror})"
        if found.bytes != expected.bytes:
            return f"{path.name}: has {found.bytes} bytes, expected {expected.bytes}"
        if found.sha256 != expected.sha256:
            return f"{path.name}: its content was altered (SHA-256 differs)"
        return ""

    def _entry(self, path: Path, expected: FileEntry) -> FileEntry:
        """Size and checksum of a file, which is read only if it is not known."""
        stat = path.stat()
        known = self._found.get(_identity(stat))
        # Another link to a sound file changes nothing but its ctime; a damaged one is read again
        # after anything has happened to it, also if the time of change was restored with it.
        if known is not None and (known[0] == expected or known[1] == stat.st_ctime_ns):
            return known[0]
        found = describe_file(path)
        with self._changing:
            while len(self._found) >= _MOST:
                self._found.pop(next(iter(self._found)))
            self._found[_identity(stat)] = found, stat.st_ctime_ns
        return found


def check_manifest(directory: Path) -> None:
    """Refuse a manifest that is not the one that the generation's name was made of.

    Raises:
        SnapshotCorruptError: it is another one.
    """
    if manifest_digest(directory) != directory.name.rpartition("-")[2]:
        raise SnapshotCorruptError(
            f"generation {directory.name}: {MANIFEST_FILE} was altered, its checksum is not the "
            "one in the generation's name. Go back with 'searchsvc rollback' or rebuild with "
            "'searchsvc reindex'."
        )


def manifest_digest(directory: Path) -> str:
    """What stands for the manifest in `directory` in the generation's name.

    Raises:
        SnapshotCorruptError: there is none.
    """
    try:
        data = (directory / MANIFEST_FILE).read_bytes()
    except OSError as error:
        raise SnapshotCorruptError(
            f"generation {directory.name} has no readable {MANIFEST_FILE} ({error.strerror}). "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        ) from error
    return sha256(data).hexdigest()[:_DIGEST_DIGITS]


def _identity(stat: os.stat_result) -> Identity:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns

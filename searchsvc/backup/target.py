"""Targets of a backup: a directory that the next one updates, or an archive."""

from __future__ import annotations

import fcntl
import glob
import io
import os
import tarfile
from contextlib import suppress
from hashlib import file_digest, sha256
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

from indexer.durable import flush, make_directory, write_durably
from searchsvc.backup.contents import CONTENTS_FILE, OBJECTS, Contents, Entry
from searchsvc.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

ARCHIVES = {".tar.gz": "w:gz", ".tgz": "w:gz", ".tar": "w"}
"""How an archive is written, by how its name ends."""
_CHUNK_BYTES = 1 << 20
_PRIVATE = 0o600
_PRIVATE_DIRECTORY = 0o700
_LEVEL = 3  # snapshots hardly shrink; more takes minutes for nothing
_ASIDE = ".new-"


class Target(Protocol):
    """Where the objects of one backup go; a context that leaves nothing unfinished."""

    @property
    def scratch(self) -> Path:
        """For a file that is made for the backup, on the same disk; nothing is there yet."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what is unfinished."""
        ...

    def add(self, entry: Entry, file: BinaryIO) -> int:
        """Store the content of `file`, unless it is there whole; how many bytes were written.

        Raises:
            BackupError: it is not what `entry` says.
        """
        ...

    def finish(self, contents: Contents) -> None:
        """Make what was added the backup."""
        ...


class Checked(io.RawIOBase):
    """A file that is read once, from the beginning, and compared with its checksum."""

    def __init__(self, entry: Entry, file: BinaryIO, read: Callable[[int], None]) -> None:
        self._entry = entry
        self._file = file
        self._told = read
        self._digest = sha256()
        self._size = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """See `io.RawIOBase`."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._digest.update(data)
        self._size += len(data)
        self._told(len(data))
        return len(data)

    def check(self) -> None:
        """Refuse what was read if it is not what it should be.

        Raises:
            BackupError: it is not.
        """
        if self._size != self._entry.bytes:
            found = f"it has {self._size:,} bytes, expected {self._entry.bytes:,}"
        elif self._digest.hexdigest() != self._entry.sha256:
            found = "its content is not the one that its checksum is of"
        else:
            return
        raise BackupError(
            f"{self._entry.path} is damaged: {found}. A file of an index is repaired by "
            "'searchsvc rollback' or 'searchsvc reindex'; of a backup that is damaged use another "
            "one, or 'searchsvc backup' to it again while what it is of is there."
        )


def open_target(path: Path, told: Callable[[int], None]) -> Target:
    """What a backup to `path` goes to: an archive if it is named like one, else a directory.

    Args:
        path: of it.
        told: of every chunk of bytes that was read.
    """
    for ending, mode in ARCHIVES.items():
        if path.name.endswith(ending):
            return ArchiveTarget(path, mode, told)
    return DirectoryTarget(path, told)


class DirectoryTarget:
    """A directory; one backup takes the place of another, and shares what is the same."""

    def __init__(self, path: Path, told: Callable[[int], None]) -> None:
        self._path = path
        self._objects = path / OBJECTS
        self._told = told
        self._lock = -1
        self._is_new = False

    @property
    def scratch(self) -> Path:
        """See `Target`."""
        return self._objects / f"{_ASIDE}scratch"

    def __enter__(self) -> Self:
        """See `Target`.

        Raises:
            BackupError: something else is in the directory, or another backup is being made.
        """
        if self._path.is_dir() and not self._is_ours():
            raise BackupError(
                f"{self._path} has other files in it, expected an empty directory or an earlier "
                "backup; name another one"
            )
        self._is_new = not self._path.exists()
        make_directory(self._path)
        self._path.chmod(_PRIVATE_DIRECTORY)
        self._lock = os.open(self._path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise BackupError(
                f"another backup to {self._path} is being made; wait until it has finished"
            ) from None
        self._objects.mkdir(exist_ok=True, mode=_PRIVATE_DIRECTORY)
        self._clean()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See `Target`."""
        self._clean()
        if error is not None:
            self._leave_nothing()
        os.close(self._lock)

    def add(self, entry: Entry, file: BinaryIO) -> int:
        """See `Target`."""
        final = self._objects / entry.sha256
        if _has(final, entry):
            self._told(entry.bytes)
            return 0
        aside = self._objects / f"{_ASIDE}{entry.sha256}"
        with open(aside, "wb", opener=_private) as out:
            copy_checked(entry, file, out, self._told)
        aside.rename(final)
        return entry.bytes

    def finish(self, contents: Contents) -> None:
        """See `Target`."""
        flush(self._objects)
        data = contents.model_dump_json(indent=1).encode() + b"\n"
        write_durably(self._path / CONTENTS_FILE, data, mode=_PRIVATE)
        named = {entry.sha256 for entry in contents.files}
        for path in self._objects.iterdir():
            if path.name not in named:
                path.unlink()

    def _leave_nothing(self) -> None:
        """Remove the directories that were made, unless something is in them."""
        with suppress(OSError):
            self._objects.rmdir()
            if self._is_new:
                self._path.rmdir()

    def _clean(self) -> None:
        for leftover in self._objects.glob(f"{_ASIDE}*"):
            leftover.unlink()

    def _is_ours(self) -> bool:
        allowed = {CONTENTS_FILE, OBJECTS, f".{CONTENTS_FILE}.new"}
        return {entry.name for entry in self._path.iterdir()} <= allowed


class ArchiveTarget:
    """A tar file, compressed or not, that appears when it is complete."""

    def __init__(self, path: Path, mode: str, told: Callable[[int], None]) -> None:
        self._path = path.absolute()
        self._aside = self._path.with_name(f".{path.name}.new")
        self._mode = mode
        self._told = told
        self._added: set[str] = set()

    @property
    def scratch(self) -> Path:
        """See `Target`."""
        return self._path.with_name(f"{self._aside.name}-scratch")

    def __enter__(self) -> Self:
        """See `Target`."""
        make_directory(self._path.parent)
        self._clean()
        self._file = open(self._aside, "wb", opener=_private)
        options = {"compresslevel": _LEVEL} if self._mode.endswith("gz") else {}
        self._archive = tarfile.open(fileobj=self._file, mode=self._mode, **options)  # type: ignore[call-overload]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See `Target`."""
        self._file.close()
        self._clean()

    def add(self, entry: Entry, file: BinaryIO) -> int:
        """See `Target`."""
        if entry.sha256 in self._added:
            return 0
        checked = Checked(entry, file, self._told)
        try:
            self._write(f"{OBJECTS}/{entry.sha256}", entry.bytes, io.BufferedReader(checked))
        finally:
            checked.check()  # also where tarfile missed bytes: this says of which file
        self._added.add(entry.sha256)
        return entry.bytes

    def finish(self, contents: Contents) -> None:
        """See `Target`."""
        data = contents.model_dump_json(indent=1).encode() + b"\n"
        self._write(CONTENTS_FILE, len(data), io.BytesIO(data))
        self._archive.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._aside.rename(self._path)
        flush(self._path.parent)

    def _clean(self) -> None:
        for leftover in self._path.parent.glob(f"{glob.escape(self._aside.name)}*"):
            leftover.unlink()

    def _write(self, name: str, size: int, file: BinaryIO) -> None:
        info = tarfile.TarInfo(name)
        info.size = size
        info.mode = _PRIVATE
        self._archive.addfile(info, file)


def copy_checked(entry: Entry, file: BinaryIO, out: BinaryIO, told: Callable[[int], None]) -> None:
    """Copy `file` to `out`, have it on the disk, and see that it is what `entry` says.

    Raises:
        BackupError: it is not.
    """
    checked = Checked(entry, file, told)
    reader = io.BufferedReader(checked, _CHUNK_BYTES)
    while chunk := reader.read(_CHUNK_BYTES):
        out.write(chunk)
    checked.check()
    out.flush()
    os.fsync(out.fileno())


def _has(path: Path, entry: Entry) -> bool:
    """Whether the content of `entry` is at `path`: an object that was damaged since is not."""
    try:
        with path.open("rb") as file:
            return (
                os.fstat(file.fileno()).st_size == entry.bytes
                and file_digest(file, "sha256").hexdigest() == entry.sha256
            )
    except OSError:  # it is missing, or the disk has lost it
        return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _PRIVATE)

"""Sources of a restoration: a backup's directory, or an archive that is unpacked aside."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.backup.contents import CONTENTS_FILE, MAX_CONTENTS_BYTES, OBJECTS, Contents
from searchsvc.backup.target import ARCHIVES, Checked, copy_checked
from searchsvc.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from searchsvc.backup.contents import Entry

UNPACKED = ".restoring"
"""In the data directory, while an archive is restored."""
_OBJECT = re.compile(rf"{OBJECTS}/[0-9a-f]{{64}}")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that can be read.

    Attributes:
        contents: what is in it.
        objects: the directory of its objects.
    """

    contents: Contents
    objects: Path

    def verify(self, files: Iterable[Entry], told: Callable[[int], None]) -> None:
        """Read all of these files.

        Args:
            files: of `contents`.
            told: of every chunk of bytes that was read.

        Raises:
            BackupError: a file is missing or damaged.
        """
        for entry in files:
            try:
                with (self.objects / entry.sha256).open("rb") as file:
                    checked = Checked(entry, file, told)
                    buffer = memoryview(bytearray(_CHUNK_BYTES))
                    while checked.readinto(buffer):
                        pass
            except FileNotFoundError:
                raise BackupError(
                    f"{entry.path} is missing in the backup; use another backup"
                ) from None
            checked.check()

    def write(self, entry: Entry, path: Path, mode: int) -> None:
        """Have the file of `entry` at `path`, which is new, on the disk.

        Raises:
            BackupError: it is damaged.
        """
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with (self.objects / entry.sha256).open("rb") as file, os.fdopen(descriptor, "wb") as out:
            copy_checked(entry, file, out, lambda _: None)

    def read(self, entry: Entry) -> bytes:
        """The content of a small file."""
        return (self.objects / entry.sha256).read_bytes()


@contextmanager
def open_backup(source: Path, data_dir: Path) -> Generator[Backup]:
    """The backup at `source`; one in an archive is unpacked in the data directory meanwhile.

    Raises:
        BackupError: there is none, or it has what no backup has.
    """
    if source.is_dir():
        yield Backup(_contents(source), source / OBJECTS)
        return
    if not source.is_file():
        raise BackupError(
            f"there is no {source}, expected the directory or the archive ({', '.join(ARCHIVES)}) "
            "that 'searchsvc backup' made"
        )
    unpacked = data_dir / UNPACKED
    shutil.rmtree(unpacked, ignore_errors=True)  # of one that was killed
    unpacked.mkdir(parents=True, mode=0o700)
    try:
        _unpack(source, unpacked)
        yield Backup(_contents(unpacked), unpacked / OBJECTS)
    finally:
        shutil.rmtree(unpacked)


def _contents(directory: Path) -> Contents:
    try:
        with (directory / CONTENTS_FILE).open("rb") as file:
            data = file.read(MAX_CONTENTS_BYTES)
    except OSError as error:
        raise BackupError(
            f"{directory} is no backup, or one that was not finished: {CONTENTS_FILE} cannot be "
            f"read ({error.strerror}). Name the directory or archive that 'searchsvc backup' made."
        ) from error
    return Contents.parse(data)


def _unpack(archive: Path, directory: Path) -> None:
    """Unpack what a backup's archive has, and refuse all else: links, other names, devices."""
    (directory / OBJECTS).mkdir()
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                file = opened.extractfile(member) if member.isreg() else None
                known = member.name == CONTENTS_FILE or _OBJECT.fullmatch(member.name)
                if file is None or not known:
                    raise BackupError(
                        f"{archive.name} has {member.name[:200]!r}, which no backup has; it was "
                        "not made by 'searchsvc backup'. Nothing was restored."
                    )
                with file, (directory / member.name).open("xb") as out:
                    shutil.copyfileobj(file, out, _CHUNK_BYTES)
    except (tarfile.TarError, zlib.error, EOFError, ValueError, FileExistsError) as error:
        raise BackupError(
            f"{archive.name} is no archive of a backup, or damaged ({error}). Nothing was "
            "restored; use another backup."
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise BackupError(  # what gzip raises
            f"{archive.name} is damaged ({error}). Nothing was restored; use another backup."
        ) from error

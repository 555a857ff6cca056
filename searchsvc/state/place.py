"""The place of a SQLite database: whether the file that was opened there is still the one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

Identity = tuple[int, int]
"""The device and the inode of a file."""


class Place:
    """Where the file of a database is, and its log and the index of that beside it.

    A file that is removed or renamed stays what open connections write to: they would go on, and
    what they store would be gone with them. While one of them is open, no other file gets the
    number of its inode.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = Path(f"{path}-wal")
        self._log_index = Path(f"{path}-shm")
        self._opened: Identity | None = None
        self._opened_log: Identity | None = None

    def note(self) -> None:
        """Remember which file is here; it has just been opened for the first time."""
        if self._opened is None:
            self._opened = _identity(self._path)

    def is_kept(self) -> bool:
        """Whether the file that was noted is here; also where none could be."""
        kept = self._opened is None or self._opened == _identity(self._path)
        if kept and self._opened_log is None:  # it is made by the first who reads or writes
            self._opened_log = _identity(self._log)
        return kept

    def clear(self) -> None:
        """Remove the log of the file that was here, or SQLite would mix it into another one.

        Only that log: another process may have opened the next file, and have made its own.
        """
        try:
            log = os.open(self._log, os.O_RDWR)
        except OSError:
            return
        try:
            fcntl.flock(log, fcntl.LOCK_EX)  # one process after another
            if self._opened_log is not None and _identity(self._log) == self._opened_log:
                self._log_index.unlink(missing_ok=True)
                self._log.unlink(missing_ok=True)
        finally:
            os.close(log)


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino

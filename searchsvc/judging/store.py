"""The store of ratings: one file that is only appended to, by one process at a time.

A rating is on the disk before `append` returns. A process that dies while it writes leaves at most
a last line without an end, which was never acknowledged: whoever takes the lock next cuts it off.
The lock is the operating system's (``flock``) and ends with the process that holds it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager
from errno import ENOSPC
from typing import TYPE_CHECKING, Self

from indexer.durable import flush
from searchsvc.errors import JudgmentsError
from searchsvc.judging.ratings import parse_rating

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

    from searchsvc.judging.ratings import Rating

RATINGS_FILE = "ratings.jsonl"
_BLOCK = 64 * 1024


def read_ratings(directory: Path) -> list[Rating]:
    """The ratings in `directory`, oldest first; nothing is written or repaired.

    Raises:
        JudgmentsError: a line is no rating.
    """
    path = directory / RATINGS_FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    complete = data[: len(data) - len(_torn(data))]
    return _parse(complete, path, first=1)


class RatingsStore:
    """``ratings.jsonl`` of a directory, open for reading and appending; safe between threads."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / RATINGS_FILE
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        flush(directory)
        self._guard = threading.RLock()
        self._depth = 0
        self._read_bytes = 0
        self._read_lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    @contextmanager
    def exclusive(self) -> Generator[None]:
        """Be the only one at the file, among threads and processes; may be nested."""
        with self._guard:
            if self._depth == 0:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self._depth += 1
            try:
                if self._depth == 1:
                    self._repair()
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def append(self, rating: Rating) -> None:
        """Add `rating`; it is on the disk on return.

        Raises:
            OSError: it could not be written, and the file is as it was.
        """
        with self.exclusive():
            before = os.fstat(self._descriptor).st_size
            try:
                self._write(rating.to_line())
            except OSError:
                os.ftruncate(self._descriptor, before)
                raise

    def unread(self) -> list[Rating]:
        """What any process appended since this was last called; at first everything.

        Raises:
            JudgmentsError: a line is no rating, or the file has become shorter.
        """
        with self.exclusive():
            size = os.fstat(self._descriptor).st_size
            if size < self._read_bytes:
                raise JudgmentsError(
                    f"{self._path}: {size} bytes, expected at least {self._read_bytes}; somebody "
                    "cut the file while it was in use. Put it back, then start again."
                )
            data = self._read(self._read_bytes, size)
            ratings = _parse(data, self._path, first=self._read_lines + 1)
            self._read_bytes = size
            self._read_lines += data.count(b"\n")
            return ratings

    def _repair(self) -> None:
        """Cut off what a dying process left of a line; end a whole one that lacks its end."""
        size = os.fstat(self._descriptor).st_size
        begin, tail = size, b""
        while begin > 0 and b"\n" not in tail:
            begin = max(0, begin - _BLOCK)
            tail = self._read(begin, size)
        rest = tail[tail.rfind(b"\n") + 1 :]
        torn = _torn(tail)
        if torn:
            os.ftruncate(self._descriptor, size - len(torn))
            os.fsync(self._descriptor)
        elif rest:  # written by an editor
            self._write(b"\n")

    def _write(self, data: bytes) -> None:
        written = os.write(self._descriptor, data)
        if written != len(data):  # a full disk takes a part before it refuses
            raise OSError(ENOSPC, os.strerror(ENOSPC), str(self._path))
        os.fsync(self._descriptor)

    def _read(self, begin: int, end: int) -> bytes:
        parts = []
        while begin < end and (part := os.pread(self._descriptor, end - begin, begin)):
            parts.append(part)
            begin += len(part)
        return b"".join(parts)


def _torn(data: bytes) -> bytes:
    """What stands behind the last line end, unless it is a whole rating.

    No proper beginning of a JSON object is an object, so that the two cannot be confused.
    """
    rest = data[data.rfind(b"\n") + 1 :]
    try:
        if rest:
            parse_rating(rest, "")
    except JudgmentsError:
        return rest
    return b""


def _parse(data: bytes, path: Path, *, first: int) -> list[Rating]:
    return [
        parse_rating(line, f"{path}:{number}")
        for number, line in enumerate(data.split(b"\n"), start=first)
        if line.strip()
    ]

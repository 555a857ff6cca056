"""A file of records: CSV, TSV or JSON Lines, gzipped or not, or standard input."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from indexer.errors import FeedError, FeedTruncatedError
from indexer.feeds.chunks import CHUNK_BYTES, peek
from indexer.feeds.compression import decompressed
from indexer.feeds.delimited import read_delimited
from indexer.feeds.format import FeedFormat, delimiter_of, is_enough, recognise
from indexer.feeds.jsonl import read_jsonl
from indexer.feeds.lines import read_lines
from indexer.feeds.raw import RawRecord
from searchsvc.errors import EventFileError
from searchsvc.events.files.rejections import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from indexer.feeds.lines import Line

STANDARD_INPUT = "-"


class RecordFile:
    """An open file, to be read once, in constant memory.

    Attributes:
        name: of the file, for people.
        total_bytes: as it is stored; ``None`` for standard input.
        bytes_read: of them, so far.
        line: on which the latest record begins; 0 before the first.
    """

    def __init__(self, file: BinaryIO, name: str, total_bytes: int | None) -> None:
        self.name = name
        self.total_bytes = total_bytes
        self.bytes_read = 0
        self.line = 0
        self._stream = self._unpacked(file)
        self._head = b""

    def first_line(self) -> str:
        """The first line that is not blank, or ``""``; reading begins with it all the same.

        Raises:
            EventFileError: the file cannot be read.
        """
        self._peek()
        # A second reader of the beginning alone: it knows the byte order marks.
        lines = read_lines(iter((self._head,)))
        texts = (line.data.decode("utf-8", "replace").strip() for line in lines)
        with self._readable():
            return next((text for text in texts if text), "")

    def lines(self) -> Iterator[Line]:
        """Every line.

        Raises:
            EventFileError: from the iterator, after the lines before the damage.
        """
        with self._readable():
            for line in read_lines(self._stream):
                self.line = line.number
                yield line

    def records(
        self, column: Callable[[Sequence[str]], int], kind: FeedFormat | None = None
    ) -> Iterator[RawRecord | Rejection]:
        """Every record in the order of the file; a bad one is a value, not an exception.

        Args:
            column: given the header of a delimited file, the position of one that must be there;
                raises what it likes if the header will not do.
            kind: of the file; by default it is recognised.

        Raises:
            EventFileError: from the iterator, after the records before the damage.
        """
        self._peek()
        with self._readable():
            kind = kind or recognise(self._head, self.name, "")
            if kind is FeedFormat.XML:
                raise EventFileError(f"{self.name} is XML; expected CSV, TSV or JSON Lines")
            for record in (
                read_jsonl(self._stream)
                if kind is FeedFormat.JSONL
                else read_delimited(self._stream, delimiter_of(self._head, kind), column)
            ):
                self.line = record.position
                yield (
                    record
                    if isinstance(record, RawRecord)
                    # Its value is the whole line, which has the customer's id.
                    else Rejection(record.position, record.field, record.reason)
                )

    def _peek(self) -> None:
        if not self._head:
            with self._readable():
                self._head, self._stream = peek(self._stream, is_enough)

    @contextmanager
    def _readable(self) -> Generator[None]:
        """Tell of the file in our own words."""
        try:
            yield
        except FeedTruncatedError as error:
            raise EventFileError(
                f"{self.name} ends in the middle: {str(error).partition(';')[0]}. What came "
                "before was taken; write the file again and import it, nothing is taken twice."
            ) from error
        except FeedError as error:
            raise EventFileError(f"{self.name} cannot be read: {error}") from error

    def _unpacked(self, file: BinaryIO) -> Iterator[bytes]:
        """The decompressed bytes; nothing is read before the first of them is asked for."""
        yield from decompressed(self._chunks(file))

    def _chunks(self, file: BinaryIO) -> Iterator[bytes]:
        try:
            while chunk := file.read(CHUNK_BYTES):
                self.bytes_read += len(chunk)
                yield chunk
        except OSError as error:
            raise EventFileError(f"{self.name} cannot be read: {error.strerror}") from error


@contextmanager
def open_records(location: str) -> Generator[RecordFile]:
    """Open the file at a path, or standard input for ``-``.

    Raises:
        EventFileError: there is no such file.
    """
    if location == STANDARD_INPUT:
        yield RecordFile(sys.stdin.buffer, "standard input", None)
        return
    path = Path(location)
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise EventFileError(f"{location} cannot be opened: {reason}; check the path") from error
    with file:
        yield RecordFile(file, location, path.stat().st_size if path.is_file() else None)

"""The rows of delimited text, each with the line it starts on."""

from __future__ import annotations

import csv
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from indexer.errors import FeedTruncatedError, FeedUnreadableError
from indexer.feeds.raw import MAX_RECORD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.feeds.lines import Line

# Each one makes the reader look at up to MAX_RECORD_BYTES a second time.
_MAX_RUNAWAY_QUOTES = 100


_NOT_UTF8 = "expected text in UTF-8; convert the feed, as with iconv -f WINDOWS-1252 -t UTF-8"


class Row(NamedTuple):
    """What the CSV grammar makes of one or several lines.

    Attributes:
        position: number of the first line.
        cells: the texts; () if there is a problem.
        problem: what was expected instead of this row, "" if it is fine.
        start: the first line, for messages.
        has_end: whether the last line has a line end.
    """

    position: int
    cells: Sequence[str]
    problem: str
    start: bytes
    has_end: bool


class Rows:
    """An iterator over rows; blank lines are skipped.

    A row that grows over the size of a record has a quote that is not closed: it is reported
    with its first line, and reading goes on with the second, so that a stray quote costs one
    record instead of all that follow.

    Raises:
        FeedTruncatedError: while iterating, when the text ends inside a quoted cell.
        FeedUnreadableError: while iterating, when too many quotes are not closed.
    """

    def __init__(self, lines: Iterator[Line], delimiter: str) -> None:
        # The limit belongs to the whole process; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_RECORD_BYTES))
        self._lines = _RowLines(lines)
        self._parser = csv.reader(self._lines, delimiter=delimiter)

    def __iter__(self) -> Iterator[Row]:
        lines = self._lines
        while True:
            lines.start_row()
            problem = ""
            cells: Sequence[str] = ()
            try:
                cells = next(self._parser)
            except StopIteration:
                return
            except _OversizedError:
                problem = f"expected a row of at most {MAX_RECORD_BYTES:,} bytes"
                if lines.give_back():
                    problem += "; a quoted cell begins here that is not closed"
            except csv.Error as error:
                problem = f"expected a row of delimited cells: {error}"
            if cells or problem:
                yield lines.row(cells, problem)


class _OversizedError(Exception):
    """The lines of one row are more than a record may have."""


class _RowLines:
    """The lines as the csv module wants them, noting which of them it takes for a row."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._given_back: deque[Line] = deque()
        self._runaway_quotes = 0
        self._is_exhausted = False
        self.start_row()

    def start_row(self) -> None:
        self._taken: list[Line] = []
        self._size = 0
        self._is_utf8 = True

    def __iter__(self) -> _RowLines:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._lines, None)
        if line is None:
            self._is_exhausted = True
            raise StopIteration
        self._taken.append(line)
        self._size += len(line.data)
        if line.is_oversized or self._size > MAX_RECORD_BYTES:
            raise _OversizedError
        try:
            return line.data.decode() + "\n"
        except UnicodeDecodeError:
            self._is_utf8 = False
            return line.data.decode("utf-8", "replace") + "\n"

    def give_back(self) -> bool:
        """Return all lines of the row but the first; whether there were any."""
        later = self._taken[1:]
        if not later:
            return False
        self._runaway_quotes += 1
        if self._runaway_quotes > _MAX_RUNAWAY_QUOTES:
            raise FeedUnreadableError(
                f"more than {_MAX_RUNAWAY_QUOTES} quoted cells are not closed, the last one on "
                f"line {self._taken[0].number}; check the format, the delimiter and how the feed "
                "quotes its cells"
            )
        self._given_back.extendleft(reversed(later))
        del self._taken[1:]
        return True

    def row(self, cells: Sequence[str], problem: str) -> Row:
        """The row that the lines taken make up."""
        first, last = self._taken[0], self._taken[-1]
        if self._is_exhausted and not problem:
            # The parser asked for another line after the last one.
            raise FeedTruncatedError(
                f"the feed ends inside a quoted cell of the row that starts on line "
                f"{first.number}; fetch the feed again, or use --force to take what was read"
            )
        if not self._is_utf8:
            cells, problem = (), problem or _NOT_UTF8
        return Row(first.number, cells, problem, first.data, last.has_end)

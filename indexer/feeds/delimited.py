"""The delimited formats, CSV and TSV: a header of names, then one record per row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.errors import FeedTruncatedError, FeedUnreadableError
from indexer.feeds.lines import read_lines
from indexer.feeds.markup import clean
from indexer.feeds.raw import RawRecord, RawValue, whole_record
from indexer.feeds.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from indexer.feeds.rows import Row
    from indexer.product import Rejection

MAX_COLUMNS = 3_000


def read_delimited(
    chunks: Iterator[bytes], delimiter: str, id_column: Callable[[Sequence[str]], int]
) -> Iterator[RawRecord | Rejection]:
    """The records of a CSV or TSV feed (RFC 4180, any delimiter), by the line they start on.

    A column whose name is blank is left out; columns of the same name give a list. A row without
    any text is skipped. A row with more cells than the header is rejected unless the surplus is
    empty; one with fewer cells too, since that is what an unquoted line break makes of a row.

    Args:
        chunks: the decompressed feed.
        delimiter: one character.
        id_column: index of the column with the id, given the header; may refuse the header.

    Raises:
        FeedUnreadableError: from the iterator, when there is no usable header.
        FeedTruncatedError: from the iterator, when the feed ends inside a quoted cell, or with
            an incomplete row without a line end; and whatever `chunks` raises, after the rows
            that were complete.
    """
    header: _Header | None = None
    for row in Rows(read_lines(chunks), delimiter):
        if header is None:
            header = _header(row, id_column)
        elif record := header.record(row):
            yield record


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str, ...]
    id_column: int
    is_plain: bool  # every name there, every name once

    def record(self, row: Row) -> RawRecord | Rejection | None:
        """The record of a row; None for a row without text."""
        cells = row.cells
        if row.problem:
            return whole_record(row.position, row.start, row.problem)
        if not any(map(str.strip, cells)):
            return None
        width = len(self.names)
        if len(cells) == width and self.is_plain:
            return RawRecord(row.position, dict(zip(self.names, cells, strict=True)))
        if len(cells) < width or any(map(str.strip, cells[width:])):
            return self._wrong_width(row)
        return RawRecord(row.position, self._merged(cells))

    def _wrong_width(self, row: Row) -> Rejection:
        if len(row.cells) < len(self.names) and not row.has_end:
            raise FeedTruncatedError(
                f"the last row (line {row.position}) ends after {len(row.cells)} of "
                f"{len(self.names)} cells; fetch the feed again, or use --force to take what "
                "was read"
            )
        has_id = self.id_column < len(row.cells)
        return whole_record(
            row.position,
            row.start,
            f"expected {len(self.names)} cells as in the header, found {len(row.cells)}",
            row.cells[self.id_column].strip() if has_id else "",
        )

    def _merged(self, cells: Sequence[str]) -> dict[str, RawValue]:
        fields: dict[str, RawValue] = {}
        for name, cell in zip(self.names, cells, strict=False):
            if not name or not cell:
                continue
            earlier = fields.get(name)
            if earlier is None:
                fields[name] = cell
            elif isinstance(earlier, list):
                earlier.append(cell)
            else:
                fields[name] = [earlier, cell]
        return fields


def _header(row: Row, id_column: Callable[[Sequence[str]], int]) -> _Header:
    if row.problem:
        raise FeedUnreadableError(f"the header (line {row.position}) is unusable: {row.problem}")
    names = tuple(map(clean, row.cells))
    if len(names) > MAX_COLUMNS:
        raise FeedUnreadableError(
            f"the header has {len(names):,} columns, expected at most {MAX_COLUMNS:,}; "
            "check the format and the delimiter"
        )
    is_plain = all(names) and len(set(names)) == len(names)
    return _Header(names, id_column(names), is_plain)

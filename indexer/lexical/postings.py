"""Postings: for each term the rows that have it, and what it counts in each.

A catalogue is cut into chunks of 65,536 rows, so that within one a row is two bytes. The postings
of a term are runs, one for each chunk that has any; a query goes through the chunks one after the
other, and what it adds up stays in the processor's cache. Runs are what it skips by, too.

An impact is tf / (tf + k1) in steps of 1/65535: it depends on nothing but the product (and the
average lengths of the fields), so that postings of another generation can be taken over as they
are. What a term tells (its idf) is a number of each query, worked out from how many postings the
term has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.storage import StringTable, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.storage import ArrayFile

CHUNK_BITS = 16
CHUNK_ROWS = 1 << CHUNK_BITS
STEPS = 65535
"""Impacts are whole numbers up to this, which stands for 1."""


class Runs(NamedTuple):
    """The postings of many terms, as compiled functions take them.

    Attributes:
        first: uint32 ``(terms + 1,)``, the first run of each term; the last is the end.
        chunks: uint16 ``(runs,)``, which chunk each run is of, ascending within a term.
        begins: uint32 ``(runs + 1,)``, the first posting of each run; the last is the end.
        rows: uint16 ``(postings,)``, within the chunk, ascending within a run.
        impacts: uint16 ``(postings,)``, 1 to `STEPS`.
        peaks: uint16 ``(terms,)``, the greatest impact of each term.
    """

    first: NDArray[np.uint32]
    chunks: NDArray[np.uint16]
    begins: NDArray[np.uint32]
    rows: NDArray[np.uint16]
    impacts: NDArray[np.uint16]
    peaks: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Postings:
    """A vocabulary and its postings.

    Attributes:
        terms: sorted by UTF-8 bytes.
        runs: of the terms.
    """

    terms: StringTable
    runs: Runs

    @classmethod
    def read(cls, file: ArrayFile) -> Postings:
        """Those in `file`, mapped.

        Raises:
            SnapshotCorruptError: the file lacks an array.
        """
        runs = Runs(*(file.array(name) for name in Runs._fields))
        return cls(StringTable.read(file, "terms"), runs)

    def write(self, path: Path, others: dict[str, NDArray[Any]]) -> None:
        """Write them to `path`, together with arrays of `others`."""
        write_arrays(path, {**self.terms.arrays("terms"), **self.runs._asdict(), **others})

    def counts(self) -> NDArray[np.int64]:
        """In how many rows each term occurs, int64 ``(terms,)``."""
        ends = self.runs.begins[self.runs.first].astype(np.int64)
        return ends[1:] - ends[:-1]


def unproven_file(path: Path) -> Path:
    """Where the unproven forms of the postings in `path` are kept, for the next delta."""
    return path.with_suffix(".unproven.safetensors")


@compiled
def signed(number: int | np.integer[Any]) -> int:
    """An unsigned number as a signed one: together, the compiler would make floats of both."""
    return np.int64(number)  # type: ignore[return-value] # machine code knows but one kind


@compiled
def run_in(runs: Runs, term: int, chunk: int) -> int:
    """The number of the term's run in a chunk; -1 where it has none there."""
    low, end = signed(runs.first[term]), signed(runs.first[term + 1])
    high = end
    while low < high:
        middle = (low + high) // 2
        if runs.chunks[middle] < chunk:
            low = middle + 1
        else:
            high = middle
    if low < end and runs.chunks[low] == chunk:
        return low
    return -1


@compiled
def place_from(rows: NDArray[np.uint16], begin: int, end: int, row: int) -> int:
    """The first place from `begin` whose row is not before `row`; `end` if there is none.

    The steps double until they are too far: rows that are looked for in ascending order cost as
    much as lies between them, not as much as there is.
    """
    step = 1
    low = begin
    while low + step < end and rows[low + step] < row:
        low += step
        step *= 2
    high = min(low + step, end)
    while low < high:
        middle = (low + high) // 2
        if rows[middle] < row:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def rows_of(runs: Runs, term: int) -> NDArray[np.int32]:
    """The rows of a term, int32 ``(n,)``, ascending."""
    first, end = signed(runs.first[term]), signed(runs.first[term + 1])
    begin = signed(runs.begins[first])
    rows = np.empty(signed(runs.begins[end]) - begin, np.int32)
    for run in range(first, end):
        base = signed(runs.chunks[run]) << CHUNK_BITS
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            rows[place - begin] = base | signed(runs.rows[place])
    return rows

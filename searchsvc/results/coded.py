"""A coded column: whole numbers in place of values, in the order of the values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.compiled import compiled
from searchsvc.results.bundles import Bundles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.columns import Column, Scalar
    from indexer.derived import Derived

_MASK_PAIRS = 3
"""So many pairs for each chosen row cost as much to look through as to look up by row."""


class RowSet:
    """Rows of a snapshot, to be looked up in one column after the other.

    Attributes:
        rows: int64 ``(n,)`` ascending.
        products: the number of rows of the snapshot.
    """

    def __init__(self, rows: NDArray[np.int64], products: int) -> None:
        self.rows = rows
        self.products = products

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """Where each row of the snapshot stands in `rows`, int32 ``(products,)``; -1 for none."""
        places = np.full(self.products, -1, np.int32)
        places[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        return places


@dataclass(frozen=True, slots=True)
class Coded:
    """A column whose values are numbered from 0, the smallest first.

    Attributes:
        column: what is numbered.
        codes: of any integer type, ``(products,)`` where the column is dense, -1 for no value;
            else one for each pair.
        offsets: int32 ``(products + 1,)``, where the pairs of each row begin; ``None`` where
            dense.
        numbers: float64 ``(size,)`` ascending, of a number column; ``None`` of any other.
        size: all codes are below it.
        repeated: whether any row has several values.
        bundles: of a sparse column whose products share their sets of values.
    """

    column: Column
    codes: NDArray[Any]
    offsets: NDArray[np.int32] | None
    numbers: NDArray[np.float64] | None
    size: int
    repeated: bool
    bundles: Bundles | None = None

    @classmethod
    def of(cls, field: str, column: Column, derived: Derived) -> Coded:
        """The codes of `column`, called `field`, kept in `derived`."""
        return derived.get(("coded", field), lambda: cls._made(column), cls._kept_bytes)

    @classmethod
    def _made(cls, column: Column) -> Coded:
        offsets = column.offsets
        if offsets is None and column.pair_rows is not None:
            lengths = np.bincount(column.pair_rows, minlength=column.products)
            offsets = np.zeros(column.products + 1, np.int32)
            np.cumsum(lengths, out=offsets[1:])
        repeated = offsets is not None and bool(np.diff(offsets).max(initial=0) > 1)
        # One value is looked up as fast as its bundle.
        bundles = Bundles.of(offsets, column.codes) if repeated and offsets is not None else None
        return cls(column, column.codes, offsets, column.numbers, column.size, repeated, bundles)

    def _kept_bytes(self) -> int:
        """What is not mapped from the snapshot's file."""
        kept = 0 if self.bundles is None else self.bundles.nbytes
        if self.offsets is None or self.column.offsets is not None:
            return kept
        return kept + self.offsets.nbytes

    def value(self, code: int) -> Scalar:
        """The value that has `code`."""
        if self.column.texts is not None:
            return self.column.texts[code]
        return bool(code) if self.numbers is None else float(self.numbers[code])

    def smallest(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The code of the smallest value of each of `rows`, ``(len(rows),)``; -1 for none."""
        if self.offsets is None:
            return self.codes[rows]
        begins = self.offsets[rows]
        return self._at(begins, begins < self.offsets[rows + 1])

    def largest(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The code of the largest value of each of `rows`, ``(len(rows),)``; -1 for none."""
        if self.offsets is None:
            return self.codes[rows]
        ends = self.offsets[rows + 1]
        return self._at(ends - 1, self.offsets[rows] < ends)

    def tally(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many values with each code the `rows` have, int64 ``(size,)``."""
        if self.offsets is None:
            return _tally_dense(self.codes, rows, self.size)
        if self.bundles is not None:
            return self.bundles.tally(rows, self.size)
        return _tally_sparse(self.codes, self.offsets, rows, self.size)

    def _at(self, places: NDArray[np.int32], exist: NDArray[np.bool_]) -> NDArray[Any]:
        out = np.full(len(places), -1, np.int32)
        out[exist] = self.codes[places[exist]]
        return out

    def pairs(self, chosen: RowSet) -> tuple[NDArray[Any] | None, NDArray[Any]]:
        """The values of the `chosen` rows, ascending by row, then by value.

        Returns:
            The places in ``chosen.rows``, integers ``(n,)``, ``None`` for each place once, as in
            a dense column; and the codes ``(n,)``. A dense column has the code -1 where a row has
            no value.
        """
        if self.offsets is None:
            return None, self.codes[chosen.rows]
        if len(self.codes) <= _MASK_PAIRS * len(chosen.rows):
            places = np.repeat(chosen.places, np.diff(self.offsets))
            kept = places >= 0
            return places[kept], self.codes[kept]
        begins = self.offsets[chosen.rows]
        lengths = self.offsets[chosen.rows + 1] - begins
        ends = np.cumsum(lengths)
        found = np.repeat(begins - (ends - lengths), lengths)
        found += np.arange(len(found))
        return np.repeat(np.arange(len(lengths)), lengths), self.codes[found]


@compiled
def _tally_dense(codes: NDArray[Any], rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    counts = np.zeros(size, np.int64)
    for row in rows:
        if codes[row] >= 0:
            counts[codes[row]] += 1
    return counts


@compiled
def _tally_sparse(
    codes: NDArray[Any], offsets: NDArray[np.int32], rows: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    counts = np.zeros(size, np.int64)
    for row in rows:
        for place in range(offsets[row], offsets[row + 1]):
            counts[codes[place]] += 1
    return counts

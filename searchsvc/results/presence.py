"""Presence: which columns the products of a match set have values in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from indexer.columns import Column
    from indexer.snapshot import Snapshot

_FEW = 1_000  # rows, most of which name nearly all columns


@dataclass(frozen=True, slots=True)
class Presence:
    """The columns of each product.

    Attributes:
        names: of the columns, in the order in which they are numbered.
        offsets: int64 ``(products + 1,)``, where those of each row begin.
        columns: int32 ``(n,)``, their numbers, row after row.
    """

    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    columns: NDArray[np.int32]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Presence:
        """That of a snapshot, kept beside it."""
        return snapshot.derived.get(
            ("presence",),
            lambda: cls._made(snapshot),
            lambda made: made.offsets.nbytes + made.columns.nbytes,
        )

    @classmethod
    def _made(cls, snapshot: Snapshot) -> Presence:
        products = len(snapshot.products)
        names = tuple(snapshot.columns.names())
        found = [_rows(snapshot.columns.get(name)) for name in names]
        rows = np.concatenate(found)
        numbers = np.repeat(np.arange(len(names), dtype=np.int32), list(map(len, found)))
        offsets = np.zeros(products + 1, np.int64)
        np.cumsum(np.bincount(rows, minlength=products), out=offsets[1:])
        return cls(names, offsets, numbers[np.argsort(rows, kind="stable")])

    def count(self, rows: NDArray[np.int64]) -> Mapping[str, int]:
        """How many of `rows`, int64 ``(n,)``, have a value, by column; none without any."""
        begins = self.offsets[rows]
        lengths = self.offsets[rows + 1] - begins
        places = np.repeat(begins - (np.cumsum(lengths) - lengths), lengths)
        places += np.arange(len(places))
        counts = np.bincount(self.columns[places], minlength=len(self.names))
        return {self.names[number]: int(counts[number]) for number in np.flatnonzero(counts)}


def columns_of(snapshot: Snapshot, rows: NDArray[np.int64]) -> Collection[str]:
    """The names of the columns that any of `rows`, int64 ``(n,)``, has a value in.

    What `Presence.count` names, without counting: the few columns that the first rows do not have
    are looked at one by one, which takes a fraction of the time where the rows are many.
    """
    found = Presence.of(snapshot).count(rows[:_FEW]).keys()
    if len(rows) <= _FEW:
        return found
    wanted = np.zeros(len(snapshot.products), np.bool_)
    wanted[rows] = True
    others = set(snapshot.columns.names()) - found
    return {*found, *(name for name in others if _any(snapshot.columns.get(name), wanted))}


def _any(column: Column | None, wanted: NDArray[np.bool_]) -> bool:
    if column is None:
        return False
    if column.rows is None:
        return bool((column.present() & wanted).any())
    return bool(wanted[column.rows].any())


def _rows(column: Column | None) -> NDArray[np.int32]:
    """The rows that have a value, each once, ascending."""
    if column is None:
        return np.empty(0, np.int32)
    if column.rows is None:
        return np.flatnonzero(column.present()).astype(np.int32)
    first = np.ones(len(column.rows), np.bool_)
    first[1:] = column.rows[1:] != column.rows[:-1]
    return column.rows[first]

"""Merged columns: those of a generation after some products have gone and others have come.

What stays is moved by whole arrays. They are what a full build of the same products would write,
to the byte, as long as there are no more than `MAX_COLUMNS` names: of those beyond it nobody
counts how often they occur, and a new name stays out until the next full build.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexer.build.columnpairs import Counts
from indexer.build.columns import LEFT_OUT, MAX_COLUMNS, Collected, ColumnsFile, column_values
from indexer.build.pairmerge import merged_locations, merged_pairs
from indexer.columns import CHANGED_FILE, LOCATIONS, Columns
from indexer.product import Product
from indexer.products import ProductStore
from indexer.snapshot import COLUMNS_FILE
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.build.columns import ColumnsSummary
    from indexer.columns import Column, Scalar
    from indexer.product import Location
    from indexer.storage import ArrayFile

_LARGEST_CHANGE = 0.5
"""Share of the main file's bytes from which on changed columns go into a new main file."""


def merge_columns(
    base: Path, target: Path, moved: NDArray[np.int32], added: Sequence[tuple[int, Product]]
) -> ColumnsSummary:
    """Write the columns of a generation whose rows are others than those of its base.

    Args:
        base: directory of a generation.
        target: directory of the new one.
        moved: int32 ``(old products,)``, the new row of each, ascending; -1 where it is gone.
        added: products with their new rows, ascending; together with `moved` they fill all rows.
    """
    return _Merge(base, moved, added).write_whole(target)


def patch_columns(
    base: Path, target: Path, changed: Sequence[tuple[int, Product]]
) -> ColumnsSummary:
    """Write the columns that differ from those of the base, whose products are the same.

    They go into a file of changed columns, with those of the base's; into a new main file where
    that would become large. Otherwise the caller links the main file.

    Args:
        base: directory of a generation.
        target: directory of the new one.
        changed: products with their rows, ascending.
    """
    moved = np.arange(len(ProductStore(base)), dtype=np.int32)
    moved[[row for row, _ in changed]] = -1
    return _Merge(base, moved, changed).write_changed(target)


class _Values:
    """The values under each name of some products, and where the products are."""

    def __init__(self, products: Iterable[tuple[int, Product]]) -> None:
        self.by_name: dict[str, dict[int, list[Scalar]]] = defaultdict(lambda: defaultdict(list))
        self.locations: dict[int, tuple[Location, ...]] = {}
        for row, product in products:
            for name, value in column_values(product):
                self.by_name[name][row].append(value)
            if product.locations:
                self.locations[row] = product.locations

    def counts(self, name: str) -> Counts:
        """How many values of each kind are under `name`."""
        found = self.by_name.get(name, {})
        return Counts.of(value for values in found.values() for value in values)

    def typed(self, name: str) -> dict[int, list[tuple[type, Scalar]]]:
        """The values under `name` by row, with their types: in Python 0 equals False."""
        found = self.by_name.get(name, {})
        return {row: [(type(value), value) for value in found[row]] for row in found}

    def pairs(self, name: str) -> list[tuple[int, Scalar]]:
        """Rows and values under `name`."""
        found = self.by_name.get(name, {})
        return [(row, value) for row, values in found.items() for value in values]


@dataclass(frozen=True)
class _Merge:
    base: Path
    moved: NDArray[np.int32]
    added: Sequence[tuple[int, Product]]

    def write_whole(self, target: Path) -> ColumnsSummary:
        file = ColumnsFile(self._products)
        for name in sorted(self._after):
            self._put(file, name)
        self._put_locations(file)
        return file.write(target / COLUMNS_FILE, self._left_out)

    def write_changed(self, target: Path) -> ColumnsSummary:
        """Only where no row has moved."""
        touched = self._touched()
        before = self._overlay
        earlier = set() if before is None else _names(before)
        file = ColumnsFile(self._products)
        for name in sorted((earlier | touched) & self._after.keys()):
            if name in touched:
                self._put(file, name)
            elif before is not None:
                file.take(before, name)
        if LOCATIONS in touched:
            self._put_locations(file)
        elif before is not None:
            file.take(before, LOCATIONS)
        if file.nbytes > _LARGEST_CHANGE * (self.base / COLUMNS_FILE).stat().st_size:
            return self._rewritten(file, target)
        removed = _names(self._main) - self._after.keys()
        return file.write(target / CHANGED_FILE, self._left_out, sorted(removed))

    def _rewritten(self, changed: ColumnsFile, target: Path) -> ColumnsSummary:
        """The main file with the columns of `changed` in place of its own."""
        for name in self._after:
            if not changed.has(name):
                changed.take(self._main, name)
        if not changed.has(LOCATIONS):
            changed.take(self._main, LOCATIONS)
        return changed.write(target / COLUMNS_FILE, self._left_out)

    @cached_property
    def _main(self) -> ArrayFile:
        return read_arrays(self.base / COLUMNS_FILE)

    @cached_property
    def _overlay(self) -> ArrayFile | None:
        path = self.base / CHANGED_FILE
        return read_arrays(path) if path.exists() else None

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.base / COLUMNS_FILE)

    def _stored(self, name: str) -> Column | None:
        """The column of the base; ``None`` where no product has a value."""
        column = self._columns.get(name)
        return column if column is not None and column.digest else None

    @cached_property
    def _store(self) -> ProductStore:
        return ProductStore(self.base)

    @property
    def _products(self) -> int:
        return int(np.count_nonzero(self.moved >= 0)) + len(self.added)

    @cached_property
    def _old(self) -> _Values:
        """Of what goes, by old row."""
        gone = np.flatnonzero(self.moved < 0).tolist()
        return _Values((row, Product.from_json(self._store.json(row))) for row in gone)

    @cached_property
    def _new(self) -> _Values:
        """Of what comes, by new row."""
        return _Values(self.added)

    @cached_property
    def _before(self) -> dict[str, Counts]:
        """The values of the base by column."""
        texts = dict(self._main.metadata)
        names = _names(self._main)
        if self._overlay is not None:
            texts |= self._overlay.metadata
            names |= _names(self._overlay)
        return {
            name: Counts.read(texts[f"{name}/counts"])
            for name in names
            if self._stored(name) is not None
        }

    @cached_property
    def _all_counts(self) -> dict[str, Counts]:
        """The values after the merge, by name; names beyond the most among them."""
        known = self._before
        left_out = int((self._overlay or self._main).metadata[LEFT_OUT])
        names = known.keys() | (set() if left_out else self._new.by_name.keys())
        counts = {
            name: known.get(name, Counts()) - self._old.counts(name) + self._new.counts(name)
            for name in names
        }
        return {name: it for name, it in counts.items() if it.total}

    @cached_property
    def _after(self) -> Mapping[str, Counts]:
        """The values of each column after the merge."""
        counts = self._all_counts
        frequent = sorted(counts, key=lambda name: (-counts[name].total, name))
        return {name: counts[name] for name in frequent[:MAX_COLUMNS]}

    @cached_property
    def _left_out(self) -> list[str]:
        """The names of no column that products of the merge have, as far as is known."""
        known = self._all_counts.keys() | self._new.by_name.keys()
        return sorted(known - self._after.keys())

    def _touched(self) -> set[str]:
        """The names under which any product has other values than before."""
        old, new = self._old, self._new
        names = old.by_name.keys() | new.by_name.keys()
        touched = {name for name in names if old.typed(name) != new.typed(name)}
        if old.locations != new.locations:
            touched.add(LOCATIONS)
        return touched

    def _put(self, file: ColumnsFile, name: str) -> None:
        counts = self._after[name]
        kind = counts.kind()
        column = self._stored(name)
        if column is not None and column.kind != kind:
            pairs = self._reread[name].pairs(kind)
        else:
            pairs = merged_pairs(column, kind, self.moved, self._new.pairs(name))
        file.add(name, pairs, counts)

    @cached_property
    def _reread(self) -> Mapping[str, Collected]:
        """The columns that become ones of another kind, from the products themselves."""
        changed = {
            name: Collected()
            for name, counts in self._after.items()
            if (column := self._stored(name)) is not None and column.kind != counts.kind()
        }
        stored = (
            (int(self.moved[row]), Product.from_json(self._store.json(row)))
            for row in np.flatnonzero(self.moved >= 0).tolist()
        )
        for products in (stored, self.added):
            for row, product in products:
                for name, value in column_values(product):
                    if name in changed:
                        changed[name].add(row, value)
        return changed

    def _put_locations(self, file: ColumnsFile) -> None:
        new = self._new.locations
        file.add_locations(*merged_locations(self._columns.locations, self.moved, new))


def _names(file: ArrayFile) -> set[str]:
    return {key.removesuffix("/codes") for key in file.arrays if key.endswith("/codes")}

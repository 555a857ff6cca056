"""The columns of a build: what each product puts into which column, and the file of them.

A name that is a number in nearly all products is a number column: a stray text in it must not
take every shopper's range filter away. It is left out of the column, not of the product, and the
report counts it. A name without a prevailing kind is a text column.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from indexer.build.columnpairs import KINDS, Counts, Pairs, location_arrays
from indexer.build.repute import repute
from indexer.columns import PATH_SEPARATOR, REMOVED, TEXT_FIELDS, Kind, Scalar, kind_of
from indexer.storage import write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.product import Location, Product
    from indexer.storage import ArrayFile

MAX_COLUMNS = 20_000
"""A feed with more field names has values where names should be; the most frequent are kept."""
LEFT_OUT = "left_out"
"""The text of a file of columns that says how many names it has not."""
_PARTS = (
    "codes", "rows", "offsets", "texts.data", "texts.offsets", "numbers",
    "kind", "counts", "digest", "path",
    "places", "latitudes", "longitudes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnsSummary:
    """What did not become part of a column.

    Attributes:
        stray: values of another kind than their column's, counted by column.
        left_out: names beyond `MAX_COLUMNS`.
    """

    stray: Mapping[str, int]
    left_out: tuple[str, ...]


def column_values(product: Product) -> Iterator[tuple[str, Scalar]]:
    """What `product` puts into which column; a list gives several pairs.

    Google's attributes keep their names, the shop's own get the prefix ``attributes.``, amounts
    of money are in the currency's major unit (49.95), ``effective_price`` is the sale price where
    there is one, ``product_type`` and ``google_product_category`` hold each category path with all
    of its ancestors, and `repute` gives the columns that shops have under many names.
    """
    for name in TEXT_FIELDS:
        value = getattr(product, name)
        if value:
            yield name, str(value)
    yield from _prices(product)
    yield from _with_ancestors("product_type", product.product_types)
    yield from _with_ancestors("google_product_category", (product.google_product_category,))
    for label in product.custom_labels:
        yield "custom_label", label
    yield from repute(product)
    for name, value in product.attributes.items():
        for item in value if isinstance(value, tuple) else (value,):
            yield f"attributes.{name}", item


def _prices(product: Product) -> Iterator[tuple[str, Scalar]]:
    if product.price is not None:
        yield "currency", product.price.currency
        yield "price", product.price.major_units
        yield "effective_price", (product.sale_price or product.price).major_units
    if product.sale_price is not None:
        yield "sale_price", product.sale_price.major_units


def _with_ancestors(name: str, paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """``A``, ``A > B`` and ``A > B > C`` of ``A > B > C``, each once."""
    distinct: dict[str, None] = {}
    for path in paths:
        steps = [step for part in path.split(">") if (step := part.strip())]
        for depth in range(1, len(steps) + 1):
            distinct[PATH_SEPARATOR.join(steps[:depth])] = None
    return ((name, ancestor) for ancestor in distinct)


class Collected:
    """One column while it grows: pairs of row and position in its distinct values."""

    __slots__ = ("places", "positions", "rows", "values")

    def __init__(self) -> None:
        self.rows = array("i")
        self.positions = array("i")
        self.values: list[Scalar] = []
        self.places: dict[Scalar | tuple[type, Scalar], int] = {}

    def add(self, row: int, value: Scalar) -> None:
        """Add a value of the product in `row`; rows may come in any order."""
        # 1, 1.0 and True are one dictionary key; the type keeps apart what would be confused.
        key = value if isinstance(value, str) else (type(value), value)
        position = self.places.setdefault(key, len(self.values))
        if position == len(self.values):
            self.values.append(value)
        self.rows.append(row)
        self.positions.append(position)

    def counts(self) -> Counts:
        """How many values of each kind there are."""
        found = dict.fromkeys(KINDS, 0)
        for position, count in Counter(self.positions).items():
            found[kind_of(self.values[position])] += count
        return Counts(**found)

    def pairs(self, kind: Kind) -> Pairs:
        """All pairs that are of `kind`."""
        rows = np.frombuffer(self.rows, np.int32)
        return Pairs.of(kind, rows, np.frombuffer(self.positions, np.int32), self.values)


class ColumnsBuilder:
    """Collects the columns of products in row order."""

    def __init__(self) -> None:
        self._products = 0
        self._columns: dict[str, Collected] = {}
        self._location_rows = array("i")
        self._location_places = array("i")
        self._places: dict[Location, int] = {}

    def add(self, product: Product) -> None:
        """Add the next row."""
        for name, value in column_values(product):
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = Collected()
            column.add(self._products, value)
        for location in product.locations:
            self._location_rows.append(self._products)
            self._location_places.append(self._places.setdefault(location, len(self._places)))
        self._products += 1

    def write(self, path: Path) -> ColumnsSummary:
        """Write the columns of all rows added so far."""
        file = ColumnsFile(self._products)
        frequent = sorted(self._columns, key=lambda name: (-len(self._columns[name].rows), name))
        for name in sorted(frequent[:MAX_COLUMNS]):
            counts = self._columns[name].counts()
            file.add(name, self._columns[name].pairs(counts.kind()), counts)
        file.add_locations(
            np.frombuffer(self._location_rows, np.int32),
            np.frombuffer(self._location_places, np.int32),
            np.array([place.latitude for place in self._places], float),
            np.array([place.longitude for place in self._places], float),
        )
        return file.write(path, frequent[MAX_COLUMNS:])


class ColumnsFile:
    """A file of columns while it is put together."""

    def __init__(self, products: int) -> None:
        self._products = products
        self._arrays: dict[str, NDArray[Any]] = {"products": np.array([products], np.int64)}
        self._metadata: dict[str, str] = {}
        self._stray: dict[str, int] = {}

    def add(self, name: str, pairs: Pairs, counts: Counts) -> None:
        """Add a column."""
        arrays, metadata = pairs.laid_out(name, self._products, counts)
        self._arrays.update(arrays)
        self._metadata.update(metadata)
        if counts.stray():
            self._stray[name] = counts.stray()

    def add_locations(
        self,
        rows: NDArray[np.int32],
        places: NDArray[np.int32],
        latitudes: NDArray[np.float64],
        longitudes: NDArray[np.float64],
    ) -> None:
        """Add the locations; see `indexer.locations.Locations`."""
        arrays, metadata = location_arrays(rows, places, latitudes, longitudes)
        self._arrays.update(arrays)
        self._metadata.update(metadata)

    def take(self, file: ArrayFile, name: str) -> None:
        """Add a column, or the locations, as it is in another file."""
        keys = [f"{name}/{part}" for part in _PARTS]
        self._arrays |= {key: file.arrays[key] for key in keys if key in file.arrays}
        self._metadata |= {key: file.metadata[key] for key in keys if key in file.metadata}

    def has(self, name: str) -> bool:
        """Whether a column, or the locations, have been added."""
        return f"{name}/digest" in self._metadata

    @property
    def nbytes(self) -> int:
        """Of all arrays so far."""
        return sum(array.nbytes for array in self._arrays.values())

    def write(
        self, path: Path, left_out: Sequence[str], removed: Sequence[str] = ()
    ) -> ColumnsSummary:
        """Write it.

        Args:
            path: of the file.
            left_out: names beyond `MAX_COLUMNS`.
            removed: columns of the main file that are gone, in a file of changes.
        """
        self._metadata[LEFT_OUT] = str(len(left_out))
        self._metadata[REMOVED] = orjson.dumps(sorted(removed)).decode()
        write_arrays(path, self._arrays, self._metadata)
        return ColumnsSummary(self._stray, tuple(sorted(left_out)))

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

from indexer.build.repute import repute
from indexer.columns import PATH_FIELDS, PATH_SEPARATOR, TEXT_FIELDS, Kind, Scalar, kind_of
from indexer.storage import StringTable, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.product import Location, Product

MAX_COLUMNS = 20_000
"""A feed with more field names has values where names should be; the most frequent are kept."""
_DENSE_SHARE = 0.5
_NEARLY_ALL = 0.95


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


class _Collected:
    """One column while it grows: pairs of row and position in its distinct values."""

    __slots__ = ("places", "positions", "rows", "values")

    def __init__(self) -> None:
        self.rows = array("i")
        self.positions = array("i")
        self.values: list[Scalar] = []
        self.places: dict[Scalar | tuple[type, Scalar], int] = {}

    def add(self, row: int, value: Scalar) -> None:
        # 1, 1.0 and True are one dictionary key; the type keeps apart what would be confused.
        key = value if isinstance(value, str) else (type(value), value)
        position = self.places.setdefault(key, len(self.values))
        if position == len(self.values):
            self.values.append(value)
        self.rows.append(row)
        self.positions.append(position)

    def kind(self) -> Kind:
        """That of nearly all values; where there is none such, everything is a text."""
        counts = Counter[Kind]()
        for position, count in Counter(self.positions).items():
            counts[kind_of(self.values[position])] += count
        kind, count = counts.most_common(1)[0]
        return kind if count >= len(self.positions) * _NEARLY_ALL else "text"

    def coded(
        self,
    ) -> tuple[Kind, NDArray[np.int32], NDArray[Any], StringTable | None]:
        """Kind, rows and values of all pairs that are of the kind, and the texts of the codes."""
        kind = self.kind()
        rows = np.frombuffer(self.rows, np.int32)
        positions = np.frombuffer(self.positions, np.int32)
        if kind == "text":
            codes, table = _code_texts([_as_text(value) for value in self.values])
            return kind, rows, codes[positions], table
        fits = np.array([kind_of(value) == kind for value in self.values])
        dtype = np.int8 if kind == "bool" else np.float64
        pool = np.zeros(len(self.values), dtype)
        pool[fits] = [value for value in self.values if kind_of(value) == kind]
        kept = fits[positions]
        return kind, rows[kept], pool[positions[kept]], None


class ColumnsBuilder:
    """Collects the columns of products in row order."""

    def __init__(self) -> None:
        self._products = 0
        self._columns: dict[str, _Collected] = {}
        self._location_rows = array("i")
        self._location_places = array("i")
        self._places: dict[Location, int] = {}

    def add(self, product: Product) -> None:
        """Add the next row."""
        for name, value in column_values(product):
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Collected()
            column.add(self._products, value)
        for location in product.locations:
            self._location_rows.append(self._products)
            self._location_places.append(self._places.setdefault(location, len(self._places)))
        self._products += 1

    def write(self, path: Path) -> ColumnsSummary:
        """Write the columns of all rows added so far."""
        arrays: dict[str, NDArray[Any]] = {"products": np.array([self._products], np.int64)}
        metadata: dict[str, str] = {}
        stray: dict[str, int] = {}
        frequent = sorted(self._columns, key=lambda name: (-len(self._columns[name].rows), name))
        for name in sorted(frequent[:MAX_COLUMNS]):
            kind, rows, values, table = self._columns[name].coded()
            metadata[f"{name}/kind"] = kind
            if name in PATH_FIELDS:
                metadata[f"{name}/path"] = "1"
            if len(rows) < len(self._columns[name].rows):
                stray[name] = len(self._columns[name].rows) - len(rows)
            if table is not None:
                arrays.update(table.arrays(f"{name}/texts"))
            arrays.update(_laid_out(name, *_distinct(rows, values), self._products))
        arrays.update(self._locations())
        write_arrays(path, arrays, metadata)
        return ColumnsSummary(stray, tuple(sorted(frequent[MAX_COLUMNS:])))

    def _locations(self) -> dict[str, NDArray[Any]]:
        return {
            "location/rows": np.frombuffer(self._location_rows, np.int32),
            "location/places": np.frombuffer(self._location_places, np.int32),
            "location/latitudes": np.array([place.latitude for place in self._places], float),
            "location/longitudes": np.array([place.longitude for place in self._places], float),
        }


def _distinct(
    rows: NDArray[np.int32], values: NDArray[Any]
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """The pairs in order, each once: a list may name a value twice, a product has it once."""
    order = np.lexsort((values, rows))
    rows, values = rows[order], values[order]
    kept = np.ones(len(rows), np.bool_)
    kept[1:] = (rows[1:] != rows[:-1]) | (values[1:] != values[:-1])
    return rows[kept], values[kept]


def _laid_out(
    name: str, rows: NDArray[np.int32], values: NDArray[Any], products: int
) -> dict[str, NDArray[Any]]:
    """The arrays of a column: dense where most products have one value, else sparse."""
    single = bool((rows[1:] != rows[:-1]).all())
    if not single or len(rows) < products * _DENSE_SHARE:
        return {f"{name}/rows": rows, f"{name}/values": values}
    dense = np.full(products, np.nan if values.dtype == np.float64 else -1, values.dtype)
    dense[rows] = values
    return {f"{name}/values": dense}


def _code_texts(texts: list[str]) -> tuple[NDArray[np.int32], StringTable]:
    """The code of each of `texts` in the table of the distinct ones."""
    distinct = sorted(set(texts), key=str.encode)
    codes = {text: code for code, text in enumerate(distinct)}
    return np.array([codes[text] for text in texts], np.int32), StringTable.of(distinct)


def _as_text(value: Scalar) -> str:
    """A value of a column that is not of one type: as it would stand in JSON, 5.0 as 5."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if value == int(value) else repr(value)

"""Columns: the values that products are filtered, counted and ranked by.

A column that most products have once is *dense* (a value for each row); any other is *sparse*
(pairs of row and value, ascending by row), which also holds lists. A name that is a number here
and a text there is a text column, since a feed has the last word about its own data.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from indexer.errors import SnapshotCorruptError
from indexer.storage import StringTable, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.product import Product

Kind = Literal["text", "number", "bool"]
Scalar = str | float | bool
_DENSE_SHARE = 0.5

_TEXT_FIELDS = (
    "brand", "condition", "availability", "availability_date", "item_group_id", "color", "size",
    "size_type", "size_system", "gender", "age_group", "material", "pattern",
    "google_product_category", "energy_efficiency_class",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        kind: of its values.
        products: the number of rows of the snapshot.
        rows: int32 ``(n,)`` ascending where sparse, ``None`` where dense.
        values: ``(n,)``: float64 for numbers (NaN is absent), int8 for bools and int32 codes into
            `texts` for texts (-1 is absent).
        texts: the distinct texts, sorted by UTF-8 bytes; ``None`` for other kinds.
    """

    kind: Kind
    products: int
    rows: NDArray[np.int32] | None
    values: NDArray[Any]
    texts: StringTable | None

    def equal(self, wanted: Iterable[Scalar]) -> NDArray[np.bool_]:
        """The rows with any of `wanted`, as a mask ``(products,)``.

        A value of another kind than the column's equals nothing; who parses the filter says so.
        """
        known = [code for code in map(self._code, wanted) if code is not None]
        if len(known) == 1:
            return self._mask(self.values == known[0])
        return self._mask(np.isin(self.values, np.array(known, self.values.dtype)))

    def between(self, low: float, high: float) -> NDArray[np.bool_]:
        """The rows with a number in the closed interval, as a mask ``(products,)``."""
        return self._mask((self.values >= low) & (self.values <= high))

    def present(self) -> NDArray[np.bool_]:
        """The rows that have any value, as a mask ``(products,)``."""
        if self.kind == "number":
            return self._mask(~np.isnan(self.values))
        return self._mask(self.values >= 0)

    def _code(self, value: Scalar) -> float | None:
        if self.texts is not None:
            return self.texts.find(value) if isinstance(value, str) else None
        if isinstance(value, str) or isinstance(value, bool) != (self.kind == "bool"):
            return None
        return value

    def _mask(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if self.rows is None:
            return chosen
        mask = np.zeros(self.products, np.bool_)
        mask[self.rows[chosen]] = True
        return mask


class Columns:
    """The columns of one snapshot, mapped from disk."""

    def __init__(self, path: Path) -> None:
        file = read_arrays(path)
        products = int(file.array("products")[0])
        self._columns: dict[str, Column] = {}
        for key in file.arrays:
            if not key.endswith("/values"):
                continue
            name = key.removesuffix("/values")
            kind = _kind(file.metadata.get(f"{name}/kind"))
            self._columns[name] = Column(
                kind=kind,
                products=products,
                rows=file.arrays.get(f"{name}/rows"),
                values=file.array(key),
                texts=StringTable.read(file, f"{name}/texts") if kind == "text" else None,
            )

    def get(self, name: str) -> Column | None:
        """The column called `name`, or ``None``."""
        return self._columns.get(name)

    def kinds(self) -> dict[str, Kind]:
        """The kind of each column, by name."""
        return {name: self._columns[name].kind for name in self.names()}

    def names(self) -> list[str]:
        """All columns, sorted."""
        return sorted(self._columns)


def _kind(text: str | None) -> Kind:
    match text:
        case "text" | "number" | "bool":
            return text
        case _:
            raise SnapshotCorruptError(
                f"a column is of kind {text!r}, expected text, number or bool. "
                "Rebuild the index with 'searchsvc reindex'."
            )


def column_values(product: Product) -> Iterator[tuple[str, Scalar]]:
    """What `product` puts into which column; a list gives several pairs.

    Google's attributes keep their names, the shop's own get the prefix ``attributes.``, amounts
    of money are in the currency's major unit (49.95), ``effective_price`` is the sale price where
    there is one, and ``product_type`` holds each category path with all of its ancestors.
    """
    for name in _TEXT_FIELDS:
        value = getattr(product, name)
        if value:
            yield name, str(value)
    yield from _prices(product)
    for ancestor in {a: None for path in product.product_types for a in _ancestors(path)}:
        yield "product_type", ancestor
    for label in product.custom_labels:
        yield "custom_label", label
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


def _ancestors(path: str) -> Iterator[str]:
    """``A``, ``A > B`` and ``A > B > C`` of ``A > B > C``."""
    steps = path.split(" > ")
    return (" > ".join(steps[:depth]) for depth in range(1, len(steps) + 1))


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
        types = {type(value) for value in self.values}
        if types == {bool}:
            return "bool"
        return "number" if types <= {int, float} else "text"


class ColumnsBuilder:
    """Collects the columns of products in row order."""

    def __init__(self) -> None:
        self._products = 0
        self._columns: dict[str, _Collected] = {}

    def add(self, product: Product) -> None:
        """Add the next row."""
        for name, value in column_values(product):
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Collected()
            column.add(self._products, value)
        self._products += 1

    def write(self, path: Path) -> None:
        """Write the columns of all rows added so far."""
        arrays: dict[str, NDArray[Any]] = {"products": np.array([self._products], np.int64)}
        metadata: dict[str, str] = {}
        for name, column in sorted(self._columns.items()):
            kind = metadata[f"{name}/kind"] = column.kind()
            if kind == "text":
                coded, table = _code_texts([_as_text(value) for value in column.values])
                arrays.update(table.arrays(f"{name}/texts"))
            else:
                coded = np.array(column.values, np.int8 if kind == "bool" else np.float64)
            arrays.update(self._pairs(name, column, coded))
        write_arrays(path, arrays, metadata)

    def _pairs(
        self, name: str, column: _Collected, coded: NDArray[Any]
    ) -> dict[str, NDArray[Any]]:
        rows = np.frombuffer(column.rows, np.int32)
        values = coded[np.frombuffer(column.positions, np.int32)]
        order = np.lexsort((values, rows))
        rows, values = rows[order], values[order]
        # A list may name a value twice; a product still has it once.
        distinct = np.ones(len(rows), np.bool_)
        distinct[1:] = (rows[1:] != rows[:-1]) | (values[1:] != values[:-1])
        rows, values = rows[distinct], values[distinct]
        single = len(rows) == 0 or bool((rows[1:] != rows[:-1]).all())
        if not single or len(rows) < self._products * _DENSE_SHARE:
            return {f"{name}/rows": rows, f"{name}/values": values}
        absent = np.nan if values.dtype == np.float64 else -1
        dense = np.full(self._products, absent, values.dtype)
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

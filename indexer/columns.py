"""Columns: the values that products are filtered, counted and ranked by.

A column that most products have once is *dense* (a value for each row); any other is *sparse*
(pairs of row and value, ascending by row), which also holds lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from indexer.errors import SnapshotCorruptError
from indexer.locations import Locations
from indexer.storage import StringTable, read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.storage import ArrayFile

Kind = Literal["text", "number", "bool"]
Scalar = str | float | bool


def kind_of(value: Scalar) -> Kind:
    """The kind of column that `value` belongs into."""
    if isinstance(value, str):
        return "text"
    return "bool" if isinstance(value, bool) else "number"


TEXT_FIELDS = (
    "brand", "condition", "availability", "availability_date", "item_group_id", "color", "size",
    "size_type", "size_system", "gender", "age_group", "material", "pattern",
    "energy_efficiency_class",
)  # fmt: skip
"""The attributes of a product that are text columns under their own name."""
PATH_FIELDS = ("google_product_category", "product_type")
"""The columns of category paths, each value beside all of its ancestors."""
PATH_SEPARATOR = " > "


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
        hierarchical: whether the texts are paths, ``"A > B"``; a product with one has all of its
            ancestors, too.
    """

    kind: Kind
    products: int
    rows: NDArray[np.int32] | None
    values: NDArray[Any]
    texts: StringTable | None
    hierarchical: bool = False

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


STANDARD: Mapping[str, Kind] = {
    **dict.fromkeys((*TEXT_FIELDS, *PATH_FIELDS, "currency", "custom_label"), "text"),
    **dict.fromkeys(("price", "sale_price", "effective_price"), "number"),
    **dict.fromkeys(("popularity", "rating", "review_count", "released"), "number"),
}
"""The columns that every index has, if need be without values: a filter on the sale price must
not become an error on the day on which nothing is on sale."""


ID = "id"
"""The column of the products' ids: to name products in a filter, not to be counted."""


class Columns:
    """The columns of one snapshot, mapped from disk.

    Args:
        path: the file.
        ids: of the products, by row.

    Attributes:
        locations: where its products are.
    """

    def __init__(self, path: Path, ids: StringTable | None = None) -> None:
        file = read_arrays(path)
        products = int(file.array("products")[0])
        self._id: Column | None = None
        self.locations = _locations(file, products)
        self._columns = {name: _empty(name, kind, products) for name, kind in STANDARD.items()}
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
                hierarchical=_is_hierarchical(file, name),
            )

        if ids is not None:
            rows = np.arange(products, dtype=np.int32)
            self._id = Column("text", products, None, rows, ids, hierarchical=False)

    def get(self, name: str) -> Column | None:
        """The column called `name`, or ``None``."""
        return self._id if name == ID else self._columns.get(name)

    def kinds(self) -> dict[str, Kind]:
        """The kind of each column that can be filtered by, by name."""
        known: dict[str, Kind] = {} if self._id is None else {ID: "text"}
        return known | {name: self._columns[name].kind for name in self.names()}

    def names(self) -> list[str]:
        """All columns but the ids: the standard ones first, each part sorted."""
        return sorted(self._columns, key=lambda name: (name not in STANDARD, name))


def _empty(name: str, kind: Kind, products: int) -> Column:
    rows = np.empty(0, np.int32)
    values = np.empty(0, np.int32 if kind == "text" else np.float64)
    texts = StringTable.of([]) if kind == "text" else None
    return Column(kind, products, rows, values, texts, name in PATH_FIELDS)


def _is_hierarchical(file: ArrayFile, name: str) -> bool:
    # Format 2 does not say it; its product types have their ancestors all the same.
    return name == "product_type" or file.metadata.get(f"{name}/path") == "1"


def _locations(file: ArrayFile, products: int) -> Locations:
    """Those of the file; format 2 has none."""
    if "location/rows" not in file.arrays:
        return Locations.none(products)
    return Locations(
        products,
        file.array("location/rows"),
        file.array("location/places"),
        file.array("location/latitudes"),
        file.array("location/longitudes"),
    )


def _kind(text: str | None) -> Kind:
    match text:
        case "text" | "number" | "bool":
            return text
        case _:
            raise SnapshotCorruptError(
                f"a column is of kind {text!r}, expected text, number or bool. "
                "Rebuild the index with 'searchsvc reindex'."
            )

"""Columns: the values that products are filtered, counted and ranked by.

A column holds **codes**: whole numbers that stand for its distinct values, the smallest 0, in as
few bytes as they fit into. Where it takes fewer bytes a column is *dense*, a code for each row;
otherwise *sparse*, pairs of row and code in the order of the rows, which also holds lists.

`changed` files (see `indexer.snapshot`) hold whole columns that replace those of the main file.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson

from indexer.compiled import compiled
from indexer.errors import SnapshotCorruptError
from indexer.locations import Locations
from indexer.storage import StringTable, read_arrays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
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
LOCATIONS = "location"
"""What stands for all locations where columns are named."""
CHANGED_FILE = "columns.changed.safetensors"
"""The columns that replace those of the main file."""
REMOVED = "removed"
"""The text of a file of changes that lists the columns that are gone, as JSON."""
LOCATIONS_DIGEST = "location/digest"
_LOCATION_ROWS = "location/rows"
_CODES = "/codes"
_BOOLS = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        kind: of its values.
        products: the number of rows of the snapshot.
        codes: of any signed integer type: ``(products,)`` where dense, -1 for no value; else
            ``(n,)``, ascending by row, then by code, no pair twice. Those of a bool are 0 and 1.
        pair_rows: int32 ``(n,)`` ascending, the row of each code; ``None`` where dense, and where
            there are `offsets` instead.
        offsets: int32 ``(products + 1,)``, where the codes of each row begin, for a column of
            more values than products.
        texts: the distinct texts, sorted by UTF-8 bytes; ``None`` for other kinds.
        numbers: float64, the distinct numbers, ascending; ``None`` for other kinds.
        hierarchical: whether the texts are paths, ``"A > B"``; a product with one has all of its
            ancestors, too.
        digest: of all of it but `hierarchical`; equal where equal. ``""`` for what has no file.
    """

    kind: Kind
    products: int
    codes: NDArray[Any]
    pair_rows: NDArray[np.int32] | None = None
    offsets: NDArray[np.int32] | None = None
    texts: StringTable | None = None
    numbers: NDArray[np.float64] | None = None
    hierarchical: bool = False
    digest: str = ""

    @property
    def rows(self) -> NDArray[np.int32] | None:
        """The row of each value, int32 ``(n,)`` ascending; ``None`` where dense."""
        if self.offsets is None:
            return self.pair_rows
        rows = np.arange(self.products, dtype=np.int32)
        return np.repeat(rows, np.diff(self.offsets))

    @property
    def values(self) -> NDArray[Any]:
        """The values, made anew: float64 for numbers (NaN is absent), else the codes."""
        if self.numbers is None:
            return self.codes
        values: NDArray[np.float64] = np.append(self.numbers, np.nan)[self.codes]
        return values

    @property
    def size(self) -> int:
        """How many distinct values there are; all codes are below it."""
        if self.texts is not None:
            return len(self.texts)
        return _BOOLS if self.numbers is None else len(self.numbers)

    def equal(self, wanted: Iterable[Scalar]) -> NDArray[np.bool_]:
        """The rows with any of `wanted`, as a mask ``(products,)``.

        A value of another kind than the column's equals nothing; who parses the filter says so.
        """
        known = [code for code in map(self._code, wanted) if code is not None]
        if len(known) == 1:
            return self._mask(self.codes == known[0])
        chosen = np.zeros(self.size + 1, np.bool_)  # the last is that of the code -1
        chosen[known] = True
        return self._mask(chosen[self.codes])

    def between(self, low: float, high: float) -> NDArray[np.bool_]:
        """The rows with a number in the closed interval, as a mask ``(products,)``."""
        if self.numbers is None:
            return np.zeros(self.products, np.bool_)
        first = int(np.searchsorted(self.numbers, low, "left"))
        last = int(np.searchsorted(self.numbers, high, "right")) - 1
        return self._mask((self.codes >= first) & (self.codes <= last))

    def present(self) -> NDArray[np.bool_]:
        """The rows that have any value, as a mask ``(products,)``."""
        if self.offsets is not None:
            return np.diff(self.offsets) > 0
        return self._mask(self.codes >= 0)

    def _code(self, value: Scalar) -> int | None:
        if self.texts is not None:
            return self.texts.find(value) if isinstance(value, str) else None
        if isinstance(value, str) or isinstance(value, bool) != (self.kind == "bool"):
            return None
        if self.numbers is None:
            return int(value)
        place = int(np.searchsorted(self.numbers, value))
        found = place < len(self.numbers) and self.numbers[place] == value
        return place if found else None

    def _mask(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        mask = np.zeros(self.products, np.bool_)
        if self.offsets is not None:
            _mark_rows(chosen, self.offsets, mask)
        elif self.pair_rows is not None:
            mask[self.pair_rows[chosen]] = True
        else:
            return chosen
        return mask


@compiled
def _mark_rows(
    chosen: NDArray[np.bool_], offsets: NDArray[np.int32], mask: NDArray[np.bool_]
) -> None:
    """Set `mask` of the rows of which any pair is `chosen`."""
    for row in range(len(mask)):
        for place in range(offsets[row], offsets[row + 1]):
            if chosen[place]:
                mask[row] = True
                break


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
        path: the file; that of changed columns is beside it, if there is one.
        ids: of the products, by row.

    Attributes:
        locations: where its products are.
        locations_digest: of the locations; equal where equal.
    """

    def __init__(self, path: Path, ids: StringTable | None = None) -> None:
        file = read_arrays(path)
        products = int(file.array("products")[0])
        self._id: Column | None = None
        self._named: frozenset[str] | None = None
        self._columns = {name: _empty(name, kind, products) for name, kind in STANDARD.items()}
        self._columns.update(_read(file, products))
        located = file
        changed = path.with_name(CHANGED_FILE)
        if changed.exists():
            overlay = read_arrays(changed)
            for name in orjson.loads(overlay.metadata[REMOVED]):
                del self._columns[name]
                if name in STANDARD:
                    self._columns[name] = _empty(name, STANDARD[name], products)
            self._columns.update(_read(overlay, products))
            located = overlay if _LOCATION_ROWS in overlay.arrays else file
        self.locations = _locations(located, products)
        self.locations_digest = located.metadata.get(LOCATIONS_DIGEST, "")
        if ids is not None:
            self._id = Column("text", products, np.arange(products, dtype=np.int32), texts=ids)

    def get(self, name: str) -> Column | None:
        """The column called `name`, or ``None``."""
        return self._id if name == ID else self._columns.get(name)

    def kinds(self) -> dict[str, Kind]:
        """The kind of each column that can be filtered by, by name."""
        known: dict[str, Kind] = {} if self._id is None else {ID: "text"}
        return known | {name: self._columns[name].kind for name in self.names()}

    def names(self) -> list[str]:
        """All columns but the ids: the standard ones first, each part sorted."""
        named = self._columns if self._named is None else self._columns.keys() & self._named
        return sorted(named, key=lambda name: (name not in STANDARD, name))

    def naming(self, names: Collection[str]) -> Columns:
        """The same, that of its columns names those among `names` and the standard ones only.

        Whoever knows the name of another one may still ask for it.
        """
        limited = copy(self)
        limited._named = frozenset(names) | STANDARD.keys()  # noqa: SLF001 - of the same class
        return limited

    def changed_since(self, before: Columns) -> frozenset[str]:
        """The names of the columns that are not what they were in `before`.

        `LOCATIONS` among them stands for the locations. `ID` never is: whether products came or
        went is for the caller to know.
        """
        names = self._columns.keys() | before._columns.keys()
        changed = {name for name in names if self._digest(name) != before._digest(name)}
        if self.locations_digest != before.locations_digest:
            changed.add(LOCATIONS)
        return frozenset(changed)

    def _digest(self, name: str) -> str | None:
        column = self._columns.get(name)
        return None if column is None else column.digest


def _read(file: ArrayFile, products: int) -> Iterator[tuple[str, Column]]:
    """The columns that `file` has."""
    for key in file.arrays:
        if not key.endswith(_CODES):
            continue
        name = key.removesuffix(_CODES)
        kind = _kind(file.metadata.get(f"{name}/kind"))
        column = Column(
            kind=kind,
            products=products,
            codes=file.array(key),
            pair_rows=file.arrays.get(f"{name}/rows"),
            offsets=file.arrays.get(f"{name}/offsets"),
            texts=StringTable.read(file, f"{name}/texts") if kind == "text" else None,
            numbers=file.array(f"{name}/numbers") if kind == "number" else None,
            hierarchical=file.metadata.get(f"{name}/path") == "1",
            digest=file.metadata[f"{name}/digest"],
        )
        yield name, column


def _empty(name: str, kind: Kind, products: int) -> Column:
    return Column(
        kind=kind,
        products=products,
        codes=np.empty(0, np.int8),
        pair_rows=np.empty(0, np.int32),
        texts=StringTable.of([]) if kind == "text" else None,
        numbers=np.empty(0) if kind == "number" else None,
        hierarchical=name in PATH_FIELDS,
    )


def _locations(file: ArrayFile, products: int) -> Locations:
    return Locations(
        products,
        file.array(_LOCATION_ROWS),
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

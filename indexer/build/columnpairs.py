"""The pairs of a column: which row has which value, and how they are laid out in a file."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.columns import LOCATIONS_DIGEST, PATH_FIELDS, Kind, Scalar, kind_of
from indexer.storage import StringTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.columns import Column

KINDS: tuple[Kind, ...] = ("text", "number", "bool")
_NEARLY_ALL = 0.95
_ROW_BYTES = 4


@dataclass(frozen=True, slots=True)
class Counts:
    """How many values of each kind the products have under one name, repeated ones included.

    They decide what kind of column it is, and a column that loses or gains some may become one of
    another kind: they are kept with it.
    """

    text: int = 0
    number: int = 0
    bool: int = 0

    @classmethod
    def of(cls, values: Iterable[Scalar]) -> Counts:
        """Those of `values`."""
        kinds = list(map(kind_of, values))
        return cls(*map(kinds.count, KINDS))

    @classmethod
    def read(cls, text: str) -> Counts:
        """Those that `written` gave."""
        return cls(*map(int, text.split()))

    def written(self) -> str:
        """As three numbers."""
        return f"{self.text} {self.number} {self.bool}"

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.text + other.text, self.number + other.number, self.bool + other.bool)

    def __sub__(self, other: Counts) -> Counts:
        return Counts(self.text - other.text, self.number - other.number, self.bool - other.bool)

    @property
    def total(self) -> int:
        """Of all kinds."""
        return self.text + self.number + self.bool

    def kind(self) -> Kind:
        """That of nearly all values; where there is none such, everything is a text."""
        for kind in KINDS:
            if getattr(self, kind) >= self.total * _NEARLY_ALL:
                return kind
        return "text"

    def stray(self) -> int:
        """How many values are of another kind than the column, and so not in it."""
        kind = self.kind()
        return 0 if kind == "text" else self.total - int(getattr(self, kind))


@dataclass(frozen=True, slots=True)
class Pairs:
    """The rows and values of one column.

    Attributes:
        kind: of the values.
        rows: int32 ``(n,)`` ascending.
        codes: integers ``(n,)`` ascending within a row, no pair twice; see `indexer.columns`.
        texts: of the codes, where they are texts.
        numbers: of the codes, where they are numbers.
    """

    kind: Kind
    rows: NDArray[np.int32]
    codes: NDArray[Any]
    texts: StringTable | None = None
    numbers: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        kind: Kind,
        rows: NDArray[np.int32],
        positions: NDArray[np.int32],
        pool: Sequence[Scalar],
    ) -> Pairs:
        """The pairs of those values that fit into a column of `kind`.

        Args:
            kind: of the column.
            rows: int32 ``(n,)`` in any order.
            positions: int32 ``(n,)``, the place of each value in `pool`.
            pool: values; equal ones may be repeated.
        """
        fits = np.array([is_of(value, kind) for value in pool], np.bool_)
        codes = np.zeros(len(pool), np.int32)
        texts = numbers = None
        match kind:
            case "text":
                codes, texts = _code_texts([as_text(value) for value in pool])
            case "number":
                values = np.array([v for v in pool if is_of(v, kind)], np.float64)
                # 0.0 and -0.0 are equal, and which one is met first is chance.
                numbers, codes[fits] = np.unique(values + 0.0, return_inverse=True)
            case "bool":
                codes[fits] = [value for value in pool if is_of(value, kind)]
        kept = fits[positions]
        return cls(kind, *distinct(rows[kept], codes[positions[kept]]), texts, numbers)

    @classmethod
    def of_column(cls, column: Column) -> Pairs:
        """Those of a column as it is on disk."""
        rows, codes = column.rows, column.codes
        if rows is None:
            rows = np.flatnonzero(codes >= 0).astype(np.int32)
            codes = codes[rows]
        return cls(column.kind, rows, codes, column.texts, column.numbers)

    @property
    def size(self) -> int:
        """All codes are below it."""
        if self.texts is not None:
            return len(self.texts)
        return 2 if self.numbers is None else len(self.numbers)

    def laid_out(
        self, name: str, products: int, counts: Counts
    ) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
        """The arrays and texts of the file for the column called `name`."""
        arrays = self._form(products)
        if self.texts is not None:
            arrays |= self.texts.arrays("texts")
        if self.numbers is not None:
            arrays["numbers"] = self.numbers
        metadata = {
            "kind": self.kind,
            "counts": counts.written(),
            "digest": digest(self.kind, arrays),
        }
        if name in PATH_FIELDS:
            metadata["path"] = "1"
        return (
            {f"{name}/{key}": array for key, array in arrays.items()},
            {f"{name}/{key}": text for key, text in metadata.items()},
        )

    def _form(self, products: int) -> dict[str, NDArray[Any]]:
        """Dense, with a row for each pair, or with offsets: whatever takes the fewest bytes.

        Offsets are made in memory for a column that is counted and has none, so they count.
        """
        dtype = _dtype_for(self.size)
        codes = self.codes.astype(dtype)
        width = dtype.itemsize
        single = bool((self.rows[1:] != self.rows[:-1]).all())
        if single and width * products <= (_ROW_BYTES + width) * len(codes):
            dense = np.full(products, -1, dtype)
            dense[self.rows] = codes
            return {"codes": dense}
        if len(codes) < products:
            return {"codes": codes, "rows": self.rows}
        offsets = np.zeros(products + 1, np.int32)
        np.cumsum(np.bincount(self.rows, minlength=products), out=offsets[1:])
        return {"codes": codes, "offsets": offsets}


def location_arrays(
    rows: NDArray[np.int32],
    places: NDArray[np.int32],
    latitudes: NDArray[np.float64],
    longitudes: NDArray[np.float64],
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays and texts of the file for the locations; see `indexer.locations.Locations`."""
    arrays: dict[str, NDArray[Any]] = {
        "location/rows": rows,
        "location/places": places,
        "location/latitudes": latitudes,
        "location/longitudes": longitudes,
    }
    return arrays, {LOCATIONS_DIGEST: digest("location", arrays)}


def is_of(value: Scalar, kind: Kind) -> bool:
    """Whether `value` is in a column of `kind`; what is not a number is none."""
    return kind == "text" or (kind_of(value) == kind and value == value)  # noqa: PLR0124 - NaN


def as_text(value: Scalar) -> str:
    """A value of a column that is not of one type: as it would stand in JSON, 5.0 as 5."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if value == int(value) else repr(value)


def distinct(
    rows: NDArray[np.int32], codes: NDArray[Any]
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """The pairs in order, each once: a list may name a value twice, a product has it once."""
    # Nearly sorted already, which a stable sort of one key makes use of.
    keys = rows.astype(np.int64) << _ROW_SHIFT | codes
    if not (keys[1:] > keys[:-1]).all():
        keys = np.sort(keys, kind="stable")
        keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
    return (keys >> _ROW_SHIFT).astype(np.int32), (keys & _CODE_MASK).astype(np.int32)


_ROW_SHIFT = 32
_CODE_MASK = (1 << _ROW_SHIFT) - 1


def digest(kind: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """A checksum of `arrays` and their names, types and order, in hexadecimal digits."""
    made = blake2b(kind.encode(), digest_size=16)
    for name, array in arrays.items():
        made.update(f"/{name} {array.dtype.str} {len(array)}/".encode())
        made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()


def _dtype_for(size: int) -> np.dtype[Any]:
    """The smallest type that holds the codes below `size`, -1, and one more than any."""
    for dtype in (np.dtype(np.int8), np.dtype(np.int16)):
        if size <= np.iinfo(dtype).max:
            return dtype
    return np.dtype(np.int32)


def _code_texts(texts: list[str]) -> tuple[NDArray[np.int32], StringTable]:
    """The code of each of `texts` in the table of the distinct ones."""
    ordered = sorted(set(texts), key=str.encode)
    codes = {text: code for code, text in enumerate(ordered)}
    return np.array([codes[text] for text in texts], np.int32), StringTable.of(ordered)

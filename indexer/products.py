"""The products of a snapshot: their JSON by row, their ids and identifiers."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.text import normalize_identifier
from indexer.errors import SnapshotCorruptError
from indexer.storage import StringTable, map_file, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.product import Product

DATA_FILE = "products.bin"
LOOKUP_FILE = "products.safetensors"
MOST_SHARED = 100
"""An identifier that more products share is a placeholder, not an identifier."""
_ZERO = "0"  # a GTIN of zeros, without its leading ones


class ProductStore:
    """Products by row; rows are in the order of the ids' UTF-8 bytes."""

    def __init__(self, directory: Path) -> None:
        file = read_arrays(directory / LOOKUP_FILE)
        self._data = map_file(directory / DATA_FILE)
        self._offsets = file.array("offsets")
        self._ids = StringTable.read(file, "ids")
        self._hashes = file.array("identifiers.hashes")
        self._rows = file.array("identifiers.rows")
        if len(self._data) != int(self._offsets[-1]):
            raise SnapshotCorruptError(
                f"{DATA_FILE} has {len(self._data)} bytes, expected {int(self._offsets[-1])}. "
                "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
            )

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> StringTable:
        """The id of each product, by row."""
        return self._ids

    def id(self, row: int) -> str:
        """The id of the product in `row`."""
        return self._ids[row]

    def row(self, product_id: str) -> int | None:
        """The row of the product called `product_id`, or ``None``."""
        return self._ids.find(product_id)

    def json(self, row: int) -> bytes:
        """The product's JSON as `Product.to_json` wrote it."""
        return bytes(self._data[self._offsets[row] : self._offsets[row + 1]])

    def identified_by(self, text: str) -> NDArray[np.int64]:
        """The rows of all products with an identifier equal to `text`, ascending.

        Case, spaces, dashes and a number's leading zeros do not count.
        """
        identifier = normalize_identifier(text)
        if not identifier:
            return np.empty(0, np.int64)
        key = _hash(identifier)
        begin = np.searchsorted(self._hashes, key, "left")
        end = np.searchsorted(self._hashes, key, "right")
        return self._rows[begin:end].astype(np.int64)


class ProductsBuilder:
    """Writes products in row order."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = (directory / DATA_FILE).open("wb")
        self._ids: list[str] = []
        self._ends: list[int] = [0]
        self._hashes: list[np.uint64] = []
        self._rows: list[int] = []

    def add(self, product: Product, json: bytes) -> None:
        """Add the next row.

        Args:
            product: its id must sort behind all ids so far, by UTF-8 bytes.
            json: its JSON form.
        """
        row = len(self._ids)
        self._file.write(json)
        self._ids.append(product.id)
        self._ends.append(self._ends[-1] + len(json))
        for identifier in set(identifiers(product)) - {""}:
            self._hashes.append(_hash(identifier))
            self._rows.append(row)

    def write(self) -> None:
        """Finish the files."""
        self._file.close()
        hashes = np.array(self._hashes, np.uint64)
        rows = np.array(self._rows, np.int32)
        # An "n/a" in the MPN of half the catalogue identifies nothing.
        _, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
        telling = count[place] <= MOST_SHARED
        hashes, rows = hashes[telling], rows[telling]
        order = np.lexsort((rows, hashes))
        write_arrays(
            self._directory / LOOKUP_FILE,
            {
                **StringTable.of(self._ids).arrays("ids"),
                "offsets": np.array(self._ends, np.int64),
                "identifiers.hashes": hashes[order],
                "identifiers.rows": rows[order],
            },
        )


def identifiers(product: Product) -> Iterator[str]:
    """The normalized id, GTIN, MPN and SKU of `product`, as far as it has them."""
    yield normalize_identifier(product.id)
    for value in (product.gtin, product.mpn, *_skus(product)):
        identifier = normalize_identifier(value)
        if identifier not in ("", _ZERO):
            yield identifier


def _skus(product: Product) -> Iterator[str]:
    for name, value in product.attributes.items():
        if name.casefold() == "sku" and not isinstance(value, bool | tuple):
            yield value if isinstance(value, str) else f"{value:.15g}"


def _hash(identifier: str) -> np.uint64:
    # 64 bits of a good hash: among ten million identifiers a false match has odds of 1 to 10^12.
    return np.uint64(int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big"))

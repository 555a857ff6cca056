"""The products of a snapshot: their JSON by row, their ids and identifiers."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from indexer.identifiers import Identifiers, hash_of, identifiers_of
from indexer.records import DATA_FILE, Records
from indexer.storage import StringTable, offsets_of, read_arrays, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.product import Product

LOOKUP_FILE = "products.safetensors"


class ProductStore:
    """Products by row; rows are in the order of the ids' UTF-8 bytes.

    Args:
        directory: of the generation.
        before: a store with the same lookup file, whose tables are taken over.
    """

    def __init__(self, directory: Path, before: ProductStore | None = None) -> None:
        file = read_arrays(directory / LOOKUP_FILE)
        self._ids = before.ids if before else StringTable.read(file, "ids")
        self._identifiers = before.identifiers if before else Identifiers.read(file)
        self._records = Records(directory, file)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> StringTable:
        """The id of each product, by row."""
        return self._ids

    @property
    def identifiers(self) -> Identifiers:
        """What else names the products."""
        return self._identifiers

    @property
    def records(self) -> Records:
        """Where the JSON of the products is."""
        return self._records

    def id(self, row: int) -> str:
        """The id of the product in `row`."""
        return self._ids[row]

    def row(self, product_id: str) -> int | None:
        """The row of the product called `product_id`, or ``None``."""
        return self._ids.find(product_id)

    def json(self, row: int) -> bytes:
        """The product's JSON as `Product.to_json` wrote it."""
        return self._records.json(row)

    def identified_by(self, text: str) -> NDArray[np.int64]:
        """The rows of all products with an identifier equal to `text`, see `Identifiers.find`."""
        return self._identifiers.find(text)


class ProductsBuilder:
    """Writes products in row order."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = (directory / DATA_FILE).open("wb")
        self._ids: list[str] = []
        self._lengths = array("Q")
        self._hashes = array("Q")
        self._rows = array("i")

    def add(self, product: Product, json: bytes) -> None:
        """Add the next row.

        Args:
            product: its id must sort behind all ids so far, by UTF-8 bytes.
            json: its JSON form.
        """
        row = len(self._ids)
        self._file.write(json)
        self._ids.append(product.id)
        self._lengths.append(len(json))
        for identifier in identifiers_of(product):
            self._hashes.append(hash_of(identifier))
            self._rows.append(row)

    def write(self) -> None:
        """Finish the files."""
        self._file.close()
        hashes, rows = np.frombuffer(self._hashes, np.uint64), np.frombuffer(self._rows, np.int32)
        write_arrays(
            self._directory / LOOKUP_FILE,
            {
                **StringTable.of(self._ids).arrays("ids"),
                "offsets": offsets_of(np.frombuffer(self._lengths, np.uint64)),
                **Identifiers.of(hashes, rows).arrays(),
            },
        )

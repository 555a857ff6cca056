"""Where the products of a build come from: the spool of a feed, or another generation."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Protocol

from indexer.product import Product

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indexer.products import ProductStore


class Catalogue(Protocol):
    """Products of a build."""

    def __len__(self) -> int: ...

    def products(self) -> Iterator[tuple[Product, bytes]]:
        """Every product with its JSON, in the order of the ids' UTF-8 bytes."""
        ...


class StoredProducts:
    """The products of a generation."""

    def __init__(self, products: ProductStore) -> None:
        self._products = products

    def __len__(self) -> int:
        return len(self._products)

    def products(self) -> Iterator[tuple[Product, bytes]]:
        """See `Catalogue.products`."""
        for row in range(len(self._products)):
            json = self._products.json(row)
            yield Product.from_json(json), json


class Spool:
    """Holds the products of a feed of any size; only ids and places stay in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b")
        # Numbers in arrays: a tuple for each of a million products would be 120 MB.
        self._records: dict[str, int] = {}
        self._ends = array("Q", [0])

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._records)

    def add(self, product: Product) -> bool:
        """Take `product` in place of any earlier one with its id; whether there was one."""
        json = product.to_json()
        end = self._ends[-1]
        replaced = product.id in self._records
        self._file.seek(end)
        self._file.write(json)
        self._records[product.id] = len(self._ends) - 1
        self._ends.append(end + len(json))
        return replaced

    def products(self) -> Iterator[tuple[Product, bytes]]:
        """Every product with its JSON, in the order of the ids' UTF-8 bytes."""
        for product_id in sorted(self._records, key=str.encode):
            record = self._records[product_id]
            begin = self._ends[record]
            self._file.seek(begin)
            json = self._file.read(self._ends[record + 1] - begin)
            yield Product.from_json(json), json

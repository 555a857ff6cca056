"""Where the products of a build come from: the spool of a feed, or another generation."""

from __future__ import annotations

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
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, product: Product) -> bool:
        """Take `product` in place of any earlier one with its id; whether there was one."""
        json = product.to_json()
        replaced = product.id in self._places
        self._file.seek(self._end)
        self._file.write(json)
        self._places[product.id] = (self._end, len(json))
        self._end += len(json)
        return replaced

    def products(self) -> Iterator[tuple[Product, bytes]]:
        """Every product with its JSON, in the order of the ids' UTF-8 bytes."""
        for product_id in sorted(self._places, key=str.encode):
            offset, length = self._places[product_id]
            self._file.seek(offset)
            json = self._file.read(length)
            yield Product.from_json(json), json

"""The changes of a delta, resolved: what becomes of which products of a generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.build.texts import searchable_texts
from indexer.feeds.change import Deletion, Update, Upsert
from indexer.feeds.free import MAX_ATTRIBUTES
from indexer.identifiers import identifiers_of
from indexer.product import Product, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.feeds.change import Change
    from indexer.products import ProductStore
    from indexer.settings import TextField

_UNKNOWN = "expected the id of a product of the catalogue; an upsert would add it"
_TOO_MANY = f"expected at most {MAX_ATTRIBUTES:,} attributes, those that stay included"


@dataclass(frozen=True, slots=True)
class Revision:
    """One product before and after.

    Attributes:
        row: of the product in the old generation.
        before: as it was.
        after: as it is to be.
    """

    row: int
    before: Product
    after: Product


@dataclass(frozen=True, slots=True)
class Revisions:
    """What a delta comes to.

    Attributes:
        told: revisions that search, spelling and vectors do not see: prices, stock, popularity.
        reworded: revisions that change what is searched, embedded or an identifier.
        added: new products, in the order of the ids' UTF-8 bytes.
        removed: those that go, with their old rows, ascending.
    """

    told: Sequence[Revision] = ()
    reworded: Sequence[Revision] = ()
    added: Sequence[Product] = ()
    removed: Sequence[tuple[int, Product]] = ()

    def __bool__(self) -> bool:
        return bool(self.told or self.moves_words)

    @property
    def moves_words(self) -> bool:
        """Whether postings and vectors change, too."""
        return bool(self.reworded or self.added or self.removed)


class PendingChanges:
    """Takes changes one after the other; the last one counts.

    Only products that a change names are read and held.
    """

    def __init__(self, products: ProductStore) -> None:
        self._products = products
        self._pending: dict[str, Product | None] = {}

    def take(self, change: Change) -> Rejection | None:
        """Take the next change, or say why it changes nothing.

        There is no such product, or it would have more attributes than a feed could state.
        """
        if isinstance(change, Upsert):
            self._pending[change.id] = change.product
            return None
        before = self._current(change.id)
        if before is None:
            return Rejection(change.position, "id", change.id, _UNKNOWN, change.id)
        if isinstance(change, Update):
            after = change.apply(before)
            if len(after.attributes) > max(MAX_ATTRIBUTES, len(before.attributes)):
                shown = f"{len(after.attributes):,}"
                return Rejection(change.position, "attributes", shown, _TOO_MANY, change.id)
            self._pending[change.id] = after
        elif isinstance(change, Deletion):
            self._pending[change.id] = None
        return None

    def revisions(self) -> Revisions:
        """What all changes so far come to; what ends as it was is left out."""
        told: list[Revision] = []
        reworded: list[Revision] = []
        added: list[Product] = []
        removed: list[tuple[int, Product]] = []
        for product_id in sorted(self._pending, key=str.encode):
            changed = self._pending[product_id]
            row = self._products.row(product_id)
            if row is None:
                if changed is not None:
                    added.append(_as_stored(changed))
                continue
            json = self._products.json(row)
            before = Product.from_json(json)
            if changed is None:
                removed.append((row, before))
            elif changed.to_json() != json:
                revision = Revision(row, before, _as_stored(changed))
                (told if _says_the_same(revision) else reworded).append(revision)
        return Revisions(told, reworded, added, removed)

    def _current(self, product_id: str) -> Product | None:
        if product_id in self._pending:
            return self._pending[product_id]
        row = self._products.row(product_id)
        return None if row is None else Product.from_json(self._products.json(row))


@dataclass(frozen=True, slots=True)
class Renumbering:
    """Where the rows of a generation go when products come and go.

    Attributes:
        moved: int32 ``(old products,)``, the new row of each old one, -1 where it is gone.
        added: int32 ``(added products,)``, the rows of the new ones.
    """

    moved: NDArray[np.int32]
    added: NDArray[np.int32]

    @classmethod
    def of(cls, products: ProductStore, revisions: Revisions) -> Renumbering:
        """The renumbering that keeps rows in the order of the ids' UTF-8 bytes."""
        before = np.array(
            [products.ids.starting_with(product.id).start for product in revisions.added], np.int64
        )
        stays = np.ones(len(products), np.int64)
        stays[[row for row, _ in revisions.removed]] = 0
        staying = np.concatenate(([0], np.cumsum(stays)))
        comes = np.bincount(before, minlength=len(products) + 1)[: len(products)]
        moved = np.where(stays, staying[:-1] + np.cumsum(comes), -1)
        added = staying[before] + np.arange(len(before))
        return cls(moved.astype(np.int32), added.astype(np.int32))

    def without(self, revisions: Sequence[Revision]) -> NDArray[np.int32]:
        """`moved` with the products of `revisions` gone, which come back as new ones."""
        moved = self.moved.copy()
        moved[[revision.row for revision in revisions]] = -1
        return moved

    def placed(
        self, revised: Sequence[Revision], added: Sequence[Product]
    ) -> list[tuple[int, Product]]:
        """The products that take the places left by `without`, and the new ones, by row."""
        rows = self.moved[[revision.row for revision in revised]].tolist() if revised else []
        pairs = [(row, revision.after) for row, revision in zip(rows, revised, strict=True)]
        pairs += zip(self.added.tolist(), added, strict=True)
        return sorted(pairs, key=lambda pair: pair[0])


def _as_stored(product: Product) -> Product:
    """The product as a build reads it back: attributes in the order of their names."""
    return Product.from_json(product.to_json())


def _says_the_same(revision: Revision) -> bool:
    """Whether words, vectors, suggestions and identifiers stay what they are."""
    return _words(revision.before) == _words(revision.after)


def _words(product: Product) -> tuple[Mapping[TextField, str], tuple[str, ...], set[str]]:
    return searchable_texts(product), product.product_types, identifiers_of(product)

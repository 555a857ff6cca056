"""Alignment: the rows of a snapshot as products of the learned model, which may be of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.tastes import entries_of
from searchsvc.popularity import Popularity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.learned.model import Learned
    from searchsvc.learned.tastes import Tastes

_UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A model, aligned to one snapshot.

    Attributes:
        model: what events taught.
        product_of: int32 ``(products,)``, rows of the model; -1 for a product that it has not.
        popularity: what sells.
    """

    model: Learned
    product_of: NDArray[np.int32]
    popularity: Popularity

    @classmethod
    def of(cls, model: Learned, snapshot: Snapshot) -> Alignment:
        """`model` for the products of `snapshot`."""
        product_of = _product_of(model, snapshot)
        known = product_of != _UNKNOWN
        sold = np.zeros(len(product_of))
        sold[known] = model.popularity[product_of[known]]
        logarithms = np.log1p(sold)
        best = float(logarithms.max(initial=0))
        most = float(sold.max(initial=0))
        believed = most / (most + model.origin.popularity_prior)  # little where little was sold
        share = (believed * logarithms / best if best > 0 else logarithms).astype(np.float32)
        popularity = Popularity(share, np.where(sold > 0, sold, np.nan), known, believed)
        return cls(model, product_of, popularity)

    def affinities(self, tastes: Tastes, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """How much the products at `rows` are to somebody's taste: float32 ``(n,)``, -1 to 1."""
        products = self.product_of[rows]
        known = np.flatnonzero(products != _UNKNOWN)
        entries, owners = entries_of(self.model.starts, products[known].astype(np.int64))
        worth = tastes.values[self.model.traits[entries]] * self.model.parts[entries]
        liked = np.zeros(len(rows), np.float32)
        liked[known] = np.bincount(owners, weights=worth, minlength=len(known))
        return np.clip(liked, -1, 1)

    def traits(self, tastes: Tastes, row: int) -> list[tuple[str, str, float]]:
        """What the traits of the product at `row` are worth: field, value and share of a boost."""
        product = int(self.product_of[row])
        if product == _UNKNOWN:
            return []
        model = self.model
        entries = slice(int(model.starts[product]), int(model.starts[product + 1]))
        traits = model.traits[entries]
        worth = tastes.values[traits] * model.parts[entries]
        return [
            (model.fields[model.field_of[trait]].name, model.values[int(trait)], float(value))
            for trait, value in zip(traits, worth, strict=True)
        ]


def _product_of(model: Learned, snapshot: Snapshot) -> NDArray[np.int32]:
    """Where the model has each product: both have them in the order of their ids."""
    ids = snapshot.products.ids
    same = len(ids) == len(model.ids) and (
        np.array_equal(ids.offsets, model.ids.offsets) and np.array_equal(ids.data, model.ids.data)
    )
    if same:
        return np.arange(len(ids), dtype=np.int32)
    return ids.places_in(model.ids)

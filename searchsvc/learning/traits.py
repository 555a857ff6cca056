"""The traits of a catalogue's products: the table that a model's tastes are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learning.bands import band_edges, band_names, bands_of
from searchsvc.learning.choices import category_column, chosen_columns
from searchsvc.learning.titles import title_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from indexer.columns import Column
    from indexer.snapshot import Snapshot

ID = "id"
GROUP = "item_group_id"
PRICE = "price"
WORDS = "words"
NARROW = frozenset({ID, GROUP})
"""Fields of single articles: bought before, rather than a kind of thing that is liked."""

_FEWEST_PRODUCTS = 2
"""What only one product has is being that product."""
_CATALOGUE_SHARE = 0.05
"""Of the shares of traits, the part that tells of the catalogue rather than of its sales: what
nobody has bought yet has a share, too."""
_CATALOGUE_PURCHASES = 20.0
"""The same for a shop without many sales."""


@dataclass(frozen=True, slots=True)
class FieldKind:
    """How the traits of a field are counted; see `searchsvc.learned.model.TraitField`."""

    name: str
    smoothing: float
    ceiling: float
    signed: bool


@dataclass(frozen=True, slots=True, eq=False)
class TraitTable:
    """The traits of all products of a snapshot; see `searchsvc.learned.model.Learned`.

    Attributes:
        kinds: of the fields.
        values: of the traits.
        field_of: int16 ``(traits,)``.
        shares: float32 ``(traits,)``.
        starts: int64 ``(products + 1,)``.
        traits: int32 ``(m,)``.
        parts: float32 ``(m,)``.
        band_edges: float64.
    """

    kinds: tuple[FieldKind, ...]
    values: tuple[str, ...]
    field_of: NDArray[np.int16]
    shares: NDArray[np.float32]
    starts: NDArray[np.int64]
    traits: NDArray[np.int32]
    parts: NDArray[np.float32]
    band_edges: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """One field: distinct pairs of a row and a place in `values`, ascending by row."""

    kind: FieldKind
    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    values: Sequence[str]
    edges: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


def trait_table(snapshot: Snapshot, sold: NDArray[np.float64]) -> TraitTable:
    """The traits of the products of `snapshot`.

    Args:
        snapshot: of the catalogue.
        sold: float64 ``(products,)``, weighted purchases of each product.
    """
    fields = [_reduced(it) for it in _fields(snapshot, sold) if len(it.rows)]
    fields = [it for it in fields if len(it.rows)]
    counts = [len(it.values) for it in fields]
    firsts = np.cumsum([0, *counts])
    rows = np.concatenate([it.rows for it in fields])
    traits = np.concatenate([it.codes + first for it, first in zip(fields, firsts, strict=False)])
    parts = np.concatenate([_parts(it, len(sold)) for it in fields])
    order = np.argsort(rows, kind="stable")  # the fields of a product stay in their order
    starts = np.zeros(len(sold) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(sold)), out=starts[1:])
    return TraitTable(
        kinds=tuple(it.kind for it in fields),
        values=tuple(value for it in fields for value in it.values),
        field_of=np.repeat(np.arange(len(fields)), counts).astype(np.int16),
        shares=np.concatenate([_shares(it, sold) for it in fields]).astype(np.float32),
        starts=starts,
        traits=traits[order].astype(np.int32),
        parts=parts[order].astype(np.float32),
        band_edges=next((it.edges for it in fields if it.kind.name == PRICE), np.empty(0)),
    )


def _fields(snapshot: Snapshot, sold: NDArray[np.float64]) -> Iterator[_Field]:
    products = np.arange(len(sold))
    ids = snapshot.products.ids
    yield _Field(_narrow(ID), products, products, [ids[row] for row in products.tolist()])
    columns = snapshot.columns
    category = category_column(columns)
    names = [GROUP, "brand", *([category] if category else []), *chosen_columns(columns)]
    for name in names:
        column = columns.get(name)
        if column is not None and column.texts is not None:
            rows, codes = _pairs(column)
            kind = _narrow(name) if name == GROUP else _broad(name)
            yield _Field(kind, rows, codes, [column.texts[at] for at in range(len(column.texts))])
    price = columns.get("effective_price")
    if price is not None:
        yield _price_field(price, sold)
    yield _Field(FieldKind(WORDS, 50, 2, signed=True), *title_words(snapshot))


def _narrow(name: str) -> FieldKind:
    """One article has a small share, so that its lifts are great; few are bought often."""
    return FieldKind(name, 50, 4, signed=False)


def _broad(name: str) -> FieldKind:
    return FieldKind(name, 20, 2, signed=True)


def _pairs(column: Column) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and codes of a text column."""
    if column.rows is not None:
        return column.rows.astype(np.int64), column.values.astype(np.int64)
    rows = np.flatnonzero(column.values >= 0)
    return rows, column.values[rows].astype(np.int64)


def _price_field(column: Column, sold: NDArray[np.float64]) -> _Field:
    rows = np.flatnonzero(column.present())
    prices = column.values[rows] if column.rows is None else column.values
    # Every product sells a little, so that a shop without sales has bands of its catalogue.
    even = _catalogue_purchases(float(sold[rows].sum())) / max(len(rows), 1)
    edges = band_edges(prices, sold[rows] + even)
    bands = bands_of(prices, edges)
    return _Field(_broad(PRICE), rows, bands, band_names(len(edges) + 1), edges)


def _reduced(it: _Field) -> _Field:
    """The same without the traits that only one product has; products remain themselves."""
    if it.kind.name == ID:
        return it
    counts = np.bincount(it.codes, minlength=len(it.values))
    kept = counts >= _FEWEST_PRODUCTS
    if np.count_nonzero(kept) < _FEWEST_PRODUCTS:  # what all products share tells nothing
        nothing = np.empty(0, np.int64)
        return _Field(it.kind, nothing, nothing, ())
    inside = kept[it.codes]
    codes = (np.cumsum(kept) - 1)[it.codes[inside]]
    values = [it.values[place] for place in np.flatnonzero(kept).tolist()]
    return _Field(it.kind, it.rows[inside], codes, values, it.edges)


def _parts(it: _Field, products: int) -> NDArray[np.float64]:
    """One over the number of traits that each pair's product has in the field."""
    return 1 / np.bincount(it.rows, minlength=products)[it.rows]


def _shares(it: _Field, sold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of what is sold of products with any trait of the field, what each trait has."""
    having = np.unique(it.rows)
    total = float(sold[having].sum())
    even = _catalogue_purchases(total)
    counts = np.bincount(it.codes, weights=sold[it.rows], minlength=len(it.values))
    products = np.bincount(it.codes, minlength=len(it.values))
    shares: NDArray[np.float64] = (counts + even * products / len(having)) / (total + even)
    return np.minimum(shares, 1.0)  # a sum in another order may exceed it by its last bit


def _catalogue_purchases(total: float) -> float:
    return max(_CATALOGUE_SHARE * total, _CATALOGUE_PURCHASES)

"""The learned model: popularity of products, their traits, and what each kind of trait is worth.

A **trait** is something that several products may have: a brand, a category, a price band, a word
of the title, or (as the narrowest) being one product. How much more a shopper buys of a trait than
the shop's average is its **lift**, on a logarithmic scale, smoothed towards the average:

    lift(t) = ln ((c_t + k s_t) / ((N + k) s_t))

with the shopper's weighted purchases N of products that have any trait of the same kind, those of
products with the trait c_t, the share s_t that the trait has of all shoppers' such purchases, and
k purchases worth of prior belief in the average (additive smoothing towards a prior distribution;
Manning, Schütze: Foundations of Statistical NLP, 6.2). A trait that everybody buys has no lift, so
that popularity is no taste.

Nothing in the model is about a single person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.storage import StringTable


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TraitField(_Value):
    """A kind of trait, and what it is worth in this shop.

    Attributes:
        name: a column, or ``words`` for the words of titles.
        smoothing: k in purchases; with as many of its own, half of a shopper's lift is its own.
        ceiling: the lift that counts as 1; larger ones count no more.
        signed: whether a trait that is bought less than on average counts against a product.
        weight: how many log-odds of being bought a lift of 1 adds, given the other fields.
        error: standard error of `weight`.
        in_use: whether the shop has events enough to tell `weight` from 0.
    """

    name: str
    smoothing: float = Field(gt=0)
    ceiling: float = Field(gt=0)
    signed: bool
    weight: float = Field(ge=0)
    error: float = Field(ge=0)
    in_use: bool


class LearnedFrom(_Value):
    """The events behind a model.

    Attributes:
        time_ms: when it was learned.
        newest_ms: time of the newest of them, from which ages are counted; 0 without any.
        generation: of the catalogue whose products have the traits.
        events: clicks, carts, purchases and views.
        users: who had to do with a product.
        orders: purchases, however many products each has.
        held_out: purchases that the weights were fitted to.
        half_life_days: after which an event counts half for tastes and shares.
        popularity_half_life_days: after which it counts half for popularity.
        popularity_prior: decayed purchases of the best-selling product at which half of the weight
            of popularity is due to it: a shop that sold little knows little about what sells.
        event_weights: what an event of each kind counts beside a purchase.
    """

    time_ms: int
    newest_ms: int
    generation: str
    events: int = Field(ge=0)
    users: int = Field(ge=0)
    orders: int = Field(ge=0)
    held_out: int = Field(ge=0)
    half_life_days: float = Field(gt=0)
    popularity_half_life_days: float = Field(60, gt=0)
    popularity_prior: float = Field(20, gt=0)
    event_weights: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A model; row p of its arrays is the product ``ids[p]``.

    Attributes:
        origin: what it was learned from.
        fields: kinds of traits.
        ids: the products' ids, sorted by their UTF-8 bytes.
        popularity: float32 ``(products,)``, purchases, decayed by their age; 0 for none, and where
            too few people are behind them.
        values: of the traits, ``(traits,)``: the brand, the word; those of a field are together.
        field_of: int16 ``(traits,)``, places in `fields`; ascending.
        shares: float32 ``(traits,)``, of the shop's weighted events about products with any trait
            of the same field, those that are about products with this one; above 0, at most 1.
        starts: int64 ``(products + 1,)``; the traits of product p are
            ``traits[starts[p]:starts[p + 1]]``.
        traits: int32 ``(m,)``.
        parts: float32 ``(m,)``: one over the number of the product's traits in the same field, so
            that a field counts as the mean of its traits.
        band_edges: float64, ascending: the prices between the bands.
    """

    origin: LearnedFrom
    fields: tuple[TraitField, ...]
    ids: StringTable
    popularity: NDArray[np.float32]
    values: StringTable
    field_of: NDArray[np.int16]
    shares: NDArray[np.float32]
    starts: NDArray[np.int64]
    traits: NDArray[np.int32]
    parts: NDArray[np.float32]
    band_edges: NDArray[np.float64]

    def of_fields_in_use(self) -> Learned:
        """The same with those traits of products only that tastes are told by.

        What a search costs grows with how many traits the products have, and most columns of most
        shops tell nothing.
        """
        used = np.array([it.in_use for it in self.fields], np.bool_)
        kept = used[self.field_of[self.traits]]
        starts = np.concatenate(([0], np.cumsum(kept)))[self.starts]
        return replace(self, starts=starts, traits=self.traits[kept], parts=self.parts[kept])

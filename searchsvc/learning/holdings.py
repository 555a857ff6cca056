"""Holdings: how much each user has bought of each trait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.tastes import entries_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from searchsvc.learned.model import Learned

_AT_ONCE = 50_000
"""Pairs of a user and a product whose traits are counted together."""


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """What users bought, by trait; distinct pairs, ascending by user and then by trait.

    Attributes:
        model: that the traits belong to.
        users: int32 ``(m,)``.
        traits: int32 ``(m,)``.
        counts: float32 ``(m,)``, weighted purchases of products with the trait.
        totals: float64 ``(users, fields)``, those of products with any trait of the field.
        purchases: float64 ``(users,)``, all of them.
    """

    model: Learned
    users: NDArray[np.int32]
    traits: NDArray[np.int32]
    counts: NDArray[np.float32]
    totals: NDArray[np.float64]
    purchases: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        model: Learned,
        bought: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
        user_count: int,
    ) -> Holdings:
        """The holdings of `user_count` users.

        Args:
            model: of the snapshot whose rows are bought.
            bought: users, ascending, rows and weighted purchases, as `Evidence.pairs` gives them.
            user_count: one more than the greatest user at least.
        """
        buyers, rows, weights = bought
        totals = np.zeros((user_count, len(model.fields)))
        parts = [
            _counted(model, buyers[part], rows[part], weights[part], totals)
            for part in _blocks(buyers)
        ]
        users, traits, counts = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        purchases = np.bincount(buyers, weights, minlength=user_count)
        return cls(model, users, traits, counts, totals, purchases.astype(np.float64))


def _blocks(buyers: NDArray[np.int64]) -> Iterator[slice]:
    """All of `buyers` in parts that part no user; the traits of all at once are gigabytes."""
    begin = 0
    while True:
        end = len(buyers)
        if begin + _AT_ONCE < end:
            end = int(np.searchsorted(buyers, buyers[begin + _AT_ONCE], "left"))
            if end <= begin:
                end = int(np.searchsorted(buyers, buyers[begin], "right"))
        yield slice(begin, end)
        if end == len(buyers):
            return
        begin = end


def _counted(
    model: Learned,
    buyers: NDArray[np.int64],
    rows: NDArray[np.int64],
    weights: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Users, traits and counts of one block; adds to `totals`."""
    entries, owners = entries_of(model.starts, rows)
    count = len(model.field_of)
    traits, weighted, whose = model.traits[entries], weights[owners], buyers[owners]
    np.add.at(totals, (whose, model.field_of[traits]), weighted * model.parts[entries])
    keys, places = np.unique(whose * count + traits, return_inverse=True)
    counts = np.bincount(places, weighted, minlength=len(keys))
    return (
        (keys // count).astype(np.int32),
        (keys % count).astype(np.int32),
        counts.astype(np.float32),
    )

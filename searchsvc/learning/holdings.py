"""Holdings: how much each user has bought of each trait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.tastes import entries_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.learned.model import Learned


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """What users bought, by trait; distinct pairs, ascending by user and then by trait.

    Attributes:
        model: that the traits belong to.
        users: int64 ``(m,)``.
        traits: int64 ``(m,)``.
        counts: float64 ``(m,)``, weighted purchases of products with the trait.
        totals: float64 ``(users, fields)``, those of products with any trait of the field.
        purchases: float64 ``(users,)``, all of them.
    """

    model: Learned
    users: NDArray[np.int64]
    traits: NDArray[np.int64]
    counts: NDArray[np.float64]
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
            bought: users, rows and weighted purchases, as `Evidence.pairs` gives them.
            user_count: one more than the greatest user at least.
        """
        buyers, rows, weights = bought
        entries, owners = entries_of(model.starts, rows)
        traits, fields = len(model.field_of), len(model.fields)
        bought_traits, weighted = model.traits[entries], weights[owners]
        keys, places = np.unique(buyers[owners] * traits + bought_traits, return_inverse=True)
        by_field = buyers[owners] * fields + model.field_of[bought_traits]
        totals = np.bincount(
            by_field, weighted * model.parts[entries], minlength=user_count * fields
        )
        return cls(
            model=model,
            users=keys // traits,
            traits=keys % traits,
            counts=np.bincount(places, weighted, minlength=len(keys)).astype(np.float64),
            totals=totals.astype(np.float64).reshape(user_count, fields),
            purchases=np.bincount(buyers, weights, minlength=user_count).astype(np.float64),
        )

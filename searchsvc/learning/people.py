"""People: what each of many users likes, as points whose directions can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.likeness import confidence, metric_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from searchsvc.learning.holdings import Holdings

KNOWN_PURCHASES = 10.0
"""Weighted purchases of somebody whose tastes are known well enough to be compared."""
MOST_PEOPLE = 5_000
MOST_TRAITS = 256
"""By which people are told apart: the ones that most of what they like is in."""
_SEED = 20_261_124


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What users like; distinct pairs of a person and a trait.

    Attributes:
        users: int64 ``(people,)``, numbers of the users, ascending.
        whose: int64 ``(m,)``, places in `users`.
        traits: int32 ``(m,)``.
        liked: float64 ``(m,)``, as `searchsvc.learned.likeness` compares it, above 0.
        lengths: float64 ``(people,)``, of what each likes.
        confidences: float64 ``(people,)``.
    """

    users: NDArray[np.int64]
    whose: NDArray[np.int64]
    traits: NDArray[np.int32]
    liked: NDArray[np.float64]
    lengths: NDArray[np.float64]
    confidences: NDArray[np.float64]

    @classmethod
    def of(cls, holdings: Holdings) -> People:
        """Those of whom enough is known; a sample, where they are very many."""
        users = np.flatnonzero(holdings.purchases >= KNOWN_PURCHASES)
        if len(users) > MOST_PEOPLE:
            users = np.random.default_rng(_SEED).choice(users, MOST_PEOPLE, replace=False)
            users.sort()
        place = np.full(len(holdings.purchases), -1)
        place[users] = np.arange(len(users))
        kept = place[holdings.users] >= 0
        liked = _liked(holdings, kept)
        whose, traits = place[holdings.users[kept]][liked > 0], holdings.traits[kept][liked > 0]
        liked = liked[liked > 0]
        squares = np.bincount(whose, liked**2, minlength=len(users))
        confidences = [confidence(bought) for bought in holdings.purchases[users].tolist()]
        return cls(users, whose, traits, liked, np.sqrt(squares), np.array(confidences))

    def points(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What each likes, as a direction.

        Returns:
            float32 ``(people, n)``, of length 1 but for those who like nothing in particular, and
            int64 ``(n,)``, the traits that are the axes.
        """
        shares = self.liked / self.lengths[self.whose]
        if not len(shares):
            return np.zeros((len(self), 0), np.float32), np.empty(0, np.int64)
        counts = np.bincount(self.traits, shares**2)
        axes = np.sort(np.argsort(-counts, kind="stable")[:MOST_TRAITS])
        axis_of = np.full(len(counts), -1)
        axis_of[axes] = np.arange(len(axes))
        kept = axis_of[self.traits] >= 0
        points = np.zeros((len(self), len(axes)), np.float32)
        points[self.whose[kept], axis_of[self.traits[kept]]] = shares[kept]
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        points /= np.where(lengths > 0, lengths, 1)
        return points, axes

    def likeness(self, direction: Mapping[int, float]) -> NDArray[np.float64]:
        """How similar each is to a centroid, as `searchsvc.learned.likeness` has it.

        Args:
            direction: by trait; of any length above 0.

        Returns:
            float64 ``(people,)``.
        """
        wanted = np.zeros(max(int(self.traits.max(initial=0)), *direction, 0) + 1)
        wanted[list(direction)] = list(direction.values())
        wanted /= np.linalg.norm(wanted)
        sums = np.bincount(self.whose, self.liked * wanted[self.traits], minlength=len(self))
        cosines = sums / np.where(self.lengths > 0, self.lengths, 1)
        likeness: NDArray[np.float64] = cosines * self.confidences
        return likeness

    def __len__(self) -> int:
        return len(self.users)


def _liked(holdings: Holdings, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The lifts of the `kept` pairs, weighted to be compared; at least 0.

    What somebody has not bought has no lift above 0, so that nothing is missing.
    """
    model = holdings.model
    traits, users = holdings.traits[kept], holdings.users[kept]
    fields = model.field_of[traits]
    smoothing = np.array([it.smoothing for it in model.fields])[fields]
    ceiling = np.array([it.ceiling for it in model.fields])[fields]
    shares = model.shares[traits].astype(np.float64)
    totals = holdings.totals[users, fields]
    lifts = np.log((holdings.counts[kept] + smoothing * shares) / ((totals + smoothing) * shares))
    liked: NDArray[np.float64] = np.clip(lifts / ceiling, 0, 1) * metric_of(model)[traits]
    return liked

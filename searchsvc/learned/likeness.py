"""Likeness: how similar a shopper's tastes are to those of a learned segment.

What a shopper buys more of than others is compared, not what they buy less of: nobody has bought
most of a shop. A trait counts by its share of what the shop sells, so that being alike is liking
the same products rather than the same rare words, and by what its field is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from searchsvc.learned.model import Learned
    from searchsvc.learned.tastes import Tastes
    from searchsvc.segments.segments import Segments

NARROW_FIELDS = frozenset({"id", "item_group_id"})
"""Having bought one article is nothing that a segment is about."""
HALF_KNOWN = 5.0
"""Weighted purchases of a shopper of whom half of a likeness counts: one alone proves little."""


@dataclass(frozen=True, slots=True, eq=False)
class Centroid:
    """The middle of a segment.

    Attributes:
        direction: float32 ``(traits,)``, weighted by `metric_of`, of length 1.
        metric: see `metric_of`.
        threshold: the least likeness of whoever is in the segment.
    """

    direction: NDArray[np.float32]
    metric: NDArray[np.float32]
    threshold: float

    @classmethod
    def of(
        cls, affinities: Mapping[str, Mapping[str, float]], threshold: float, model: Learned
    ) -> Centroid | None:
        """The centroid of `affinities`, lifts by field and value.

        Returns:
            ``None`` if the model knows none of them, or uses none of their fields.
        """
        lifts = np.zeros(len(model.field_of), np.float32)
        for place, field in enumerate(model.fields):
            wanted = affinities.get(field.name, {})
            if not wanted or field.name in NARROW_FIELDS:
                continue
            first, last = np.searchsorted(model.field_of, [place, place + 1])
            for trait in range(int(first), int(last)):
                lifts[trait] = wanted.get(model.values[trait], 0.0)
        metric = metric_of(model)
        direction = lifts * metric
        length = np.linalg.norm(direction)
        return cls(direction / length, metric, threshold) if length else None

    def likeness(self, tastes: Tastes) -> float:
        """How similar a shopper's tastes are, 0 to 1.

        The cosine of what both like, less the fewer purchases the tastes are known from.
        """
        liked = np.maximum(tastes.lifts, 0) * self.metric
        length = float(np.linalg.norm(liked))
        cosine = float(self.direction @ liked) / length if length else 0.0
        return max(cosine, 0.0) * confidence(tastes.purchases)

    def fits(self, tastes: Tastes) -> bool:
        """Whether whoever has `tastes` is in the segment."""
        return self.likeness(tastes) >= self.threshold


def metric_of(model: Learned) -> NDArray[np.float32]:
    """What a lift of each trait counts, float32 ``(traits,)``; 0 for those not compared."""
    worth = [it.weight * (it.in_use and it.name not in NARROW_FIELDS) for it in model.fields]
    metric: NDArray[np.float32] = (
        np.sqrt(model.shares) * np.array(worth, np.float32)[model.field_of]
    )
    return metric


def confidence(purchases: float) -> float:
    """The part of a likeness that counts of a shopper with so many weighted purchases, 0 to 1."""
    return purchases / (purchases + HALF_KNOWN)


def centroids_of(segments: Segments, model: Learned | None) -> dict[str, Centroid]:
    """The centroids of the learned segments that `model` knows something of, by name."""
    if model is None:
        return {}
    found = {
        segment.name: Centroid.of(segment.like.affinities, segment.like.threshold, model)
        for segment in segments.segments
        if segment.like is not None
    }
    return {name: centroid for name, centroid in found.items() if centroid is not None}


def alike(centroids: Mapping[str, Centroid], tastes: Tastes | None) -> tuple[str, ...]:
    """The names of those of `centroids` whose segments somebody with `tastes` is in."""
    if tastes is None:
        return ()
    return tuple(name for name, centroid in centroids.items() if centroid.fits(tastes))

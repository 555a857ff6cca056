"""Likeness: how similar a shopper's lifts are to those of a learned segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from searchsvc.learned.model import Learned
    from searchsvc.learned.tastes import Tastes

PRODUCT_FIELD = "id"
"""Having bought one product is nothing that a segment is about."""


@dataclass(frozen=True, slots=True, eq=False)
class Centroid:
    """The middle of a segment.

    Attributes:
        direction: float32 ``(traits,)``, of length 1.
        threshold: the least likeness of whoever is in the segment.
    """

    direction: NDArray[np.float32]
    threshold: float

    @classmethod
    def of(
        cls, affinities: Mapping[str, Mapping[str, float]], threshold: float, model: Learned
    ) -> Centroid | None:
        """The centroid of `affinities`, lifts by field and value; ``None`` if none is known."""
        direction = np.zeros(len(model.field_of), np.float32)
        for place, field in enumerate(model.fields):
            wanted = affinities.get(field.name, {})
            if not wanted or field.name == PRODUCT_FIELD:
                continue
            first, last = np.searchsorted(model.field_of, [place, place + 1])
            for trait in range(int(first), int(last)):
                direction[trait] = wanted.get(model.values[trait], 0.0)
        length = float(np.linalg.norm(direction))
        return cls(direction / np.float32(length), threshold) if length else None

    def likeness(self, tastes: Tastes) -> float:
        """The cosine of a shopper's lifts and the segment's, of all traits but products."""
        lifts = tastes.lifts * _comparable(tastes.model)
        length = float(np.linalg.norm(lifts))
        return float(self.direction @ lifts) / length if length else 0.0

    def fits(self, tastes: Tastes) -> bool:
        """Whether whoever has `tastes` is in the segment."""
        return self.likeness(tastes) >= self.threshold


def _comparable(model: Learned) -> NDArray[np.bool_]:
    names = np.array([field.name != PRODUCT_FIELD for field in model.fields])
    return names[model.field_of]

"""What the labels of a collection are worth: gains, and from where on a product is relevant."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RELEVANT = 1
"""The lowest label that counts as relevant where a collection does not say otherwise."""


def exponential_gain(label: int) -> float:
    """``2 ** label - 1``: 0, 1, 3, 7 for the labels 0 to 3; negative labels gain 0."""
    return 2.0 ** max(label, 0) - 1.0


@dataclass(frozen=True, slots=True)
class LabelScale:
    """How a collection's labels are read.

    Attributes:
        gains: gain by label, 0 or more; None for `exponential_gain`.
        relevant_from: the lowest label that counts as relevant in the binary measures.
    """

    gains: Mapping[int, float] | None = None
    relevant_from: int = RELEVANT

    def gain(self, label: int) -> float:
        """What a product with this label adds to the cumulative gain.

        Raises:
            ValueError: the gains say nothing about this label.
        """
        if self.gains is None:
            return exponential_gain(label)
        if label not in self.gains:
            known = ", ".join(str(known) for known in sorted(self.gains))
            raise ValueError(f"label {label} has no gain: expected one of {known}")
        return self.gains[label]

    def is_relevant(self, label: int) -> bool:
        """Whether the binary measures count a product with this label."""
        return label >= self.relevant_from

    def gains_of(self, labels: Iterable[int]) -> Mapping[int, float]:
        """The gain of each label that occurs, in ascending order of labels."""
        return MappingProxyType({label: self.gain(label) for label in sorted(set(labels))})


DEFAULT_SCALE = LabelScale()
"""Exponential gain, relevant from label 1."""

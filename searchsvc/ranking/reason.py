"""A reason: one of the preferences that moved a hit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TRAIT_SEPARATOR = ": "
"""Between field and value in the name of a taste."""


class ReasonKind(StrEnum):
    """Where a preference comes from."""

    REQUEST = "request"  # a boost that the request brought
    SEGMENT = "segment"  # a boost of a segment that the shopper is in
    TASTE = "taste"  # what the shopper had to do with before
    SESSION = "session"  # what the shopper viewed just now


@dataclass(frozen=True, slots=True)
class Reason:
    """One preference and what it gave a product.

    Attributes:
        name: of the boost, or the trait (``brand: Acme``).
        gain: of score; all reasons of a hit add up to its boost.
        segment: whose boost it is; ``None`` for anything else.
    """

    kind: ReasonKind
    name: str
    gain: float
    segment: str | None = None

    def summary(self) -> str:
        """A few words for people."""
        whose = f"{self.segment}: " if self.segment else ""
        return f"{self.kind} {whose}{self.name} {self.gain:+.4f}"

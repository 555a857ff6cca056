"""Who asks, as far as the request says."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact = str | float | bool
"""What is known of a shopper: ``country`` is ``DE``, ``first_visit`` is true."""

MAX_SEGMENTS = 50
"""Segments that a request may name."""
MAX_VIEWED = 50
"""Products that a request may say were viewed."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who asks. Without `consent` nothing of it is used, and nothing is stored.

    Attributes:
        consent: whether the shopper agreed to personalization and to stored events.
        token: a pseudonym that the shop chose, such as a random number in a cookie; ``None`` for
            somebody who has none.
        segments: that the request says the shopper is in.
        context: facts of the request, by name: ``country``, ``device``, ``referrer``, …
        viewed: ids of products that the shopper looked at in this session, the latest first.
        strength: of the personalization, 0 to 100; ``None`` leaves that to the index.
    """

    consent: bool = False
    token: str | None = None
    segments: tuple[str, ...] = ()
    context: Mapping[str, Fact] = field(default_factory=lambda: MappingProxyType({}))
    viewed: tuple[str, ...] = ()
    strength: float | None = None

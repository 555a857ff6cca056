"""A profile: what the stored events say of one user, put together when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.events.event import EventKind


@dataclass(frozen=True, slots=True)
class Interaction:
    """A product that the user had to do with.

    Attributes:
        time_ms: milliseconds since the epoch.
        price: of one, in the major unit; ``None`` where the event did not say.
    """

    product_id: str
    kind: EventKind
    time_ms: int
    quantity: int = 1
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a user. It is not stored: deleting the events deletes it.

    Attributes:
        interactions: the latest first, at most `MAX_INTERACTIONS`.
        searched: what the user searched for, the latest first, at most `MAX_SEARCHES`.
        orders: purchases, however many products each has.
        spent: in all purchases whose prices are known, in the major unit.
        first_ms: of the first event; ``None`` without any.
        last_ms: of the latest.
        segments: listed segments that the user was put into.
    """

    interactions: tuple[Interaction, ...] = ()
    searched: tuple[str, ...] = ()
    orders: int = 0
    spent: float = 0.0
    first_ms: int | None = None
    last_ms: int | None = None
    segments: frozenset[str] = frozenset()


MAX_INTERACTIONS = 1_000
"""Products that a profile looks back at."""
MAX_SEARCHES = 50
"""Searches that a profile looks back at."""

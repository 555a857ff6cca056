"""A portrait: what is made of a user's events, for whoever asks what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.segments.segments import ActiveSegment

MOST_PORTRAYED = 20
"""Tastes of a portrait."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What is made of a user's events in one index; it is never stored.

    Attributes:
        orders: how many.
        spent: in all of them, in the major unit.
        segments: that the user is in, whatever the request.
        tastes: what the user likes more than others do: fields and values, the most first.
    """

    orders: int
    spent: float
    segments: tuple[ActiveSegment, ...]
    tastes: tuple[tuple[str, str], ...]

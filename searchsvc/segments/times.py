"""Conditions on the time: hours, weekdays and dates, as the clocks of a zone show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

    from searchsvc.segments.situation import Situation

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """The clocks of a zone show `begin` or later and less than `end`, in hours.

    Where `end` is not after `begin`, midnight is between them.
    """

    begin: int
    end: int
    zone: tzinfo

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        hour = situation.clocks[self.zone].hour
        if self.begin < self.end:
            return self.begin <= hour < self.end
        return hour >= self.begin or hour < self.end

    def __str__(self) -> str:
        return f"it is from {self.begin} to {self.end} o'clock in {self.zone}"


@dataclass(frozen=True, slots=True)
class Weekdays:
    """It is one of these days in a zone, 0 for Monday."""

    days: frozenset[int]
    zone: tzinfo

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        return situation.clocks[self.zone].weekday() in self.days

    def __str__(self) -> str:
        days = ", ".join(WEEKDAYS[day] for day in sorted(self.days))
        return f"it is {days} in {self.zone}"


@dataclass(frozen=True, slots=True)
class Dates:
    """It is `begin_ms` or later and before `end_ms`, milliseconds since the epoch."""

    begin_ms: int | None
    end_ms: int | None
    written: str

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        now = situation.now_ms
        return (self.begin_ms is None or now >= self.begin_ms) and (
            self.end_ms is None or now < self.end_ms
        )

    def __str__(self) -> str:
        return f"the date is {self.written}"

"""Preferences: what one shopper's segments, tastes and session give the products of a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.likeness import NARROW_FIELDS
from searchsvc.ranking.reason import TRAIT_SEPARATOR, Reason, ReasonKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from searchsvc.learned.tastes import Tastes
    from searchsvc.preferences.alignment import Alignment
    from searchsvc.preferences.patterns import Patterns
    from searchsvc.preferences.session import Session

_FULL_STRENGTH = 100.0
_LEAST_SHARE = 0.005  # of a boost: what is less is told together
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Preferences:
    """What whoever asks prefers, on the products of one snapshot.

    The parts are shares of a full boost. Together, and with the boosts that the request brings,
    they are bounded to one (see `searchsvc.ranking.boosting`), so that nothing moves a product
    further than `RankingPolicy.boost_limit` says.

    Attributes:
        strength: 0 to 100, of all parts.
        patterns: of the segments' boosts; ``None`` without segments.
        active: the boosts in force, numbers in ``patterns.rules``, ascending.
        alignment: of the learned model; ``None`` without one.
        tastes: of the shopper; ``None`` where nothing is known.
        session: of the shopper; ``None`` where nothing was viewed.
    """

    strength: float = _FULL_STRENGTH
    patterns: Patterns | None = None
    active: tuple[int, ...] = ()
    alignment: Alignment | None = None
    tastes: Tastes | None = None
    session: Session | None = None

    @property
    def are_none(self) -> bool:
        """Whether they can change nothing."""
        parts = (self._has_segments, self._has_tastes, self.session is not None)
        return not self.strength or not any(parts)

    def shares(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """What `rows` gain, float32 ``(n,)``: shares of a full boost, not bounded."""
        total = self._segments(rows)
        if self.alignment is not None and self.tastes is not None:
            total += self.alignment.affinities(self.tastes, rows)
        if self.session is not None:
            total += self.session.shares(rows)
        return total * np.float32(self.strength / _FULL_STRENGTH)

    def everywhere(self) -> NDArray[np.float32] | None:
        """What all products gain by segments, float32 ``(products,)``; ``None`` for nothing.

        Segments choose what is looked at where nothing was asked; tastes and the session order
        what is looked at.
        """
        if not self._has_segments or self.patterns is None:
            return None
        totals = self.patterns.totals(self.active) * np.float32(self.strength / _FULL_STRENGTH)
        return totals[self.patterns.pattern_of]

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Why the product at `row` gains what it gains, in shares of a full boost."""
        scale = self.strength / _FULL_STRENGTH
        return tuple(
            Reason(kind, name, gain * scale, segment)
            for kind, name, gain, segment in self._parts(row)
            if gain * scale
        )

    def _parts(self, row: int) -> Iterator[tuple[ReasonKind, str, float, str | None]]:
        if self.patterns is not None:
            for number in self.patterns.fulfilled_by(row, self.active):
                rule = self.patterns.rules[number]
                yield ReasonKind.SEGMENT, rule.name, rule.weight, rule.segment
        if self.alignment is not None and self.tastes is not None:
            yield from self._taste(row, self.alignment, self.tastes)
        if self.session is not None:
            gain = float(self.session.shares(np.array([row]))[0])
            yield ReasonKind.SESSION, "resembles what was viewed", gain, None

    def _taste(
        self, row: int, alignment: Alignment, tastes: Tastes
    ) -> Iterator[tuple[ReasonKind, str, float, str | None]]:
        """The traits that count, best first; what the bound leaves of them.

        Which products somebody had to do with is not named: whoever knows a token could list
        what its owner bought.
        """
        traits = alignment.traits(tastes, row)
        bounded = float(alignment.affinities(tastes, np.array([row]))[0])
        # Not by what is left of the sum: next to nothing where traits cancel each other.
        scale = 1 / max(abs(sum(gain for _, _, gain in traits)), 1.0)
        named = [
            (f"{field}{TRAIT_SEPARATOR}{value}", gain * scale)
            for field, value, gain in traits
            if field not in NARROW_FIELDS
        ]
        named.sort(key=lambda it: -abs(it[1]))
        shown = [(name, gain) for name, gain in named if abs(gain) >= _LEAST_SHARE]
        for name, gain in shown:
            yield ReasonKind.TASTE, name, gain, None
        rest = bounded - sum(gain for _, gain in shown)
        if abs(rest) > _ROUNDING:
            yield ReasonKind.TASTE, "other traits", rest, None

    @property
    def _has_segments(self) -> bool:
        return self.patterns is not None and bool(self.active)

    @property
    def _has_tastes(self) -> bool:
        return self.alignment is not None and self.tastes is not None

    def _segments(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.patterns is None or not self.active:
            return np.zeros(len(rows), np.float32)
        return self.patterns.totals(self.active)[self.patterns.pattern_of[rows]]

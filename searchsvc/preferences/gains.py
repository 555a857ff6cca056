"""Gains: all that moves products beside their relevance, of one request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.query.mask import row_mask
from searchsvc.ranking.boosting import bounded
from searchsvc.ranking.reason import Reason, ReasonKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.preferences.preferences import Preferences
    from searchsvc.query.query import Boost, Query


class Gains:
    """The boosts that a request brings, and the preferences of whoever asks."""

    def __init__(
        self,
        boosts: tuple[Boost, ...],
        masks: list[NDArray[np.bool_]],
        preferences: Preferences | None,
        products: int,
    ) -> None:
        self._boosts = boosts
        self._masks = masks
        self._preferences = preferences
        self._products = products

    @classmethod
    def of(cls, query: Query, snapshot: Snapshot, preferences: Preferences | None) -> Gains | None:
        """Those of `query`; ``None`` where nothing can move anything.

        Raises:
            BadFilterError: a boost does not fit the snapshot's columns.
        """
        preferences = None if preferences is None or preferences.are_none else preferences
        if not query.boosts and preferences is None:
            return None
        count = len(snapshot.products)
        masks = [
            row_mask(wanted.condition, snapshot.columns, count, snapshot.derived)
            for wanted in query.boosts
        ]
        return cls(query.boosts, masks, preferences, count)

    def shares(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """What `rows` gain, float32 ``(n,)``: shares of a full boost, not bounded."""
        total = np.zeros(len(rows), np.float32)
        for wanted, mask in zip(self._boosts, self._masks, strict=True):
            total += mask[rows] * np.float32(wanted.weight)
        if self._preferences is not None:
            total += self._preferences.shares(rows)
        return total

    def everywhere(self) -> NDArray[np.float32]:
        """What every product gains by boosts and segments: float32 ``(products,)``, -1 to 1."""
        total = np.zeros(self._products, np.float32)
        for wanted, mask in zip(self._boosts, self._masks, strict=True):
            total += mask * np.float32(wanted.weight)
        by_segments = None if self._preferences is None else self._preferences.everywhere()
        return bounded(total if by_segments is None else total + by_segments)

    def reasons(self, row: int, full: float) -> tuple[Reason, ...]:
        """What moved the product at `row`, the most first; they add up to what it gained.

        Args:
            row: of the snapshot.
            full: what a full boost is of score. Where the reasons would exceed it together, each
                has its share of that.
        """
        found = [
            Reason(ReasonKind.REQUEST, wanted.name or "boost", wanted.weight)
            for wanted, mask in zip(self._boosts, self._masks, strict=True)
            if mask[row] and wanted.weight
        ]
        if self._preferences is not None:
            found += self._preferences.reasons(row)
        # Not by what the product gained: next to nothing where reasons cancel each other.
        scale = full / max(abs(sum(reason.gain for reason in found)), 1.0)
        scaled = [replace(reason, gain=reason.gain * scale) for reason in found if scale]
        return tuple(sorted(scaled, key=lambda reason: -abs(reason.gain)))

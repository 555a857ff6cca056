"""Patterns: which of the segments' boosts each product fulfils, compiled for one snapshot.

Products that fulfil the same boosts share a **pattern**. A product costs four bytes, however many
boosts there are, and what a shopper's boosts give every product is one small table times their
weights, kept for the next shopper of the same segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.derived import Derived
from searchsvc.query.mask import row_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.segments.segments import SegmentBoost

_BITS = 30  # of a code with as many masks beside those of two billion products
_KEPT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """The fulfilled boosts of all products of one snapshot.

    Attributes:
        rules: the boosts of all segments.
        pattern_of: int32 ``(products,)``.
        fulfilled: bool ``(patterns, boosts)``.
    """

    rules: tuple[SegmentBoost, ...]
    pattern_of: NDArray[np.int32]
    fulfilled: NDArray[np.bool_]
    _totals: Derived

    @classmethod
    def compile(cls, rules: Sequence[SegmentBoost], snapshot: Snapshot) -> Patterns:
        """The patterns of `rules`; nothing fulfils one that is inert."""
        count = len(snapshot.products)
        masks = (
            np.zeros(count, np.bool_)
            if rule.inert
            else row_mask(rule.condition, snapshot.columns, count)
            for rule in rules
        )
        pattern_of = np.zeros(count, np.int64)
        columns: list[NDArray[np.uint8]] = []  # packed: 200 masks of a million products
        for mask in masks:
            columns.append(np.packbits(mask))
            pattern_of = (pattern_of << 1) | mask
            if len(columns) % _BITS == 0:
                pattern_of = np.unique(pattern_of, return_inverse=True)[1]
        _, firsts, pattern_of = np.unique(pattern_of, return_index=True, return_inverse=True)
        fulfilled = np.zeros((len(firsts), len(rules)), np.bool_)
        for number, column in enumerate(columns):
            fulfilled[:, number] = (column[firsts >> 3] >> (7 - (firsts & 7))) & 1
        return cls(tuple(rules), pattern_of.astype(np.int32), fulfilled, Derived(_KEPT_BYTES))

    def totals(self, active: tuple[int, ...]) -> NDArray[np.float32]:
        """The sum of the weights of those of the `active` boosts that each pattern fulfils.

        Args:
            active: numbers in `rules`, ascending.

        Returns:
            float32 ``(patterns,)``, not bounded; not to be written to.
        """

        def compute() -> NDArray[np.float32]:
            weights = np.array([self.rules[number].weight for number in active], np.float32)
            chosen = self.fulfilled[:, list(active)].astype(np.float32)
            return chosen @ weights

        return self._totals.get(active, compute, lambda it: it.nbytes)

    def fulfilled_by(self, row: int, active: tuple[int, ...]) -> tuple[int, ...]:
        """Which of the `active` boosts the product at `row` fulfils."""
        pattern = self.fulfilled[self.pattern_of[row]]
        return tuple(number for number in active if pattern[number])

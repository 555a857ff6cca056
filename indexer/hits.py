"""What a retriever found: rows of one snapshot with their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


_SIGN = np.uint32(1 << 31)
_ROW_MASK = 0xFFFFFFFF


def best_first(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The places of `scores`, greatest first, equal ones in their order.

    The bits of a float order as integers do once those of negative ones are turned. With the
    place behind them, one sort of integers does it, several times as fast as a stable sort.

    Args:
        scores: float32 ``(n,)``, none of them NaN.

    Returns:
        int64 ``(n,)``, a permutation.
    """
    bits = (scores + np.float32(0)).view(np.uint32)  # -0.0 becomes 0.0
    ascending = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    packed = (~ascending).astype(np.uint64) << np.uint64(32) | np.arange(
        len(scores), dtype=np.uint64
    )
    packed.sort()
    return (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows and scores, best first, ties by ascending row.

    Attributes:
        rows: int64 ``(n,)``, distinct row numbers of one snapshot.
        scores: float32 ``(n,)``, descending.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def none(cls) -> Hits:
        """No hit at all."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))

    @classmethod
    def best(cls, rows: NDArray[np.int64], scores: NDArray[np.float32], limit: int) -> Hits:
        """The `limit` best of distinct `rows` in any order, ties by ascending row.

        Ties at the limit are cut by row as well, so that the choice does not depend on the
        order in which a retriever found them.
        """
        if limit <= 0 or not len(rows):
            return cls.none()
        best = _best(
            np.ascontiguousarray(rows, np.int64), np.ascontiguousarray(scores, np.float32), limit
        )
        best.sort()
        chosen = best[::-1]
        found = (~chosen & np.uint64(_ROW_MASK)).astype(np.int64)
        return cls(found, _decoded(chosen))

    def at_least(self, threshold: float) -> Hits:
        """The hits that score `threshold` or more."""
        count = int(np.count_nonzero(self.scores >= threshold))
        return Hits(self.rows[:count], self.scores[:count])

    def within(self, mask: NDArray[np.bool_]) -> Hits:
        """The hits whose row is set in `mask`, bool ``(products,)``."""
        inside = mask[self.rows]
        return Hits(self.rows[inside], self.scores[inside])

    def without(self, rows: NDArray[np.int64]) -> Hits:
        """The hits that are none of `rows`."""
        outside = ~np.isin(self.rows, rows)
        return Hits(self.rows[outside], self.scores[outside])

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Matches:
    """A set of rows with their scores, in row order.

    Attributes:
        rows: int64 ``(n,)``, distinct row numbers of one snapshot, ascending.
        scores: float32 ``(n,)``.
        coverage: float32 ``(n,)``, the share of what was asked for that each row has, 0 to 1.
        ceiling: no row can score more; 0 when nothing can score.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    coverage: NDArray[np.float32]
    ceiling: float

    @classmethod
    def none(cls) -> Matches:
        """No match at all."""
        return cls.equal(np.empty(0, np.int64))

    @classmethod
    def equal(cls, rows: NDArray[np.int64]) -> Matches:
        """`rows`, ascending, as matches of nothing in particular."""
        return cls(rows, np.zeros(len(rows), np.float32), np.ones(len(rows), np.float32), 0.0)

    def within(self, mask: NDArray[np.bool_]) -> Matches:
        """The matches whose row is set in `mask`, bool ``(products,)``."""
        return Matches(*_within(self.rows, self.scores, self.coverage, mask), self.ceiling)

    def rank(self, place: int) -> int:
        """The rank, from 1, of the match at `place`; ties by row."""
        score = self.scores[place]
        better = np.count_nonzero(self.scores > score)
        return int(better + np.count_nonzero(self.scores[:place] == score)) + 1

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each of `rows` stands in this set, int64 ``(len(rows),)``; -1 for none."""
        return _places(self.rows, rows)

    def __len__(self) -> int:
        return len(self.rows)


@compiled
def _best(rows: NDArray[np.int64], scores: NDArray[np.float32], limit: int) -> NDArray[np.uint64]:
    """The `limit` greatest keys, uint64, in any order.

    A key is the score as an integer of the same order, with the row turned around behind it. Keys
    above the least that is sure to stay are collected; whenever there are twice as many as wanted,
    half of them go. Most scores are therefore compared once, whatever order they come in.
    """
    keys = np.empty(min(2 * limit, len(rows)), np.uint64)
    least, count = np.uint64(0), 0
    bits = scores.view(np.uint32)
    for place in range(len(rows)):
        # -0.0 is 0.0, and of negative numbers the bits order the other way round.
        high = np.uint64(0 if scores[place] == 0 else bits[place])
        high = high ^ np.uint64(0xFFFFFFFF if high & np.uint64(_SIGN) else _SIGN)
        key = (high << np.uint64(32)) | (~np.uint64(rows[place]) & np.uint64(_ROW_MASK))
        if key < least:
            continue
        if count == len(keys):
            least = _halve(keys, limit)
            count = limit
            if key < least:
                continue
        keys[count] = key
        count += 1
    if count > limit:
        _halve(keys[:count], limit)
        count = limit
    return keys[:count].copy()


@compiled
def _halve(keys: NDArray[np.uint64], limit: int) -> np.uint64:
    """Bring the `limit` greatest of distinct `keys` to the front; gives the least of them."""
    low, high = 0, len(keys) - 1
    while low < high:
        pivot = keys[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while keys[left] > pivot:
                left += 1
            while keys[right] < pivot:
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                left += 1
                right -= 1
        if limit - 1 <= right:
            high = right
        elif limit - 1 >= left:
            low = left
        else:
            break
    return np.uint64(keys[limit - 1])


def _decoded(keys: NDArray[np.uint64]) -> NDArray[np.float32]:
    """The scores in `keys`."""
    high = (keys >> np.uint64(32)).astype(np.uint32)
    return np.where(high & _SIGN, high ^ _SIGN, ~high).astype(np.uint32).view(np.float32)


@compiled
def _within(
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    coverage: NDArray[np.float32],
    mask: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    count = 0
    places = np.empty(len(rows), np.int32)
    for place in range(len(rows)):
        places[count] = place
        count += mask[rows[place]]
    kept_rows = np.empty(count, np.int64)
    kept_scores, kept_coverage = np.empty(count, np.float32), np.empty(count, np.float32)
    for kept in range(count):
        place = places[kept]
        kept_rows[kept] = rows[place]
        kept_scores[kept] = scores[place]
        kept_coverage[kept] = coverage[place]
    return kept_rows, kept_scores, kept_coverage


@compiled
def _places(present: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of `rows` stands among those present, ascending; -1 for none."""
    places = np.empty(len(rows), np.int64)
    for asked in range(len(rows)):
        low, high = 0, len(present)
        while low < high:
            middle = (low + high) // 2
            if present[middle] < rows[asked]:
                low = middle + 1
            else:
                high = middle
        is_there = low < len(present) and present[low] == rows[asked]
        places[asked] = low if is_there else -1
    return places

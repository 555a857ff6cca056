"""What a retriever found: rows of one snapshot with their scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_SIGN = np.uint32(1 << 31)


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
        if limit < len(rows):
            threshold = np.partition(scores, len(scores) - limit)[len(scores) - limit]
            kept = np.flatnonzero(scores >= threshold)
            rows, scores = rows[kept], scores[kept]
        order = np.lexsort((rows, -scores))[:limit]
        return cls(rows[order].astype(np.int64), scores[order].astype(np.float32))

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
        inside = mask[self.rows]
        return Matches(self.rows[inside], self.scores[inside], self.coverage[inside], self.ceiling)

    def rank(self, place: int) -> int:
        """The rank, from 1, of the match at `place`; ties by row."""
        score = self.scores[place]
        better = np.count_nonzero(self.scores > score)
        return int(better + np.count_nonzero(self.scores[:place] == score)) + 1

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each of `rows` stands in this set, int64 ``(len(rows),)``; -1 for none."""
        if not len(self.rows):
            return np.full(len(rows), -1, np.int64)
        places = np.searchsorted(self.rows, rows)
        places[places == len(self.rows)] = 0
        return np.where(self.rows[places] == rows, places, -1)

    def __len__(self) -> int:
        return len(self.rows)

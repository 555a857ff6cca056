"""Bundles: the sets of values that products have in a column of lists or paths.

Thousands of products are in the same category, and so in all of the ones above it. Whoever counts
values looks up one small number for each product then, instead of a list, and adds up lists once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRODUCTS_PER_BUNDLE = 8
"""With fewer than so many there is nothing to be gained."""
_SAMPLE = 4_096


@dataclass(frozen=True, slots=True)
class Bundles:
    """The distinct sets of values of a column.

    Attributes:
        bundle_of: unsigned, ``(products,)``, the bundle of each row.
        offsets: int64 ``(bundles + 1,)``, where the codes of each begin; the last is the end.
        codes: integers ``(n,)``, of the bundles' values.
    """

    bundle_of: NDArray[Any]
    offsets: NDArray[np.int64]
    codes: NDArray[Any]

    @classmethod
    def of(cls, offsets: NDArray[np.int32], codes: NDArray[Any]) -> Bundles | None:
        """The bundles of a sparse column; ``None`` where its products share too few.

        Args:
            offsets: int32 ``(products + 1,)``, where the codes of each row begin.
            codes: integers ``(pairs,)``, ascending within a row.
        """
        digests = _digests(offsets, codes)
        some = digests[:: max(1, len(digests) // _SAMPLE)]
        if len(np.unique(some)) * _PRODUCTS_PER_BUNDLE > 2 * len(some):
            return None  # not worth sorting a million for
        found, firsts, bundle_of = np.unique(digests, return_index=True, return_inverse=True)
        if len(found) * _PRODUCTS_PER_BUNDLE > len(digests):
            return None
        begins, lengths = offsets[firsts], offsets[firsts + 1] - offsets[firsts]
        ends = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        places = np.arange(ends[-1]) + np.repeat(begins - ends[:-1], lengths)
        narrow = bundle_of.astype(np.min_scalar_type(len(found)))
        bundles = cls(narrow, ends, codes[places])
        return bundles if _are_of(offsets, codes, narrow, ends, bundles.codes) else None

    def tally(self, rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """How many values with each code the `rows` have, int64 ``(size,)``."""
        return _tally(self.bundle_of, self.offsets, self.codes, rows, size)

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""
        return self.bundle_of.nbytes + self.offsets.nbytes + self.codes.nbytes


@compiled
def _digests(offsets: NDArray[np.int32], codes: NDArray[Any]) -> NDArray[np.uint64]:
    """A number for each row that equal lists share; FNV-1a over whole codes."""
    digests = np.empty(len(offsets) - 1, np.uint64)
    for row in range(len(digests)):
        digest = np.uint64(0xCBF29CE484222325)
        for place in range(offsets[row], offsets[row + 1]):
            digest = (digest ^ np.uint64(codes[place] + 1)) * np.uint64(0x100000001B3)
        digests[row] = digest ^ (digest >> np.uint64(32))
    return digests


@compiled
def _are_of(
    offsets: NDArray[np.int32],
    codes: NDArray[Any],
    bundle_of: NDArray[Any],
    ends: NDArray[np.int64],
    bundled: NDArray[Any],
) -> bool:
    """Whether each row has what its bundle has: different lists may share a number."""
    for row in range(len(bundle_of)):
        begin = ends[bundle_of[row]]
        length = ends[bundle_of[row] + 1] - begin
        if offsets[row + 1] - offsets[row] != length:
            return False
        for step in range(length):
            if codes[offsets[row] + step] != bundled[begin + step]:
                return False
    return True


@compiled
def _tally(
    bundle_of: NDArray[Any],
    offsets: NDArray[np.int64],
    codes: NDArray[Any],
    rows: NDArray[np.int64],
    size: int,
) -> NDArray[np.int64]:
    having = np.zeros(len(offsets) - 1, np.int64)
    for row in rows:
        having[bundle_of[row]] += 1
    counts = np.zeros(size, np.int64)
    for bundle in range(len(having)):
        if having[bundle]:
            for place in range(offsets[bundle], offsets[bundle + 1]):
                counts[codes[place]] += having[bundle]
    return counts

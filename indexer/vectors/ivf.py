"""Approximate search through inverted lists, on codes of one bit and of eight.

Groups of lists near to the query give their lists, the nearest lists their products, the nearest
products by one bit for each component are scored by eight. docs/vectors.md tells what else
was measured.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits
from indexer.vectors.codes import CodedQuery, Codes, similarities
from indexer.vectors.lists import Lists
from indexer.vectors.protocol import Looked
from indexer.vectors.scan import Depth, Query, Scanner

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_GROUPS_PER_LISTS = 10
"""Lists that are looked at for each that is gone through."""

_LEAST_CANDIDATES = 2_000
_SCANNED_PER_CANDIDATE = 20
_CANDIDATES_PER_HIT = 4

_STEPS_PER_SCORE = 4
"""Products are gone through while one of anywhere in the catalogue is scored."""

_DEEPENING = -1 / 4
"""Neighbours inside a filter lie further away: so much deeper, as a power of its share."""

_FURTHER = 2
_ENOUGH = 0.75  # of what is met on average; a little less is no reason to begin again


class IvfIndex:
    """The lists and codes of one snapshot, mapped from disk."""

    def __init__(self, lists: Lists, codes: Codes, scanned: int) -> None:
        """Search `lists`.

        Args:
            lists: of all products.
            codes: of all products, by row.
            scanned: products to go through for a query.
        """
        self._codes = codes
        self._scanned = scanned
        self._scanner = Scanner(lists, codes)

    @classmethod
    def open(cls, lists: Path, codes: Path, shape: tuple[int, int], scanned: int) -> IvfIndex:
        """Map the files `lists` and `codes`.

        Args:
            lists: what `Lists.write` wrote.
            codes: what `Codes.write` wrote.
            shape: products and dimension.
            scanned: products to go through for a query.

        Raises:
            SnapshotCorruptError: they are damaged, or not of this shape.
        """
        return cls(Lists.read(lists, *shape), Codes.read(codes, *shape), scanned)

    def search(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> Hits:
        """See `VectorIndex.search`."""
        return self.explore(query, limit, mask)[0]

    def explore(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[Hits, Looked]:
        """See `VectorIndex.explore`.

        Where scoring every product inside `mask` costs no more than to find the nearest of them
        through the lists, that is done, and nothing is missed. Otherwise the neighbours lie
        further away than without a filter, in more lists.
        """
        products = len(self._codes.scales)
        passing = products if mask is None else int(np.count_nonzero(mask))
        depth = self._depth(limit, passing)
        if mask is not None and passing * _STEPS_PER_SCORE <= depth.lists:
            rows = np.flatnonzero(mask)
            hits = Hits.best(rows, self.similarities(query, rows), limit)
            return hits, Looked(0, 0, len(rows), len(rows))
        prepared = Query.of(query)
        # Of a filter that goes with the meaning, as many as of one that does not.
        enough = min(passing, int(_ENOUGH * depth.lists * passing / products))
        while True:
            rows, scores, looked = self._scanner.scan(prepared, depth, mask)
            if looked.passed >= enough or depth.lists >= products:
                return Hits.best(rows, scores, limit), looked
            depth = Depth(products, depth.lists * _FURTHER, depth.candidates)

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `VectorIndex.gather`."""
        return Codes(self._codes.codes[rows], self._codes.scales[rows]).widen()

    def similarities(
        self, query: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """See `VectorIndex.similarities`."""
        return similarities(self._codes, CodedQuery.of(query), rows)

    def _depth(self, limit: int, passing: int) -> Depth:
        products = len(self._codes.scales)
        candidates = max(
            _LEAST_CANDIDATES, self._scanned // _SCANNED_PER_CANDIDATE, _CANDIDATES_PER_HIT * limit
        )
        share = max(passing, 1) / products
        deeper = self._scanned * share**_DEEPENING
        lists = math.ceil(max(deeper, candidates / share))
        return Depth(_GROUPS_PER_LISTS * lists, lists, candidates)

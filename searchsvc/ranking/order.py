"""The order by relevance of a whole match set, sorted no further than is asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import best_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.hits import Matches
    from searchsvc.ranking.window import Ranking


class Order:
    """The ranked window, and behind it the rest of the lexical matches by BM25, ties by row."""

    def __init__(self, ranking: Ranking, lexical: Matches) -> None:
        self._ranking = ranking
        self._lexical = lexical

    def first(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """At least the `count` best rows, or all there are, and their scores.

        Returns:
            int64 and float32 ``(n,)``, best first; what lies behind the window costs a sort and
            is left out where the window is enough.
        """
        if count <= len(self._ranking.rows):
            return self._ranking.rows, self._ranking.scores
        return self.whole

    @cached_property
    def whole(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Every row of the match set and its score, as `first`."""
        rows, scores = self._ranking.rows, self._ranking.scores
        behind = np.ones(len(self._lexical), np.bool_)
        places = self._ranking.window.places
        behind[places[places >= 0]] = False
        rest, bm25 = self._lexical.rows[behind], self._lexical.scores[behind]
        sequence = best_first(bm25)
        floor = scores[-1] if len(scores) else np.float32(0)
        last = np.minimum(self._ranking.lexical_only(bm25[sequence]), floor)
        return np.concatenate((rows, rest[sequence])), np.concatenate((scores, last))

    def relevant(self, least_share: float) -> int:
        """How many of the first rows have at least this share of the best one's relevance.

        What the query identifies is relevant, and is no measure for the others.
        """
        rows, scores = self.whole
        first = int(np.count_nonzero(self._ranking.window.identified))
        if first == len(rows):
            return first
        best = max(float(scores[first]), 0.0)
        return first + int(np.count_nonzero(scores[first:] >= least_share * best))

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
        rest, last = self._behind
        return np.concatenate((rows, rest)), _continued(scores, last)

    def tiers(self, least_share: float) -> NDArray[np.int8]:
        """How relevant each row of the whole is, when another order than relevance is asked for.

        Args:
            least_share: of the best row's relevance that makes a row relevant; that of what the
                query identifies is no measure for the others, and boosts are for the order by
                relevance.

        Returns:
            int8 ``(n,)``: 0 for what the query identifies, 1 for what is relevant, 2 for the rest.
        """
        rows, scores = self.whole
        window, unboosted = self._ranking.window, self._ranking.unboosted
        if unboosted is not None:
            scores = _continued(unboosted, self._behind[1])
        tiers = np.full(len(rows), 2, np.int8)
        identified = np.isin(rows, window.rows[window.identified])
        best = max(float(scores[~identified].max(initial=0)), 0.0)
        tiers[scores >= least_share * best] = 1
        tiers[identified] = 0
        return tiers

    @cached_property
    def _behind(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """What lies behind the window, and the scores that it has of its own."""
        behind = np.ones(len(self._lexical), np.bool_)
        places = self._ranking.window.places
        behind[places[places >= 0]] = False
        rows, bm25 = self._lexical.rows[behind], self._lexical.scores[behind]
        sequence = best_first(bm25)
        return rows[sequence], self._ranking.lexical_only(bm25[sequence])


def _continued(window: NDArray[np.float32], behind: NDArray[np.float32]) -> NDArray[np.float32]:
    """The scores of the window, and those behind it, which never exceed them."""
    return np.concatenate((window, np.minimum(behind, window.min(initial=np.inf))))

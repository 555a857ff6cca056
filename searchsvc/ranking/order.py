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
        window = self._ranking.window
        tiers = np.full(len(rows), 2, np.int8)
        if self._ranking.boosts is not None:
            scores = scores.copy()
            scores[: len(self._ranking.boosts)] -= self._ranking.boosts
        identified = np.isin(rows, window.rows[window.identified])
        best = max(float(scores[~identified].max(initial=0)), 0.0)
        tiers[scores >= least_share * best] = 1
        tiers[identified] = 0
        return tiers

"""The least effort at which a vector search finds enough: engines are compared at equal recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.protocol import DEPTH, Look

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from benchmarks.peers.protocol import Corpus, Question, Range, Way

WANTED = 0.95
"""The recall that every vector search is tuned to."""
_CLOSE = 1.1
_EQUAL = 1e-6  # cosines of equal vectors differ by their rounding


class Judge:
    """The truth about the nearest products inside one filter.

    Args:
        corpus: the products.
        questions: that are asked; none of them is timed afterwards.
        within: the filter, which lets at least one product through.
    """

    def __init__(
        self, corpus: Corpus, questions: Sequence[Question], within: Range | None
    ) -> None:
        self._questions, self._within = questions, within
        self._cosines = np.array([it.vector for it in questions]) @ corpus.vectors.T
        mask = corpus.passing(within)
        if mask is not None:
            self._cosines[:, ~mask] = -np.inf
        passing = len(corpus.vectors) if mask is None else np.count_nonzero(mask)
        self._depth = min(DEPTH, int(passing))
        self._least: NDArray[np.float32] = np.partition(self._cosines, -self._depth)[
            :, -self._depth
        ]

    def recall(self, way: Way, effort: int) -> float:
        """The share of the nearest that `way` finds, averaged over the questions.

        A product as near as the last of them is as good as it: copies are no mistakes.
        """
        look = Look(effort, self._within)
        shares = []
        for question, row, least in zip(self._questions, self._cosines, self._least, strict=True):
            found = row[np.unique(np.asarray(way(question, look)[: self._depth], np.int64))]
            shares.append(np.count_nonzero(found >= least - _EQUAL) / self._depth)
        return float(np.mean(shares))


def least_effort(
    efforts: tuple[int, int], recall: Callable[[int], float], wanted: float = WANTED
) -> tuple[int, float]:
    """The least effort with at least the `wanted` recall, to a tenth, and its recall.

    Efforts are doubled until one is enough, and the gap to the one before is then halved.

    Args:
        efforts: the least and the most.
        recall: of an effort.
        wanted: 0 to 1; where the most effort does not reach it, that is the answer.
    """
    low, most = efforts
    high, found = low, recall(low)
    while found < wanted and high < most:
        low, high = high, min(2 * high, most)
        found = recall(high)
    while found >= wanted and high > max(low + 1, int(low * _CLOSE)):
        middle = (low + high) // 2
        reached = recall(middle)
        if reached >= wanted:
            high, found = middle, reached
        else:
            low = middle
    return high, found

"""Pseudo-relevance feedback: what resembles the best candidates moves up.

Relevant products resemble each other more than they resemble the others (van Rijsbergen's cluster
hypothesis), so that a stray match among the first falls behind what belongs together. As Rocchio's
method in the space of dense vectors, it is known to improve hybrid rankings (Li et al.: *Pseudo
relevance feedback with deep language models and dense retrievers*, TOIS 2023); here it reorders
what was found instead of asking again, so that the match set stays what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.vectors.half import cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

REORDERED = 200
"""Candidates that are compared with the best ones."""
_BEST = 10
_SHARPNESS = 10.0  # a tenth of a score less than the best is e times less trusted


def resemblance(vectors: NDArray[np.float32], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of each candidate to the mean of the best ones, these weighted by their scores.

    Args:
        vectors: float32 ``(n, dimension)``, unit rows in the order of the ranking.
        scores: float32 ``(n,)``, descending.

    Returns:
        float32 ``(n,)``.
    """
    if not len(scores):
        return np.empty(0, np.float32)
    best = scores[:_BEST]
    weights = np.exp(_SHARPNESS * (best - best[0])).astype(np.float32)
    centre = weights @ vectors[: len(best)]
    length = float(np.linalg.norm(centre))
    if not length:
        return np.zeros(len(scores), np.float32)
    return cosines(vectors, centre / np.float32(length))

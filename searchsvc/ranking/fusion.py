"""Fusion of the lexical and the semantic ranking of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def weighted(
    bm25: NDArray[np.float32],
    cosines: NDArray[np.float32],
    *,
    semantic_weight: float,
    best_bm25: float,
) -> NDArray[np.float32]:
    """``w * cosine + (1 - w) * BM25 / best BM25``: both on a scale that means the same always.

    The cosine is taken as it is, since its absolute value says how near a product is; only BM25,
    which has no scale of its own, is divided by the query's best score.

    Args:
        bm25: float32 ``(n,)``, 0 for a row that is no lexical match.
        cosines: float32 ``(n,)`` of the same rows.
        semantic_weight: w, 0 to 1.
        best_bm25: of all matches of the query; 0 when there is none.

    Returns:
        float32 ``(n,)``, at most 1 (and a few ten-thousandths: vectors are in half precision).
    """
    relative = bm25 / best_bm25 if best_bm25 > 0 else np.zeros_like(bm25)
    fused = semantic_weight * cosines + (1 - semantic_weight) * relative
    return fused.astype(np.float32)


def reciprocal_ranks(
    lexical_ranks: NDArray[np.int64], semantic_ranks: NDArray[np.int64], *, k: int
) -> NDArray[np.float32]:
    """Sum of ``1 / (k + rank)`` over the rankings that have the row.

    Cormack, Clarke, Büttcher: *Reciprocal rank fusion outperforms Condorcet and individual rank
    learning methods*, SIGIR 2009.

    Args:
        lexical_ranks: int64 ``(n,)``, from 1; 0 where the ranking does not have the row.
        semantic_ranks: int64 ``(n,)`` likewise.
        k: how slowly the contribution falls with the rank.

    Returns:
        float32 ``(n,)``.
    """
    fused = np.zeros(len(lexical_ranks), np.float64)
    for ranks in (lexical_ranks, semantic_ranks):
        fused += np.where(ranks > 0, 1.0 / (k + ranks), 0.0)
    return fused.astype(np.float32)

"""Fusion of the lexical and the semantic ranking of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_SPAN = 1e-3
"""Of cosines that say something; a model that finds everything alike leaves none."""


def lexical_share(scores: NDArray[np.float32], ceiling: float) -> NDArray[np.float32]:
    """BM25 as a share of what the best conceivable product would score, 0 to 1.

    The ceiling is the sum of each word's greatest impact in the catalogue, the upper bound of
    query evaluation (Turtle, Flood: *Query evaluation: strategies and optimizations*, 1995). A
    product that has one of three words scores low by it even where none does better; divided by
    the query's best score it would look perfect.

    Args:
        scores: float32 ``(n,)``, BM25.
        ceiling: see `Matches`; 0 when nothing can score.

    Returns:
        float32 ``(n,)``.
    """
    if ceiling <= 0:
        return np.zeros_like(scores)
    return (scores / np.float32(ceiling)).astype(np.float32)


def semantic_share(cosines: NDArray[np.float32], unrelated: float) -> NDArray[np.float32]:
    """Cosines on a scale where 0 is the nearest product of an unrelated query, and 1 the same.

    Models differ in what cosine they give unrelated texts, and so do catalogues in how near
    their nearest product is to anything; see `indexer.build.foreign`. Products below 0 keep
    their order down to -1, where they are all as unrelated as can be.

    Args:
        cosines: float32 ``(n,)``.
        unrelated: the cosine that becomes 0.

    Returns:
        float32 ``(n,)``, from -1 to 1.
    """
    span = max(1 - unrelated, _LEAST_SPAN)
    share = (cosines - np.float32(unrelated)) / np.float32(span)
    bounded: NDArray[np.float32] = np.clip(share, -1, 1).astype(np.float32)
    return bounded


def weighted(
    lexical: NDArray[np.float32], semantic: NDArray[np.float32], *, semantic_weight: float
) -> NDArray[np.float32]:
    """``w * semantic + (1 - w) * lexical`` of two shares, float32 ``(n,)``."""
    fused = semantic_weight * semantic + (1 - semantic_weight) * lexical
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

"""How much a term tells: inverse document frequency."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = np.float32(1 - 1e-6)
"""Sums of the same weights in another order may differ by so much."""
_OKAPI_EPSILON = 0.25  # rank-bm25's default: the share of the mean idf that replaces negatives


def inverse_document_frequency(
    counts: NDArray[np.int64], products: int, variant: Literal["lucene", "okapi"]
) -> NDArray[np.float64]:
    """How much each term tells.

    Args:
        counts: int64 ``(terms,)``, in how many products each term occurs, at least 1.
        products: the number of products.
        variant: ``lucene``: ln(1 + (N - n + 0.5) / (n + 0.5)), always positive; ``okapi``:
            ln((N - n + 0.5) / (n + 0.5)) where negative values (terms in more than half of the
            products) become a quarter of the mean over all terms, as rank-bm25 has it. That mean
            can itself be negative in a tiny catalogue, and so can the scores.

    Returns:
        float64 ``(terms,)``.
    """
    odds = (products - counts + 0.5) / (counts + 0.5)
    if variant == "lucene":
        return np.log1p(odds)
    idf = np.log(odds)
    if len(idf):
        idf[idf < 0] = _OKAPI_EPSILON * idf.mean()
    return idf


def common_idf(
    counts: NDArray[np.int64], products: int, variant: Literal["lucene", "okapi"]
) -> float:
    """What a term in more than half of the products tells in scores.

    Args:
        counts: int64 ``(terms,)``, in how many products each term occurs.
        products: the number of products.
        variant: see `inverse_document_frequency`.

    Returns:
        The value that takes the place of a negative one; NaN where there are none.
    """
    if variant == "lucene":
        return math.nan
    idf = np.log((products - counts + 0.5) / (counts + 0.5))
    return _OKAPI_EPSILON * float(idf.mean()) if len(idf) else 0.0

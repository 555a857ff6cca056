"""What a mean over queries can tell: confidence intervals and tests of paired differences.

Queries are the sample: another day brings others of their kind. So means are resampled over
queries, and two systems are compared query by query. Every function takes a matrix with one row
for each query and one column for each thing that is measured; all columns share the same draws,
which makes differences of columns paired and one pass enough for a whole table.

The p-values are of single comparisons: whoever makes twenty of them will find one below 0.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RESAMPLES = 10_000
"""Bootstrap samples, and random sign patterns where there are too many to try them all."""

CONFIDENCE = 0.95
EXACT_QUERIES = 12
"""Up to so many queries all sign patterns are tried: 4,096 are fewer than `RESAMPLES`."""

_SEED = 20_07  # any will do; a fixed one makes equal results equal files
_BLOCK_CELLS = 1 << 22
# Rearranged sums differ by rounding: what is equal but for that must count as equally extreme.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """Two-sided confidence intervals, one for each column.

    Attributes:
        low: float64 ``(columns,)``.
        high: float64 ``(columns,)``, at least `low`.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def bootstrap_means(
    values: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = _SEED
) -> NDArray[np.float64]:
    """The column means of samples with replacement, as large as the original one.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 6.

    Args:
        values: float64 ``(queries, columns)``, at least one query.
        resamples: how many samples are drawn.
        seed: the same seed gives the same samples.

    Returns:
        float64 ``(resamples, columns)``.

    Raises:
        ValueError: there are no queries, or the values are no matrix.
    """
    queries = _checked(values)
    rng = np.random.default_rng(seed)
    means = []
    for rows in _blocks(resamples, queries):
        drawn = rng.integers(queries, size=(rows, queries))
        drawn += np.arange(rows)[:, None] * queries
        counts = np.bincount(drawn.ravel(), minlength=rows * queries).reshape(rows, queries)
        means.append(counts.astype(np.float64) @ values / queries)
    return np.concatenate(means)


def percentile_interval(means: NDArray[np.float64], *, confidence: float = CONFIDENCE) -> Interval:
    """The middle part of resampled means: the percentile interval.

    Args:
        means: float64 ``(resamples, columns)``, from `bootstrap_means`, or a difference of two
            of its columns.
        confidence: the share that lies within, above 0 and below 1.
    """
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return Interval(low, high)


def randomization_p(
    differences: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = _SEED
) -> NDArray[np.float64]:
    """Two-sided p-values of the paired randomization test of mean difference 0.

    If two systems are alike, each query's difference could as well have the other sign. The
    p-value is the share of sign patterns whose mean is at least as far from 0 as the observed
    one: of all patterns up to `EXACT_QUERIES` queries, else of `resamples` random ones and the
    observed one. Smucker, Allan and Carterette, A comparison of statistical significance tests
    for information retrieval evaluation, CIKM 2007.

    Args:
        differences: float64 ``(queries, columns)``, at least one query.
        resamples: how many random patterns are tried.
        seed: the same seed gives the same patterns.

    Returns:
        float64 ``(columns,)``, above 0 and at most 1.

    Raises:
        ValueError: there are no queries, or the differences are no matrix.
    """
    queries = _checked(differences)
    least = np.abs(differences.sum(axis=0)) - _ROUNDING * np.abs(differences).sum(axis=0)
    if queries <= EXACT_QUERIES:
        bits = np.arange(2**queries)[:, None] >> np.arange(queries) & 1
        sums = (1.0 - 2.0 * bits) @ differences
        exact: NDArray[np.float64] = np.mean(np.abs(sums) >= least, axis=0)
        return exact
    rng = np.random.default_rng(seed)
    extreme = np.ones(differences.shape[1])
    for rows in _blocks(resamples, queries):
        bits = rng.integers(2, size=(rows, queries), dtype=np.int8)
        sums = (1.0 - 2.0 * bits) @ differences
        extreme += np.count_nonzero(np.abs(sums) >= least, axis=0)
    return extreme / (resamples + 1)


def _checked(values: NDArray[np.float64]) -> int:
    """The number of queries."""
    if values.ndim != 2 or not len(values):  # noqa: PLR2004 - a matrix has two axes
        raise ValueError(
            f"values of shape {values.shape}: expected one row for each of at least one query, "
            "one column for each measure; reshape a single measure with values[:, None]"
        )
    return len(values)


def _blocks(resamples: int, queries: int) -> Iterator[int]:
    """Numbers of samples to draw at once, so that memory stays bounded."""
    most = max(1, _BLOCK_CELLS // queries)
    for begin in range(0, resamples, most):
        yield min(most, resamples - begin)

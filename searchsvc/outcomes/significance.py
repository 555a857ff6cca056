"""Tests of significance that experiments need beside `searchsvc.relevance.statistics`.

Users are the sample: what one user does in ten searches is no ten independent observations.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.relevance.statistics import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SEED = 20_08  # any will do; a fixed one makes equal results equal files
_CELLS = 200_000_000  # draws of one test: some seconds
_LEAST_RESAMPLES = 1_000
_BLOCK_CELLS = 1 << 22
_ROUNDING = 1e-9


def resamples_for(users: int) -> int:
    """How many samples of so many users are drawn within some seconds; never fewer than 1,000."""
    return max(_LEAST_RESAMPLES, min(RESAMPLES, _CELLS // max(1, users)))


def ratios(sums: NDArray[np.float64], measures: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Quotients of columns; NaN where the denominator is 0.

    Args:
        sums: float64 ``(…, columns)``.
        measures: numerator and denominator of each quotient.

    Returns:
        float64 ``(…, measures)``.
    """
    above = sums[..., [numerator for numerator, _ in measures]]
    below = sums[..., [denominator for _, denominator in measures]]
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)


def permutation_p(
    ones: NDArray[np.float64],
    others: NDArray[np.float64],
    measures: Sequence[tuple[int, int]],
    *,
    seed: int = _SEED,
) -> NDArray[np.float64]:
    """Two-sided p-values of the permutation test that two groups of users do not differ.

    If the group does not matter, any users could as well have been in the other one. The p-value
    is the share of random divisions into groups of these sizes, the observed one among them, in
    which a measure differs at least as much. Measures are ratios of sums over users, such as
    clicked searches by searches, so that users stay whole. Good, Permutation, Parametric and
    Bootstrap Tests of Hypotheses, 2005, chapter 3.

    Args:
        ones: float64 ``(users, columns)``.
        others: the same of the other group.
        measures: numerator and denominator column of each measure.
        seed: the same seed gives the same divisions.

    Returns:
        float64 ``(measures,)``, above 0 and at most 1; NaN where a group has nothing to measure.
    """
    everybody = np.concatenate([ones, others])
    if not len(everybody):
        return np.full(len(measures), np.nan)
    whole = everybody.sum(axis=0)

    def difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.abs(ratios(sums, measures) - ratios(whole - sums, measures))

    observed = difference(ones.sum(axis=0))
    labels = np.zeros(len(everybody), np.int8)
    labels[: len(ones)] = 1
    resamples = resamples_for(len(everybody))
    most = max(1, _BLOCK_CELLS // len(everybody))
    rng = np.random.default_rng(seed)
    extreme = np.ones(len(measures))
    for begin in range(0, resamples, most):
        rows = min(most, resamples - begin)
        drawn = rng.permuted(np.tile(labels, (rows, 1)), axis=1)
        found = difference(drawn.astype(np.float64) @ everybody)
        # A division with nothing to measure on one side counts as extreme: never too sure.
        extreme += np.count_nonzero(~(found < observed * (1 - _ROUNDING)), axis=0)
    p: NDArray[np.float64] = np.where(np.isnan(observed), np.nan, extreme / (resamples + 1))
    return p


def holm(ps: Sequence[float]) -> list[float]:
    """P-values of several comparisons, corrected for there being several.

    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, 1979. NaN stays, and counts for nothing.
    """
    known = sorted((p, place) for place, p in enumerate(ps) if p == p)  # noqa: PLR0124 - not NaN
    corrected = list(ps)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[place] = largest
    return corrected


def share_mismatch_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """P-value of Pearson's chi-square test that counts come from shares.

    In an experiment that deals its users out as planned it is small by chance alone. Fabijan et
    al., Diagnosing sample ratio mismatch in online controlled experiments, KDD 2019.

    Args:
        counts: of users, by arm.
        shares: that they were to have; positive.

    Returns:
        1 where nothing was counted, or where there is one arm only.
    """
    total, whole = sum(counts), sum(shares)
    if not total:
        return 1.0
    statistic = sum(
        (count - total * share / whole) ** 2 / (total * share / whole)
        for count, share in zip(counts, shares, strict=True)
    )
    return chi_square_tail(statistic, len(counts) - 1)


def chi_square_tail(statistic: float, degrees: int) -> float:
    """The probability that a chi-square variable exceeds a value.

    The finite sums for whole degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical
    Functions, 26.4.4 and 26.4.5.
    """
    half = statistic / 2
    if degrees <= 0 or half <= 0:
        return 1.0
    odd = degrees % 2
    start = erfc(sqrt(half)) if odd else 0.0
    steps = (it + odd / 2 for it in range(degrees // 2))
    return min(1.0, start + sum(exp(it * log(half) - half - lgamma(it + 1)) for it in steps))

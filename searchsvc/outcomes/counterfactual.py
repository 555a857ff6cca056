"""The counterfactual estimate: what a ranking would have done for choices made from another.

A product far up is chosen more often because it is seen more often. Counting choices as they are
therefore favours rankings like the one that was shown; weighting each by the inverse of the
propensity of its position undoes that. It says nothing about products that were never shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.outcomes.propensity import propensities
from searchsvc.outcomes.significance import ratios, resamples_for
from searchsvc.relevance.statistics import bootstrap_means, percentile_interval, randomization_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CLIP = 20.0
"""The most that one choice may count, compared with one from the first position."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A search that was asked of two rankings again.

    Attributes:
        choices: the position, from 1, of each chosen product: where it was chosen, in the first
            ranking and in the second; 0 in a ranking that does not show it.
    """

    user: str
    choices: Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Value:
    """What two rankings are worth by one estimator.

    Attributes:
        a: the first ranking's mean gain: 1 for a chosen product at the first position, less the
            further down, see `gains`.
        b: the second's.
        difference: `b` less `a`, with its 95 % bootstrap interval by user.
        p: of the two-sided randomization test over users that there is no difference.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What two rankings are worth for recorded choices.

    Attributes:
        naive: by the choices as they are; favours what was shown. Mean over choices.
        ips: by inverse propensity scores, mean over searches.
        snips: the same divided by the sum of the weights instead: mean over what is wanted, of
            less variance. Swaminathan and Joachims, The self-normalized estimator for
            counterfactual learning, NeurIPS 2015.
        users, searches, choices: that it is estimated from.
        effective: choices of equal weight that would be as good.
        clipped: the share of the choices whose weight was cut to the limit.
    """

    naive: Value
    ips: Value
    snips: Value
    users: int
    searches: int
    choices: int
    effective: float
    clipped: float


_SEARCHES, _CHOICES, _WEIGHT, _A, _B, _WEIGHTED_A, _WEIGHTED_B = range(7)


def gains(positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """The discount of nDCG, ``1 / log2(1 + k)``; nothing for a product that is not shown (0)."""
    found: NDArray[np.float64] = np.where(
        positions > 0, 1 / np.log2(1.0 + np.maximum(positions, 1)), 0.0
    )
    return found


def estimate(searches: Sequence[Replayed], eta: float, clip: float = CLIP) -> Counterfactual:
    """Compare two rankings by choices that were made from a third one, which may be the first.

    Args:
        searches: with choices or without.
        eta: see `searchsvc.outcomes.propensity`.
        clip: the largest weight, 1 or more.

    Raises:
        ValueError: nothing was chosen.
    """
    places = np.array([it for search in searches for it in search.choices], np.int64)
    if not len(places):
        raise ValueError("nothing was chosen from any search, expected at least one choice")
    unclipped = 1.0 / propensities(places[:, 0], eta)
    weights = np.minimum(unclipped, clip)
    one, other = gains(places[:, 1]), gains(places[:, 2])
    rows = _by_user(
        searches,
        np.column_stack(
            [np.ones(len(places)), weights, one, other, weights * one, weights * other]
        ),
    )
    resampled = bootstrap_means(rows, resamples=resamples_for(len(rows)))
    return Counterfactual(
        _value(rows, resampled, (_A, _B), _CHOICES),
        _value(rows, resampled, (_WEIGHTED_A, _WEIGHTED_B), _SEARCHES),
        _value(rows, resampled, (_WEIGHTED_A, _WEIGHTED_B), _WEIGHT),
        len(rows),
        len(searches),
        len(places),
        float(weights.sum() ** 2 / (weights**2).sum()),
        float(np.mean(unclipped > clip)),
    )


def _by_user(searches: Sequence[Replayed], choices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over each user's searches and choices; float64 ``(users, 7)``."""
    numbers: dict[str, int] = {}
    users = np.array([numbers.setdefault(it.user, len(numbers)) for it in searches])
    owners = np.repeat(users, [len(it.choices) for it in searches])
    columns = [np.bincount(users), *(np.bincount(owners, it, len(numbers)) for it in choices.T)]
    return np.column_stack(columns).astype(np.float64)


def _value(
    rows: NDArray[np.float64],
    resampled: NDArray[np.float64],
    columns: tuple[int, int],
    denominator: int,
) -> Value:
    pairs = [(column, denominator) for column in columns]
    a, b = ratios(rows.sum(axis=0), pairs)
    means = ratios(resampled, pairs)
    drawn = means[:, 1] - means[:, 0]
    interval = percentile_interval(drawn[~np.isnan(drawn), None])  # a draw may have no choice
    differences = rows[:, [columns[1]]] - rows[:, [columns[0]]]
    p = randomization_p(differences, resamples=resamples_for(len(rows)))[0]
    return Value(
        float(a), float(b), float(b - a), float(interval.low[0]), float(interval.high[0]), float(p)
    )

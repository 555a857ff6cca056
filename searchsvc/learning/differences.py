"""Differences: what a group of users buys more often than the others, and how certain that is."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.likeness import NARROW_FIELDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.learning.holdings import Holdings

LEAST_PEOPLE = 20
"""Whom anything may be said about: of fewer, somebody might be recognized."""
LEAST_PURCHASES = 200
"""Of a group, without which nothing is said about it."""
LEAST_RATIO = 1.2
"""The lower bound of a ratio that is worth telling."""
_TWO_SIDED = 0.95
_FALSE_ALARMS = 0.025
_PRIOR = 0.5  # purchases, so that what the others never buy has a ratio


@dataclass(frozen=True, slots=True)
class Difference:
    """A trait that a group buys more often than the others.

    Attributes:
        field: of the trait.
        value: of the trait.
        ratio: the share of the group's purchases that have it, over that of the others'.
        low: of the 95 % interval of `ratio`.
        high: likewise.
        purchases: of products with the trait, by the group.
        people: of the group who bought any.
        telling: how much of what the group buys it explains: its share there, times the logarithm
            of `low`.
    """

    field: str
    value: str
    ratio: float
    low: float
    high: float
    purchases: int
    people: int
    telling: float


def differences(holdings: Holdings, group: NDArray[np.bool_]) -> list[Difference]:
    """What tells `group` from the others, the most telling first.

    Only what `LEAST_PEOPLE` of the group bought is looked at, and only what would be a surprise
    among that many traits is told. The people of a group buy in bunches, so that the intervals
    are those of a ratio of sums over people (linearized; Cochran: Sampling Techniques, 6.3).

    Args:
        holdings: purchases by trait, undecayed.
        group: bool ``(users,)``.
    """
    inside = group & (holdings.purchases > 0)
    outside = ~group & (holdings.purchases > 0)
    if not is_large_enough(holdings, group) or np.count_nonzero(outside) < LEAST_PEOPLE:
        return []
    ours, theirs = _Shares.of(holdings, inside), _Shares.of(holdings, outside)
    model = holdings.model
    broad = np.array([it.name not in NARROW_FIELDS for it in model.fields])[model.field_of]
    asked = np.flatnonzero(broad & (ours.people >= LEAST_PEOPLE))
    if not len(asked):
        return []
    ratios = np.log(ours.shares[asked] / theirs.shares[asked])
    errors = np.sqrt(ours.variances[asked] + theirs.variances[asked])
    surprising = NormalDist().inv_cdf(1 - _FALSE_ALARMS / len(asked))
    reach = NormalDist().inv_cdf((1 + _TWO_SIDED) / 2)
    lows = ratios - reach * errors
    telling = ours.shares[asked] * lows
    kept = (ratios > surprising * errors) & (lows > np.log(LEAST_RATIO))
    order = np.flatnonzero(kept)[np.argsort(-telling[kept], kind="stable")]
    return [
        Difference(
            field=model.fields[model.field_of[asked[place]]].name,
            value=model.values[int(asked[place])],
            ratio=float(np.exp(ratios[place])),
            low=float(np.exp(lows[place])),
            high=float(np.exp(ratios[place] + reach * errors[place])),
            purchases=round(float(ours.counts[asked[place]])),
            people=int(ours.people[asked[place]]),
            telling=float(telling[place]),
        )
        for place in order
    ]


def is_large_enough(holdings: Holdings, group: NDArray[np.bool_]) -> bool:
    """Whether anything may be said about `group`."""
    bought = holdings.purchases[group]
    return bool(
        np.count_nonzero(bought > 0) >= LEAST_PEOPLE and float(bought.sum()) >= LEAST_PURCHASES
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """Of some people's purchases, what each trait has.

    Attributes:
        counts: float64 ``(traits,)``, purchases.
        people: int64 ``(traits,)``, who bought any.
        shares: float64 ``(traits,)``, above 0.
        variances: float64 ``(traits,)``, of the shares' logarithms.
    """

    counts: NDArray[np.float64]
    people: NDArray[np.int64]
    shares: NDArray[np.float64]
    variances: NDArray[np.float64]

    @classmethod
    def of(cls, holdings: Holdings, chosen: NDArray[np.bool_]) -> _Shares:
        model = holdings.model
        traits = len(model.field_of)
        kept = chosen[holdings.users]
        users, which, counts = holdings.users[kept], holdings.traits[kept], holdings.counts[kept]
        fields = model.field_of
        by_field = holdings.totals[chosen]
        totals = by_field.sum(axis=0)[fields]
        squares = (by_field**2).sum(axis=0)[fields]
        sums = np.bincount(which, counts, minlength=traits)
        shares = (sums + _PRIOR) / (totals + 2 * _PRIOR)
        # The squares of each person's c - p N, added up; most people have none of a trait.
        spread = (
            np.bincount(which, counts**2, minlength=traits)
            - 2 * shares * np.bincount(which, counts * holdings.totals[users, fields[which]],
                                       minlength=traits)
            + shares**2 * squares
        )  # fmt: skip
        number = np.count_nonzero(chosen)
        wide = np.maximum(spread, shares * totals) * number / max(number - 1, 1)
        variances = wide / ((totals + 2 * _PRIOR) * shares) ** 2
        people = np.bincount(which, minlength=traits)
        return cls(sums.astype(np.float64), people, shares, variances)

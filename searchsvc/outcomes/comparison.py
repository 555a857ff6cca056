"""The comparison of arms with the control: measures, intervals by user, corrected p-values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from searchsvc.outcomes.significance import (
    holm,
    permutation_p,
    ratios,
    resamples_for,
    share_mismatch_p,
)
from searchsvc.outcomes.tally import Column
from searchsvc.outcomes.trimming import trim
from searchsvc.relevance.statistics import bootstrap_means, percentile_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.experiments.assignment import Experiment
    from searchsvc.outcomes.tally import Tally

MEASURES = {
    "searches_per_user": (Column.SEARCHES, Column.USERS),
    "ctr": (Column.CLICKED, Column.SEARCHES),
    "clicks_per_user": (Column.CLICKS, Column.USERS),
    "carts_per_user": (Column.CARTS, Column.USERS),
    "orders_per_user": (Column.ORDERS, Column.USERS),
    "conversion": (Column.BUYERS, Column.USERS),
    "revenue_per_user": (Column.REVENUE, Column.USERS),
}
"""Numerator and denominator of each measure."""
MISMATCH_P = 0.001
"""Below this the arms have other shares of the users than they were to have: something is broken,
and no figure of the report can be trusted."""

_PAIRS = tuple(MEASURES.values())
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval by user; ``None`` where there is none."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm's figure less the control's.

    Attributes:
        value: absolute, with `low` and `high` of its 95 % bootstrap interval by user.
        relative: as a share of the control's figure.
        p: of the two-sided permutation test over users.
        p_corrected: by Holm for the number of arms.
    """

    value: float | None
    low: float | None
    high: float | None
    relative: float | None
    p: float | None
    p_corrected: float | None


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """What an arm brought.

    Attributes:
        share: that it was to have of the users, 0 to 1.
        totals: sums over users, by the columns' names in lower case; nothing is trimmed.
        measures: by name.
        differences: to the control, by name; empty for the control itself.
    """

    name: str
    share: float
    totals: dict[str, float]
    measures: dict[str, Estimate]
    differences: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the arms of an experiment brought.

    Attributes:
        arms: the control first.
        mismatch_p: of the test that the users are divided as planned.
        is_mismatched: whether that is below `MISMATCH_P`.
        revenue_cap: the most that a user counts for in ``revenue_per_user``, see `trim`.
        trimmed: users who brought more.
        switched, currency, other_currencies, unpriced: see `Tally`.
    """

    experiment: str
    arms: tuple[ArmOutcome, ...]
    mismatch_p: float
    is_mismatched: bool
    revenue_cap: float
    trimmed: int
    switched: int
    currency: str | None
    other_currencies: int
    unpriced: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def compare(tally: Tally, experiment: Experiment) -> Comparison:
    """Compare each arm with the first one.

    P-values are corrected for several arms, not for several measures: decide on one measure
    before the experiment begins.
    """
    trimmed = trim(tally.rows, Column.REVENUE)
    resampled = [_resampled(rows, place) for place, rows in enumerate(trimmed.rows)]
    differences = _differences(trimmed.rows, resampled)
    arms = tuple(
        ArmOutcome(
            arm.name,
            arm.share,
            {it.name.lower(): float(whole[:, it].sum()) for it in Column},
            _estimates(rows, means),
            differences[place - 1] if place else {},
        )
        for place, (arm, whole, rows, means) in enumerate(
            zip(experiment.arms, tally.rows, trimmed.rows, resampled, strict=True)
        )
    )
    counts = [len(rows) for rows in tally.rows]
    mismatch_p = share_mismatch_p(counts, [arm.share for arm in experiment.arms])
    return Comparison(
        experiment.name,
        arms,
        mismatch_p,
        mismatch_p < MISMATCH_P,
        trimmed.cap,
        trimmed.users,
        tally.switched,
        tally.currency,
        tally.other_currencies,
        tally.unpriced,
    )


def _resampled(rows: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """The measures of bootstrap samples of an arm's users; arms are drawn independently."""
    if not len(rows):
        return np.full((1, len(_PAIRS)), np.nan)
    return ratios(bootstrap_means(rows, resamples=resamples_for(len(rows)), seed=seed), _PAIRS)


def _estimates(rows: NDArray[np.float64], means: NDArray[np.float64]) -> dict[str, Estimate]:
    values, interval = ratios(rows.sum(axis=0), _PAIRS), percentile_interval(means)
    return {
        name: Estimate(_number(values[it]), _number(interval.low[it]), _number(interval.high[it]))
        for it, name in enumerate(MEASURES)
    }


def _differences(
    rows: tuple[NDArray[np.float64], ...], resampled: list[NDArray[np.float64]]
) -> list[dict[str, Difference]]:
    """Of each arm but the first."""
    control = ratios(rows[0].sum(axis=0), _PAIRS)
    ps = np.array([permutation_p(rows[0], other, _PAIRS) for other in rows[1:]])
    corrected = np.array([holm(column) for column in ps.T.tolist()]).T
    found: list[dict[str, Difference]] = []
    for arm, (other, means) in enumerate(zip(rows[1:], resampled[1:], strict=True)):
        many = min(len(means), len(resampled[0]))
        interval = percentile_interval(means[:many] - resampled[0][:many])
        value = ratios(other.sum(axis=0), _PAIRS) - control
        relative = np.divide(value, control, out=np.full_like(value, np.nan), where=control != 0)
        columns = (value, interval.low, interval.high, relative, ps[arm], corrected[arm])
        found.append(
            {
                name: Difference(*(_number(column[it]) for column in columns))
                for it, name in enumerate(MEASURES)
            }
        )
    return found


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), _DIGITS)

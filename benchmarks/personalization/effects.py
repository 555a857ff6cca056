"""Effects: what a system changes for the users of a group, and how sure that is.

Users are the sample: orders of one user are alike, so that a bootstrap over purchases would find
everything significant. Resampled are users with all their purchases; the statistic is the ratio
of two sums over these (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.relevance.statistics import bootstrap_means, percentile_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

DEPTH = 10
"""Of the recall."""
MIN_USERS = 10
"""The bootstrap of fewer tells nothing; they get no interval."""


@dataclass(frozen=True, slots=True)
class Change:
    """A relative change of the mean reciprocal rank; 0.2 is 20 % more.

    Attributes:
        value: ``None`` where there is nothing to compare with.
        low: of the 95 % interval; ``None`` for too few users.
        high: likewise.
    """

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a system does for a group.

    Attributes:
        mrr: the mean of one over the bought product's rank; 0 where it is not found.
        recall: the share of purchases whose product is among the first `DEPTH`.
        improved: the share whose product ranks higher than by the usual system.
        worsened: lower.
        changes: of the mean reciprocal rank, by the baseline's name.
    """

    mrr: float
    recall: float
    improved: float
    worsened: float
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class GroupEffects:
    """Every system for one group.

    Attributes:
        purchases: of the group.
        users: who made them.
        systems: by name.
    """

    purchases: int
    users: int
    systems: Mapping[str, Effect]


def effects(
    ranks: Mapping[str, NDArray[np.float64]],
    users: NDArray[np.int32],
    groups: Mapping[str, NDArray[np.bool_]],
    baselines: Sequence[str],
    usual: str,
) -> dict[str, GroupEffects]:
    """What each system does for each group; groups without purchases are left out.

    Args:
        ranks: by system, float64 ``(purchases, repetitions)``, which are averaged: the rank of
            the bought product from 1, infinite where it is not found.
        users: int32 ``(purchases,)``, who bought it.
        groups: by name, bool ``(purchases,)``, which belong to it.
        baselines: systems that the mean reciprocal ranks of all are compared with.
        usual: the system, without repetitions, that they are compared with case by case.
    """
    found: dict[str, GroupEffects] = {}
    for group, mask in groups.items():
        if not mask.any():
            continue
        tables = {name: table[mask] for name, table in ranks.items()}
        changes = _changes(tables, users[mask], baselines)
        found[group] = GroupEffects(
            purchases=int(mask.sum()),
            users=len(np.unique(users[mask])),
            systems={
                name: _effect(table, tables[usual], changes[name])
                for name, table in tables.items()
            },
        )
    return found


def _effect(
    table: NDArray[np.float64], usual: NDArray[np.float64], changes: Mapping[str, Change]
) -> Effect:
    return Effect(
        mrr=float((1.0 / table).mean()),
        recall=float((table <= DEPTH).mean()),
        improved=float((table < usual).mean()),
        worsened=float((table > usual).mean()),
        changes=changes,
    )


def _changes(
    tables: Mapping[str, NDArray[np.float64]], users: NDArray[np.int32], baselines: Sequence[str]
) -> dict[str, dict[str, Change]]:
    """By system and baseline."""
    names = list(tables)
    values = np.stack([(1.0 / table).mean(axis=1) for table in tables.values()], axis=1)
    known, codes = np.unique(users, return_inverse=True)
    sums = np.zeros((len(known), len(names)))
    np.add.at(sums, codes, values)
    totals = sums.sum(axis=0)
    drawn = bootstrap_means(sums) if len(known) >= MIN_USERS else None
    changes: dict[str, dict[str, Change]] = {name: {} for name in names}
    for baseline in baselines:
        base = names.index(baseline)
        bounds = None
        # A sample in which nobody's product is found has nothing to compare with.
        if drawn is not None and drawn[:, base].min() > 0:
            bounds = percentile_interval(drawn / drawn[:, [base]] - 1.0)
        for column, name in enumerate(names):
            changes[name][baseline] = Change(
                float(totals[column] / totals[base] - 1.0) if totals[base] else None,
                None if bounds is None else float(bounds.low[column]),
                None if bounds is None else float(bounds.high[column]),
            )
    return changes

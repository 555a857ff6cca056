"""Tuning: settings chosen by judged queries, and what that choice is worth on others.

The choice is a coordinate ascent over grids, and what it gains on the queries that made it is
partly luck. Two things keep that luck out. A choice must earn its distance from the current
settings: the simplest one that is within one standard error of the best is taken (Breiman,
Friedman, Olshen, Stone: *Classification and Regression Trees*, 1984; Hastie, Tibshirani,
Friedman: *The Elements of Statistical Learning*, section 7.10). And the gain that is reported
comes from nested cross-validation: every query is scored with settings that were chosen without
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, inf
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.relevance.statistics import bootstrap_means, percentile_interval, randomization_p

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Choice = tuple[float, ...]
"""A value for each axis, in the order of the axes."""

_PASSES = 2
_ROUNDING = 1e-12  # means of equal values may differ in their last bits


@dataclass(frozen=True, slots=True)
class Tuner:
    """Chooses settings by the scores of queries.

    Attributes:
        axes: the values to try, by setting.
        current: what is in use; one of the values of each axis.
        score: of a choice on a query, the higher the better; asked often, so it should remember.
    """

    axes: Mapping[str, Sequence[float]]
    current: Choice
    score: Callable[[Choice, str], float]

    def choose(self, queries: Sequence[str]) -> Choice:
        """The simplest choice that is as good as the best one found, judged by `queries` only."""
        return self._simplest(self._ascend(queries), queries)

    def mean(self, choice: Choice, queries: Sequence[str]) -> float:
        """The mean score of `choice` over `queries`."""
        return fsum(self.score(choice, query) for query in queries) / len(queries)

    def _ascend(self, queries: Sequence[str]) -> Choice:
        """Improve one setting at a time until none can be, or for some passes."""
        best, best_mean = self.current, self.mean(self.current, queries)
        for _ in range(_PASSES):
            before = best
            for place in range(len(best)):
                for other in self._along(best, place):
                    found = self.mean(other, queries)
                    if found > best_mean + _ROUNDING:
                        best, best_mean = other, found
            if best == before:
                break
        return best

    def _along(self, choice: Choice, place: int) -> Iterator[Choice]:
        """`choice` with every other value of one axis."""
        values = list(self.axes.values())[place]
        for value in values:
            if value != choice[place]:
                yield (*choice[:place], value, *choice[place + 1 :])

    def _simplest(self, best: Choice, queries: Sequence[str]) -> Choice:
        """The settings of `best` without those changes that make no difference to speak of.

        Every candidate is compared with `best` itself, so that small losses do not add up.
        """
        if self._is_as_good(self.current, best, queries):
            return self.current
        simple = best
        while reverted := [
            candidate
            for candidate in self._reversions(simple)
            if self._is_as_good(candidate, best, queries)
        ]:
            simple = max(reverted, key=lambda candidate: self.mean(candidate, queries))
        return simple

    def _reversions(self, choice: Choice) -> list[Choice]:
        """`choice` with one change taken back."""
        return [
            (*choice[:place], old, *choice[place + 1 :])
            for place, old in enumerate(self.current)
            if choice[place] != old
        ]

    def _is_as_good(self, choice: Choice, best: Choice, queries: Sequence[str]) -> bool:
        """Whether `choice` is at most one standard error of their difference behind `best`."""
        losses = np.array([self.score(best, q) - self.score(choice, q) for q in queries])
        error = float(losses.std(ddof=1)) / len(losses) ** 0.5 if len(losses) > 1 else inf
        return float(losses.mean()) <= error + _ROUNDING


@dataclass(frozen=True, slots=True)
class Fold:
    """One part of the queries, scored with what the others chose.

    Attributes:
        queries: the held-out ones.
        chosen: by all other queries.
        current: mean score of the current settings on the held-out queries.
        tuned: mean score of `chosen` on them.
    """

    queries: tuple[str, ...]
    chosen: Choice
    current: float
    tuned: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What tuning gains on queries that had no part in it.

    The training parts overlap, so the interval is somewhat too narrow; it does not account for
    the chance in the split.

    Attributes:
        folds: each with its own choice.
        gains: tuned minus current score, by query.
        current: mean score of the current settings.
        tuned: mean score of what was chosen without each query.
        low: of the 95 % bootstrap interval of the mean gain, over queries.
        high: of the same.
        p: two-sided, of the paired randomization test.
    """

    folds: tuple[Fold, ...]
    gains: Mapping[str, float]
    current: float
    tuned: float
    low: float
    high: float
    p: float

    @property
    def gain(self) -> float:
        """The mean gain."""
        return self.tuned - self.current

    @property
    def is_significant(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low > 0


def cross_validate(tuner: Tuner, folds: Sequence[Sequence[str]]) -> HeldOut:
    """Tune on all folds but one, score that one, each in its turn.

    Args:
        tuner: what is validated: the whole procedure, not one choice.
        folds: disjoint, at least two, none empty.
    """
    outcomes = []
    gains: dict[str, float] = {}
    for place, held_out in enumerate(folds):
        training = [query for other, fold in enumerate(folds) if other != place for query in fold]
        chosen = tuner.choose(training)
        current, tuned = (tuner.mean(choice, held_out) for choice in (tuner.current, chosen))
        outcomes.append(Fold(tuple(held_out), chosen, current, tuned))
        for query in held_out:
            gains[query] = tuner.score(chosen, query) - tuner.score(tuner.current, query)
    differences = np.array(list(gains.values()))[:, None]
    interval = percentile_interval(bootstrap_means(differences))
    current, tuned = (
        fsum(getattr(fold, name) * len(fold.queries) for fold in outcomes) / len(gains)
        for name in ("current", "tuned")
    )
    return HeldOut(
        folds=tuple(outcomes),
        gains=MappingProxyType(gains),
        current=current,
        tuned=tuned,
        low=float(interval.low[0]),
        high=float(interval.high[0]),
        p=float(randomization_p(differences)[0]),
    )

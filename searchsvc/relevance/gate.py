"""The bounds of a gate: what two evaluations have to be like for the newer one to pass."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from indexer.errors import SettingsError
from searchsvc.relevance.evaluation import GONE_RATE, ZERO_RESULT_RATE
from searchsvc.relevance.measures import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.settings import GateBound, GateSettings
    from searchsvc.relevance.evaluation import SnapshotEvaluation
    from searchsvc.relevance.judgments import Judgments

_ROUNDING = 1e-9  # a mean of equal values may differ in its last bits
_LEAST_SHARE = 0.5
_RELATIVE = ("max_drop", "max_rise")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one limit.

    Attributes:
        measure: the figure.
        limit: ``min``, ``max``, ``max_drop`` or ``max_rise``.
        bound: its value.
        value: of the new generation: over all its queries, or for ``max_drop`` and ``max_rise``
            over those that both generations can answer.
        published: of the published one over the same queries; ``None`` where it does not matter
            or cannot be had.
        passed: whether the limit is kept; a skipped one is.
        skipped: why it was not looked at, ``""`` when it was.
    """

    measure: str
    limit: str
    bound: float
    value: float
    published: float | None
    passed: bool
    skipped: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    def __str__(self) -> str:
        """For people: the value and what it should have been."""
        head = f"{self.measure} is {self.value:.4f}"
        if self.skipped:
            return f"{head}; {self.limit} {self.bound:g} was not looked at: {self.skipped}"
        if self.published is None:
            side = "at least" if self.limit == "min" else "at most"
            return f"{head}, expected {side} {self.bound:g}"
        change = self.value - self.published
        return (
            f"{head}, {change:+.4f} from the published {self.published:.4f}; "
            f"{self.limit} is {self.bound:g}"
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One query whose value differs between the generations."""

    query_id: str
    text: str
    old: float
    new: float


def measures_of(settings: GateSettings) -> tuple[Measure, ...]:
    """The measures that the bounds need, each once.

    Raises:
        SettingsError: a bound names an unknown measure.
    """
    names = dict.fromkeys(bound.measure for bound in settings.bounds)
    try:
        return tuple(Measure.parse(n) for n in names if n not in (ZERO_RESULT_RATE, GONE_RATE))
    except ValueError as error:
        raise SettingsError(f"gate.bounds: {error}") from error


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new generation beside the published one.

    Attributes:
        candidate: the new one.
        published: the published one, asked now; ``None`` where there is nothing to compare with.
        absent: why there is not.
    """

    candidate: SnapshotEvaluation
    published: SnapshotEvaluation | None
    absent: str = ""

    @property
    def both(self) -> frozenset[str]:
        """The queries that count in both, so that products that come and go are no change."""
        published = self.published.queries if self.published else ()
        return frozenset(self.candidate.queries) & frozenset(published)

    def shortage(self, bounds: Sequence[GateBound]) -> str:
        """Why too few queries remain for `bounds` to be judged by; ``""`` when enough do.

        A mean over the few queries that lost no product would pass what has lost the others.
        """
        relative = any(
            bound.measure != GONE_RATE and limit in _RELATIVE
            for bound in bounds
            for limit, _ in _limits(bound)
        )
        if self.published is None or not relative:
            return ""
        compared, before = len(self.both), len(self.published.queries)
        if compared >= before * _LEAST_SHARE:
            return ""
        return (
            f"only {compared} of the {before} judged queries that the published generation can "
            f"answer can be compared, expected at least {_LEAST_SHARE:.0%}: the products judged "
            "relevant to the others are gone. Check that the feed is whole and kept its product "
            "ids; if they are gone for good, judge queries by products that are there"
        )

    def outcomes(self, bounds: Sequence[GateBound]) -> list[Outcome]:
        """What becomes of every limit of `bounds`, in their order."""
        return [
            self._absolute(bound.measure, limit, value)
            if limit not in _RELATIVE
            else self._relative(bound.measure, limit, value)
            for bound in bounds
            for limit, value in _limits(bound)
        ]

    def losses(self, measure: str, judgments: Judgments) -> list[Change]:
        """The queries whose value of `measure` fell, greatest loss first."""
        if self.published is None:
            return []
        old, new = self.published.values[measure], self.candidate.values[measure]
        changes = [
            Change(query.id, query.text, old[query.id], new[query.id])
            for query in judgments.queries
            if query.id in self.both
        ]
        fallen = [change for change in changes if change.new < change.old]
        return sorted(fallen, key=lambda change: change.new - change.old)

    def _absolute(self, measure: str, limit: str, bound: float) -> Outcome:
        value = self.candidate.figure(measure)
        passed = value >= bound - _ROUNDING if limit == "min" else value <= bound + _ROUNDING
        return Outcome(measure, limit, bound, value, None, passed)

    def _relative(self, measure: str, limit: str, bound: float) -> Outcome:
        both = self.both
        if self.published is None or not (both or measure == GONE_RATE):
            reason = self.absent or "no judged query can be answered by both generations"
            value = self.candidate.figure(measure)
            return Outcome(measure, limit, bound, value, None, passed=True, skipped=reason)
        new, old = self.candidate.figure(measure, both), self.published.figure(measure, both)
        change = old - new if limit == "max_drop" else new - old
        return Outcome(measure, limit, bound, new, old, change <= bound + _ROUNDING)


def _limits(bound: GateBound) -> Iterator[tuple[str, float]]:
    for limit in ("min", "max", *_RELATIVE):
        value: float | None = getattr(bound, limit)
        if value is not None:
            yield limit, value

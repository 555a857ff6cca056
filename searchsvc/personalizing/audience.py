"""An audience: segments, learned model and experiment of one index, compiled for its snapshot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from searchsvc.carried import same_rows, unchanged
from searchsvc.learned.likeness import centroids_of
from searchsvc.preferences.alignment import Alignment
from searchsvc.preferences.patterns import Patterns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.snapshot import Snapshot
    from searchsvc.experiments.assignment import Arm, Experiment
    from searchsvc.learned.likeness import Centroid
    from searchsvc.learned.model import Learned
    from searchsvc.policy import RankingPolicy
    from searchsvc.segments.segments import SegmentBoost, Segments


class LiveModel(Protocol):
    """What an audience is made of; `searchsvc.live.Live` has it."""

    @property
    def segments(self) -> Segments:
        """Compiled for the snapshot."""
        ...

    @property
    def learned(self) -> Learned | None:
        """What events taught."""
        ...

    @property
    def experiment(self) -> Experiment | None:
        """That runs."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """What is known of those who search an index, ready for its snapshot.

    Attributes:
        snapshot: that all of it is compiled for.
        segments: with their rules.
        patterns: of the segments' boosts; ``None`` without any.
        alignment: of the learned model; ``None`` without one.
        centroids: of the learned segments, by name.
        experiment: that runs; ``None`` for none.
        policy: of the index.
        policies: of the experiment's arms, by name.
    """

    snapshot: Snapshot
    segments: Segments
    patterns: Patterns | None
    alignment: Alignment | None
    centroids: Mapping[str, Centroid]
    experiment: Experiment | None
    policy: RankingPolicy
    policies: Mapping[str, RankingPolicy]

    @classmethod
    def compile(
        cls, live: LiveModel, snapshot: Snapshot, policy: RankingPolicy, before: Audience | None
    ) -> Audience:
        """The audience of an index.

        Args:
            live: its segments (compiled for the snapshot), experiment and model.
            snapshot: the catalogue.
            policy: of the index, without popularity.
            before: that was compiled last; what has not changed is taken over.
        """
        segments, model, experiment = live.segments, live.learned, live.experiment
        alignment = None if model is None else _alignment(model, snapshot, before)
        patterns = _patterns(segments.rules, snapshot, before) if segments.rules else None
        popular = replace(policy, popularity=alignment.popularity if alignment else None)
        return cls(
            snapshot=snapshot,
            segments=segments,
            patterns=patterns,
            alignment=alignment,
            centroids=centroids_of(segments, model),
            experiment=experiment,
            policy=popular,
            policies={
                arm.name: replace(popular, **arm.overrides.given())
                for arm in (experiment.arms if experiment else ())
            },
        )

    def policy_of(self, arm: Arm | None) -> RankingPolicy:
        """The policy for somebody in `arm`."""
        return self.policy if arm is None else self.policies[arm.name]


def _alignment(model: Learned, snapshot: Snapshot, before: Audience | None) -> Alignment:
    known = before.alignment if before and same_rows(before.snapshot, snapshot) else None
    return known if known and known.model is model else Alignment.of(model, snapshot)


def _patterns(
    rules: tuple[SegmentBoost, ...], snapshot: Snapshot, before: Audience | None
) -> Patterns:
    known = before.patterns if before and same_rows(before.snapshot, snapshot) else None
    if before and known and known.rules == rules:
        conditions = (rule.condition for rule in rules if not rule.inert)
        if unchanged(before.snapshot, snapshot, conditions):
            return known
    return Patterns.compile(rules, snapshot)

"""An audience: segments, learned model and experiment of one index, compiled for its snapshot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

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
    from searchsvc.segments.segments import Segments


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
        same = before is not None and before.snapshot is snapshot
        alignment = before.alignment if before and same else None
        if model is None:
            alignment = None
        elif alignment is None or alignment.model is not model:
            alignment = Alignment.of(model, snapshot)
        patterns = before.patterns if before and same else None
        if not segments.rules:
            patterns = None
        elif patterns is None or patterns.rules != segments.rules:
            patterns = Patterns.compile(segments.rules, snapshot)
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

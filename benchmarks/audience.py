"""An audience made of segments and a model that are at hand, without the files of an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.personalizing.audience import Audience

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.experiments.assignment import Experiment
    from searchsvc.learned.model import Learned
    from searchsvc.policy import RankingPolicy
    from searchsvc.segments.segments import Segments


@dataclass(frozen=True, slots=True)
class _Parts:
    """See `LiveModel`."""

    segments: Segments
    learned: Learned | None
    experiment: Experiment | None = None


def audience_of(
    segments: Segments, model: Learned | None, snapshot: Snapshot, policy: RankingPolicy
) -> Audience:
    """What the service would make of `segments` and `model` for `snapshot`."""
    return Audience.compile(_Parts(segments, model), snapshot, policy, None)

"""Audiences: what has not changed is taken over, and what has is compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.experiments.assignment import Experiment
from searchsvc.experiments.document import ExperimentDocument
from searchsvc.personalizing.audience import Audience
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.segments import Segments
from tests.patched import publish_patch
from tests.searchsvc.preferences.taught import teach

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from searchsvc.learned.model import Learned
    from tests.conftest import Build

RECORDS: list[dict[str, Any]] = [
    {"id": f"p{n}", "title": "thing", "brand": "AB"[n % 2]} for n in range(6)
]
MODEL = teach({"p0": {"brand": ["A"]}, "p1": {"brand": ["B"]}}, {"p1": 2.0})
POLICY = RankingPolicy(window=50)


def segments(snapshot: Snapshot, weight: float = 0.5, **more: Any) -> Segments:
    boosts = [{"filter": "brand:A", "weight": weight}]
    one = {"name": "one", "boosts": boosts, **more}
    return compile_segments(SegmentsDocument.model_validate({"segments": [one]}), snapshot)


@dataclass(frozen=True)
class Parts:
    segments: Segments
    learned: Learned | None = MODEL
    experiment: Experiment | None = None


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def test_what_has_not_changed_is_taken_over(snapshot: Snapshot) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    # The document was read and compiled again, and says the same.
    second = Audience.compile(
        Parts(segments(snapshot)), snapshot, replace(POLICY, window=9), first
    )
    assert second.patterns is first.patterns
    assert second.alignment is first.alignment
    assert second.policy.window == 9
    assert second.policy.popularity is first.policy.popularity


def test_other_boosts_are_compiled(snapshot: Snapshot) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    second = Audience.compile(Parts(segments(snapshot, 0.25)), snapshot, POLICY, first)
    assert second.patterns is not None
    assert second.patterns is not first.patterns
    assert [rule.weight for rule in second.patterns.rules] == [0.25]
    assert second.alignment is first.alignment


def test_another_model_is_aligned(snapshot: Snapshot) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    taught = teach({"p5": {"brand": ["A"]}}, {"p5": 1.0})
    second = Audience.compile(Parts(segments(snapshot), taught), snapshot, POLICY, first)
    assert second.patterns is first.patterns
    assert second.alignment is not None
    assert second.alignment.model is taught
    assert second.policy.popularity is second.alignment.popularity


def test_another_generation_takes_nothing_over(
    snapshot: Snapshot, build: Build, layout: IndexLayout
) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    build([*RECORDS[2:], {"id": "new", "title": "thing", "brand": "A"}])
    later = open_snapshot(layout)
    second = Audience.compile(Parts(segments(later)), later, POLICY, first)
    assert second.snapshot is later
    assert second.alignment is not first.alignment
    assert second.patterns is not first.patterns
    assert second.patterns is not None
    assert len(second.patterns.pattern_of) == len(later.products) == 5
    assert first.alignment is not None
    assert second.alignment is not None
    assert np.count_nonzero(first.alignment.product_of >= 0) == 2
    assert np.count_nonzero(second.alignment.product_of >= 0) == 0  # both are gone


def test_what_is_gone_is_dropped(snapshot: Snapshot) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    second = Audience.compile(Parts(Segments.none(), None), snapshot, POLICY, first)
    assert (second.patterns, second.alignment, second.centroids) == (None, None, {})
    assert second.policy.popularity is None
    third = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, second)
    assert third.patterns is not None
    assert third.alignment is not None


def test_the_popularity_of_an_older_model_does_not_stay_in_the_policy(snapshot: Snapshot) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    # As a preview compiles a draft: over the policy that is served.
    second = Audience.compile(Parts(segments(snapshot), None), snapshot, first.policy, first)
    assert second.policy.popularity is None


def test_each_arm_has_the_policy_of_the_index_with_its_own_settings(snapshot: Snapshot) -> None:
    document = ExperimentDocument.model_validate(
        {
            "name": "test",
            "arms": [
                {"name": "control", "share": 50},
                {"name": "rrf", "share": 50, "ranking": {"fusion": "rrf", "rrf_k": 10}},
            ],
        }
    )
    experiment = Experiment.of(document)
    parts = Parts(segments(snapshot), experiment=experiment)
    audience = Audience.compile(parts, snapshot, POLICY, None)
    assert experiment is not None
    assert audience.policy_of(None) is audience.policy
    control, other = (audience.policy_of(arm) for arm in experiment.arms)
    assert control == audience.policy
    assert (other.fusion, other.rrf_k, other.window) == (Fusion.RRF, 10, 50)
    assert other.popularity is audience.policy.popularity is not None


def test_learned_segments_have_a_middle_where_the_model_knows_their_traits(
    snapshot: Snapshot,
) -> None:
    def middle(field: str, value: str, model: Learned | None = MODEL) -> list[str]:
        like = {"affinities": {field: {value: 1.0}}, "threshold": 0.5}
        parts = Parts(segments(snapshot, like=like), model)
        return list(Audience.compile(parts, snapshot, POLICY, None).centroids)

    assert middle("brand", "A") == ["one"]
    assert middle("brand", "Unknown") == []
    assert middle("colour", "A") == []
    assert middle("brand", "A", None) == []


def test_after_a_patch_only_what_its_columns_decide_is_compiled_again(
    snapshot: Snapshot, layout: IndexLayout
) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    publish_patch(layout, {"p1": lambda it: replace(it, condition="used")})
    second_snapshot = open_snapshot(layout, before=snapshot)
    second = Audience.compile(Parts(segments(second_snapshot)), second_snapshot, POLICY, first)
    assert second.snapshot is second_snapshot
    assert second.patterns is first.patterns
    assert second.alignment is first.alignment
    publish_patch(layout, {"p1": lambda it: replace(it, brand="A")})
    third_snapshot = open_snapshot(layout, before=second_snapshot)
    third = Audience.compile(Parts(segments(third_snapshot)), third_snapshot, POLICY, second)
    assert third.patterns is not None
    assert third.patterns.fulfilled_by(1, (0,)) == (0,)
    assert first.patterns is not None
    assert first.patterns.fulfilled_by(1, (0,)) == ()
    assert third.alignment is first.alignment


def test_another_catalogue_is_compiled_for_whole(
    snapshot: Snapshot, layout: IndexLayout, build: Build
) -> None:
    first = Audience.compile(Parts(segments(snapshot)), snapshot, POLICY, None)
    build(RECORDS[1:])
    after = open_snapshot(layout, before=snapshot)
    second = Audience.compile(Parts(segments(after)), after, POLICY, first)
    assert second.patterns is not None
    assert second.alignment is not None
    assert len(second.patterns.pattern_of) == len(second.alignment.product_of) == 5

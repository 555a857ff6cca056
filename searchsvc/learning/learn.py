"""Learning: from a shop's interactions to its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.storage import StringTable
from searchsvc.learned.model import Learned, LearnedFrom
from searchsvc.learning.evidence import (
    EVENT_WEIGHTS,
    POPULARITY_HALF_LIFE_DAYS,
    POPULARITY_PRIOR,
    TASTE_HALF_LIFE_DAYS,
    Evidence,
)
from searchsvc.learning.held_out import held_out
from searchsvc.learning.popularity import popularity, sold
from searchsvc.learning.traits import trait_table
from searchsvc.learning.worth import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.snapshot import Snapshot
    from searchsvc.state.interactions import Interactions


def learn(
    interactions: Interactions,
    snapshot: Snapshot,
    now_ms: int,
    progress: Callable[[str], None] | None = None,
) -> Learned:
    """The model of `interactions`; the same ones at the same time give the same model.

    Args:
        interactions: of the shop; products that `snapshot` does not have are passed over.
        snapshot: whose products have the traits.
        now_ms: milliseconds since the epoch, to be noted in the model.
        progress: called with the name of each stage that begins.
    """
    begins = progress or _silent
    begins("matching products")
    evidence = Evidence.of(interactions, snapshot)
    begins("traits")
    table = trait_table(snapshot, sold(evidence, TASTE_HALF_LIFE_DAYS))
    begins("held-out purchases")
    purchases = held_out(evidence)
    begins("weights")
    fields = fields_of(purchases, evidence, table)
    origin = LearnedFrom(
        time_ms=now_ms,
        newest_ms=evidence.newest_ms,
        generation=snapshot.generation,
        events=len(evidence),
        users=evidence.user_count,
        orders=evidence.order_count,
        held_out=len(purchases),
        half_life_days=TASTE_HALF_LIFE_DAYS,
        popularity_half_life_days=POPULARITY_HALF_LIFE_DAYS,
        popularity_prior=POPULARITY_PRIOR,
        event_weights={kind.value: weight for kind, weight in EVENT_WEIGHTS.items()},
    )
    return Learned(
        origin=origin,
        fields=fields,
        ids=snapshot.products.ids,
        popularity=popularity(evidence).astype(np.float32),
        values=StringTable.of(table.values),
        field_of=table.field_of,
        shares=table.shares,
        starts=table.starts,
        traits=table.traits,
        parts=table.parts,
        band_edges=table.band_edges,
    )


def _silent(_stage: str) -> None:
    """Nobody wants to know."""

"""Proposing: from what a segment buys to boosts, and from groups of shoppers to segments."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from searchsvc.learned.tastes import FULL_LOG_ODDS
from searchsvc.learning.bands import band_names
from searchsvc.learning.differences import (
    LEAST_PEOPLE,
    LEAST_PURCHASES,
    differences,
    is_large_enough,
)
from searchsvc.learning.discovery import discover
from searchsvc.learning.evidence import TASTE_HALF_LIFE_DAYS, Evidence
from searchsvc.learning.holdings import Holdings
from searchsvc.learning.naming import name_of, title_of
from searchsvc.learning.people import KNOWN_PURCHASES
from searchsvc.learning.proposals import Finding, Proposal, ProposalsDocument, ProposedBoost
from searchsvc.learning.traits import PRICE, WORDS
from searchsvc.segments.document import BoostRule, Likeness

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.learned.model import Learned
    from searchsvc.learning.differences import Difference
    from searchsvc.learning.discovery import Discovery
    from searchsvc.state.interactions import Interactions

MOST_BOOSTS = 10
"""Proposed for a segment: more could not be looked through."""
MOST_FINDINGS = 12
_DECIMALS = 2


def propose(
    interactions: Interactions,
    snapshot: Snapshot,
    learned: Learned,
    listed: Mapping[str, Collection[str]],
) -> ProposalsDocument:
    """What the events suggest for the segments of an index; equal for equal input.

    Args:
        interactions: that `learned` was learned from.
        snapshot: likewise.
        learned: the model.
        listed: keys of the users in each listed segment, by its name.
    """
    evidence = Evidence.of(interactions, snapshot)
    count = len(interactions.user_keys)
    purchases = Holdings.of(learned, evidence.of_purchases().pairs(math.inf), count)
    tastes = Holdings.of(learned, evidence.pairs(TASTE_HALF_LIFE_DAYS, math.inf), count)
    discovery = discover(tastes, purchases)
    proposals = _discovered(discovery, purchases, listed)
    notes = _notes(discovery, learned)
    place_of = {key: place for place, key in enumerate(interactions.user_keys)}
    for name in sorted(listed):
        members = np.zeros(count, np.bool_)
        members[[place_of[key] for key in listed[name] if key in place_of]] = True
        if is_large_enough(purchases, members):
            found = differences(purchases, members)
            proposals.append(_proposal(name, name, purchases, members, found))
        else:
            notes.append(
                f"{name}: too few are known for proposals; it takes {LEAST_PEOPLE} people with "
                f"{LEAST_PURCHASES} purchases"
            )
    return ProposalsDocument(
        time_ms=learned.origin.time_ms,
        agreement=None if discovery.agreement is None else round(discovery.agreement, _DECIMALS),
        proposals=tuple(proposals),
        notes=tuple(notes),
    )


def _discovered(
    discovery: Discovery, purchases: Holdings, taken: Collection[str]
) -> list[Proposal]:
    """The groups that something tells from the others, as segments with names not `taken`."""
    proposals: list[Proposal] = []
    for group in discovery.groups:
        found = differences(purchases, group.members)
        if not found:
            continue
        title = title_of(found)
        name = name_of(title, {*taken, *(it.name for it in proposals)})
        like = Likeness(
            affinities={field: dict(lifts) for field, lifts in group.affinities.items()},
            threshold=group.threshold,
        )
        stability = round(group.stability, _DECIMALS)
        proposal = _proposal(name, title, purchases, group.members, found)
        proposals.append(proposal.model_copy(update={"like": like, "stability": stability}))
    return proposals


def _notes(discovery: Discovery, learned: Learned) -> list[str]:
    if discovery.groups:
        return []
    if not any(it.in_use for it in learned.fields):
        return ["no segments discovered: no trait is known to tell shoppers apart yet"]
    if discovery.people < 2 * LEAST_PEOPLE:
        known = f"{discovery.people} people have {KNOWN_PURCHASES:g} purchases"
        return [f"no segments discovered: {known}, it takes {2 * LEAST_PEOPLE}"]
    if discovery.agreement is None:
        why = f"two halves of {discovery.people:,} people do not fall into the same groups"
        return [f"no segments discovered: {why}"]
    return ["no segments discovered: the groups that were found are too small to be told of"]


def _proposal(
    name: str,
    title: str,
    purchases: Holdings,
    members: NDArray[np.bool_],
    found: Sequence[Difference],
) -> Proposal:
    bought = purchases.purchases[members]
    findings = [(it, _finding(it)) for it in found]
    boosts = [
        ProposedBoost(boost=boost, finding=finding)
        for it, finding in findings
        if (boost := boost_of(it, purchases.model)) is not None
    ]
    return Proposal(
        name=name,
        title=title,
        people=int(np.count_nonzero(bought)),
        purchases=round(float(bought.sum())),
        findings=tuple(finding for _, finding in findings[:MOST_FINDINGS]),
        boosts=tuple(boosts[:MOST_BOOSTS]),
    )


def _finding(it: Difference) -> Finding:
    return Finding(
        field=it.field,
        value=it.value,
        ratio=round(it.ratio, _DECIMALS),
        low=round(it.low, _DECIMALS),
        high=round(it.high, _DECIMALS),
        purchases=it.purchases,
        people=it.people,
    )


def boost_of(found: Difference, learned: Learned) -> BoostRule | None:
    """The boost for a trait; ``None`` where no filter says it, or it would be next to nothing.

    Its weight is what the lower bound of the ratio is worth in log-odds, on the scale of tastes: a
    segment whose preference is less certain is boosted less.
    """
    weight = round(min(math.log(found.low) / FULL_LOG_ODDS, 1.0), _DECIMALS)
    if found.field == WORDS or weight <= 0:
        return None
    wanted: dict[str, Any] = {"field": found.field, "eq": found.value}
    if found.field == PRICE:
        wanted = _price_filter(found.value, learned.band_edges)
    return BoostRule(filter=wanted, weight=weight, name=f"{found.field}: {found.value}"[:200])


def _price_filter(band: str, edges: NDArray[np.float64]) -> dict[str, Any]:
    place = band_names(len(edges) + 1).index(band)
    wanted: dict[str, Any] = {"field": "effective_price"}
    if place > 0:
        wanted["gte"] = float(edges[place - 1])
    if place < len(edges):
        wanted["lt"] = float(edges[place])
    return wanted

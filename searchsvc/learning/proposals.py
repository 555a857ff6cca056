"""Proposals: segments and boosts that a shop's events suggest, for a person to accept.

``proposals.json`` stands beside the other live files of an index, and is replaced whenever the
index learns. It says nothing of anybody: every figure in it is of twenty people at least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from searchsvc.livefile import LiveFile
from searchsvc.segments.document import BoostRule, Likeness, SegmentName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexer.layout import IndexLayout

_OWN = "attributes."  # fields of the shop's own


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", serialize_by_alias=True, allow_inf_nan=False
    )


class Finding(_Document):
    """A trait that a segment buys more often than the others.

    Attributes:
        field: of the trait, such as ``brand``.
        value: such as ``Acme``.
        ratio: how many times as often as the others.
        low: of the 95 % interval of `ratio`.
        high: likewise.
        purchases: of products with the trait, by the segment.
        people: of the segment who bought any.
    """

    field: str
    value: str
    ratio: float = Field(gt=0)
    low: float = Field(gt=0)
    high: float = Field(gt=0)
    purchases: int = Field(ge=0)
    people: int = Field(ge=0)

    def __str__(self) -> str:
        field = self.field.removeprefix(_OWN)
        return (
            f"{field} is {self.value}: bought {self.ratio:.1f} times as often, 95 % interval "
            f"{self.low:.1f}\N{EN DASH}{self.high:.1f}, from {self.purchases:,} purchases of "
            f"{self.people:,} people"
        )


class ProposedBoost(_Document):
    """A boost, and why."""

    boost: BoostRule
    finding: Finding


class Proposal(_Document):
    """What is proposed for one segment.

    Attributes:
        name: of the segment.
        title: for people.
        people: who are in it.
        purchases: theirs.
        like: who is in it, where it was discovered; ``None`` for a segment that there is.
        stability: of a discovered segment: the Jaccard index of it with what half of the people
            make of it, see `searchsvc.learning.clustering`.
        findings: what tells it from the others, the most telling first.
        boosts: what to boost for it.
    """

    name: SegmentName
    title: str
    people: int = Field(ge=0)
    purchases: int = Field(ge=0)
    like: Likeness | None = None
    stability: float | None = None
    findings: tuple[Finding, ...] = ()
    boosts: tuple[ProposedBoost, ...] = ()


class ProposalsDocument(_Document):
    """All proposals for an index.

    Attributes:
        time_ms: when they were made; milliseconds since the epoch.
        agreement: the adjusted Rand index of the groups that two halves of the people fall into;
            ``None`` where no segment was discovered.
        proposals: discovered segments first.
        notes: why there is nothing, where there is nothing.
    """

    time_ms: int = 0
    agreement: float | None = None
    proposals: tuple[Proposal, ...] = ()
    notes: tuple[str, ...] = ()

    def find(self, name: str) -> Proposal | None:
        """That of the segment called `name`."""
        return next((it for it in self.proposals if it.name == name), None)


def proposals_file(layout: IndexLayout) -> LiveFile[ProposalsDocument]:
    """The proposals for an index."""
    return LiveFile(layout.proposals_file, layout.live_lock_file, ProposalsDocument)


def names_of(proposals: Iterable[Proposal]) -> str:
    """The names, for a message."""
    return ", ".join(it.name for it in proposals) or "none"

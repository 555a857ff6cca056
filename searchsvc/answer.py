"""The answer to a query: what the search gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.columns import Scalar
    from searchsvc.degradation import Reason
    from searchsvc.query.understanding import Understanding
    from searchsvc.ranking.explanation import Explanation
    from searchsvc.results.facet import Facet
    from searchsvc.routing import Encoder
    from searchsvc.widening import Relaxation


@dataclass(frozen=True, slots=True)
class Member:
    """A product of a group, beside the one that is shown.

    Attributes:
        product: its JSON, as stored.
    """

    id: str
    product: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """What a hit stands for.

    Attributes:
        value: of the column that makes the groups; ``None`` for a product without one.
        count: members in the match set, the hit included.
        others: the next best of them.
    """

    value: Scalar | None
    count: int
    others: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of the page.

    Attributes:
        product: its JSON, as stored.
        score: of its relevance; never rises from hit to hit in the order by relevance.
        group: what it stands for, where the answer is grouped.
    """

    id: str
    score: float
    product: bytes
    explanation: Explanation | None
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer.

    Attributes:
        total: products in the match set; groups of them, if those are counted.
        hits: the page.
        understood: what the query was taken for.
        degraded: what was left out of the answer or is only approximate, and why; else empty.
        degraded_reasons: the same in words for programs, see `searchsvc.degradation.Reason`.
        stage_ms: milliseconds by stage, in the order in which they ran.
        facets: as asked for, in that order; they count what `total` counts.
        counts_groups: whether groups were counted instead of products.
        relaxed: how the query was widened because nothing matched; ``None`` when it was not.
        unfiltered_total: how many would match without the filter, where nothing matches with it.
        capped: whether more products are near in meaning than are taken.
        relevant: how many (of what `total` counts) are relevant enough to come first in the order
            of a column; ``None`` in the order by relevance, and where no hits were asked for.
        encoders: which of them gave each text that was embedded its vector.
        present: products with a value by column, where the query asked for it.
    """

    total: int
    hits: tuple[Hit, ...]
    understood: Understanding
    degraded: tuple[str, ...]
    stage_ms: Mapping[str, float]
    facets: tuple[Facet, ...] = ()
    counts_groups: bool = False
    relaxed: Relaxation | None = None
    unfiltered_total: int | None = None
    capped: bool = False
    relevant: int | None = None
    encoders: tuple[Encoder, ...] = ()
    degraded_reasons: tuple[Reason, ...] = ()
    present: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

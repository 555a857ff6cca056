"""What was counted of a match set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.columns import Kind, Scalar
    from searchsvc.query.query import FacetRequest


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value and how many have it."""

    value: Scalar
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the numbers of a column in a match set; a product counts once for each of its numbers."""

    minimum: float
    maximum: float
    total: float
    count: int

    @property
    def average(self) -> float:
        """The arithmetic mean."""
        return self.total / self.count


@dataclass(frozen=True, slots=True)
class Facet:
    """One column, counted.

    Attributes:
        request: what was asked for.
        kind: of the column.
        hierarchical: whether values are paths, ``"A > B"``, each counted with all below it.
        values: in the order that was asked for, those without any product left out.
        distinct: how many values there are, listed or not.
        statistics: of a number column; ``None`` for others, and where nothing has a number.
        counts: in each of the request's ranges, in their order.
        exhaustive: whether the counts are those of every product that would match with the value
            chosen; False where more products are near in meaning than are taken.
    """

    request: FacetRequest
    kind: Kind
    hierarchical: bool
    values: tuple[FacetValue, ...]
    distinct: int
    statistics: Statistics | None
    counts: tuple[int, ...]
    exhaustive: bool = True

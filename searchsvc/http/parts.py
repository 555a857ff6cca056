"""Parts of a request: what to count, group by and boost."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from searchsvc.query.filters import parse_filter
from searchsvc.query.query import (
    MAX_FACET_VALUES,
    MAX_OTHERS,
    MAX_RANGES,
    Boost,
    FacetOrder,
    FacetRequest,
    Grouping,
    Interval,
)

_MAX_NAME = 200

FieldName = Annotated[str, Field(min_length=1, max_length=_MAX_NAME)]
Word = Annotated[str, Field(max_length=_MAX_NAME)]

FILTER_HELP = (
    'An expression such as `brand:HP AND price < 250`, or conditions `{"field", "eq" | "any_of" '
    '| "exists" | "gt"/"gte"/"lt"/"lte"}`, combined by `{"and": [...]}`, `{"or": [...]}` and '
    '`{"not": ...}`.'
)
"""What a filter may be."""
FilterValue = Annotated[
    Any,  # read by the grammars of filters, which name the place of a mistake
    WithJsonSchema({"type": ["string", "object", "array"], "description": FILTER_HELP}),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class FacetRange(_Part):
    """Numbers from `from`, included, to `to`, excluded; open where left out."""

    start: float | None = Field(None, alias="from", allow_inf_nan=False)
    to: float | None = Field(None, allow_inf_nan=False)

    def to_interval(self) -> Interval:
        """The same with infinite ends."""
        low = -math.inf if self.start is None else self.start
        return Interval(low, math.inf if self.to is None else self.to)


class FacetParameter(_Part):
    """What to count of one field."""

    field: FieldName
    limit: int = Field(20, ge=0, le=MAX_FACET_VALUES, description="Values listed.")
    order: Literal["count", "value"] = "count"
    search: Word = Field("", description="Only values with words that begin with these.")
    disjunctive: bool = Field(
        default=False, description="Count as if the filter on this field alone were absent."
    )
    level: int | None = Field(None, ge=0, le=50, description="Only paths of this depth.")
    ranges: list[FacetRange] = Field([], max_length=MAX_RANGES)

    def to_request(self) -> FacetRequest:
        """The request that the search core takes."""
        return FacetRequest(
            self.field,
            self.limit,
            FacetOrder(self.order),
            self.search,
            self.disjunctive,
            self.level,
            tuple(wanted.to_interval() for wanted in self.ranges),
        )


class GroupParameter(_Part):
    """Show one product of each group."""

    field: FieldName = "item_group_id"
    others: int = Field(3, ge=0, le=MAX_OTHERS, description="Further members to show.")
    count: Literal["groups", "items"] = Field("groups", description="In total and facets.")

    def to_grouping(self) -> Grouping:
        """The grouping that the search core takes."""
        return Grouping(self.field, self.others, self.count == "items")


class BoostParameter(_Part):
    """Move products up or down the ranking, never out of it."""

    filter: FilterValue
    weight: float = Field(ge=-1, le=1, description="Of the most that boosts may move a product.")
    name: Word = ""

    def to_boost(self) -> Boost:
        """The boost that the search core takes.

        Raises:
            BadFilterError: the filter is malformed.
        """
        return Boost(parse_filter(self.filter), self.weight, self.name)

"""Requests of the API as they come, and the queries that they ask for."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from searchsvc.query.filters import parse_filter, parse_filter_text
from searchsvc.query.query import (
    MAX_BOOSTS,
    MAX_FACET_VALUES,
    MAX_FACETS,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_OTHERS,
    MAX_RANGES,
    MAX_TEXT,
    Boost,
    FacetOrder,
    FacetRequest,
    Grouping,
    Interval,
    Query,
)
from searchsvc.response import MAX_SNIPPET_WORDS, View
from searchsvc.results.sort_keys import parse_sort

_MAX_NAME = 200
_MAX_FIELDS = 100

Text = Annotated[
    str, Field(max_length=MAX_TEXT, description="As typed; empty asks for every product.")
]
Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT, description="Hits on the page.")]
Offset = Annotated[int, Field(ge=0, le=MAX_OFFSET, description="Hits before the page.")]
AsTyped = Annotated[
    bool, Field(description="Take words as they are, even where they look misspelt.")
]
Typing = Annotated[
    bool, Field(description="The last word is still being typed: take it for a beginning.")
]
Relax = Annotated[
    bool,
    Field(description="Widen a query that nothing matches; `relaxed` in the answer says how."),
]
Explain = Annotated[bool, Field(description="Tell how each hit got its place, and the stages.")]
FieldName = Annotated[str, Field(min_length=1, max_length=_MAX_NAME)]
Word = Annotated[str, Field(max_length=_MAX_NAME)]

_FILTER_HELP = (
    'An expression such as `brand:HP AND price < 250`, or conditions `{"field", "eq" | "any_of" '
    '| "exists" | "gt"/"gte"/"lt"/"lte"}`, combined by `{"and": [...]}`, `{"or": [...]}` and '
    '`{"not": ...}`.'
)
_SORT_HELP = (
    "`relevance`, `price`, `newest`, `popularity`, `rating`, or a field with `:asc` or `:desc`; "
    "several keys parted by commas. Ties are by relevance."
)


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


class BoostParameter(_Part):
    """Move products up or down the ranking, never out of it."""

    filter: Annotated[Any, Field(description=_FILTER_HELP)]
    weight: float = Field(ge=-1, le=1, description="Of the most that boosts may move a product.")
    name: Word = ""


class SearchRequest(BaseModel):
    """A search."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,  # JSON has types: "10" is no number, and true is not 1
        json_schema_extra={
            "examples": [
                {"query": "warm jacket for rainy hikes", "limit": 10},
                {
                    "query": "jacket",
                    "filters": "price < 150 AND (color:Navy OR color:Black)",
                    "sort": "price",
                    "facets": [{"field": "brand", "disjunctive": True}, "price"],
                    "group_by": "item_group_id",
                    "highlight": ["title"],
                },
            ]
        },
    )

    query: Text = ""
    limit: Limit = 20
    offset: Offset = 0
    filters: Annotated[Any, Field(description=_FILTER_HELP)] = None
    sort: Annotated[str, Field(max_length=1_000, description=_SORT_HELP)] = ""
    facets: list[FieldName | FacetParameter] = Field([], max_length=MAX_FACETS)
    group_by: FieldName | GroupParameter | None = None
    boosts: list[BoostParameter] = Field([], max_length=MAX_BOOSTS)
    typing: Typing = False
    relax: Relax = True
    as_typed: AsTyped = False
    explain: Explain = False
    fields: list[FieldName] | None = Field(
        None, max_length=_MAX_FIELDS, description="Of the product to answer; all by default."
    )
    highlight: list[FieldName] = Field([], max_length=_MAX_FIELDS)
    snippets: dict[FieldName, Annotated[int, Field(ge=1, le=MAX_SNIPPET_WORDS)]] = Field(
        {}, max_length=_MAX_FIELDS, description="Words to show of each of these texts."
    )

    def to_query(self) -> Query:
        """The query that the search core takes.

        Raises:
            BadQueryError: the filter, a boost's filter or the order is malformed.
        """
        return Query(
            text=self.query,
            limit=self.limit,
            offset=self.offset,
            filter=None if self.filters is None else parse_filter(self.filters),
            explain=self.explain,
            as_typed=self.as_typed,
            typing=self.typing,
            sort=parse_sort(self.sort),
            facets=tuple(
                FacetRequest(it) if isinstance(it, str) else it.to_request() for it in self.facets
            ),
            grouping=_grouping(self.group_by),
            boosts=tuple(Boost(parse_filter(it.filter), it.weight, it.name) for it in self.boosts),
            relax=self.relax,
        )

    def to_view(self) -> View:
        """What to show of the hits."""
        fields = None if self.fields is None else frozenset(self.fields)
        return View(fields, tuple(self.highlight), self.snippets)


class SearchParameters(BaseModel):
    """A search in a query string."""

    model_config = ConfigDict(extra="forbid")

    query: Text = ""
    limit: Limit = 20
    offset: Offset = 0
    filters: Annotated[
        str | None,
        Field(description=f"{_FILTER_HELP} The latter as JSON.", max_length=65_536),
    ] = None
    sort: Annotated[str, Field(max_length=1_000, description=_SORT_HELP)] = ""
    facets: Annotated[str, Field(max_length=4_096, description="Fields, parted by commas.")] = ""
    group_by: FieldName | None = None
    typing: Typing = False
    relax: Relax = True
    as_typed: AsTyped = False
    explain: Explain = False
    highlight: Annotated[str, Field(max_length=4_096, description="Fields, parted by commas.")] = (
        ""
    )

    @model_validator(mode="after")
    def _few_facets(self) -> SearchParameters:
        if len(_names(self.facets)) > MAX_FACETS:
            raise ValueError(f"at most {MAX_FACETS} facets")
        return self

    def to_query(self) -> Query:
        """The query that the search core takes.

        Raises:
            BadQueryError: the filter or the order is malformed.
        """
        return Query(
            text=self.query,
            limit=self.limit,
            offset=self.offset,
            filter=parse_filter_text(self.filters),
            explain=self.explain,
            as_typed=self.as_typed,
            typing=self.typing,
            sort=parse_sort(self.sort),
            facets=tuple(map(FacetRequest, _names(self.facets))),
            grouping=_grouping(self.group_by),
            relax=self.relax,
        )

    def to_view(self) -> View:
        """What to show of the hits."""
        return View(highlight=tuple(_names(self.highlight)))


class SimilarParameters(BaseModel):
    """Which products that resemble one to show."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100, description="Products.")] = 12
    filters: Annotated[
        str | None,
        Field(description=f"{_FILTER_HELP} The latter as JSON.", max_length=65_536),
    ] = None
    same_group: Annotated[
        bool, Field(description="Whether variants of the product itself are shown, too.")
    ] = False


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _grouping(given: str | GroupParameter | None) -> Grouping | None:
    if given is None:
        return None
    if isinstance(given, str):
        return Grouping(given)
    return Grouping(given.field, given.others, given.count == "items")

"""Requests of the API as they come, and the queries that they ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from searchsvc.errors import BadQueryError
from searchsvc.events.token import UserToken
from searchsvc.http.parts import (
    FILTER_HELP,
    BoostParameter,
    FacetParameter,
    FieldName,
    FilterValue,
    GroupParameter,
)
from searchsvc.http.shoppers import UserParameter, shopper_of
from searchsvc.query.filters import parse_filter, parse_filter_text
from searchsvc.query.query import (
    MAX_BOOSTS,
    MAX_FACETS,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_TEXT,
    FacetRequest,
    Grouping,
    Query,
)
from searchsvc.response import MAX_SNIPPET_WORDS, View
from searchsvc.results.sort_keys import parse_sort
from searchsvc.segments.shopper import MAX_SEGMENTS, Shopper

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

_SORT_HELP = (
    "`relevance`, `price`, `newest`, `popularity`, `rating`, `bestselling`, or a field with "
    "`:asc` or `:desc`; several keys parted by commas. Ties are by relevance."
)


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
    filters: FilterValue | None = None
    sort: Annotated[str, Field(max_length=1_000, description=_SORT_HELP)] = ""
    sort_relevance: float | None = Field(
        None, ge=0, le=1, description="Of the best product's score, what comes first needs."
    )
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
    user: UserParameter | None = None
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
            sort_relevance=self.sort_relevance,
            facets=tuple(
                FacetRequest(it) if isinstance(it, str) else it.to_request() for it in self.facets
            ),
            grouping=_grouping(self.group_by),
            boosts=tuple(it.to_boost() for it in self.boosts),
            relax=self.relax,
        )

    @property
    def user_token(self) -> str | None:
        """The token that it names, whether with consent or without."""
        return None if self.user is None else self.user.token

    def to_shopper(self) -> Shopper:
        """Who asks; nobody without consent."""
        return Shopper() if self.user is None else self.user.to_shopper()

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
        Field(description=f"{FILTER_HELP} The latter as JSON.", max_length=65_536),
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

    consent: Annotated[
        bool, Field(description="Whether the shopper agreed to personalization and events.")
    ] = False
    user_token: Annotated[UserToken | None, Field(description="A pseudonym of the shopper.")] = (
        None
    )
    segments: Annotated[
        str, Field(max_length=4_096, description="That the shopper is in, parted by commas.")
    ] = ""
    strength: Annotated[
        float | None, Field(ge=0, le=100, description="Of the personalization.")
    ] = None

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

    def to_shopper(self) -> Shopper:
        """Who asks; nobody without consent.

        Raises:
            BadQueryError: they are too many segments.
        """
        named = _names(self.segments)
        if len(named) > MAX_SEGMENTS:
            raise BadQueryError(f"segments: {len(named)}, expected at most {MAX_SEGMENTS}")
        return shopper_of(
            consent=self.consent, token=self.user_token, segments=named, strength=self.strength
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
        Field(description=f"{FILTER_HELP} The latter as JSON.", max_length=65_536),
    ] = None
    same_group: Annotated[
        bool, Field(description="Whether variants of the product itself are shown, too.")
    ] = False


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _grouping(given: str | GroupParameter | None) -> Grouping | None:
    if given is None:
        return None
    return Grouping(given) if isinstance(given, str) else given.to_grouping()

"""Requests and responses as the API documents them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from searchsvc.live import RankingValue, SettingValue
from searchsvc.query.filters import parse_filter, parse_filter_json
from searchsvc.query.query import MAX_LIMIT, MAX_OFFSET, MAX_TEXT, Query

Text = Annotated[
    str, Field(max_length=MAX_TEXT, description="As typed; empty asks for every product.")
]
Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT, description="Hits on the page.")]
Offset = Annotated[int, Field(ge=0, le=MAX_OFFSET, description="Hits before the page.")]
AsTyped = Annotated[
    bool, Field(description="Take words as they are, even where they look misspelt.")
]
Explain = Annotated[bool, Field(description="Tell how each hit got its place, and the stages.")]

_FILTER_HELP = (
    'Conditions `{"field", "eq" | "any_of" | "exists" | "gt"/"gte"/"lt"/"lte"}`, '
    'combined by `{"and": [...]}`, `{"or": [...]}` and `{"not": ...}`.'
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
                    "filters": {
                        "and": [
                            {"field": "price", "lt": 150},
                            {"field": "color", "any_of": ["Navy", "Black"]},
                        ]
                    },
                    "explain": True,
                },
            ]
        },
    )

    query: Text = ""
    limit: Limit = 20
    offset: Offset = 0
    filters: Annotated[Any, Field(description=_FILTER_HELP)] = None
    explain: Explain = False
    as_typed: AsTyped = False

    def to_query(self) -> Query:
        """The query that the search core takes.

        Raises:
            BadFilterError: the filter is malformed.
        """
        condition = None if self.filters is None else parse_filter(self.filters)
        return Query(self.query, self.limit, self.offset, condition, self.explain, self.as_typed)


class SearchParameters(BaseModel):
    """A search in a query string."""

    model_config = ConfigDict(extra="forbid")

    query: Text = ""
    limit: Limit = 20
    offset: Offset = 0
    filters: Annotated[
        str | None, Field(description=f"JSON. {_FILTER_HELP}", max_length=65_536)
    ] = None
    explain: Explain = False
    as_typed: AsTyped = False

    def to_query(self) -> Query:
        """The query that the search core takes.

        Raises:
            BadFilterError: the filter is malformed.
        """
        condition = parse_filter_json(self.filters)
        return Query(self.query, self.limit, self.offset, condition, self.explain, self.as_typed)


class HitExplanation(BaseModel):
    """How a hit got its place."""

    identified: bool = Field(description="The query equals one of its identifiers.")
    lexical_rank: int | None = Field(description="Among the keyword matches, from 1.")
    lexical_score: float = Field(description="BM25; 0 for no keyword match.")
    coverage: float = Field(
        description="The share of the query's words that it has, of those that any product has."
    )
    semantic_rank: int | None = Field(description="Among the neighbours in meaning, from 1.")
    similarity: float | None = Field(description="Cosine of query and product.")
    fused_score: float | None = Field(description="Of both rankings.")
    feedback: float = Field(description="Gained by resembling the best candidates.")
    reranked_from: int | None = Field(description="Its rank before the second stage, from 1.")


class QueryStep(BaseModel):
    """One thing that was done to understand the query."""

    kind: Literal[
        "corrected",
        "expanded",
        "split",
        "joined",
        "quantity",
        "synonym",
        "discounted",
        "forbidden",
    ]
    typed: str = Field(description="The words that it was done to.")
    meant: str = Field(description="What is looked for.")
    weight: float = Field(description="What it counts beside what was typed, which counts 1.")


class QueryUnderstanding(BaseModel):
    """What a query was taken for."""

    steps: list[QueryStep]
    embedded: list[str] = Field(description="The texts whose meaning was searched for.")


class SearchHit(BaseModel):
    """One product of the page."""

    id: str
    score: float
    product: dict[str, Any] = Field(description="As the feed has it; absent fields are left out.")
    explain: HitExplanation | None = None


class SearchResponse(BaseModel):
    """A page of the answer."""

    index: str
    generation: str = Field(description="Of the catalogue that was searched.")
    query: str
    corrected_query: str | None = Field(
        description="What was searched for instead, where the query has misspelt words."
    )
    query_id: str = Field(description="32 hexadecimal digits; name it in events.")
    total: int = Field(description="Products in the match set; its pages hold each one once.")
    offset: int
    limit: int
    hits: list[SearchHit]
    degraded: list[str] = Field(description="What was left out of the answer, and why.")
    took_ms: float
    understood: QueryUnderstanding | None = Field(None, description="With explain.")
    stages_ms: dict[str, float] | None = Field(None, description="With explain.")


class IndexInfo(BaseModel):
    """One index that is served."""

    index: str
    generation: str | None = Field(description="None when no generation can be opened.")
    products: int
    embedder: str | None
    semantic: bool = Field(description="Whether queries have vectors, or only words.")
    fields: dict[str, Literal["text", "number", "bool"]] = Field(
        description="What can be filtered by, and of which type it is."
    )


class IndexList(BaseModel):
    """All indexes that are served."""

    indexes: list[IndexInfo]


class LiveVersion(BaseModel):
    """What a change of live settings came to."""

    index: str
    version: str = Field(description='Also its ETag; "none" where nothing is set.')


class RankingReport(BaseModel):
    """The ranking settings of one index; the ETag is the version of its overrides."""

    index: str
    overrides: dict[str, SettingValue] = Field(description="What `PUT` would take.")
    settings: dict[str, RankingValue] = Field(description="All of them, by name.")


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class Readiness(BaseModel):
    """Whether searches are answered."""

    ready: bool
    indexes: dict[str, str] = Field(description="`ok`, or what is the matter.")

"""Requests and responses as the API documents them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from searchsvc.live import RankingValue, SettingValue


class PreferenceReason(BaseModel):
    """One preference and what it gave a hit."""

    kind: Literal["request", "segment", "taste", "session"]
    name: str = Field(description="Of the boost, or the trait (`brand: Acme`).")
    gain: float = Field(description="Of score; those of a hit add up to its boost.")
    segment: str | None = Field(description="Whose boost it is.")


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
    popularity: float = Field(description="Gained by what sells.")
    boost: float = Field(description="Gained by boosts of the request, segments and tastes.")
    boosted_from: int | None = Field(description="Its rank before the boosts, from 1.")
    preferences: list[PreferenceReason] = Field(description="What the boost is made of.")


class QueryStep(BaseModel):
    """One thing that was done to understand the query."""

    kind: Literal[
        "corrected",
        "expanded",
        "split",
        "joined",
        "quantity",
        "completed",
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
    encoders: list[str] = Field(
        description="What gave each of them its vector: distilled or transformer."
    )


class GroupMember(BaseModel):
    """Another product of a group."""

    id: str
    product: dict[str, Any]


class HitGroup(BaseModel):
    """What a hit stands for."""

    value: str | float | bool | None = Field(description="None for a product without a group.")
    count: int = Field(description="Members that match, the hit included.")
    others: list[GroupMember] = Field(description="The next best of them.")


class Highlight(BaseModel):
    """A text with what matched in it marked, as HTML."""

    value: str
    level: Literal["none", "partial", "full"] = Field(
        description="Whether it has none, some or all of the query's words."
    )
    matched_words: list[str]
    fully: bool = Field(description="Whether every word of the text is marked.")


Marked = Highlight | list[Any] | dict[str, Any]
"""A text as `Highlight`; a list or object with them in the places of its texts."""


class SearchHit(BaseModel):
    """One product of the page."""

    id: str
    score: float
    product: dict[str, Any] = Field(description="As the feed has it; absent fields are left out.")
    group: HitGroup | None = Field(None, description="With group_by.")
    highlights: dict[str, Marked] | None = Field(
        None, description="By field, in the shape of the product; with highlight."
    )
    snippets: dict[str, Marked] | None = Field(None, description="The same, cut; with snippets.")
    explain: HitExplanation | None = None


class CountedValue(BaseModel):
    """A value and how many have it."""

    value: str | float | bool
    count: int


class CountedRange(BaseModel):
    """A range and how many are in it."""

    start: float | None = Field(alias="from", description="Included; None where open.")
    to: float | None = Field(description="Excluded; None where open.")
    count: int


class FacetStatistics(BaseModel):
    """Of the numbers of a field in the match set."""

    min: float
    max: float
    average: float
    sum: float
    count: int


class CountedFacet(BaseModel):
    """One field, counted in the whole match set."""

    field: str
    kind: Literal["text", "number", "bool"]
    hierarchical: bool = Field(description="Whether values are paths, `A > B`.")
    values: list[CountedValue]
    distinct: int = Field(description="Values there are, listed or not.")
    exhaustive: bool = Field(
        description="Whether as many would match with a value chosen as its count says; not where "
        "more products are near in meaning than are taken."
    )
    statistics: FacetStatistics | None = Field(None, description="Of numbers.")
    ranges: list[CountedRange] | None = Field(None, description="Where asked for.")


class Relaxed(BaseModel):
    """What was answered because nothing matched."""

    kind: Literal["words", "meaning"] = Field(
        description="Words were left out, or the nearest in meaning are shown."
    )
    dropped: list[str] = Field(description="Words that were left out.")
    text: str = Field(description="What is left of the query.")


class ShopperSegment(BaseModel):
    """A segment that the shopper is in."""

    name: str
    title: str
    why: Literal["named", "listed", "rule", "learned"]


class ExperimentArm(BaseModel):
    """The part that the shopper has in an experiment."""

    name: str = Field(description="Of the experiment.")
    arm: str


class ShopperReason(BaseModel):
    """One thing that the order depends on, for the shopper."""

    kind: Literal["segment", "taste", "session"]
    text: str = Field(description="A sentence in English.")
    name: str = Field(description="Of the segment or the field.")
    value: str = Field(description="Of the field.")


class PersonalizationReport(BaseModel):
    """What was made of who asked."""

    applied: bool = Field(description="Whether the order may differ from that of everybody.")
    reason: (
        Literal["no_consent", "switched_off", "nothing_known", "profile_unavailable"] | None
    ) = Field(description="Why it does not.")
    strength: float = Field(description="0 to 100.")
    segments: list[ShopperSegment]
    experiment: ExperimentArm | None
    complete: bool = Field(description="Whether what is stored could be read in time.")
    why: list[ShopperReason] | None = Field(
        None, description="Why this order, in plain words; with explain."
    )


class SearchResponse(BaseModel):
    """A page of the answer."""

    index: str
    generation: str = Field(description="Of the catalogue that was searched.")
    query: str
    corrected_query: str | None = Field(
        description="What was searched for instead, where the query has misspelt words."
    )
    relaxed: Relaxed | None = Field(description="How a query without matches was widened.")
    query_id: str = Field(description="32 hexadecimal digits; name it in events.")
    total: int = Field(description="Of the match set; its pages hold each one once.")
    counted: Literal["items", "groups"] = Field(description="In total and in facets.")
    relevant: int | None = Field(
        description="With sort: products that come first because they are relevant enough; the "
        "others follow in the same order."
    )
    unfiltered_total: int | None = Field(
        description="How many match without the filter, where nothing matches with it."
    )
    offset: int
    limit: int
    hits: list[SearchHit]
    facets: list[CountedFacet]
    personalization: PersonalizationReport
    degraded: list[str] = Field(
        description="What was left out of the answer or is only approximate, and why."
    )
    degraded_reasons: list[str] = Field(
        description="What `degraded` tells, one word for each: `no_model`, `model_slow`, "
        "`model_failed`, `no_vectors`, `no_postings` or `no_spelling`."
    )
    took_ms: float
    understood: QueryUnderstanding | None = Field(None, description="With explain.")
    stages_ms: dict[str, float] | None = Field(None, description="With explain.")


class SimilarHit(BaseModel):
    """A product that resembles another."""

    id: str
    similarity: float = Field(description="Cosine of their meanings.")
    product: dict[str, Any]


class SimilarResponse(BaseModel):
    """The products that resemble one."""

    id: str
    hits: list[SimilarHit]


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
    request_id: str | None = Field(
        None, description="As in the header X-Request-Id, and in the service's log."
    )


class Readiness(BaseModel):
    """Whether searches are answered."""

    ready: bool
    indexes: dict[str, str] | None = Field(
        None,
        description="`ok`, or what is the matter; left out where the key may not read metrics.",
    )
    keys: str | None = Field(
        None, description="What is the matter with the database of keys, for whom `indexes` is."
    )

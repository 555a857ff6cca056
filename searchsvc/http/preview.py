"""The preview: what shoppers of several segments would see, also by a draft of the segments."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from searchsvc.http.access import KeyedRoute, MayAdminister, MaySearch
from searchsvc.http.context import FAILURES, AppContext, IndexPath
from searchsvc.http.parts import FilterValue
from searchsvc.http.previewer import Previewer
from searchsvc.http.requests import Text
from searchsvc.http.schemas import PersonalizationReport, PreferenceReason, Problem
from searchsvc.http.shoppers import UserParameter
from searchsvc.livedocuments import SEGMENTS
from searchsvc.livefile import parse
from searchsvc.personalizing.audience import Audience
from searchsvc.query.filters import parse_filter
from searchsvc.query.query import MAX_LIMIT, Grouping, Query
from searchsvc.segments.compiler import check_segments

if TYPE_CHECKING:
    from searchsvc.serving import Served

MAX_SHOPPERS = 5
"""Columns of a preview."""
MAX_HITS = 50
"""Of one column."""


class SegmentName(BaseModel):
    """A segment, without who is in it and what it prefers."""

    name: str
    title: str = Field(description="For people; the name where it has none.")


class SegmentNames(BaseModel):
    """The segments that shoppers of an index may be in."""

    segments: list[SegmentName]


class PreviewShopper(BaseModel):
    """One column of a preview."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field("", max_length=200, description="Of the column.")
    user: UserParameter = Field(
        UserParameter(), description="As a search takes it; without consent it is everybody."
    )


class PreviewRequest(BaseModel):
    """A query, and for whom to show its answers side by side."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "query": "jacket",
                    "shoppers": [
                        {"title": "Everybody"},
                        {"title": "VIP", "user": {"consent": True, "segments": ["vip"]}},
                    ],
                    "segments": {
                        "segments": [
                            {"name": "vip", "boosts": [{"filter": "price > 150", "weight": 0.5}]}
                        ]
                    },
                }
            ]
        },
    )

    query: Text = ""
    filters: FilterValue | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_HITS, description="Hits of a column.")] = 10
    segments: Annotated[
        Any,
        Field(
            description="A draft as `PUT …/segments` takes it, used for this answer alone; "
            "without one, the published segments."
        ),
    ] = None
    shoppers: list[PreviewShopper] = Field(min_length=1, max_length=MAX_SHOPPERS)

    def to_query(self) -> Query:
        """The query that is asked for every shopper.

        Raises:
            BadFilterError: the filter is malformed.
        """
        condition = None if self.filters is None else parse_filter(self.filters)
        return Query(self.query, self.limit, filter=condition, explain=True, grouping=Grouping())


class PreviewHit(BaseModel):
    """A product of a column; its variants are grouped behind it."""

    id: str
    product: dict[str, Any] = Field(description="Title, brand, picture and prices.")
    rank: int = Field(description="In the column, from 1.")
    rank_before: int | None = Field(
        description=f"That everybody sees it at; None where that is behind {MAX_LIMIT:,}."
    )
    score: float
    preferences: list[PreferenceReason] = Field(description="What moved it, the most first.")


class PreviewColumn(BaseModel):
    """What one shopper would see."""

    title: str
    personalization: PersonalizationReport
    total: int
    hits: list[PreviewHit]


class Preview(BaseModel):
    """What each shopper would see."""

    index: str
    query: str
    columns: list[PreviewColumn]


preview = APIRouter(prefix="/v1/indexes/{index}", responses=FAILURES, route_class=KeyedRoute)
_KEY: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or one that does not hold."},
    403: {"model": Problem, "description": "The key has not the role `admin`, or there is none."},
}


@preview.get("/segments/names", summary="Names of segments")
async def segment_names(index: IndexPath, context: AppContext, _: MaySearch) -> SegmentNames:
    """Names and titles of the enabled segments, for choosing one; no more of them."""
    segments = context.service.state(index).live.segments.segments
    return SegmentNames(segments=[SegmentName(name=it.name, title=it.title) for it in segments])


@preview.post(
    "/preview",
    response_model=Preview,
    summary="Preview of segments",
    responses=_KEY,
)
async def preview_segments(
    index: IndexPath, request: PreviewRequest, context: AppContext, _: MayAdminister
) -> Response:
    """One query as several shoppers would see it, before a change is published.

    A draft is checked as `PUT` does it. It is used for this answer alone: nothing is stored,
    neither the draft nor an event.
    """

    def answer() -> bytes:
        state = context.service.state(index)
        query, audience = context.bounded(request.to_query()), _audience(state, request.segments)
        personalizer, embedder = context.service.personalizer, state.opened.embedder
        previewer = Previewer(query, audience, personalizer, embedder)
        columns = [
            {"title": it.title, **previewer.column(it.user.to_shopper())}
            for it in request.shoppers
        ]
        return orjson.dumps({"index": index, "query": query.text, "columns": columns})

    return await context.in_turn(answer)


def _audience(state: Served, draft: object) -> Audience:
    """That of an index, with the segments of a draft where there is one.

    Raises:
        NotReadyError: no generation can be opened.
        BadLiveSettingsError: the index could not take the draft; names the place.
    """
    audience = state.require_audience()
    if draft is None:
        return audience
    # Not by orjson, which has no numbers of more than 64 bits: `parse` says where they stand.
    document = parse(SEGMENTS.model, json.dumps(draft).encode())
    live = replace(state.live, segments=check_segments(document, audience.snapshot))
    return Audience.compile(live, audience.snapshot, audience.policy, audience)

"""The route of suggestions: what to show below the search box at a keystroke."""

from __future__ import annotations

from dataclasses import asdict
from time import perf_counter
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from searchsvc.http.access import KeyedRoute, MaySearch
from searchsvc.http.context import FAILURES, AppContext, IndexPath
from searchsvc.query.query import MAX_TEXT
from searchsvc.suggesting.suggest import MAX_SUGGESTIONS, SuggestionRequest

_Limit = Annotated[int, Field(ge=0, le=MAX_SUGGESTIONS)]

suggestions = APIRouter(prefix="/v1", responses=FAILURES, route_class=KeyedRoute)


class SuggestParameters(BaseModel):
    """What was typed, and how much of each kind to suggest."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=MAX_TEXT, description="As typed so far.")] = ""
    limit: Annotated[_Limit, Field(description="Queries.")] = 8
    products: Annotated[_Limit, Field(description="Products.")] = 3
    categories: Annotated[_Limit, Field(description="Categories.")] = 3
    brands: Annotated[_Limit, Field(description="Brands.")] = 3

    def to_request(self) -> SuggestionRequest:
        """The request that the core takes."""
        return SuggestionRequest(self.q, self.limit, self.products, self.categories, self.brands)


class QuerySuggestion(BaseModel):
    """A query to ask instead."""

    text: str
    highlighted: str = Field(
        description="The text as HTML, escaped; what was not typed is within `<mark>`."
    )
    source: Literal["popular", "catalogue"]


class ValueSuggestion(BaseModel):
    """A category or brand."""

    value: str
    count: int = Field(description="Products of the best completion that have it.")


class SuggestResponse(BaseModel):
    """What to show below the search box."""

    query: str
    corrected: str | None = Field(
        description="What was completed instead, where next to nothing completes what was typed."
    )
    queries: list[QuerySuggestion] = Field(description="Best first.")
    categories: list[ValueSuggestion] = Field(description="Of the best completion's products.")
    brands: list[ValueSuggestion] = Field(description="Of the best completion's products.")
    products: list[dict[str, Any]] = Field(
        description="Best matches of the best completion, by its words: id, title, link, "
        "image_link, brand, price, sale_price and availability, absent ones left out."
    )
    degraded: list[str] = Field(
        description="Parts of the index that cannot be read, one word for each; see the metric "
        "`searchsvc_degraded_total`."
    )
    took_ms: float


@suggestions.get("/indexes/{index}/suggest", response_model=SuggestResponse, summary="Suggestions")
async def suggest_queries(
    index: IndexPath,
    parameters: Annotated[SuggestParameters, Query()],
    context: AppContext,
    grant: MaySearch,
) -> Response:
    """Complete what is being typed; nothing of it is kept.

    Without `q`: the popular queries, and the most frequent categories and brands.
    """
    arrived = perf_counter()
    context.limits.count("q", "characters", len(parameters.q), "max_query_chars")
    request = parameters.to_request()

    def answer() -> bytes:
        found = context.service.suggest(index, request, grant.scope)
        seconds = perf_counter() - arrived
        context.metrics.suggested(index, seconds, found.degraded)
        return orjson.dumps(
            {"query": request.text, **asdict(found), "took_ms": round(seconds * 1e3, 3)}
        )

    return await context.in_turn(answer)

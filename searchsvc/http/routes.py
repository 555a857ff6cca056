"""The routes of the API."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from searchsvc.errors import OverloadedError
from searchsvc.http.metrics import CONTENT_TYPE, Metrics
from searchsvc.http.permits import Permits
from searchsvc.http.schemas import (
    IndexInfo,
    IndexList,
    Problem,
    Readiness,
    SearchParameters,
    SearchRequest,
    SearchResponse,
)
from searchsvc.results.response import encode_response
from searchsvc.serving import SearchService

if TYPE_CHECKING:
    from searchsvc.query.query import Query as SearchQuery
    from searchsvc.serving import Served


class Context:
    """What the routes work with; one for each application."""

    def __init__(self, service: SearchService, permits: Permits, metrics: Metrics) -> None:
        self.service = service
        self.permits = permits
        self.metrics = metrics

    async def search(self, index: str, query: SearchQuery) -> Response:
        """Answer `query`, in its turn."""
        arrived = perf_counter()

        def answer() -> bytes:
            snapshot, result = self.service.search(index, query)
            body = encode_response(result, query, snapshot, (perf_counter() - arrived) * 1e3)
            self.metrics.searched(index, perf_counter() - arrived, result)
            return body

        try:
            body = await self.permits.run(answer)
        except OverloadedError:
            self.metrics.overloaded.inc()
            raise
        return Response(body, media_type="application/json")


def context_of(request: Request) -> Context:
    """The application's context."""
    context: Context = request.app.state.context
    return context


_Context = Annotated[Context, Depends(context_of)]
_Index = Annotated[str, Path(description="Name of the index.", examples=["demo"])]
_BAD: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request cannot be understood."},
    404: {"model": Problem, "description": "No such index or product."},
    503: {"model": Problem, "description": "Not ready, or too many requests."},
    # Stands for all others; without it FastAPI documents 422 answers, which are never sent.
    "default": {"model": Problem, "description": "Any other failure."},
}

api = APIRouter(prefix="/v1", responses=_BAD)
operation = APIRouter()


@api.post("/indexes/{index}/search", response_model=SearchResponse, summary="Search")
async def search_by_post(index: _Index, request: SearchRequest, context: _Context) -> Response:
    """Search an index; words and meaning together."""
    return await context.search(index, request.to_query())


@api.get("/indexes/{index}/search", response_model=SearchResponse, summary="Search by GET")
async def search_by_get(
    index: _Index, parameters: Annotated[SearchParameters, Query()], context: _Context
) -> Response:
    """The same search with the request in the query string; `filters` is JSON."""
    return await context.search(index, parameters.to_query())


@api.get("/indexes/{index}/products/{product_id:path}", summary="One product")
async def product(
    index: _Index,
    product_id: Annotated[str, Path(description="The product's id in the feed.")],
    context: _Context,
) -> Response:
    """A product as the feed has it."""
    return Response(context.service.product(index, product_id), media_type="application/json")


@api.get("/indexes", summary="All indexes")
async def indexes(context: _Context) -> IndexList:
    """The indexes that are served, with what they can be filtered by."""
    return IndexList(indexes=[_describe(state) for state in context.service.indexes()])


@operation.head("/healthz", include_in_schema=False)
@operation.get("/healthz", summary="Is the process alive?")
async def health() -> dict[str, str]:
    """Always well while the process answers."""
    return {"status": "ok"}


@operation.head("/readyz", include_in_schema=False)
@operation.get(
    "/readyz",
    summary="Are searches answered?",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "At least one index is not served."}},
)
async def ready(context: _Context) -> Response:
    """200 when every index is served, 503 when one cannot be or there is none."""
    states = context.service.indexes()
    report = Readiness(
        ready=bool(states) and all(state.snapshot is not None for state in states),
        indexes={state.name: _condition(state) for state in states},
    )
    return Response(
        report.model_dump_json(), 200 if report.ready else 503, media_type="application/json"
    )


@operation.get("/metrics", summary="Prometheus metrics")
async def metrics(context: _Context) -> Response:
    """Counts and times for Prometheus."""
    return Response(context.metrics.render(), media_type=CONTENT_TYPE)


def _describe(state: Served) -> IndexInfo:
    snapshot = state.snapshot
    return IndexInfo(
        index=state.name,
        generation=snapshot.generation if snapshot else None,
        products=len(snapshot.products) if snapshot else 0,
        embedder=snapshot.manifest.embedder.name if snapshot else None,
        semantic=state.semantic,
        fields=snapshot.columns.kinds() if snapshot else {},
    )


def _condition(state: Served) -> str:
    if state.reason:
        served = state.snapshot.generation if state.snapshot else "nothing"
        return f"serving {served}; refused {state.refused or 'CURRENT'}: {state.reason}"
    return "ok" if state.semantic else "words only: the embedding model is not available"

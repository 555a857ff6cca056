"""The routes of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from searchsvc.errors import ForbiddenError
from searchsvc.http.access import (
    KeyedRoute,
    MayReadMetrics,
    MaySearch,
    Need,
    recognize,
    require_user,
    within,
)
from searchsvc.http.context import FAILURES, AppContext, IndexPath
from searchsvc.http.metrics import CONTENT_TYPE
from searchsvc.http.requests import SearchParameters, SearchRequest, SimilarParameters
from searchsvc.http.schemas import (
    IndexInfo,
    IndexList,
    Readiness,
    SearchResponse,
    SimilarResponse,
)
from searchsvc.keys.role import Role
from searchsvc.query.filters import parse_filter_text
from searchsvc.response import encode_similar
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from searchsvc.query.filters import Filter
    from searchsvc.serving import Served


api = APIRouter(prefix="/v1", responses=FAILURES, route_class=KeyedRoute)
operation = APIRouter(route_class=KeyedRoute)
_DETAILS = Need(Role.METRICS)


@api.post("/indexes/{index}/search", response_model=SearchResponse, summary="Search")
async def search_by_post(
    index: IndexPath, request: SearchRequest, context: AppContext, grant: MaySearch
) -> Response:
    """Search an index; words and meaning together."""
    require_user(grant, request.user_token, "user.token")
    query = within(grant, request.to_query())
    return await context.search(index, query, request.to_view(), request.to_shopper())


@api.get("/indexes/{index}/search", response_model=SearchResponse, summary="Search by GET")
async def search_by_get(
    index: IndexPath,
    parameters: Annotated[SearchParameters, Query()],
    context: AppContext,
    grant: MaySearch,
) -> Response:
    """The same search with the request in the query string; `filters` is JSON."""
    require_user(grant, parameters.user_token, "user_token")
    query = within(grant, parameters.to_query())
    return await context.search(index, query, parameters.to_view(), parameters.to_shopper())


@api.get(
    "/indexes/{index}/products/{product_id:path}/similar",
    response_model=SimilarResponse,
    summary="Similar products",
)
async def similar_products(
    index: IndexPath,
    product_id: Annotated[str, Path(description="The product's id in the feed.")],
    parameters: Annotated[SimilarParameters, Query()],
    context: AppContext,
    grant: MaySearch,
) -> Response:
    """The products nearest in meaning to one, best first; its own variants are left out."""
    condition = parse_filter_text(parameters.filters)

    def answer() -> bytes:
        hits = context.service.similar(
            index,
            product_id,
            limit=parameters.limit,
            condition=condition,
            same_group=parameters.same_group,
            scope=grant.scope,
        )
        return encode_similar(product_id, hits)

    body = await context.permits.run(answer)
    return Response(body, media_type="application/json")


@api.get("/indexes/{index}/products/{product_id:path}", summary="One product")
async def product(
    index: IndexPath,
    product_id: Annotated[str, Path(description="The product's id in the feed.")],
    context: AppContext,
    grant: MaySearch,
) -> Response:
    """A product as the feed has it."""

    def answer() -> bytes:
        return context.service.product(index, product_id, grant.scope)

    if grant.scope is not None:  # which may have to be worked out
        return await context.in_turn(answer)
    return Response(answer(), media_type="application/json")


@api.get("/indexes", summary="All indexes")
async def indexes(context: AppContext, grant: MaySearch) -> IndexList:
    """The indexes that are served and that the key is for, with what they can be filtered by."""

    def answer() -> IndexList:
        states = (state for state in context.service.indexes() if grant.covers(state.name))
        found = (_describe(state, grant.scope) for state in states)
        return IndexList(indexes=[info for info in found if info is not None])

    if grant.scope is not None:  # which may have to be worked out
        return await context.permits.run(answer)
    return answer()


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
async def ready(request: Request, context: AppContext) -> Response:
    """200 when every index is served, 503 when one cannot be or there is none.

    Everybody is told which of the two; the state of the indexes, whoever may read metrics.
    """
    states = context.service.indexes()
    grant = recognize(request.scope, context, _DETAILS)
    told = [] if grant is None else [state for state in states if grant.covers(state.name)]
    report = Readiness(
        ready=bool(states) and all(state.snapshot is not None for state in states),
        indexes=None if grant is None else {state.name: _condition(state) for state in told},
        keys=None if grant is None else context.keyring.note,
    )
    return Response(
        report.model_dump_json(exclude_none=True),
        200 if report.ready else 503,
        media_type="application/json",
    )


@operation.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
async def metrics(context: AppContext, _: MayReadMetrics) -> Response:
    """Counts and times for Prometheus."""
    return Response(context.metrics.render(), media_type=CONTENT_TYPE)


def _describe(state: Served, scope: Filter | None) -> IndexInfo | None:
    """What the key may know of an index; nothing where its filter does not fit."""
    try:
        visible = Visible.of(state.snapshot, scope) if state.snapshot else None
    except ForbiddenError:
        return None
    snapshot = visible.snapshot if visible else None
    return IndexInfo(
        index=state.name,
        generation=snapshot.generation if snapshot else None,
        products=len(visible) if visible else 0,
        embedder=snapshot.manifest.embedder.name if snapshot else None,
        semantic=state.opened.semantic,
        fields=snapshot.columns.kinds() if snapshot else {},
    )


def _condition(state: Served) -> str:
    opened = state.opened
    notes = state.live.notes()
    if opened.reason:
        served = state.snapshot.generation if state.snapshot else "nothing"
        refused = opened.refused or "CURRENT"
        if state.snapshot and state.snapshot.missing:
            served += f" without its {', '.join(state.snapshot.missing)}"
        notes.insert(0, f"serving {served}; refused {refused}: {opened.reason}")
    elif not opened.semantic:
        notes.insert(0, "words only: the embedding model is not available")
    return "; ".join(notes) or "ok"

"""The routes that Algolia's clients call for searching, and for the events that follow."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Request, Response

from searchsvc.errors import BadQueryError, ProductNotFoundError
from searchsvc.http.access import MayAdministerAll, MaySearch, MaySendEvents, require_user
from searchsvc.http.algolia.answers import Asked, encode_answer, encode_facet_search
from searchsvc.http.algolia.failures import AlgoliaRoute, failure
from searchsvc.http.algolia.insights import Insights, NoJsonError
from searchsvc.http.algolia.parameters import flatten, parse_parameters
from searchsvc.http.algolia.question import ask, ask_facet
from searchsvc.http.algolia.record import read_record, select
from searchsvc.http.algolia.requests import (
    MAX_OBJECTS,
    names_in_path,
    parameters_in_query,
    read_body,
    requests_of,
    text_in,
)
from searchsvc.http.algolia.session import Session, index_named
from searchsvc.http.algolia.shoppers import shopper_in
from searchsvc.http.algolia.values import texts_of
from searchsvc.http.context import AppContext, Context
from searchsvc.http.intake import take_in
from searchsvc.http.users import erase
from searchsvc.limits import MAX_SEARCHES
from searchsvc.mark import note_search
from searchsvc.personalizing.answered import Answered
from searchsvc.query.filters import shown
from searchsvc.response import new_query_id

if TYPE_CHECKING:
    from searchsvc.events.draft import Draft
    from searchsvc.events.retention import Span

if TYPE_CHECKING:
    from searchsvc.keys.grant import Grant
    from searchsvc.personalizing.personalization import Personalization
    from searchsvc.query.query import Query

algolia = APIRouter(prefix="/1", route_class=AlgoliaRoute, include_in_schema=False)

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
_RETRIEVED = "attributesToRetrieve"
_OTHER_PATHS = frozenset({"settings", "rules", "synonyms", "browse", "task"})
"""What Algolia has there, too; a product may still be called so."""
# Parts of paths behind /1/indexes/:
_RECORD = 2  # INDEX/OBJECT
_SEARCH = 2  # INDEX/query
_FACET = 4  # INDEX/facets/FACET/query


@algolia.post("/indexes/*/queries")
async def search_several(request: Request, context: AppContext, grant: MaySearch) -> Response:
    """Answer several searches in one turn; they see one state of each index."""
    entries = requests_of(await read_body(request), MAX_SEARCHES)
    context.limits.count("requests", "searches", len(entries), "max_searches")

    def answer() -> bytes:
        session = Session(context.service, grant)
        results = []
        for number, entry in enumerate(entries):
            try:
                name = text_in(entry, "indexName")
                results.append(_answer(context, grant, session, name, flatten(entry)))
            except BadQueryError as error:
                raise BadQueryError(f"requests[{number}].{error}") from error
        return orjson.dumps({"results": results})

    return await context.in_turn(answer)


@algolia.post("/indexes/*/objects")
async def get_records(request: Request, context: AppContext, grant: MaySearch) -> Response:
    """Several records by their ids; ``null`` for one that there is not."""
    entries = requests_of(await read_body(request), MAX_OBJECTS)

    def answer() -> bytes:
        session = Session(context.service, grant)
        results = []
        for number, entry in enumerate(entries):
            try:
                name, object_id = text_in(entry, "indexName"), text_in(entry, "objectID")
                wanted = texts_of(entry.get(_RETRIEVED), _RETRIEVED)
            except BadQueryError as error:
                raise BadQueryError(f"requests[{number}].{error}") from error
            results.append(_record(session, name, object_id, wanted))
        return orjson.dumps({"results": results})

    return await context.in_turn(answer)


@algolia.post("/indexes/{index:path}/facets/{facet:path}/query")  # noqa: FAST003 - read undecoded
async def search_facet(request: Request, context: AppContext, grant: MaySearch) -> Response:
    """The values of a facet that begin as a shopper types."""
    names = names_in_path(request)
    if len(names) != _FACET:
        return await nothing()
    name, _, facet, _ = names
    flat = flatten(await read_body(request))
    return await _search(context, grant, name, {**flat, "type": "facet", "facet": facet})


@algolia.post("/indexes/{index:path}/query")  # noqa: FAST003 - read undecoded
async def search(request: Request, context: AppContext, grant: MaySearch) -> Response:
    """Answer one search."""
    names = names_in_path(request)
    if len(names) != _SEARCH:  # as decoded paths, others look the same
        return await nothing()
    return await _search(context, grant, names[0], flatten(await read_body(request)))


@algolia.get("/indexes/{name:path}")  # noqa: FAST003 - read undecoded
async def get(request: Request, context: AppContext, grant: MaySearch) -> Response:
    """A record by its id, or a search with its parameters in the query string."""
    names = names_in_path(request)
    parameters = parameters_in_query(request)
    if len(names) == 1 and names[0]:
        return await _search(context, grant, names[0], flatten(parameters))
    if len(names) != _RECORD:
        return await nothing()
    wanted = texts_of(parameters.get(_RETRIEVED), _RETRIEVED)
    session = Session(context.service, grant)
    record = await context.permits.run(_record, session, names[0], names[1], wanted)
    if record is None and names[1] in _OTHER_PATHS:
        return await nothing()
    if record is None:
        raise ProductNotFoundError("ObjectID does not exist")
    return Response(orjson.dumps(record), media_type="application/json")


@algolia.post("/events")
async def push_events(request: Request, context: AppContext, grant: MaySendEvents) -> Response:
    """Store clicks, views and conversions of shoppers who agreed to it."""
    body = await request.body()
    insights, consent = Insights(grant.user), _consent(request, context)

    def read(span: Span) -> list[Draft]:
        return insights.drafts(body, span, consent=consent)

    try:
        taken = await take_in(context, grant, read, partial(index_named, context.service, grant))
    except NoJsonError:
        raise
    except BadQueryError as error:
        return failure(422, str(error))
    for reason, count in insights.passed_over.items():
        context.metrics.lost(reason, count)
    message = "OK"
    if taken.not_consented:
        message += (
            f"; {taken.not_consented} without consent not stored: send 'consent': true beside "
            "the events, or set SEARCHSVC_INSIGHTS_CONSENT"
        )
    return Response(
        orjson.dumps({"status": 200, "message": message}), media_type="application/json"
    )


@algolia.delete("/usertokens/{token:path}")
async def delete_user_token(token: str, context: AppContext, grant: MayAdministerAll) -> Response:
    """Delete a user, as ``DELETE /v1/users/{token}`` does; the API key needs the role `admin`.

    Without a body: Algolia's client for Python takes none here.
    """
    await erase(context, grant, token)
    return Response(status_code=204)


@algolia.api_route("/{path:path}", methods=_METHODS)
async def nothing() -> Response:
    """What else Algolia has, which is not here."""
    return failure(
        404, "Path not found; this service has Algolia's routes for searching and events"
    )


def _consent(request: Request, context: Context) -> bool:
    """What holds for events of a request whose body says nothing of it.

    Raises:
        BadQueryError: the query string has something else than true or false.
    """
    said = request.query_params.get("consent")
    if said is None:
        return context.editor.settings.insights_consent
    if said not in ("true", "false"):
        raise BadQueryError(f"consent: found {shown(said)}, expected true or false")
    return said == "true"


async def _search(context: Context, grant: Grant, name: str, flat: dict[str, Any]) -> Response:
    def answer() -> bytes:
        return orjson.dumps(_answer(context, grant, Session(context.service, grant), name, flat))

    return await context.in_turn(answer)


def _answer(
    context: Context, grant: Grant, session: Session, name: str, flat: dict[str, Any]
) -> dict[str, Any]:
    """Answer one search."""
    began = perf_counter()
    parameters = parse_parameters(flat)
    require_user(grant, parameters.user_token, "userToken")
    if grant.user is not None:
        parameters = parameters.model_copy(update={"user_token": grant.user})
    index, order = session.open(name)
    settings = context.editor.settings
    shopper = shopper_in(parameters, implied=settings.insights_consent)
    is_facet = parameters.type == "facet"
    personal: Personalization | None = None

    def personalization(query: Query) -> Personalization:
        nonlocal personal
        if personal is None:
            personal = index.personalize(shopper, query)
        return personal

    if is_facet:
        question = ask_facet(parameters, index.attributes)
    else:
        question = ask(
            parameters,
            index.attributes,
            lambda query: index.survey(
                context.bounded(query, session.began), personalization(query)
            ),
            order,
        )
    question = replace(question, query=context.bounded(question.query, session.began))
    session.reserve(question.query)
    personal = personalization(question.query)
    answered = Answered(index.snapshot, index.search(question.query, personal), personal)
    asked = Asked(name, flat, parameters, question, new_query_id())
    encode = encode_facet_search if is_facet else encode_answer
    encoded = encode(asked, answered, (perf_counter() - began) * 1e3)
    context.metrics.searched(index.snapshot.index, perf_counter() - began, answered.result)
    context.metrics.ordered(index.snapshot.index, personal)
    note_search(
        asked.query_id,
        index.snapshot.index,
        index.snapshot.generation,
        answered.result.stage_ms,
    )
    if parameters.click_analytics:
        context.record(index.snapshot.index, question.query, asked.query_id, personal)
    return encoded


def _record(
    session: Session, name: str, object_id: str, wanted: tuple[str, ...]
) -> dict[str, Any] | None:
    stored = session.open(name)[0].record(object_id)
    return None if stored is None else select(read_record(stored), wanted)

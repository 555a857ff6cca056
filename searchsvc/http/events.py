"""The route of events: what shoppers who agreed to it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from searchsvc.events.sent import SentEvents
from searchsvc.http.access import KeyedRoute, MaySendEvents, require_index
from searchsvc.http.bodies import documented_body, parse_body
from searchsvc.http.context import FAILURES, AppContext
from searchsvc.http.intake import take_in
from searchsvc.http.schemas import Problem

if TYPE_CHECKING:
    from searchsvc.events.draft import Draft
    from searchsvc.events.retention import Span

events = APIRouter(prefix="/v1", responses=FAILURES, route_class=KeyedRoute)


class EventsTaken(BaseModel):
    """What became of the events of a request."""

    stored: int = Field(description="New ones; they are on the disk.")
    repeated: int = Field(description="Those that were stored before.")
    not_consented: int = Field(
        description="Dropped, since the shopper did not agree to their being stored."
    )
    unknown_products: int = Field(
        description="Products that the index does not have now. Their events are stored all the "
        "same: the next feed may bring them."
    )


@events.post(
    "/events",
    summary="Events",
    responses={413: {"model": Problem, "description": "More than 2 MiB."}},
    openapi_extra=documented_body(SentEvents),
)
async def send_events(request: Request, context: AppContext, grant: MaySendEvents) -> EventsTaken:
    """Store what shoppers did: searches, views, clicks, carts, purchases.

    It is answered when they are on the disk; 503 means that it is not known whether they are. Send
    them again then: an event is known by its `id`, or by its content. Where one event is
    mistaken nothing is stored. The body is JSON under any content type, so that a page may use
    `navigator.sendBeacon`, which can send the key only as `?key=`.
    """
    body = await request.body()

    def read(span: Span) -> list[Draft]:
        return parse_body(SentEvents, body).drafts(span)

    def served(name: str) -> str:
        require_index(context, grant, name)
        return name

    taken = await take_in(context, grant, read, served)
    return EventsTaken(
        stored=taken.stored,
        repeated=taken.repeated,
        not_consented=taken.not_consented,
        unknown_products=taken.unknown_products,
    )

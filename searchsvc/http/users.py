"""The routes of users' rights: what is known of one, and its deletion.

They need the role `admin`. A token is a pseudonym, not a secret: it stands in cookies and
requests, so that whoever has seen it could otherwise read a stranger's purchases, or delete them.
The shop knows who is logged in, and its back end asks for its shopper.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from searchsvc.errors import BadQueryError
from searchsvc.events.event import EventKind, Source
from searchsvc.events.token import MAX_CUSTOMER
from searchsvc.events.writer import IDLE_SECONDS
from searchsvc.http.access import KeyedRoute, MayAdministerAll
from searchsvc.http.context import FAILURES, AppContext, Context
from searchsvc.http.schemas import Problem

if TYPE_CHECKING:
    from searchsvc.keys.grant import Grant
    from searchsvc.state.users import Deleted

_SETTLE_SECONDS = 2 * IDLE_SECONDS
"""By then other worker processes have written what they held of a user."""
_KEYED: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or one that does not hold."},
    403: {"model": Problem, "description": "The key has not the role `admin`, or there is none."},
}
Token = Annotated[
    str,
    Path(
        description="As searches, events and files have it; in a file it may be any text.",
        examples=["anon-5f1c0e7a"],
    ),
]

users = APIRouter(prefix="/v1", responses=FAILURES | _KEYED, route_class=KeyedRoute)


class KnownItem(BaseModel):
    """A product of an event; what is absent is left out."""

    product_id: str
    position: int | None = Field(None, description="In the answer, from 1.")
    quantity: int
    price: float | None = Field(None, description="Of one, in the major unit.")


class KnownEvent(BaseModel):
    """Something that the user did; what is absent is left out."""

    id: str
    kind: EventKind
    index: str
    time: datetime
    source: Source
    items: list[KnownItem] | None = Field(None, description="Products; none for a search.")
    query_id: str | None = Field(None, description="Of the search, or of the one that it follows.")
    query: str | None = Field(None, description="What was searched for.")
    currency: str | None = Field(None, description="Of the prices, ISO 4217.")
    arm: str | None = Field(None, description="Of the experiment: its name, a slash, the arm's.")


class Membership(BaseModel):
    """A list that the user is in."""

    index: str
    segment: str


class DerivedSegment(BaseModel):
    """A segment that the user is in, whatever a request says."""

    name: str
    title: str = Field(description="For people; the name where it has none.")
    why: str = Field(description="What makes the user a member.")
    rule: str = Field(description="The condition that holds; empty with another reason.")
    number: int = Field(description="Of the segment among the enabled ones, from 0.")


class Derived(BaseModel):
    """What the events of one index make of the user; it is not stored."""

    orders: int
    spent: float = Field(description="In all orders, in the major unit.")
    segments: list[DerivedSegment]
    tastes: list[tuple[str, str]] = Field(
        description="Fields and values that the user likes more than others do, the most first."
    )


class UserKnown(BaseModel):
    """Everything that is known of a user."""

    user: str = Field(description="The key that stands for the user in the database.")
    events: list[KnownEvent] = Field(description="Of all indexes, the oldest first.")
    memberships: list[Membership]
    derived: dict[str, Derived] = Field(
        description="By index; only those in which something is known of the user."
    )


class UserDeleted(BaseModel):
    """What was deleted of a user."""

    events: int
    memberships: int = Field(description="In listed segments.")
    receipt: str = Field(
        description="Stands in the audit table beside the time and the counts; it does not say "
        "who the user was."
    )
    erased: bool = Field(
        description="Whether the bytes are gone from the database's files, too; false where "
        "another process was in the way: it is tried again within seconds; and on PostgreSQL, "
        "whose VACUUM does it."
    )


@users.get("/users/{token:path}", response_model=UserKnown, summary="Everything known of a user")
async def export_user(token: Token, context: AppContext, grant: MayAdministerAll) -> Response:
    """Events of all indexes and memberships in segments; nothing else is stored.

    `derived` is what is made of them for a search, by index: it is worked out for this answer.

    A user of whom nothing is known is answered the same, with nothing in it.
    """
    token = _checked(token)

    def export() -> dict[str, Any]:
        portraits = context.service.portraits(context.state.user_key(token))
        derived = {index: asdict(portrait) for index, portrait in portraits.items()}
        return context.state.export_user(token, actor=grant.key) | {"derived": derived}

    known = await run_in_threadpool(export)
    return Response(
        orjson.dumps(known),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@users.delete("/users/{token:path}", summary="Delete a user")
async def delete_user(token: Token, context: AppContext, grant: MayAdministerAll) -> UserDeleted:
    """Remove every event and membership of a user; also 200 where there was none.

    What is on its way into the database is written first, so that nothing comes back.
    """
    deleted = await erase(context, grant, token)
    return UserDeleted(
        events=deleted.events,
        memberships=deleted.memberships,
        receipt=deleted.receipt,
        erased=deleted.erased,
    )


async def erase(context: Context, grant: Grant, token: str) -> Deleted:
    """Delete all that is known of the user with `token`, as asked with `grant`.

    Raises:
        BadQueryError: it is no token.
        EventsUnavailableError: the database does not answer.
        OverloadedError: too many events are waiting.
    """
    token = _checked(token)
    await asyncio.gather(
        asyncio.wrap_future(context.events.settled()), asyncio.sleep(_SETTLE_SECONDS)
    )
    deleted = await run_in_threadpool(partial(context.state.delete_user, token, actor=grant.key))
    context.forget(context.state.user_key(token))
    return deleted


def _checked(token: str) -> str:
    """`token`, which may be anything that an import may have had as a customer's id."""
    if not 0 < len(token) <= MAX_CUSTOMER:
        raise BadQueryError(f"token: expected 1 to {MAX_CUSTOMER} characters")
    return token

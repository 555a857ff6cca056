"""The routes of users' rights: what is known of one, and its deletion.

They need the administrator's key. A token is a pseudonym, not a secret: it stands in cookies and
requests, so that whoever has seen it could otherwise read a stranger's purchases, or delete them.
The shop knows who is logged in, and its back end asks for its shopper.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from searchsvc.errors import BadQueryError
from searchsvc.events.token import parse_token
from searchsvc.events.writer import IDLE_SECONDS
from searchsvc.http.access import admin_only
from searchsvc.http.context import FAILURES, AppContext, Context
from searchsvc.http.schemas import Problem

if TYPE_CHECKING:
    from searchsvc.state.users import Deleted

_SETTLE_SECONDS = 2 * IDLE_SECONDS
"""By then other worker processes have written what they held of a user."""
_KEYED: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or a wrong one."},
    403: {"model": Problem, "description": "The service has no SEARCHSVC_ADMIN_KEY."},
}
Token = Annotated[
    str, Path(description="As events and searches have it.", examples=["anon-5f1c0e7a"])
]

users = APIRouter(prefix="/v1", responses=FAILURES | _KEYED, dependencies=[admin_only])


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
        "another process was in the way, which the next purge makes up for, and on PostgreSQL, "
        "whose VACUUM does it."
    )


@users.get("/users/{token:path}", summary="Everything known of a user")
async def export_user(token: Token, context: AppContext) -> Response:
    """Events of all indexes and memberships in segments; nothing else is stored.

    `derived` is what is made of them for a search, by index: it is worked out for this answer.

    A user of whom nothing is known is answered the same, with nothing in it.
    """
    token = _checked(token)

    def export() -> dict[str, Any]:
        portraits = context.service.portraits(context.state.user_key(token))
        derived = {index: asdict(portrait) for index, portrait in portraits.items()}
        return context.state.export_user(token) | {"derived": derived}

    known = await run_in_threadpool(export)
    return Response(
        orjson.dumps(known),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@users.delete("/users/{token:path}", summary="Delete a user")
async def delete_user(token: Token, context: AppContext) -> UserDeleted:
    """Remove every event and membership of a user; also 200 where there was none.

    What is on its way into the database is written first, so that nothing comes back.
    """
    deleted = await erase(context, token)
    return UserDeleted(
        events=deleted.events,
        memberships=deleted.memberships,
        receipt=deleted.receipt,
        erased=deleted.erased,
    )


async def erase(context: Context, token: str) -> Deleted:
    """Delete all that is known of the user with `token`.

    Raises:
        BadQueryError: it is no token.
        EventsUnavailableError: the database does not answer.
        OverloadedError: too many events are waiting.
    """
    token = _checked(token)
    await asyncio.gather(
        asyncio.wrap_future(context.events.settled()), asyncio.sleep(_SETTLE_SECONDS)
    )
    deleted = await run_in_threadpool(context.state.delete_user, token)
    context.forget(context.state.user_key(token))
    return deleted


def _checked(token: str) -> str:
    try:
        return parse_token(token)
    except ValueError as error:
        raise BadQueryError(f"token: {error}") from error

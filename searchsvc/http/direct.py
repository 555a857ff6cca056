"""The direct way of a search: one route without what a framework does for any route.

The search by POST is what a shop pays for, and finding its route, solving its dependencies and
stacking exits costs as much as a tenth of it. An ordinary request goes the direct way; whatever is
unusual about another one (its path, its body, its content type) sends it the documented way, which
is the one that says what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from pydantic import ValidationError
from starlette.routing import BaseRoute, Match

from searchsvc.http.access import Need, authorize, require_user, within
from searchsvc.http.requests import SearchRequest
from searchsvc.keys.role import Role

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from searchsvc.http.context import Context

_BEFORE, _AFTER = "/v1/indexes/", "/search"
_JSON = frozenset(
    (b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8")
)
_DOCUMENTED = "searchsvc.documented"

NEED = Need(Role.SEARCH)
"""What the route needs."""


class DirectSearch(BaseRoute):
    """Answers ``POST /v1/indexes/{index}/search``."""

    def __init__(self, context: Context, documented: ASGIApp) -> None:
        """Make the route.

        Args:
            context: of the application.
            documented: the router that this is the first route of.
        """
        self.path = f"{_BEFORE}{{index}}{_AFTER}"
        self._context = context
        self._documented = documented

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this route."""
        path = scope["path"]
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and path.endswith(_AFTER)
            and path.startswith(_BEFORE)
            and _DOCUMENTED not in scope
            and not scope.get("root_path")
        ):
            index = path[len(_BEFORE) : -len(_AFTER)]
            if index and "/" not in index:
                return Match.FULL, {"route": self, "path_params": {"index": index}}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or have it answered the documented way.

        Raises:
            SearchServiceError: see `authorize`; nothing of its body was read.
            OverloadedError: it would have to wait too long; likewise.
        """
        index = scope["path_params"]["index"]
        grant = authorize(scope, self._context, NEED, index)
        self._context.admit()
        body = await _read(receive)
        request = _ordinary(scope, body) if body is not None else None
        if request is None:
            await self._documented(_general(scope), _again(body, receive), send)
            return
        require_user(grant, request.user_token, "user.token")
        response = await self._context.search(
            index,
            within(grant, request.to_query()),
            request.to_view(),
            request.to_shopper(),
        )
        await response(scope, receive, send)


async def _read(receive: Receive) -> bytes | None:
    """The body; ``None`` when the client is gone."""
    message = await receive()
    if message["type"] != "http.request":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts = [body]
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _ordinary(scope: Scope, body: bytes) -> SearchRequest | None:
    """The request, if there is nothing about it that needs a closer look."""
    sent = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if sent.lower() not in _JSON:
        return None
    try:
        return SearchRequest.model_validate(orjson.loads(body))
    except (orjson.JSONDecodeError, ValidationError):
        return None


def _general(scope: Scope) -> Scope:
    """The scope of a request of which nothing is known yet."""
    general = {
        name: value for name, value in scope.items() if name not in ("route", "path_params")
    }
    return {**general, _DOCUMENTED: True}


def _again(body: bytes | None, receive: Receive) -> Receive:
    """Gives `body` again, and then what else there is."""
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}

    return replay

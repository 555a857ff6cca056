"""Keeps requests small and answers as they are labelled, as plain ASGI around the application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 256 * 1024
"""Of a request. The largest filter that is allowed takes a tenth of it."""
MAX_EVENTS_BYTES = 2 * 1024 * 1024
"""Of a request with events."""
_EVENTS = ("/v1/events", "/1/events")
MAX_CHANGES_BYTES = 16 * 1024 * 1024
"""Of a request with changes of products, which is read only after its key was looked at."""
_CHANGES = re.compile(r"/v1/indexes/[^/]+/products")


class Guard:
    """Middleware that refuses large bodies and forbids browsers to guess content types."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; whoever reads a body that is too large gets an error instead.

        It is raised where the body is read, so that each route answers it in its own shape.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        limit = _limit(path)
        announced = Headers(scope=scope).get("content-length", "")
        expected = int(announced) if announced.isdecimal() else 0
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            if expected > limit:
                raise HTTPException(413, _too_large(limit))
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:  # sent in chunks, without a length
                raise HTTPException(413, _too_large(limit))
            return message

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, counted, labelled)


def _limit(path: str) -> int:
    if _CHANGES.fullmatch(path):
        return MAX_CHANGES_BYTES
    return MAX_EVENTS_BYTES if path in _EVENTS else MAX_BODY_BYTES


def _too_large(limit: int) -> str:
    return f"the body has more than {limit:,} bytes; ask for less at a time"

"""Keeps requests small and soon complete, as plain ASGI around the application."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from searchsvc.edge import Edge

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KIB = 1_024
MAX_BODY_BYTES = Edge().max_body_kib * _KIB
"""Of a request, by default. The largest filter that is allowed takes a tenth of it."""
MAX_EVENTS_BYTES = Edge().max_events_kib * _KIB
"""Of a request with events, by default."""
MAX_CHANGES_BYTES = Edge().max_changes_kib * _KIB
"""Of a request with changes of products, which is read only after its key was looked at."""
_EVENTS = ("/v1/events", "/1/events")
_CHANGES = re.compile(r"/v1/indexes/[^/]+/products")


class Guard:
    """Middleware that refuses bodies that are large, late or compressed."""

    def __init__(self, app: ASGIApp, edge: Edge | None = None) -> None:
        self._app = app
        self._edge = edge or Edge()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; whoever reads a body that is refused gets an error instead.

        It is raised where the body is read, so that each route answers it in its own shape.
        """
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            receive = _Body(scope, receive, *self._limits(path)).receive
        await self._app(scope, receive, send)

    def _limits(self, path: str) -> tuple[str, int, float]:
        """The setting of the limit for the bodies of a path, its kibibytes, and the seconds."""
        edge = self._edge
        if _CHANGES.fullmatch(path):
            return "SEARCHSVC_MAX_CHANGES_KIB", edge.max_changes_kib, edge.changes_timeout_s
        if path in _EVENTS:
            return "SEARCHSVC_MAX_EVENTS_KIB", edge.max_events_kib, edge.body_timeout_s
        return "SEARCHSVC_MAX_BODY_KIB", edge.max_body_kib, edge.body_timeout_s


class _Body:
    """The body of a request while it arrives."""

    def __init__(
        self, scope: Scope, receive: Receive, setting: str, limit_kib: int, seconds: float
    ) -> None:
        self._receive = receive
        self._setting = setting
        self._limit = limit_kib * _KIB
        self._seconds = seconds
        self._expected = 0
        self._coding = b""
        self._arrived = 0
        self._deadline: float | None = None
        self._is_complete = False
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                self._expected = int(value)
            elif name == b"content-encoding":
                self._coding = value

    async def receive(self) -> Message:
        """The next part.

        Raises:
            HTTPException: 408, 413 or 415.
        """
        if self._is_complete:
            return await self._receive()
        if self._expected > self._limit:
            raise HTTPException(413, self._too_large())
        if self._coding not in (b"", b"identity"):
            raise HTTPException(
                415,
                "bodies are not taken compressed; send this one without Content-Encoding",
                {"Accept-Encoding": "identity"},
            )
        message = await self._next()
        self._arrived += len(message.get("body", b""))
        if self._arrived > self._limit:  # sent in chunks, without a length
            raise HTTPException(413, self._too_large())
        self._is_complete = not message.get("more_body", False)
        return message

    async def _next(self) -> Message:
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(
                408,
                f"the body did not arrive within {self._seconds:g} seconds",
                {"Connection": "close"},
            ) from None

    def _too_large(self) -> str:
        return (
            f"the body has more than {self._limit:,} bytes ({self._setting}); "
            "ask for less at a time"
        )

"""Origins: pages of other hosts may search, as plain ASGI around the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_PATHS = ("/1/", "/v1/")
_A_DAY_IN_SECONDS = 86_400


class ShareSearch:
    """Middleware that lets pages of any origin ask the API.

    A shop's pages are seldom on this service's host, and there is nothing to guard: no cookie
    and no address gives a page rights that its visitor has not anyway. Browsers ask before they
    send what changes something, and are told that only GET and POST are for pages. The
    documentation and the storefront page stay to their own origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # Algolia's clients may send any of their own
            max_age=_A_DAY_IN_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, by way of the CORS headers if it is for the API."""
        is_shared = scope["type"] == "http" and scope["path"].removeprefix(
            scope.get("root_path", "")
        ).startswith(_PATHS)
        await (self._shared if is_shared else self._app)(scope, receive, send)

"""Origins: which pages of other hosts may read what they are answered, as plain ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from searchsvc.http.granted import granted

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from searchsvc.keys.ring import Keyring

ANY: Final = None
"""In the place of a set of origins: every one."""
_PATHS = ("/1/", "/v1/")
_METHODS = ("GET", "POST")
_A_DAY_IN_SECONDS = 86_400
_EXPOSED = "Retry-After, X-Request-ID"


def readers(keyring: Keyring) -> frozenset[str] | None:
    """The origins of pages that may ask with some key.

    Returns:
        `ANY` where no key is needed, where one is for every page, and where it is not known which
        keys there are: a page may then read at least what is wrong.
    """
    if not keyring.are_needed or keyring.known is None:
        return ANY
    found: set[str] = set()
    for key in keyring.known.keys:
        if key.revoked_ms is None and not key.origins:
            return ANY
        if key.revoked_ms is None:
            found.update(key.origins)
    return frozenset(found)


class ShareSearch:
    """Middleware that lets pages of other origins ask the API, as far as their keys do.

    A shop's pages are seldom on this service's host, and no cookie and no address gives a page
    rights that its visitor has not anyway: a key for all pages, or none, is answered to all of
    them. A key with origins is answered to those. Browsers ask before they send what changes
    something, and are told that only GET and POST are for pages. The documentation and the
    storefront page stay to their own origin.
    """

    def __init__(
        self, app: ASGIApp, allowed: Callable[[], frozenset[str] | None] = lambda: ANY
    ) -> None:
        """Wrap `app`.

        Args:
            app: what is shared.
            allowed: the origins of which a page may ask at all, see `readers`; when a browser asks
                beforehand it does not say with which key.
        """
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, by way of the CORS headers if it is for the API."""
        origin = _origin(scope)
        if not origin:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(headers, origin)(scope, receive, send)
            return

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                origins = granted(scope).origins
                if not origins:
                    answer["Access-Control-Allow-Origin"] = "*"
                else:
                    answer.add_vary_header("Origin")
                    if origin in origins:
                        answer["Access-Control-Allow-Origin"] = origin
                answer["Access-Control-Expose-Headers"] = _EXPOSED
            await send(message)

        await self._app(scope, receive, shared)

    def _preflight(self, headers: Headers, origin: str) -> PlainTextResponse:
        allowed = self._allowed()
        is_allowed = allowed is ANY or origin in allowed
        answer = {
            "Access-Control-Allow-Methods": ", ".join(_METHODS),
            "Access-Control-Max-Age": str(_A_DAY_IN_SECONDS),
            "Vary": "Origin, Access-Control-Request-Headers",
        }
        if is_allowed:
            answer["Access-Control-Allow-Origin"] = "*" if allowed is ANY else origin
        # Algolia's clients may send any of their own.
        asked = headers.get("access-control-request-headers")
        if asked is not None:
            answer["Access-Control-Allow-Headers"] = asked
        if not is_allowed:
            return PlainTextResponse("no key is for pages of this origin", 400, answer)
        if headers["access-control-request-method"] not in _METHODS:
            return PlainTextResponse("pages may only send GET and POST", 400, answer)
        return PlainTextResponse("", 200, answer)


def _origin(scope: Scope) -> str:
    """The origin of the page that asks the API; ``""`` where none does."""
    if scope["type"] != "http":
        return ""
    if not scope["path"].removeprefix(scope.get("root_path", "")).startswith(_PATHS):
        return ""
    return next((v.decode("latin-1") for name, v in scope["headers"] if name == b"origin"), "")

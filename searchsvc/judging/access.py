"""Who may reach the judging page: whoever has its token, from this page and no other.

Any page in the same browser can send requests to a local port. None knows the token, which stands
in the address that the command prints, behind the ``#``, so that it is in no log and no Referer;
none can read it, since no answer is shared with other origins; and a name that was made to point
to this machine afterwards (DNS rebinding) is refused by the Host header.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from searchsvc.http.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/"
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'self'; img-src * data:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class Access:
    """Middleware that refuses foreign hosts and origins, and the API without the token."""

    def __init__(self, app: ASGIApp, token: str, hosts: frozenset[str] | None) -> None:
        """See the module.

        Args:
            app: what is guarded.
            token: printable ASCII.
            hosts: the Host headers that are answered, lower case with the port; ``None`` for all,
                where the names of this machine are not known.
        """
        self._app = app
        self._credentials = f"Bearer {token}".encode("ascii")
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal:
            await problem(403, "Not allowed", refusal)(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, sealed)

    def _refusal(self, headers: Headers, path: str) -> str:
        host = headers.get("host", "").lower()
        if self._hosts is not None and host not in self._hosts:
            return f"host {host[:80]!r} is not served; open the address that the command printed"
        origin = headers.get("origin")
        if origin is not None and origin.lower().partition("://")[2] != host:
            return f"requests from the origin {origin[:80]!r} are not answered"
        given = headers.get("authorization", "").encode("latin-1")
        if path.startswith(API) and not secrets.compare_digest(given, self._credentials):
            return (
                "the token is missing or belongs to an earlier run; open the address that the "
                "command printed"
            )
        return ""

"""Observes every request: its id, counts, log line and trace, as plain ASGI around all else."""

from __future__ import annotations

import logging
import re
from time import perf_counter
from typing import TYPE_CHECKING, Final

from searchsvc.http.granted import granted
from searchsvc.mark import Mark, new_request_id, put

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from searchsvc.http.tracing import Tracing
    from searchsvc.http.traffic import Traffic
    from searchsvc.settings import Settings

REQUEST_ID: Final = "X-Request-Id"
_HEADER = REQUEST_ID.lower().encode()
_GIVEN = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_FAILED = 500
_log = logging.getLogger("searchsvc.access")


class Observe:
    """Middleware that observes.

    Query texts, paths and user tokens are personal data: no line has them. An address has its
    place in a line only where the operator wants it there.
    """

    def __init__(
        self, app: ASGIApp, traffic: Traffic, settings: Settings, tracing: Tracing | None = None
    ) -> None:
        """Observe what `app` answers.

        Args:
            app: inside.
            traffic: counts.
            settings: of the service: which requests are logged, and with what.
            tracing: where traces go; ``None`` for nowhere.
        """
        self._app = app
        self._traffic = traffic
        self._tracing = tracing
        self._which = settings.access_log
        self._slow_seconds = settings.slow_ms / 1e3
        self._with_addresses = settings.log_addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer it with its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        mark = Mark(_given_id(scope) or new_request_id())
        put(mark)
        trace = self._tracing.begin(scope) if self._tracing else None
        self._traffic.arrived()
        status, sent = 0, 0
        header = (_HEADER, mark.request_id.encode())

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
                self._traffic.answered(_route(scope), status, mark.refusal)
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            # What fails in a middleware is answered further out, where this one does not see it.
            if not status:
                status = _FAILED
                self._traffic.answered(_route(scope), status, "")
            raise
        finally:
            seconds = perf_counter() - began
            self._traffic.ended(_route(scope), seconds)
            if self._is_logged(status, seconds):
                self._write(scope, mark, status, seconds, sent)
            if trace is not None:
                trace.end(_route(scope), status, mark, granted(scope).key)

    def _is_logged(self, status: int, seconds: float) -> bool:
        which = self._which
        if which == "slow":
            return status >= _FAILED or seconds >= self._slow_seconds
        return which == "on" or (which == "errors" and status >= _FAILED)

    def _write(self, scope: Scope, mark: Mark, status: int, seconds: float, sent: int) -> None:
        fields: dict[str, object] = {
            "method": scope["method"],
            "route": _route(scope),
            "status": status,
            "ms": round(seconds * 1e3, 3),
            "bytes": sent,
            "key": granted(scope).key or mark.key,
            "request_id": mark.request_id,
        }
        if mark.index:
            fields["index"] = mark.index
        if mark.refusal:
            fields["refusal"] = mark.refusal
        if self._with_addresses and scope.get("client"):
            fields["address"] = scope["client"][0]
        _log.info("request", extra=fields)


def _given_id(scope: Scope) -> str | None:
    """The caller's id, if it is one that a log can have."""
    for name, value in scope["headers"]:
        if name == _HEADER:
            return value.decode() if _GIVEN.fullmatch(value) else None
    return None


def _route(scope: Scope) -> str:
    """The route's template, which grows with no input and names nobody."""
    return getattr(scope.get("route"), "path", "other")

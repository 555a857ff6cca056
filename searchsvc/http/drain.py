"""Leaving: for a while after SIGTERM everybody is still answered, and told to look elsewhere."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp, Receive, Scope, Send

_READINESS = "/readyz"
_NOT_READY = b'{"ready":false,"indexes":{},"leaving":true}'


class Drain:
    """Puts a while between SIGTERM and the end.

    A server that closes its socket at once cuts off whoever is just connecting, and whoever has
    just sent a request on a connection that was idle. In this while connections are accepted and
    answered, `searchsvc.http.protocol` closes each after its answer, and ``/readyz`` says 503, so
    that a load balancer stops sending.

    Attributes:
        is_leaving: whether the signal has come.
    """

    def __init__(self, delay_s: float) -> None:
        """Make one that waits `delay_s` seconds; with 0 it does nothing."""
        self._delay_s = delay_s
        self.is_leaving = False

    def watch(self) -> None:
        """Come between the signal and who handles it now; from the main thread's event loop.

        In another thread, where tests run servers, there are no signals to handle.
        """
        before = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            return
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGTERM, self._leaving(loop, before))

    def _leaving(
        self, loop: asyncio.AbstractEventLoop, before: Callable[[int, FrameType | None], object]
    ) -> Callable[[int, FrameType | None], None]:
        def leave(number: int, frame: FrameType | None) -> None:
            if self.is_leaving or not self._delay_s:  # whoever sends it twice is in a hurry
                before(number, frame)
                return
            self.is_leaving = True
            loop.call_soon_threadsafe(loop.call_later, self._delay_s, before, number, None)

        return leave


class TellLeaving:
    """Middleware: ``/readyz`` answers 503 while the service is leaving."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self._app = app
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if self._drain.is_leaving and scope["type"] == "http" and _path(scope) == _READINESS:
            response = Response(_NOT_READY, 503, media_type="application/json")
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))

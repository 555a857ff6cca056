"""The protocol of a connection: uvicorn's, with bounds on what a client may keep it waiting for.

uvicorn waits without end for a client that sends nothing, a part of a request, or does not take
what it was sent, and its parser takes headers of any size. Here each of these has its time and its
size, so that clients, however many and however slow, hold no connection for longer than that.

What it relies on of uvicorn, besides asyncio's and httptools' callbacks: `connections`,
`pipeline`, `cycle` with `response_started`, `response_complete` and `keep_alive`; that answers end
in `on_response_complete`, what cannot be parsed in `send_400_response`, idleness in
`timeout_keep_alive_handler` (while `timeout_keep_alive_task` is set), the service in `shutdown`.
"""

from __future__ import annotations

import logging
import resource
from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from searchsvc.edge import Edge
from searchsvc.http.deadline import Deadline
from searchsvc.http.transport import ForgivingTransport
from searchsvc.mark import new_request_id

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from searchsvc.http.drain import Drain

EDGE: Final = "searchsvc.edge"
"""What is asked of clients (`Edge`), in the state that the application's lifespan yields."""
DRAIN: Final = "searchsvc.drain"
"""The application's `searchsvc.http.drain.Drain`, likewise."""
REFUSED: Final = "searchsvc.refused"
"""What counts connections that are refused, by reason, likewise."""
_FIELD_BYTES = 32  # what a header costs beside its letters, as HTTP/2 counts (RFC 9113, 6.5.2)
_SLOWEST_BYTES = 1_024  # that a client must take in a second
_LAST_SECONDS = 1.0  # that a connection without a request has for one when the service leaves
_KIB = 1_024
_OWN_FILES = 256  # of indexes while they are opened, of the database, of metrics


def affordable(edge: Edge) -> Edge:
    """`edge` with no more connections than this process may have open beside its files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = files - min(_OWN_FILES, files // 2)
    return replace(edge, max_connections=max(1, min(edge.max_connections, most)))


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """uvicorn's log without the warnings that whoever connects can cause as often as they like."""

    level = logging.INFO  # uvicorn asks it whether to trace connections

    def warning(self, msg: object, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - logging's
        """Not seen, unless somebody looks for it."""
        self.debug(msg, *args, **kwargs)


class Phase(Enum):
    """How much of a request has arrived."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    ALL = auto()


class EdgeProtocol(HttpToolsProtocol):
    """A connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._edge: Edge = app_state.get(EDGE) or Edge()
        self._drain: Drain | None = app_state.get(DRAIN)
        self._refused: Callable[[str], None] = app_state.get(REFUSED) or (lambda _: None)
        self.logger = _Quiet(self.logger)  # type: ignore[assignment]  # it is used as one
        self._most_head_bytes = self._edge.max_header_kib * _KIB
        self._phase = Phase.NOTHING
        self._raw_head_bytes = 0
        self._head_bytes = 0
        self._deaf = False
        self._leaving = False
        self._idle_since = self.loop.time()
        self._arrival = Deadline(self.loop)
        self._delivery = Deadline(self.loop)

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`; the longest idle one makes way where there are too many."""
        super().connection_made(ForgivingTransport(transport))
        if len(self.connections) > self._edge.max_connections and not self._make_way():
            self._refused("connections")
            self._refuse(b"503 Service Unavailable", b"retry-after: 1\r\n")
        else:
            self._arrival.set(self._edge.header_timeout_s, self._give_up_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._arrival.clear()
        self._delivery.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._deaf:
            return
        before = self._phase
        super().data_received(data)
        if self._phase is Phase.HEAD is before:
            # The parser keeps what it has of a header; where the head began is not known to here.
            self._raw_head_bytes += len(data)
            if self._raw_head_bytes > self._most_head_bytes:
                self._refuse_head()
        if not self.transport.is_closing():
            self._wait_for_rest()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().pause_writing()
        self._see_it_taken()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._delivery.clear()
        super().resume_writing()
        if self.transport.is_closing():
            self._see_it_taken()

    # httptools' callbacks

    def on_message_begin(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._phase = Phase.HEAD
        self._raw_head_bytes = self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """See `httptools.HttpRequestParser`; a part of the address."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools.HttpRequestParser`."""
        self._count_head(len(name) + len(value) + _FIELD_BYTES)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        super().on_headers_complete()
        self._phase = Phase.BODY
        if self._leaving or (self._drain is not None and self._drain.is_leaving):
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """See `httptools.HttpRequestParser`."""
        self._phase = Phase.ALL
        super().on_message_complete()

    # What uvicorn calls

    def on_response_complete(self) -> None:
        """What follows an answer."""
        super().on_response_complete()
        self._idle_since = self.loop.time()
        if self.transport.is_closing():
            self._see_it_taken()
        elif self._phase is Phase.BODY and not self._is_answering():
            self._wait_for_rest()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's
        """Refuse what is no HTTP; no other answer is cut for it, nor mixed with it."""
        if self._head_bytes > self._most_head_bytes:
            self._refuse_head()
            return
        self._refused("no_http")
        if self._is_answering() and self._phase is Phase.HEAD:
            self._hear_no_more()
        elif self.pipeline or (self._is_answering() and self.cycle.response_started):
            self.transport.abort()
        else:
            self._refuse(b"400 Bad Request")  # without uvicorn's text, which a browser may sniff

    def shutdown(self) -> None:
        """Close after the answers that are due; what has arrived but was not read is due, too."""
        self._leaving = True
        if self._is_answering():
            super().shutdown()
        elif self._phase is not Phase.HEAD:
            self._unset_keepalive_if_required()
            self._arrival.set(_LAST_SECONDS, self._close)

    def timeout_keep_alive_handler(self) -> None:
        """No further request came for a while."""
        self._close()

    # Waiting

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait_for_rest(self) -> None:
        """Set a time to what is still to come from the client, if anything is."""
        if self._phase in (Phase.NOTHING, Phase.HEAD):
            self._arrival.keep(self._edge.header_timeout_s, self._give_up_head)
        elif self._is_answering():
            self._arrival.clear()  # whoever reads the body looks at the clock
        elif self._phase is Phase.BODY:
            # What nobody waits for is still read for a while: who is writing to a connection that
            # is closed does not see the answer.
            self._arrival.keep(self._edge.body_timeout_s, self._close)
        elif self.timeout_keep_alive_task is None:  # line ends before a request are no request
            self._arrival.keep(self._edge.header_timeout_s, self._close)

    def _give_up_head(self) -> None:
        if self._is_answering():  # the next request waits for that
            self._arrival.set(self._edge.header_timeout_s, self._give_up_head)
        elif self._phase is Phase.HEAD:
            self._refused("too_slow")
            self._refuse(b"408 Request Timeout")
        else:
            self._close()

    def _see_it_taken(self) -> None:
        """Give up the connection if its client does not take what was written."""
        left = self.transport.get_write_buffer_size()
        if not left:
            return

        def look() -> None:
            taken = left - self.transport.get_write_buffer_size()
            if taken < min(left, _SLOWEST_BYTES * self._edge.write_timeout_s):
                self.transport.abort()
            else:
                self._see_it_taken()

        self._delivery.set(self._edge.write_timeout_s, look)

    # Closing

    def _make_way(self) -> bool:
        """Close the connection that has had no request for longest; whether there was one."""
        idle = [
            other
            for other in self.connections
            if isinstance(other, EdgeProtocol) and other is not self and other.can_make_way()
        ]
        if not idle:
            return False
        min(idle, key=lambda other: other._idle_since)._close()  # noqa: SLF001 - of this class
        return True

    def can_make_way(self) -> bool:
        """Whether it can be closed and no answer is lost."""
        return not (
            self._is_answering() or self._phase is Phase.BODY or self.transport.is_closing()
        )

    def _count_head(self, count: int) -> None:
        """Count what the parser gives of a head.

        Raises:
            ValueError: it is too large; the parser and uvicorn make `send_400_response` of that.
        """
        self._head_bytes += count
        if self._head_bytes > self._most_head_bytes:
            raise ValueError("the head of the request is too large")

    def _refuse_head(self) -> None:
        self._refused("too_large")
        if self._is_answering():
            self._hear_no_more()
        else:
            self._refuse(
                b"431 Request Header Fields Too Large",
                text=f"The line and the headers of a request may have {self._edge.max_header_kib} "
                "KiB (SEARCHSVC_MAX_HEADER_KIB).\n",
            )

    def _hear_no_more(self) -> None:
        self._deaf = True
        self.cycle.keep_alive = False

    def _refuse(self, status: bytes, headers: bytes = b"", text: str = "") -> None:
        self._deaf = True
        body = text.encode()
        if body:
            headers += (
                b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff"
            )
            headers += f"\r\nx-request-id: {new_request_id()}\r\n".encode()
        self.transport.write(
            b"HTTP/1.1 "
            + status
            + f"\r\ncontent-length: {len(body)}\r\nconnection: close\r\n".encode()
            + headers
            + b"\r\n"
            + body
        )
        self._close()

    def _close(self) -> None:
        self._arrival.clear()
        self.transport.close()
        self._see_it_taken()

"""The application in this process: all of it answers, without sockets between."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.errors import BenchmarkError
from searchsvc.http.app import create_app

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from indexer.snapshot import Snapshot
    from searchsvc.serving import SearchService
    from searchsvc.settings import Settings

_OK = 200


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    Attributes:
        path: without the query string.
        query_string: encoded.
        body: JSON; ``None`` for a GET without a body.
    """

    path: str
    query_string: str = ""
    body: bytes | None = None

    @classmethod
    def post(cls, path: str, body: dict[str, Any]) -> Call:
        """A POST of `body` as JSON."""
        return cls(path, body=orjson.dumps(body))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and how long it took from the call to its last byte."""

    body: bytes
    milliseconds: float


class Application:
    """The service over one index: routing, parsing, threads and encoding are the real ones."""

    def __init__(self, settings: Settings, index: str) -> None:
        self._app = create_app(settings)
        self._service: SearchService = self._app.state.context.service
        # Not the lifespan's doing, which would open every index of the folder and watch it.
        self._service.refresh_index(index)
        self._index = index

    @property
    def snapshot(self) -> Snapshot:
        """The catalogue that is served."""
        return self._service.snapshot(self._index)

    def close(self) -> None:
        """Release the embedding model."""
        self._service.close()

    async def send(self, call: Call) -> Reply:
        """What the service answers.

        All calls must be made in one event loop task: its worker threads end with it.

        Raises:
            BenchmarkError: it answers with a failure.
        """
        parts: list[bytes] = []
        status = 0

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": call.body or b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        scope = _scope(call)
        begin = perf_counter()
        await self._app(scope, receive, send)
        milliseconds = (perf_counter() - begin) * 1e3
        body = b"".join(parts)
        if status != _OK:
            raise BenchmarkError(
                f"{call.path} answered {status}, expected {_OK}: {body[:500].decode()}"
            )
        return Reply(body, milliseconds)


def _scope(call: Call) -> dict[str, Any]:
    """What a server passes on, as the ASGI specification has it."""
    headers = [(b"host", b"localhost")]
    if call.body is not None:
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(call.body)).encode()),
        ]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET" if call.body is None else "POST",
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": call.query_string.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_000),
    }

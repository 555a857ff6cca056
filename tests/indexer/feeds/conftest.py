"""Reading a feed from bytes, and a small HTTP server to fetch it from."""

from __future__ import annotations

import gzip
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from indexer.errors import FeedError
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Outcome:
    """Everything that a feed gave: its records, and the error that ended it."""

    records: list[Product | Rejection] = field(default_factory=list)
    error: FeedError | None = None
    format: str = ""

    @property
    def products(self) -> list[Product]:
        return [record for record in self.records if isinstance(record, Product)]

    @property
    def rejections(self) -> list[Rejection]:
        return [record for record in self.records if isinstance(record, Rejection)]

    @property
    def ids(self) -> list[str]:
        return [product.id for product in self.products]


def outcome_of(location: str, options: FeedOptions) -> Outcome:
    outcome = Outcome()
    try:
        with open_feed(location, options) as feed:
            assert feed is not None
            outcome.format = feed.format
            for record in feed:
                outcome.records.append(record)
    except FeedError as error:
        outcome.error = error
    return outcome


@pytest.fixture(scope="session")
def read_location() -> Callable[[str, FeedOptions], Outcome]:
    """``read_location(location, options)``: read what is there already."""
    return outcome_of


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Outcome]:
    """``read(data, name="feed", gzipped=False, **options)``: write a file and read it back."""
    folder = tmp_path_factory.mktemp("feeds")

    def read_file(
        data: bytes | str,
        name: str = "feed",
        *,
        gzipped: bool = False,
        **options: Any,
    ) -> Outcome:
        content = data.encode() if isinstance(data, str) else data
        path = folder / name
        path.write_bytes(gzip.compress(content, 1) if gzipped else content)
        return outcome_of(str(path), FeedOptions(**options))

    return read_file


@dataclass
class Server:
    """A server on this machine whose answers a test writes itself."""

    url: str
    routes: dict[str, Callable[[BaseHTTPRequestHandler], None]]
    is_closing: Event

    def answer(
        self, path: str, body: bytes = b"", status: int = 200, **headers: str
    ) -> list[dict[str, str]]:
        """Answer a path; returns the list that gets the headers of every request for it."""
        requests: list[dict[str, str]] = []

        def respond(handler: BaseHTTPRequestHandler) -> None:
            requests.append({name.lower(): value for name, value in handler.headers.items()})
            handler.send_response(status)
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in ({"Content-Length": str(len(body))} | sent).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.routes[path] = respond
        return requests


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.close_connection = True
        with suppress(OSError):  # the client hangs up, as some tests want it to
            self.server.routes[self.path.partition("?")[0]](self)  # type: ignore[attr-defined]

    def log_message(self, *args: object) -> None:
        del args


@contextmanager
def _running() -> Iterator[Server]:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server = Server(f"http://127.0.0.1:{listener.server_port}", {}, Event())
    listener.routes = server.routes  # type: ignore[attr-defined]
    thread = Thread(target=listener.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.is_closing.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _running() as running:
        yield running

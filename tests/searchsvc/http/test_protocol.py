"""Clients that are slow, dead, too many or no HTTP at all, at real connections."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn

from searchsvc.http.app import create_app
from searchsvc.http.protocol import EdgeProtocol
from searchsvc.http.server import OneServer
from searchsvc.settings import Settings
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.servers import SEARCH, free_port, next_answer, publish, serving
from tests.searchsvc.http.servers import Server as Process

pytestmark = pytest.mark.slow

HEAD = f"POST {SEARCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
ASK = HEAD + b"Content-Length: 16\r\n\r\n" + b'{"query":"shoe"}'
MOST = 40  # connections
SETTINGS = {
    "header_timeout_s": 0.4,
    "body_timeout_s": 0.4,
    "changes_timeout_s": 0.4,
    "write_timeout_s": 0.4,
    "max_connections": MOST,
    "admin_key": "sixteen letters!",
}


@dataclass(frozen=True)
class Server:
    """A server in a thread of this process, and its connections."""

    url: str
    connections: Collection[object]


class Failures(logging.Handler):
    """Keeps what is logged with a stack trace."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(record.getMessage())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("edge")
    publish(directory / "data", directory / "feed.jsonl", 0)
    settings = Settings(data_dir=directory / "data", models_dir=directory, **SETTINGS)
    port = free_port()
    config = uvicorn.Config(
        create_app(settings),
        port=port,
        loop="uvloop",
        http=EdgeProtocol,
        ws="none",
        log_config=None,
    )
    running = OneServer(config)
    thread = threading.Thread(target=running.run)
    failures = Failures()
    logging.getLogger().addHandler(failures)
    thread.start()
    eventually(lambda: running.started)
    served = Server(f"http://127.0.0.1:{port}", running.server_state.connections)
    yield served
    # One connection is idle when the service leaves, and one has a request on its way.
    with closing(connect(served)) as idle:
        idle.sendall(ASK)
        assert next_answer(idle).startswith(b"HTTP/1.1 200")
        running.should_exit = True
        assert rest(idle) == b""
    thread.join(30)
    assert not thread.is_alive()
    logging.getLogger().removeHandler(failures)
    assert failures.found == []


def connect(server: Server, receive_bytes: int | None = None) -> socket.socket:
    connection = socket.socket()
    if receive_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connection.settimeout(20)
    host, port = server.url.removeprefix("http://").split(":")
    connection.connect((host, int(port)))
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def sent(server: Server, *parts: bytes) -> bytes:
    """What is answered to `parts` until the connection is closed."""
    with closing(connect(server)) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return rest(connection)


def test_whoever_says_nothing_is_hung_up_on(server: Server) -> None:
    assert sent(server) == b""


@pytest.mark.parametrize("part", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA"])
def test_a_request_that_does_not_end_is_timed_out(server: Server, part: bytes) -> None:
    assert sent(server, part).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_headers_that_drip_do_not_gain_time(server: Server) -> None:
    with closing(connect(server)) as connection:
        stop = threading.Event()

        def drip() -> None:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"a: b\r\n")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert rest(connection)[:12] in (b"HTTP/1.1 408", b"")  # b"": reset before it was read
        finally:
            stop.set()
            dripping.join()


def test_line_ends_do_not_keep_a_connection(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(ASK)
        assert next_answer(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        assert rest(connection) == b""


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (HEAD, b'"detail":"the body did not arrive within 0.4 seconds'),
        (HEAD.replace(SEARCH.encode(), b"/1/indexes/shop/query"), b'"message":"the body did not'),
        (
            HEAD.replace(b"POST " + SEARCH.encode(), b"PATCH /v1/indexes/shop/products")
            + b"Authorization: Bearer sixteen letters!\r\n",
            b'"detail":"the body did not arrive',
        ),
    ],
)
@pytest.mark.parametrize("framing", [b"Content-Length: 16\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_that_does_not_arrive_is_timed_out_in_the_route_s_shape(
    server: Server, head: bytes, shape: bytes, framing: bytes
) -> None:
    answer = sent(server, head + framing + b"\r\n", b"1" if b"Len" in framing else b"1\r\na\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert shape in answer
    assert b"connection: close" in answer.lower()


def test_a_body_after_its_answer_is_read_for_a_while_and_no_longer(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(HEAD + b"Content-Length: 100000000\r\n\r\n")
        answer = next_answer(connection)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"SEARCHSVC_MAX_BODY_KIB" in answer
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - until then
            while True:
                connection.sendall(b"x" * 1_000)
                time.sleep(0.02)


def test_a_compressed_body_is_refused_and_not_misread(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")
        answer = next_answer(connection)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"accept-encoding: identity" in answer.lower()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: " + b"b" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2_000 + b"\r\n",
    ],
    ids=["address", "header", "headers"],
)
def test_large_headers_are_refused(server: Server, head: bytes) -> None:
    assert sent(server, head)[:12] in (b"HTTP/1.1 431", b"")
    assert sent(server, head[:100], head[100:])[:12] in (b"HTTP/1.1 431", b"")


def test_who_sends_large_headers_is_told_of_the_limit(server: Server) -> None:
    request = b"GET / HTTP/1.1\r\na: " + b"b" * 33_000 + b"\r\n\r\n"
    # What is still unread when a connection is closed resets it, and the answer is lost.
    answers = (sent(server, request) for _ in range(50))
    head, _, body = next(filter(None, answers)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"x-content-type-options: nosniff" in head
    assert re.search(rb"\r\nx-request-id: [0-9a-f]{16}$", head)
    assert re.fullmatch(rb"The line .* may have 32 KiB \(SEARCHSVC_MAX_HEADER_KIB\)\.\n", body)


def test_a_header_without_end_is_not_kept(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\na: ")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - until then
            for _ in range(10_000):  # 40 MB
                connection.sendall(b"b" * 4_096)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n b: c\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_400_or_nothing(server: Server, nonsense: bytes) -> None:
    assert sent(server, nonsense)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 408", b"")


def test_what_is_no_http_is_answered_by_nothing_that_a_browser_could_take_for_a_page(
    server: Server,
) -> None:
    head, _, body = sent(server, b"nonsense\r\n\r\n").partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 400 Bad Request",
        b"content-length: 0",
        b"connection: close",
    ]
    assert body == b""


def test_nonsense_is_counted_and_fills_no_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def counted() -> dict[str, float]:
        found = httpx2.get(server.url + "/metrics").text.splitlines()
        lines = [line for line in found if line.startswith("searchsvc_refused_total{")]
        return {line.split('"')[1]: float(line.split()[-1]) for line in lines}

    before = counted()
    with caplog.at_level(logging.INFO):
        for _ in range(20):
            assert sent(server, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
            assert sent(server, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2_000)[:12] in (
                b"HTTP/1.1 431",
                b"",
            )
    after = counted()
    assert after["no_http"] - before.get("no_http", 0) == 20
    assert after["too_large"] - before.get("too_large", 0) == 20
    assert [it for it in caplog.records if it.name == "uvicorn.error"] == []


def test_an_offer_to_speak_otherwise_is_ignored(server: Server) -> None:
    with closing(connect(server)) as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
        )
        assert next_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered_in_turn_and_nonsense_cuts_no_answer(
    server: Server,
) -> None:
    answer = sent(server, ASK * 3 + b"nonsense\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.count(b'"hits":') == 3


def test_whoever_does_not_take_an_answer_is_given_up(server: Server) -> None:
    body = b'{"query":"shoe","limit":300}'
    ask = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with closing(connect(server, receive_bytes=4_096)) as connection:
        try:
            for _ in range(200):  # of 100 KB each: more than the system keeps for a connection
                connection.sendall(ask)
        except (BrokenPipeError, ConnectionResetError):
            pass
        eventually(lambda: not server.connections)


def test_too_many_connections_end_the_idle_ones_and_everybody_is_answered(server: Server) -> None:
    with ExitStack() as stack:
        early = stack.enter_context(closing(connect(server)))
        early.sendall(ASK)
        assert next_answer(early).startswith(b"HTTP/1.1 200")
        for _ in range(3 * MOST):
            connection = stack.enter_context(closing(connect(server)))
            connection.sendall(ASK)
            assert next_answer(connection).startswith(b"HTTP/1.1 200")
        assert rest(early) == b""  # it had been idle for longest
        assert len(server.connections) <= MOST


def test_where_none_is_idle_a_connection_too_many_is_refused(server: Server) -> None:
    half = HEAD + b"Expect: 100-continue\r\nContent-Length: 16\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(MOST):
            connection = stack.enter_context(closing(connect(server)))
            connection.sendall(half)
            assert b"100 Continue" in connection.recv(1_000)  # the body is waited for
        answer = sent(server)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in answer
    assert httpx2.post(server.url + SEARCH, json={"query": "shoe"}).status_code == 200


def test_slow_clients_hold_neither_searches_nor_files(server: Server) -> None:
    slow = [b"GET / HTTP/1.1\r\n", HEAD + b"Content-Length: 16\r\n\r\n{", b"", ASK]
    with ExitStack() as stack:
        for number in range(MOST - 10):
            connection = stack.enter_context(closing(connect(server)))
            connection.sendall(slow[number % len(slow)])
        with httpx2.Client(base_url=server.url, timeout=10) as client:
            for _ in range(20):
                assert client.post(SEARCH, json={"query": "shoe"}).status_code == 200
        asked = sum(number % len(slow) == slow.index(ASK) for number in range(MOST - 10))
        eventually(lambda: len(server.connections) <= asked)  # those may ask again


def test_a_forwarded_address_is_believed_of_a_trusted_proxy_only(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    publish(data_dir, tmp_path / "feed.jsonl", 0, count=3)
    settings = {"SEARCHSVC_RATE_PER_ADDRESS": "1", "SEARCHSVC_RATE_BURST_S": "1"}

    def statuses(server: Process, *forwarded: str) -> list[int]:
        with server.client() as client:
            return [
                client.get(SEARCH, headers={"X-Forwarded-For": address}).status_code
                for address in forwarded
            ]

    with serving(data_dir, 2, **settings) as server:  # whoever is at loopback is trusted
        once = statuses(server, "192.0.2.1", "192.0.2.2")
        assert once == [200, 200]
        again = statuses(server, *["192.0.2.1"] * 6)  # whichever worker has it
        assert again.count(429) >= 4
        # Whatever a client writes before what the proxy adds.
        assert 429 in statuses(server, *["10.9.8.7, 192.0.2.2"] * 3)
        with server.client() as client:
            refused = client.get(SEARCH, headers={"X-Forwarded-For": "192.0.2.1"})
        assert int(refused.headers["Retry-After"]) >= 1
        assert "SEARCHSVC_RATE_PER_ADDRESS" in refused.json()["detail"]
        assert server.count("searchsvc_limited_total", limit="address") >= 5
    with serving(data_dir, 1, SEARCHSVC_TRUSTED_PROXIES="192.0.2.0/24", **settings) as server:
        assert statuses(server, *["192.0.2.1"] * 6) == [200] * 6  # it is loopback that asks

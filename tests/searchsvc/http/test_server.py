"""The real server: processes, signals, a swap under load."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE

from indexer.layout import IndexLayout
from searchsvc.edge import Edge
from searchsvc.http import server as server_module
from searchsvc.http.drain import Drain, TellLeaving
from searchsvc.http.rates import SHARED_VARIABLE
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.servers import COMMAND, SEARCH, Server, publish, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir()
    publish(directory, tmp_path / "feed.jsonl", 0)
    return directory


def test_new_generations_are_swapped_in_while_no_request_fails(
    data_dir: Path, tmp_path: Path
) -> None:
    stop = threading.Event()
    generations: set[str] = set()

    def hammer(server: Server) -> int:
        asked = 0
        with server.client() as client:
            while not stop.is_set():
                response = client.post(SEARCH, json={"query": "shoe", "limit": 50})
                assert response.status_code == 200, response.text
                body = response.json()
                editions = {hit["product"]["attributes"]["edition"] for hit in body["hits"]}
                assert len(editions) == 1
                assert (body["total"], body["degraded"]) == (300, [])
                generations.add(body["generation"])
                asked += 1
        return asked

    with serving(data_dir, workers=2) as server, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(hammer, server) for _ in range(4)]
        published = {IndexLayout.of(data_dir, "shop").require_current()}
        try:
            for edition in range(1, 4):
                name = publish(data_dir, tmp_path / "feed.jsonl", edition)
                published.add(name)
                eventually(
                    lambda new=name: new in generations or any(f.done() for f in asking)  # type: ignore[misc]
                )
        finally:
            stop.set()
        asked = sum(future.result() for future in asking)
        assert generations == published
        # Both workers' counts are in every answer of either.
        assert server.count("searchsvc_search_seconds_count", index="shop") == asked
        route = "/v1/indexes/{index}/search"
        assert server.count("searchsvc_requests_total", route=route, status="200") == asked
        assert server.count("searchsvc_products", index="shop") == 300
        assert server.count("searchsvc_generation", index="shop") == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_finishes_what_was_asked_and_exits_with_0(data_dir: Path, workers: int) -> None:
    body = b'{"query": "shoe", "limit": 300}'
    log = data_dir / "server.log"
    with serving(data_dir, workers) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"POST {SEARCH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            # The application asks for the body: the request is in the works when the signal comes.
            assert b"100 Continue" in connection.recv(1_000)
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: "Shutting down" in log.read_text())
            connection.sendall(body)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert b"HTTP/1.1 200 OK" in answer
        assert len(orjson.loads(answer.split(b"\r\n\r\n")[-1])["hits"]) == 300
        assert server.process.wait(10) == 0
    assert "Traceback" not in log.read_text()


def test_a_port_that_is_taken_is_a_failure(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [str(COMMAND), "serve", "--data-dir", str(data_dir), "--port", port]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.returncode != 0
    assert b"address already in use" in done.stderr.lower()


class Config(uvicorn.Config):
    """With a socket that is none."""

    def bind_socket(self) -> Any:
        return self


@pytest.mark.parametrize("code", [0, 1, STARTUP_FAILURE])
def test_the_service_ends_as_its_workers_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    set_up: list[Any] = []

    class Supervisor:
        def __init__(self, *arguments: Any) -> None:
            set_up.extend(arguments)

        def run(self, count: int) -> int:
            set_up.append(count)
            return code

    monkeypatch.setattr(uvicorn, "Config", Config)
    monkeypatch.setattr(server_module, "Workers", Supervisor)
    monkeypatch.setattr(server_module, "Worker", lambda config, sockets: (config, sockets))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setenv(SHARED_VARIABLE, "")
    with pytest.raises(SystemExit) if code else nullcontext() as caught:
        server_module.run(Edge(drain_delay_s=7), "127.0.0.1", 1, 3, tmp_path)
    assert (caught.value.code if caught else 0) == code
    start, sockets, *others = set_up
    assert start()[1] is sockets
    assert others == [7, server_module.DRAIN_SECONDS, 3]
    assert Path(os.environ[SHARED_VARIABLE]).stat().st_size > 0


@pytest.mark.parametrize("started", [True, False])
def test_one_process_that_cannot_start_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, started: bool
) -> None:
    def run(server: server_module.OneServer) -> None:
        server.started = started
        raise KeyboardInterrupt

    monkeypatch.setattr(server_module.OneServer, "run", run)
    with nullcontext() if started else pytest.raises(SystemExit) as left:
        server_module.run(Edge(), "127.0.0.1", 1, 1, tmp_path)
    assert (left.value.code if left else None) == (None if started else STARTUP_FAILURE)


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ((1_024, 4_096), [(4_096, 4_096)]),
        ((1_024, resource.RLIM_INFINITY), [(65_536, resource.RLIM_INFINITY)]),
        ((4_096, 4_096), []),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), []),
        ((100_000, 200_000), []),
    ],
)
def test_as_many_files_as_may_be_and_are_useful_can_be_opened(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], wanted: list[tuple[int, int]]
) -> None:
    changed: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: changed.append(new))
    server_module.allow_files()
    assert changed == wanted


@pytest.mark.parametrize("delay", [0.0, 0.01])
def test_the_signal_is_held_back_for_a_while_unless_it_comes_again(delay: float) -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:

        async def leave() -> None:
            drain = Drain(delay)
            drain.watch()
            signal.raise_signal(signal.SIGTERM)
            assert drain.is_leaving == bool(delay)
            assert bool(came) == (not delay)
            await asyncio.to_thread(eventually, lambda: bool(came))
            signal.raise_signal(signal.SIGTERM)

        asyncio.run(leave())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [signal.SIGTERM] * 2


def test_nothing_is_held_back_where_nobody_handles_the_signal() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:

        async def watch() -> None:
            Drain(1).watch()

        asyncio.run(watch())
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)


def test_only_readiness_tells_that_the_service_is_leaving() -> None:
    async def inside(_scope: Scope, _receive: Receive, send: Send) -> None:
        await PlainTextResponse("inside")(_scope, _receive, send)

    drain = Drain(1)
    client = TestClient(TellLeaving(inside, drain))
    assert client.get("/readyz").text == "inside"
    drain.is_leaving = True
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").text == "inside"

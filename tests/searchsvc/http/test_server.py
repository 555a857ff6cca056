"""The real server: processes, signals, a swap under load."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from indexer.layout import IndexLayout
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

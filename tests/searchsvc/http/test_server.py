"""The real server: processes, signals, a swap under load."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from tests.searchsvc.eventually import eventually

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("searchsvc")
SEARCH = "/v1/indexes/shop/search"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    url: str

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=30)

    def count(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels."""
        with self.client() as client:
            text = client.get("/metrics").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def publish(data_dir: Path, feed: Path, edition: int, count: int = 300) -> str:
    records = (
        {"id": f"p{n:04}", "title": f"shoe {n}", "edition": f"v{edition}"} for n in range(count)
    )
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    layout = IndexLayout.of(data_dir, "shop")
    return reindex(str(feed), layout, IndexSettings(), HashingEmbedder(256)).generation


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def serving(data_dir: Path, workers: int, **changes: str) -> Iterator[Server]:
    """``searchsvc serve``; `changes` are environment variables."""
    port = _free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SEARCHSVC_")}
    environment |= {
        "SEARCHSVC_POLL_SECONDS": "0.2",
        "SEARCHSVC_EMBED_TIMEOUT_MS": "60000",
        "SEARCHSVC_MODELS_DIR": str(data_dir / "no-models"),
        **changes,
    }
    command = [str(COMMAND), "serve", "--data-dir", str(data_dir)]
    options = ["--workers", str(workers), "--port", str(port)]
    with (data_dir / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options], env=environment, stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        server = Server(process, f"http://127.0.0.1:{port}")
        eventually(lambda: _answers(server.url) or process.poll() is not None)
        assert process.poll() is None, (data_dir / "server.log").read_text()
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


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

"""Leaving: what becomes of requests when the service is told to end, and when a worker dies."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.servers import SEARCH, Server, next_answer, publish, serving

pytestmark = pytest.mark.slow

CLIENTS = 6
TRIALS = int(os.environ.get("SEARCHSVC_DRAIN_TRIALS", "1"))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir()
    publish(directory, tmp_path / "feed.jsonl", 0)
    return directory


class Load:
    """Clients that ask one request after another until they are refused a connection."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.outcomes: Counter[str] = Counter()
        self.closings: list[bool] = []
        self.stop = threading.Event()

    def ask(self, pause: float) -> None:
        with self.server.client() as client:
            while not self.stop.is_set():
                try:
                    response = client.post(SEARCH, json={"query": "shoe", "limit": 5})
                except httpx2.ConnectError:
                    self.outcomes["refused"] += 1
                    return
                except httpx2.TransportError as error:
                    self.outcomes[f"cut: {error!r}"] += 1
                    return
                self.outcomes[str(response.status_code)] += 1
                self.closings.append(response.headers.get("connection") == "close")
                time.sleep(pause)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("trial", range(TRIALS))
def test_sigterm_under_load_cuts_no_request(data_dir: Path, workers: int, trial: int) -> None:
    with serving(data_dir, workers, SEARCHSVC_DRAIN_DELAY_S="0.5") as server:
        load = Load(server)
        with ThreadPoolExecutor(CLIENTS) as pool:
            # Some are never idle, and some idle when the signal comes.
            asking = [pool.submit(load.ask, 0.01 * number) for number in range(CLIENTS)]
            log = data_dir / "server.log"
            eventually(lambda: log.read_text().count("Application startup complete") == workers)
            eventually(lambda: load.outcomes["200"] > 50 + trial)
            server.process.terminate()
            for one in asking:
                one.result(60)
        assert server.process.wait(30) == 0
    assert set(load.outcomes) == {"200", "refused"}, load.outcomes
    assert load.outcomes["refused"] == CLIENTS
    assert any(load.closings)
    assert "Traceback" not in (data_dir / "server.log").read_text()


def test_a_load_balancer_is_told_before_connections_are_refused(data_dir: Path) -> None:
    with serving(data_dir, 1, SEARCHSVC_DRAIN_DELAY_S="5") as server:
        with httpx2.Client(base_url=server.url) as client:
            assert client.get("/readyz").status_code == 200
            server.process.terminate()
            eventually(lambda: client.get("/readyz").status_code == 503)
            told = client.get("/readyz")
            assert told.json()["ready"] is False
            assert told.headers["connection"] == "close"
            assert client.get("/healthz").status_code == 200  # it is not to be killed
            assert client.post(SEARCH, json={"query": "shoe"}).status_code == 200
        server.process.terminate()  # twice: somebody is in a hurry
        assert server.process.wait(4) == 0


def test_a_request_on_its_way_to_an_idle_connection_is_answered(data_dir: Path) -> None:
    """Also where the service leaves at once."""
    body = b'{"query": "shoe"}'
    ask = f"POST {SEARCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    ask += f"Content-Length: {len(body)}\r\n\r\n"
    with serving(data_dir, 1, SEARCHSVC_DRAIN_DELAY_S="0") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            for _ in range(2):
                connection.sendall(ask.encode() + body)
                assert next_answer(connection).startswith(b"HTTP/1.1 200")
            # Both come while the process stands still: which it sees first is not up to us.
            os.kill(server.process.pid, signal.SIGSTOP)
            connection.sendall(ask.encode() + body)
            server.process.terminate()
            os.kill(server.process.pid, signal.SIGCONT)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert server.process.wait(30) == 0


def workers_of(server: Server) -> set[int]:
    path = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return {pid for pid in map(int, path.read_text().split()) if _is_worker(pid)}


def _is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill_one(server: Server) -> None:
    """Kill a worker, and return when another is starting."""
    before = workers_of(server)
    os.kill(max(before), signal.SIGKILL)
    eventually(lambda: bool(workers_of(server) - before))


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_worker_that_dies_is_replaced_and_one_that_is_starting_keeps_nobody(
    data_dir: Path, trial: int
) -> None:
    def asked() -> int:
        try:
            return httpx2.post(server.url + SEARCH, json={"query": "shoe"}).status_code
        except httpx2.TransportError:
            return 0

    def ready() -> int:
        return (data_dir / "server.log").read_text().count("Application startup complete")

    with serving(data_dir, 2, SEARCHSVC_DRAIN_DELAY_S="0.5") as server:
        eventually(lambda: ready() == 2)
        kill_one(server)
        statuses = Counter(asked() for _ in range(50))
        # What the dead worker had accepted is lost with it; whatever comes later is answered.
        assert set(statuses) <= {200, 0}
        assert statuses[0] <= 1
        kill_one(server)  # the one that is starting, or its successor
        eventually(lambda: ready() >= 3)
        assert len(workers_of(server)) == 2
        assert {asked() for _ in range(20)} == {200}
        kill_one(server)
        had = ready()
        load = Load(server)
        with ThreadPoolExecutor(CLIENTS) as pool:
            asking = [pool.submit(load.ask, 0.01 * number) for number in range(CLIENTS)]
            eventually(lambda: load.outcomes["200"] > CLIENTS)
            time.sleep(trial * 0.1)
            server.process.terminate()
            for one in asking:
                one.result(60)
        assert server.process.wait(30) == 0
    assert set(load.outcomes) == {"200", "refused"}, load.outcomes
    assert trial or ready() == had  # who was starting has not gone on with it

"""Events and the real server: what it acknowledged outlives ``kill -9``."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.algolia.conftest import PRODUCTS, publish
from tests.searchsvc.http.test_server import Server, serving

pytestmark = pytest.mark.slow

KILLS = 3
SENDERS = 4


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    publish(directory, PRODUCTS, "shop")
    return directory


def events_in(data_dir: Path) -> list[tuple[str, int]]:
    """The id of each stored event, and how many products it has."""
    store = StateStore.open(Settings(data_dir=data_dir), create=False)
    try:
        return [(event.id, len(event.items)) for event in store.events()]
    finally:
        store.close()


def body(ids: list[str]) -> dict[str, object]:
    items = [{"id": "bench"}, {"id": "rug"}]
    events = [{"id": one, "type": "click", "items": items} for one in ids]
    return {"consent": True, "user_token": "anon-1", "index": "shop", "events": events}


@contextmanager
def sending(server: Server, name: str, acknowledged: list[str]) -> Iterator[None]:
    """Posts from several threads, as fast as they are answered, until the server is gone."""
    stop = threading.Event()

    def send(sender: int) -> None:
        number = 0
        with server.client() as client:
            while not stop.is_set():
                ids = [f"{name}-{sender}-{number}-{part}" for part in range(1 + number % 4)]
                number += 1
                try:
                    answer = client.post("/v1/events", json=body(ids))
                except httpx2.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                assert answer.json()["stored"] == len(ids)
                acknowledged.extend(ids)

    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(send, sender) for sender in range(SENDERS)]
        yield
        stop.set()
        for future in senders:
            future.result()


def test_whatever_was_acknowledged_is_there_after_kill_9(data_dir: Path) -> None:
    acknowledged: list[str] = []
    for kill in range(KILLS):
        with serving(data_dir, workers=1) as server, sending(server, f"k{kill}", acknowledged):
            before = len(acknowledged)
            eventually(lambda enough=before + 20: len(acknowledged) >= enough)  # type: ignore[misc]
            time.sleep(0.1 * kill)  # each time in the middle of other requests
            server.process.kill()
            assert server.process.wait(20) == -signal.SIGKILL
        found = events_in(data_dir)
        ids = {identity for identity, _ in found}
        assert set(acknowledged) <= ids
        assert len(ids) == len(found)
        # What was not acknowledged is there as a whole, or not at all.
        assert {items for _, items in found} == {2}
    assert len(acknowledged) >= KILLS * 20


def test_a_server_that_is_told_to_stop_writes_what_it_has(data_dir: Path) -> None:
    acknowledged: list[str] = []
    with serving(data_dir, workers=2) as server:
        with server.client() as client:
            for number in range(20):
                answer = client.post("/v1/events", json=body([f"e{number}"]))
                assert answer.status_code == 200
                acknowledged.append(f"e{number}")
        # Both workers count, and what they count adds up.
        assert server.count("searchsvc_events_total", kind="click", outcome="accepted") == 20
        server.process.terminate()
        server.process.wait(30)
    assert {identity for identity, _ in events_in(data_dir)} == set(acknowledged)


def test_one_worker_deletes_what_another_one_stored(data_dir: Path) -> None:
    key = "correct horse battery staple"
    headers = {"Authorization": f"Bearer {key}"}
    with serving(data_dir, workers=2, SEARCHSVC_ADMIN_KEY=key) as server:
        for number in range(10):
            with server.client() as client:  # a connection each: any worker may have it
                client.post("/v1/events", json=body([f"e{number}"]))
        with server.client() as client:
            gone = client.delete("/v1/users/anon-1", headers=headers)
        assert gone.json()["events"] == 10
    assert events_in(data_dir) == []

"""A real service of which a process is killed now and then, while it is searched and changed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx2
import pytest

from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.crash import shop
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.shoppers import sent

KILLS = min(shop.TRIALS, 100) or 2
KEY = "correct horse battery staple"
ADMIN = {"Authorization": f"Bearer {KEY}"}
PATH = f"/v1/indexes/{shop.INDEX}"
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Service:
    """A running ``searchsvc serve``.

    Attributes:
        url: where it answers.
        process: its first process.
        log: what all of them say.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def started(self) -> int:
        """How many workers have ever been ready to answer."""
        return self.log.read_text().count("Application startup complete")

    def ask(self, method: str, path: str, **options: object) -> httpx2.Response | None:
        """An answer over a connection of its own; ``None`` where the connection broke."""
        try:
            with httpx2.Client(base_url=self.url, timeout=60) as client:
                return client.request(method, path, **options)  # type: ignore[arg-type] # JSON
        except httpx2.TransportError:
            return None

    def processes(self, word: str) -> list[int]:
        """Its processes whose command line has `word`."""
        found, parents = [], [self.process.pid]
        while parents:
            parent = parents.pop()
            try:
                children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
                command = Path(f"/proc/{parent}/cmdline").read_text()
            except OSError:  # it has ended meanwhile
                continue
            parents += map(int, children)
            if word in command:
                found.append(parent)
        return found


@contextmanager
def serving(data_dir: Path, workers: int) -> Generator[Service]:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from searchsvc.cli import main; main()", "serve"]
    options = ["--data-dir", data_dir, "--port", str(port), "--workers", str(workers)]
    environment = os.environ | {"SEARCHSVC_ADMIN_KEY": KEY, "SEARCHSVC_POLL_SECONDS": "0.1"}
    log = data_dir.with_name("log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options], env=environment, stdout=output, stderr=output
        )
        service = Service(f"http://127.0.0.1:{port}", process, log)
        try:
            _patiently(lambda: service.started == workers)
            eventually(lambda: _is_ready(service))
            yield service
        finally:
            process.terminate()
            process.wait(60)


def _is_ready(service: Service) -> bool:
    answer = service.ask("GET", "/readyz")
    return answer is not None and answer.status_code == 200


@dataclass
class Shoppers:
    """Searches without end; what became of them is counted."""

    service: Service
    codes: Counter[int] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._search)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _search(self) -> None:
        while not self._stop.wait(0.02):
            answer = self.service.ask("GET", f"{PATH}/search", params={"query": "red"})
            self.codes[0 if answer is None else answer.status_code] += 1


def test_the_others_go_on_when_a_process_is_killed(tmp_path: Path) -> None:
    data_dir, chance = tmp_path / "data", random.Random(4)  # noqa: S311 - no secret
    shop.build(data_dir, 1)
    acknowledged: set[str] = set()
    price, unknown = 0, {0}
    with serving(data_dir, 2) as service, Shoppers(service) as shoppers:
        for kill in range(1, KILLS + 1):
            killer = threading.Thread(target=_kill, args=(service, chance, kill % 2))
            killer.start()
            while killer.is_alive():
                event = {"type": "click", "id": f"e{len(acknowledged)}", "items": [{"id": "p01"}]}
                answer = service.ask("POST", "/v1/events", json=sent(event))
                if answer is not None and answer.status_code == 200:
                    acknowledged.add(str(event["id"]))
                changed, price = price + 1, price + 1
                body = {"products": [{"id": "p00", "price": f"{changed} EUR"}]}
                answer = service.ask("PATCH", f"{PATH}/products", json=body, headers=ADMIN)
                if answer is not None and answer.status_code == 200:
                    unknown = {changed}
                else:  # who changes products may have been killed before, or after
                    assert answer is None or answer.status_code in {500, 503}, answer.text
                    unknown.add(changed)
            killer.join()
            # One that is killed before it is ready is replaced only after a minute.
            ready = 2 + (kill + 1) // 2
            _patiently(lambda ready=ready: service.started >= ready)  # type: ignore[misc] # bound
    assert set(shoppers.codes) <= {0, 200}, shoppers.codes
    assert shoppers.codes[0] <= KILLS  # only those that the killed one was answering
    assert shoppers.codes[200] > KILLS
    seen = shop.published(data_dir)
    assert seen is not None
    assert any(f'"minor_units":{it}00,'.encode() in seen.products[0] for it in unknown if it)
    store = StateStore.open(Settings(data_dir=data_dir))
    stored = [event.id for event in store.events()]
    store.close()
    assert acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    shop.build(data_dir, 2)
    assert shop.leftovers(data_dir) == []
    shop.tell(f"kills of workers and changers under {shoppers.codes[200]:,} searches", KILLS)


def _patiently(condition: Callable[[], bool]) -> None:
    """Longer than it takes to find a process dead that was not ready yet."""
    try:
        eventually(condition)
    except AssertionError:
        eventually(condition)


def _kill(service: Service, chance: random.Random, which: int) -> None:
    """Kill a worker, or a process that changes products, after a while."""
    time.sleep(chance.uniform(0.2, 1.5))
    word = "spawn_main" if which else "searchsvc.changer"
    found = service.processes(word)
    if found:
        os.kill(chance.choice(found), signal.SIGKILL)

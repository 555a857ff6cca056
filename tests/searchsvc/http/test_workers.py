"""Workers: started, replaced and told to leave; by fakes, and by one that is a process."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from searchsvc.http import workers as module
from searchsvc.http.workers import Worker, Workers, WorkerServer, beat
from tests.searchsvc.eventually import eventually


class Fake:
    """A worker that ends when it is told to, or does not."""

    def __init__(self, pid: int, *, deaf: bool = False, ended: int | None = None) -> None:
        self.pid = pid
        self.line, self.theirs = Pipe()
        self._end, self._running = Pipe(duplex=False)
        self.sentinel = self._end.fileno()
        self.exitcode: int | None = None
        self.signals: list[int] = []
        self._deaf = deaf
        if ended is not None:
            self.end(ended)

    def end(self, code: int) -> None:
        self.exitcode = code
        self.theirs.close()
        self._running.close()

    def send_signal(self, number: int) -> None:
        self.signals.append(number)
        if self.exitcode is None and (number == signal.SIGKILL or not self._deaf):
            self.end(-number)

    def join(self, seconds: float | None = None) -> None:
        assert self.exitcode is not None or seconds is not None


def leave() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


class Service:
    """Workers that are fakes; after the last of them has started, something happens."""

    def __init__(self, fakes: list[Fake], then: Callable[[], None] = leave, **kwargs: Any) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self._left = list(fakes)
        self._then = then
        options = {"delay_s": 0.0, "drain_s": 0.0} | kwargs
        self.workers = Workers(self._start, [self.socket], **options)

    def _start(self) -> Fake:
        started = self._left.pop(0)
        if not self._left:
            self._then()
        return started


@pytest.fixture(autouse=True)
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


def test_all_are_told_to_leave_and_the_socket_is_closed() -> None:
    before = signal.getsignal(signal.SIGTERM)
    fakes = [Fake(1), Fake(2)]
    service = Service(fakes)
    assert service.workers.run(2) == 0
    assert [fake.signals for fake in fakes] == [[signal.SIGTERM]] * 2
    assert service.socket.fileno() == -1
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_that_ends_before_it_says_anything_is_replaced_and_its_gauges_are_forgotten(
    shared: Path,
) -> None:
    (shared / "gauge_livesum_1.db").touch()
    (shared / "counter_1.db").touch()
    fakes = [Fake(1, ended=-9), Fake(2), Fake(3)]
    assert Service(fakes, health_s=3_600).workers.run(2) == 0
    assert [fake.signals for fake in fakes] == [[], [signal.SIGTERM], [signal.SIGTERM]]
    assert [path.name for path in shared.iterdir()] == ["counter_1.db"]


def test_a_signal_while_others_are_starting_is_not_waited_with() -> None:
    silent = [Fake(1), Fake(2)]
    assert Service(silent, health_s=3_600).workers.run(2) == 0
    assert [fake.exitcode for fake in silent] == [-signal.SIGTERM] * 2


def test_an_application_that_cannot_start_ends_the_service() -> None:
    fakes = [Fake(1), Fake(2, ended=STARTUP_FAILURE)]
    assert Service(fakes, then=lambda: None).workers.run(2) == STARTUP_FAILURE
    assert fakes[0].signals == [signal.SIGTERM]


def test_one_that_says_nothing_for_too_long_is_killed_and_replaced() -> None:
    fakes = [Fake(1), Fake(2)]
    assert Service(fakes, health_s=0.02).workers.run(1) == 0
    assert fakes[0].signals == [signal.SIGKILL]
    assert fakes[1].signals == [signal.SIGTERM]


def test_one_that_says_something_now_and_then_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=1_000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(module, "time", clock)
    fake = Fake(1)
    service = Service([fake], then=lambda: None, health_s=60)

    def speak() -> None:
        for _ in range(5):
            clock.now += 40
            fake.theirs.send_bytes(b"")
            eventually(lambda: not fake.line.poll())  # it was heard
        leave()

    speaking = threading.Thread(target=speak)
    speaking.start()
    assert service.workers.run(1) == 0
    speaking.join()
    assert fake.signals == [signal.SIGTERM]


def test_a_second_signal_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(1, deaf=True)
    service = Service([fake], delay_s=3_600)

    def hurry() -> None:
        eventually(lambda: bool(fake.signals))
        leave()
        eventually(lambda: len(fake.signals) == 2)
        fake.end(0)

    hurrying = threading.Thread(target=hurry)
    monkeypatch.setattr(fake, "join", hurrying.join)
    hurrying.start()
    assert service.workers.run(1) == 0
    assert fake.signals == [signal.SIGTERM] * 2


def test_one_that_does_not_leave_is_killed_and_that_is_told() -> None:
    fakes = [Fake(1, deaf=True), Fake(2)]
    assert Service(fakes).workers.run(2) == 1
    assert fakes[0].signals == [signal.SIGTERM, signal.SIGKILL]


def test_a_worker_speaks_until_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *arguments: killed.append(arguments))
    ours, theirs = Pipe()
    speaking = threading.Thread(target=beat, args=(theirs, 0.001))
    speaking.start()
    for _ in range(3):
        assert ours.recv_bytes() == b""
    assert killed == []
    ours.close()
    speaking.join(60)
    assert killed == [(os.getpid(), signal.SIGTERM)]


class Left(BaseException):
    """Stands for the end of the process."""


def test_a_server_that_is_starting_leaves_at_once_and_another_drains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def end(code: int) -> None:
        assert code == 0
        raise Left

    monkeypatch.setattr(os, "_exit", end)
    server = WorkerServer(uvicorn.Config("nothing:app", log_config=None))
    with pytest.raises(Left):
        server.handle_exit(signal.SIGTERM, None)
    server.handle_exit(signal.SIGINT, None)
    assert not server.should_exit
    server.servers = []
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit


async def app(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Answers with the process that does."""
    body = str(os.getpid()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def test_a_worker_serves_from_the_socket_and_says_that_it_is_there() -> None:
    config = uvicorn.Config(f"{__name__}:app", lifespan="off", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        worker = Worker(config, [listening])
        assert isinstance(worker.line, Connection)
        assert httpx2.get(url, timeout=60).text == str(worker.pid)
        assert worker.exitcode is None
        worker.line.close()  # as if this process were gone
        worker.join(60)
        assert worker.exitcode == -signal.SIGTERM
        worker.send_signal(signal.SIGTERM)  # nobody is there

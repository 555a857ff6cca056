"""Workers: processes that serve from one socket, and the one that starts and replaces them.

A worker and its parent hold the two ends of a line. The worker says every few seconds that it is
there, so that one that hangs is found; when the parent ends without a word, the worker sees that
the line is dead, and leaves. The parent sleeps until a worker ends, speaks, or a signal comes:
neither a worker that is starting nor one that hangs keeps it from the others.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, Protocol

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.config import STARTUP_FAILURE

from searchsvc.http.listening import SETTLE_SECONDS, take_no_more

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from socket import socket as Socket  # noqa: N812 - a class, whatever its name
    from types import FrameType

HEALTH_SECONDS: Final = 60.0
"""A worker that says nothing for so long hangs: one on a busy machine imports for a while."""
_BEAT_SECONDS = 5.0
_CLOSING_SECONDS = 10.0  # that a worker has to store what it acknowledged, after its last answer
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


class Process(Protocol):
    """What `Workers` needs of a worker."""

    pid: int
    sentinel: int
    line: Connection

    @property
    def exitcode(self) -> int | None:
        """What it ended with; ``None`` while it runs."""
        ...

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        ...

    def join(self, seconds: float | None = None) -> None:
        """Wait for its end."""
        ...


class Worker:
    """A worker process, as its parent knows it."""

    def __init__(self, config: uvicorn.Config, sockets: Sequence[Socket]) -> None:
        """Start one that serves from `sockets`."""
        context = get_context("spawn")
        self.line, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(config, list(sockets), theirs))
        self._process.start()
        theirs.close()
        self.pid = self._process.pid or 0
        self.sentinel = self._process.sentinel

    @property
    def exitcode(self) -> int | None:
        """See `Process`."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """See `Process`."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def join(self, seconds: float | None = None) -> None:
        """See `Process`."""
        self._process.join(seconds)


class WorkerServer(uvicorn.Server):
    """The server in a worker process."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leave when the parent says so; at once where nobody can have connected yet.

        Whoever starts has nothing to drain, and its copy of the listening socket keeps clients
        waiting for an answer that it will not give.
        """
        if sig == signal.SIGINT:  # Ctrl+C reaches the whole terminal; the parent says when
            return
        if not hasattr(self, "servers"):
            os._exit(0)
        super().handle_exit(sig, frame)


def work(config: uvicorn.Config, sockets: list[Socket], line: Connection) -> None:
    """What a worker process does."""
    threading.Thread(target=beat, args=(line,), name="beat", daemon=True).start()
    WorkerServer(config).run(sockets)


def beat(line: Connection, seconds: float = _BEAT_SECONDS) -> None:
    """Say every few seconds that this process is there; leave when nobody is left to hear it."""
    with suppress(OSError):
        while not line.poll(seconds):  # the parent says nothing: what can be read is its end
            line.send_bytes(b"")
    os.kill(os.getpid(), signal.SIGTERM)


class Workers:
    """The workers of a service."""

    def __init__(
        self,
        start: Callable[[], Process],
        sockets: Sequence[Socket],
        delay_s: float,
        drain_s: float,
        health_s: float = HEALTH_SECONDS,
    ) -> None:
        """Make the supervisor of workers; none is started yet.

        Args:
            start: starts one.
            sockets: that they accept from; closed in the end.
            delay_s: seconds for which workers go on accepting when they are to leave.
            drain_s: seconds in which they end after that.
            health_s: seconds after which a worker hangs that has said nothing.
        """
        self._start = start
        self._sockets = sockets
        self._delay_s = delay_s
        self._most_s = delay_s + SETTLE_SECONDS + drain_s + _CLOSING_SECONDS
        self._health_s = health_s
        self._heard: dict[Process, float] = {}

    def run(self, count: int) -> int:
        """Keep `count` workers until SIGTERM or SIGINT; from the main thread.

        Returns:
            The exit code: that of a worker whose application cannot start, since no other one's
            would, and 1 where workers had to be killed.
        """
        with _signalled() as signals:
            for _ in range(count):
                self._heard[self._start()] = time.monotonic()
            failed = 0
            while not failed and not signals.poll():
                self._wait(signals)
                failed = self._replace()
            if not failed:
                signals.recv_bytes()
                _log.info("leaving: the workers have %g seconds", self._most_s)
            return self._leave(signals) or failed

    def _wait(self, signals: Connection) -> None:
        """Until something is to be done, or a while is over."""
        lines = {worker.line: worker for worker in self._heard}
        sentinels = [worker.sentinel for worker in self._heard]
        for ready in wait([signals, *lines, *sentinels], min(_BEAT_SECONDS, self._health_s)):
            worker = lines.get(ready)  # type: ignore[call-overload]  # sentinels are no keys of it
            if worker is not None:
                self._heard[worker] = time.monotonic()
                with suppress(EOFError, OSError):  # it has ended, as its sentinel tells
                    worker.line.recv_bytes()

    def _replace(self) -> int:
        """Start a worker for each that has ended or hangs.

        Returns:
            An exit code if no worker can start.
        """
        for worker, heard in list(self._heard.items()):
            if worker.exitcode is None and time.monotonic() - heard > self._health_s:
                _log.error("worker %d says nothing and is killed", worker.pid)
                worker.send_signal(signal.SIGKILL)
                worker.join()
            if worker.exitcode is None:
                continue
            self._forget(worker)
            if worker.exitcode == STARTUP_FAILURE:
                _log.error("worker %d cannot start, nor could another", worker.pid)
                return STARTUP_FAILURE
            _log.warning("worker %d ended with %d: replaced", worker.pid, worker.exitcode)
            self._heard[self._start()] = time.monotonic()
        return 0

    def _leave(self, signals: Connection) -> int:
        """Have all workers leave, and cut off nobody who has just connected.

        The socket is theirs alone in the end: with the last of them that closes it, connections
        are refused, instead of being taken by the system and answered by nobody.

        Returns:
            1 if some had to be killed.
        """
        end = time.monotonic() + self._most_s
        self._tell(signal.SIGTERM)
        if signals.poll(max(self._delay_s - SETTLE_SECONDS, 0)):
            self._tell(signal.SIGTERM)  # somebody is in a hurry
        for one in self._sockets:
            take_no_more(one.fileno())
            one.close()
        killed = 0
        for worker in list(self._heard):
            worker.join(max(end - time.monotonic(), 0))
            if worker.exitcode is None:
                _log.error("worker %d has not left in time and is killed", worker.pid)
                worker.send_signal(signal.SIGKILL)
                worker.join()
                killed = 1
            self._forget(worker)
        return killed

    def _tell(self, number: int) -> None:
        for worker in self._heard:
            worker.send_signal(number)

    def _forget(self, worker: Process) -> None:
        del self._heard[worker]
        worker.line.close()
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # what it held, it has not


@contextmanager
def _signalled() -> Iterator[Connection]:
    """Something that can be read from as soon as this process is to leave."""
    ours, theirs = get_context("spawn").Pipe(duplex=False)
    before = {
        number: signal.signal(number, lambda *_: theirs.send_bytes(b"")) for number in _SIGNALS
    }
    try:
        yield ours
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ours.close()
        theirs.close()

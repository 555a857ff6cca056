"""An open-loop load: requests sent when they are due, whether or not earlier ones are answered.

A client that waits for an answer before it asks again slows down with the service and never
sees what its customers do ("coordinated omission"). Here arrivals are a Poisson process that is
drawn beforehand, and a latency counts from the moment at which its request was due.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CONNECTIONS = 128
"""Kept open, and used in turns: as a proxy before the service does it."""
OK, SHED = 200, 503
LOST = 0
"""Stands for the status where the connection broke or nothing came in time."""
_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 10.0
_CHUNK = 1 << 18
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the requests of a load, in the order in which they were due.

    Attributes:
        statuses: int16 (n,), of HTTP; `LOST` for none.
        milliseconds: float64 (n,), from when each was due to its last byte.
        late_ms: float64 (n,), of them until it was sent: the client's own share.
    """

    statuses: NDArray[np.int16]
    milliseconds: NDArray[np.float64]
    late_ms: NDArray[np.float64]


def post(path: str, body: bytes) -> bytes:
    """The bytes of a request that sends `body` as JSON over a connection that stays open."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {_HOST}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def due_times(rate: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Seconds at which `count` requests of a Poisson process of `rate` per second are due."""
    return np.cumsum(rng.exponential(1 / rate, count))


def offer(
    port: int,
    requests: Sequence[bytes],
    due: NDArray[np.float64],
    connections: int = CONNECTIONS,
) -> Answers:
    """Send each of `requests` to the service at `port` when it is `due`, in seconds from now.

    Where no connection is free it is sent as soon as one is, and has waited for as long.

    Raises:
        BenchmarkError: nothing listens there.
    """
    load = _Load(port, requests, connections)
    try:
        return load.open_loop(due)
    finally:
        load.close()


class _Connection:
    """One request at a time."""

    def __init__(self, port: int) -> None:
        try:
            self.socket = socket.create_connection((_HOST, port), _PATIENCE_SECONDS)
        except OSError as error:
            raise BenchmarkError(
                f"nothing listens at {_HOST}:{port} ({error.strerror}); is the service running?"
            ) from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = -1
        self._head = b""
        self._missing = -1
        self.status = LOST
        self.closes = False

    def send(self, number: int, request: bytes) -> None:
        self.number = number
        self._head, self._missing = b"", -1
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what is there; whether the answer is complete or lost."""
        try:
            data = self.socket.recv(_CHUNK)
        except OSError:
            data = b""
        if not data:
            self.status, self.closes = LOST, True
            return True
        if self._missing >= 0:
            self._missing -= len(data)
            return self._missing <= 0
        self._head += data
        end = self._head.find(_HEAD_END)
        if end < 0:
            return False
        head = self._head[:end].lower()
        self.status = int(head[9:12])
        self.closes = b"\r\nconnection: close" in head
        length = head[head.index(_LENGTH) + len(_LENGTH) :].partition(b"\r\n")[0]
        self._missing = int(length) - (len(self._head) - end - len(_HEAD_END))
        return self._missing <= 0


class _Load:
    """The connections, and what became of the requests so far."""

    def __init__(self, port: int, requests: Sequence[bytes], connections: int) -> None:
        self._port = port
        self._requests = requests
        self._free = deque(_Connection(port) for _ in range(connections))
        # select(2) keeps time in microseconds; epoll and event loops round it up to milliseconds.
        self._selector = selectors.SelectSelector()
        self._busy = 0
        self._statuses = np.full(len(requests), LOST, np.int16)
        self._sent = np.zeros(len(requests))
        self._ended = np.zeros(len(requests))

    def open_loop(self, due: NDArray[np.float64]) -> Answers:
        begin = perf_counter()
        moments = (due + begin).tolist()
        next_one, count = 0, len(moments)
        while next_one < count or self._busy:
            now = perf_counter()
            while next_one < count and moments[next_one] <= now and self._free:
                self._send(next_one)
                next_one += 1
            wait = _PATIENCE_SECONDS
            if next_one < count and self._free:
                wait = max(0.0, moments[next_one] - perf_counter())
            if not self._receive(wait) and wait == _PATIENCE_SECONDS:
                break  # what is missing now is lost
        return self._answers(np.array(moments))

    def close(self) -> None:
        busy = [key.data for key in self._selector.get_map().values()]
        for connection in [*self._free, *busy]:
            connection.socket.close()
        self._selector.close()

    def _send(self, number: int) -> None:
        connection = self._free.popleft()
        self._sent[number] = perf_counter()
        try:
            connection.send(number, self._requests[number])
        except OSError:  # closed in the meantime; nothing was answered, so it may be sent again
            connection.socket.close()
            connection = _Connection(self._port)
            connection.send(number, self._requests[number])
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        self._busy += 1

    def _receive(self, seconds: float) -> bool:
        """Take in what arrives within `seconds`; whether anything did."""
        ready = self._selector.select(seconds) if self._busy or seconds else []
        for key, _ in ready:
            connection: _Connection = key.data
            if connection.receive():
                self._done(connection)
        return bool(ready)

    def _done(self, connection: _Connection) -> None:
        self._statuses[connection.number] = connection.status
        self._ended[connection.number] = perf_counter()
        self._selector.unregister(connection.socket)
        self._busy -= 1
        if connection.closes:
            connection.socket.close()
            connection = _Connection(self._port)
        self._free.append(connection)

    def _answers(self, due: NDArray[np.float64]) -> Answers:
        ended = np.where(self._ended > 0, self._ended, perf_counter())
        return Answers(
            self._statuses,
            (ended - due) * 1e3,
            (np.where(self._sent > 0, self._sent, ended) - due) * 1e3,
        )

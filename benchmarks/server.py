"""The service under test: a process that listens on this machine, and a client that waits."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Self

from benchmarks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path
    from types import TracebackType

_HOST = "127.0.0.1"
_PROGRAM = "from searchsvc.cli import main; main()"
_OK = 200
_START_SECONDS = 300.0  # a million products are opened, and asked a few questions
_STOP_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
_ANSWER_SECONDS = 60.0
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class Server:
    """A running service.

    Attributes:
        pid: of the process that was started; with several workers, of their parent.
    """

    port: int
    pid: int

    def client(self) -> Client:
        """A connection to it, to be closed by whoever asked for it."""
        return Client(self.port)


@contextmanager
def serving(
    data_dir: Path, *, workers: int = 1, environment: Mapping[str, str] | None = None
) -> Generator[Server]:
    """`searchsvc serve` over the indexes of `data_dir`, until the block ends.

    Args:
        data_dir: may be without an index.
        workers: processes that answer.
        environment: settings beside those of this process.

    Raises:
        ServerError: it does not come up; the message has the end of what it wrote.
    """
    port = _free_port()
    options = ["--data-dir", str(data_dir), "--port", str(port), "--workers", str(workers)]
    log = data_dir / f"serve-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _PROGRAM, "serve", *options],
            stdout=out,
            stderr=out,
            env={**os.environ, **(environment or {})},
        )
    try:
        _await(process, port, log)
        yield Server(port, process.pid)
    finally:
        _stop(process)


class Client:
    """One connection that stays open; each request waits for its answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((_HOST, port), timeout=_ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def post(self, path: str, body: bytes) -> tuple[bytes, float]:
        """What is answered to JSON, and the milliseconds until its last byte was here.

        Raises:
            ServerError: it answers with a failure, or not at all.
        """
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {_HOST}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return self._exchange(head.encode() + body)

    def get(self, path: str) -> tuple[bytes, float]:
        """See `post`."""
        return self._exchange(f"GET {path} HTTP/1.1\r\nhost: {_HOST}\r\n\r\n".encode())

    def _exchange(self, request: bytes) -> tuple[bytes, float]:
        begin = perf_counter()
        self._socket.sendall(request)
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            self._receive(data)
        head = bytes(data[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        while len(data) < end + 4 + length:
            self._receive(data)
        milliseconds = (perf_counter() - begin) * 1e3
        body = bytes(data[end + 4 :])
        status = int(head.split(b" ", 2)[1])
        if status != _OK:
            raise ServerError(
                f"{request[:60].splitlines()[0].decode()} answered {status}, expected {_OK}: "
                f"{body[:500].decode(errors='replace')}"
            )
        return body, milliseconds

    def _receive(self, data: bytearray) -> None:
        received = self._socket.recv(_CHUNK)
        if not received:
            raise ServerError("the service closed the connection before it had answered")
        data += received


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until every index is served."""
    deadline = perf_counter() + _START_SECONDS
    while not _answers(port):
        if process.poll() is not None:
            raise ServerError(
                f"'searchsvc serve' ended with exit code {process.returncode}: {_end_of(log)}"
            )
        if perf_counter() > deadline:
            raise ServerError(
                f"'searchsvc serve' did not answer within {_START_SECONDS:.0f} s: {_end_of(log)}"
            )
        sleep(_PAUSE_SECONDS)


def _answers(port: int) -> bool:
    try:
        with Client(port) as client:
            client.get("/healthz")
    except (OSError, ServerError):
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2_000:].strip() or "it wrote nothing"

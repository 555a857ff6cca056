"""A load against servers that do what a test tells them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks import load
from benchmarks.errors import BenchmarkError
from benchmarks.load import LOST, OK, SHED, due_times, offer, post

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
BODY = b'{"hits": []}'


def response(status: int, body: bytes = BODY, more: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """The port of a server that gives each body of a request to `answer`."""
    loop = asyncio.new_event_loop()
    tasks: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await answer(await reader.readexactly(length), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def stop() -> None:
        await asyncio.sleep(0.02)  # whoever has just connected is served first
        server.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task), return_exceptions=True)
        for _ in range(3):  # transports close their sockets a turn of the loop later
            await asyncio.sleep(0.005)

    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def requests(count: int) -> list[bytes]:
    return [post("/search", str(number).encode()) for number in range(count)]


def test_every_request_is_sent_once_and_its_answer_noted_in_its_place() -> None:
    seen: list[int] = []

    async def by_parity(body: bytes, writer: asyncio.StreamWriter) -> None:
        number = int(body)
        seen.append(number)
        writer.write(response(SHED if number % 2 else OK))

    with answering(by_parity) as port:
        answers = offer(port, requests(40), np.linspace(0, 0.1, 40), connections=4)
    assert sorted(seen) == list(range(40))
    assert answers.statuses.tolist() == [OK, SHED] * 20
    assert (answers.milliseconds >= answers.late_ms).all()
    assert (answers.late_ms >= 0).all()


def test_a_latency_counts_from_when_a_request_was_due_not_from_when_it_was_sent() -> None:
    async def slowly(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(response(OK))

    with answering(slowly) as port:
        # One connection: each request waits for all before it, and that is part of what it took.
        answers = offer(port, requests(5), np.zeros(5), connections=1)
    assert (answers.milliseconds >= 20 * np.arange(1, 6)).all()
    assert (answers.late_ms[1:] >= 20 * np.arange(1, 5)).all()


def test_answers_in_pieces_are_read_to_their_end() -> None:
    async def in_pieces(_: bytes, writer: asyncio.StreamWriter) -> None:
        whole = response(OK, BODY * 1_000)
        for begin, end in ((0, 9), (9, 30), (30, 60), (60, 5_000), (5_000, None)):
            writer.write(whole[begin:end])
            await writer.drain()
            await asyncio.sleep(0.002)

    with answering(in_pieces) as port:
        answers = offer(port, requests(3), np.zeros(3), connections=1)
    assert answers.statuses.tolist() == [OK] * 3
    assert (answers.milliseconds >= 8).all()


def test_a_connection_that_closes_after_its_answer_is_opened_again() -> None:
    opened: set[int] = set()

    async def once(_: bytes, writer: asyncio.StreamWriter) -> None:
        opened.add(id(writer))
        writer.write(response(OK, more="Connection: close\r\n"))
        await writer.drain()
        writer.close()

    with answering(once) as port:
        answers = offer(port, requests(4), np.linspace(0, 0.05, 4), connections=1)
    assert answers.statuses.tolist() == [OK] * 4


def test_a_connection_that_breaks_loses_its_request_and_no_other() -> None:
    async def fail_the_second(body: bytes, writer: asyncio.StreamWriter) -> None:
        if body == b"1":
            writer.close()
        else:
            writer.write(response(OK))

    with answering(fail_the_second) as port:
        answers = offer(port, requests(4), np.linspace(0, 0.05, 4), connections=2)
    assert answers.statuses.tolist() == [OK, LOST, OK, OK]


def test_what_is_not_answered_in_time_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def only_the_first(body: bytes, writer: asyncio.StreamWriter) -> None:
        if body == b"0":
            writer.write(response(OK))

    monkeypatch.setattr(load, "_PATIENCE_SECONDS", 0.05)
    with answering(only_the_first) as port:
        answers = offer(port, requests(3), np.zeros(3), connections=2)
    assert answers.statuses.tolist() == [OK, LOST, LOST]
    assert (answers.milliseconds > 0).all()


def test_a_connection_that_was_closed_while_it_was_free_is_opened_again() -> None:
    closed = threading.Event()

    async def close_later(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(OK))
        if not closed.is_set():
            closed.set()
            await writer.drain()
            # A reset, so that what is sent afterwards fails at once.
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await asyncio.sleep(0.01)
            writer.transport.abort()

    with answering(close_later) as port:
        answers = offer(port, requests(2), np.array([0, 0.2]), connections=1)
    assert answers.statuses.tolist() == [OK, OK]


def test_nothing_listens_is_said() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(BenchmarkError, match=f"nothing listens at 127.0.0.1:{port}"):
        offer(port, requests(1), np.zeros(1))


def test_arrivals_are_a_poisson_process_of_the_rate() -> None:
    due = due_times(200.0, 20_000, np.random.default_rng(7))
    gaps = np.diff(due)
    assert (gaps >= 0).all()
    assert due[-1] == pytest.approx(100, rel=0.05)
    # Exponential gaps: the standard deviation is the mean, and 1 - 1/e of them are below it.
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)
    assert (gaps < gaps.mean()).mean() == pytest.approx(1 - np.exp(-1), abs=0.02)

"""How many run, how many wait, and for how long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from searchsvc.errors import OverloadedError
from searchsvc.http import permits as module
from searchsvc.http.permits import BURST, RECOVERY_SECONDS, Permits

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", clock)
    return clock


@contextmanager
def permitting(running: int, waiting: int, wait_ms: float = float("inf")) -> Iterator[Permits]:
    permits = Permits(running, waiting, wait_ms)
    try:
        yield permits
    finally:
        permits.close()


class Job:
    """Runs until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.go.wait(30)
        return threading.current_thread().name


async def begin(permits: Permits, job: Job) -> asyncio.Task[str]:
    """Have `job` run; it does when this returns."""
    task = asyncio.create_task(permits.run(job))
    await asyncio.to_thread(job.begun.wait, 30)
    return task


async def queue(permits: Permits, function: Callable[[], Any]) -> asyncio.Task[Any]:
    """Have `function` wait for its turn; it does when this returns."""
    task = asyncio.create_task(permits.run(function))
    await asyncio.sleep(0)
    return task


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


def test_what_a_function_gives_or_raises_comes_back_from_a_thread_of_its_own() -> None:
    async def test() -> None:
        with permitting(1, 1) as permits:
            job = Job()
            job.go.set()
            assert await permits.run(job) == "search-0"
            assert await permits.run(int, "12", base=3) == 5
            with pytest.raises(ValueError, match="invalid literal"):
                await permits.run(int, "twelve")
            assert permits.waiting == 0

    run(test)


def test_not_more_run_at_a_time_than_may_and_the_others_follow_in_their_order() -> None:
    async def test() -> None:
        with permitting(2, 8) as permits:
            first, second = Job(), Job()
            running = [await begin(permits, job) for job in (first, second)]
            done: list[int] = []
            waiting = [await queue(permits, lambda n=n: done.append(n)) for n in range(5)]  # type: ignore[misc]
            assert permits.waiting == 5
            assert done == []
            first.go.set()
            await asyncio.gather(*waiting)
            assert done == list(range(5))
            assert permits.waiting == 0
            second.go.set()
            assert {await task for task in running} == {"search-0", "search-1"}

    run(test)


@pytest.mark.parametrize("waiting", [0, 1, 3])
def test_more_than_may_wait_are_refused(waiting: int) -> None:
    async def test() -> None:
        with permitting(1, waiting) as permits:
            permits.check()
            job = Job()
            tasks = [await begin(permits, job)]
            for _ in range(waiting):
                permits.check()
                tasks.append(await queue(permits, lambda: None))
            with pytest.raises(OverloadedError, match=f"{waiting} requests are waiting already"):
                permits.check()
            with pytest.raises(OverloadedError, match="SEARCHSVC_MAX_WAITING"):
                await permits.run(lambda: None)
            job.go.set()
            await asyncio.gather(*tasks)
            permits.check()

    run(test)


def test_a_burst_waits_longer_than_what_is_more_than_can_be_answered(clock: Clock) -> None:
    async def outcome(waits_ms: float, *, standing: bool) -> object:
        """Of a request that waits, in a queue that was empty or not before it came."""
        with permitting(1, 8, wait_ms=20) as permits:
            job = Job()
            task = await begin(permits, job)
            others = []
            if standing:
                others.append(await queue(permits, lambda: None))
                clock.seconds += BURST * 0.020
            late = await queue(permits, lambda: "answered")
            clock.seconds += waits_ms / 1e3
            job.go.set()
            await task
            return (await asyncio.gather(late, *others, return_exceptions=True))[0]

    async def test() -> None:
        assert await outcome(79, standing=False) == "answered"
        assert await outcome(19, standing=True) == "answered"
        for waits_ms, standing in ((81, False), (21, True)):
            refused = await outcome(waits_ms, standing=standing)
            assert isinstance(refused, OverloadedError)
            assert "within 20 ms (SEARCHSVC_MAX_WAIT_MS)" in str(refused)

    run(test)


def test_whoever_would_wait_too_long_is_refused_at_once(clock: Clock) -> None:
    async def test() -> None:
        with permitting(1, 100, wait_ms=19) as permits:

            def take_10_ms() -> None:
                clock.seconds += 0.010

            for _ in range(200):  # until that is what the next one is expected to take
                await permits.run(take_10_ms)
            job = Job()
            tasks = [await begin(permits, job)]
            for _ in range(int(BURST * 19 / 10)):
                permits.check()
                tasks.append(await queue(permits, take_10_ms))
            with pytest.raises(OverloadedError, match="SEARCHSVC_MAX_WAIT_MS"):
                permits.check()
            job.go.set()
            await asyncio.gather(*tasks)
            permits.check()

    run(test)


def test_a_queue_that_gets_empty_in_between_is_a_burst_again(clock: Clock) -> None:
    async def test() -> None:
        with permitting(1, 8, wait_ms=20) as permits:
            for _ in range(3):
                job = Job()
                task = await begin(permits, job)
                late = await queue(permits, lambda: "answered")
                clock.seconds += 0.070
                job.go.set()
                assert await late == "answered"
                await task

    run(test)


def test_after_a_refusal_nobody_waits_long_for_a_second(clock: Clock) -> None:
    async def outcome(waits_ms: float, after_seconds: float) -> object:
        """Of a request that comes so long after another one was refused."""
        with permitting(1, 8, wait_ms=20) as permits:
            for pause, wait in ((0.0, 0.081), (after_seconds, waits_ms / 1e3)):
                clock.seconds += pause
                job = Job()
                task = await begin(permits, job)
                late = await queue(permits, lambda: "answered")
                clock.seconds += wait
                job.go.set()
                await task
                result = (await asyncio.gather(late, return_exceptions=True))[0]
            return result

    async def test() -> None:
        assert await outcome(19, after_seconds=0.9) == "answered"
        assert isinstance(await outcome(21, after_seconds=0.9), OverloadedError)
        assert await outcome(79, after_seconds=RECOVERY_SECONDS + 0.1) == "answered"

    run(test)


def test_a_few_are_spared_when_the_process_pauses(clock: Clock) -> None:
    async def test() -> None:
        permits = Permits(1, 8, wait_ms=20, spared=4)
        job = Job()
        task = await begin(permits, job)
        late = [await queue(permits, lambda: "answered") for _ in range(4)]
        clock.seconds += 10
        job.go.set()
        assert await asyncio.gather(*late) == ["answered"] * 4
        await task
        permits.close()

    run(test)


def test_whoever_has_gone_takes_no_turn_and_no_permit() -> None:
    async def test() -> None:
        with permitting(1, 1) as permits:
            job, called = Job(), []
            task = await begin(permits, job)
            gone = await queue(permits, lambda: called.append(1))
            gone.cancel()
            task.cancel()  # what runs cannot be stopped: its permit stays taken
            await asyncio.gather(gone, task, return_exceptions=True)
            with pytest.raises(OverloadedError):
                permits.check()
            job.go.set()
            while permits.waiting:  # noqa: ASYNC110 - what is awaited has no event
                await asyncio.sleep(0.001)
            assert await permits.run(lambda: "next") == "next"
            assert called == []

    run(test)


def test_a_loop_that_is_gone_is_not_told() -> None:
    job = Job()
    before = set(threading.enumerate())  # services of other tests have threads of this name
    with permitting(1, 1) as permits:

        async def leave() -> None:
            await begin(permits, job)

        with pytest.raises(asyncio.CancelledError):
            run(lambda: _cancelled(leave))
        (thread,) = set(threading.enumerate()) - before
        job.go.set()
    thread.join(30)
    assert not thread.is_alive()


async def _cancelled(inner: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await inner()
    raise asyncio.CancelledError

"""Permits: how many searches run, and how long others wait for their turn.

A queue without a bound answers everybody late instead of nearly everybody in time. This one is
bounded by time. A burst may wait for a while, since the queue will be empty again; where it has
not been for a while, more arrives than can be answered, and every millisecond of waiting is one
that the next request waits, too: then the bound is tight, and whoever would wait longer is refused
at once. (The two bounds are those of "controlled delay" as servers use it: B. Maurer, "Fail at
Scale", ACM Queue 13(8), 2015.) The bound stays tight until nobody was refused for a second: a
queue that is kept short is empty now and then, which says nothing about what arrives.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from contextvars import copy_context
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from searchsvc.errors import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")

BURST = 4.0
"""A burst waits so many times longer than what is more than can be answered."""
RECOVERY_SECONDS = 1.0
"""The bound stays tight for so long after the last refusal."""
_WEIGHT = 0.05  # of the latest run in the moving mean


class Permits:
    """Runs functions in threads, a bounded number at a time; for one event loop.

    The threads are its own: handing work to one of them and back costs a third of what a general
    pool takes for it.
    """

    def __init__(
        self, running: int, waiting: int, wait_ms: float = float("inf"), spared: int = 0
    ) -> None:
        """Make one that starts its threads when they are needed.

        Args:
            running: functions that run at the same time.
            waiting: that may wait, however fast they would have their turn.
            wait_ms: how long one may wait while the queue does not get empty; `BURST` times as
                long when it does.
            spared: so many that wait are never refused: a pause of the process, such as that of
                another generation being opened, is no overload.
        """
        self._spared = spared
        self._running = running
        self._most_waiting = waiting
        self._wait_ms = wait_ms
        self._wait_seconds = wait_ms / 1e3
        self._queue: SimpleQueue[_Turn | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._admitted = 0
        self._mean_seconds = 0.0
        self._nobody_waited_at = perf_counter()
        self._refused_at = float("-inf")

    @property
    def waiting(self) -> int:
        """Functions that wait for their turn."""
        return max(0, self._admitted - self._running)

    def check(self) -> None:
        """Let a request pass that will probably have its turn in time.

        Raises:
            OverloadedError: it will not, or as many as may wait are waiting.
        """
        ahead = self._admitted - self._running
        if ahead < 0:
            return
        if ahead >= self._most_waiting:
            raise OverloadedError(
                f"{self._most_waiting} requests are waiting already (SEARCHSVC_MAX_WAITING); "
                "try again in a second"
            )
        if ahead < self._spared:
            return
        if ahead and (ahead + 1) * self._mean_seconds / self._running > self._bound():
            raise self._too_late()

    async def run(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call `function` in a thread when its turn comes.

        Raises:
            OverloadedError: as many as may wait are waiting, or its turn did not come in time.
        """
        self.check()
        if len(self._threads) < self._running:
            self._start_thread()
        if self._admitted <= self._running:
            self._nobody_waited_at = perf_counter()
        turn = _Turn(lambda: function(*args, **kwargs), perf_counter() + self._bound())
        self._admitted += 1
        self._queue.put(turn)
        result: _T = await turn.future
        return result

    def close(self) -> None:
        """Let the threads go, each after what it is at."""
        for _ in self._threads:
            self._queue.put(None)
        self._threads = []

    def _bound(self) -> float:
        """How many seconds a request may wait that comes now."""
        now = perf_counter()
        is_burst = (
            now - self._nobody_waited_at < BURST * self._wait_seconds
            and now - self._refused_at > RECOVERY_SECONDS
        )
        return self._wait_seconds * (BURST if is_burst else 1)

    def _too_late(self) -> OverloadedError:
        self._refused_at = perf_counter()
        return OverloadedError(
            f"more requests arrive than can be answered within {self._wait_ms:g} ms "
            "(SEARCHSVC_MAX_WAIT_MS); try again in a second"
        )

    def _start_thread(self) -> None:
        name = f"search-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (turn := self._queue.get()) is not None:
            result, error = self._take(turn)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                turn.loop.call_soon_threadsafe(self._end, turn, result, error)

    def _take(self, turn: _Turn) -> tuple[object, Exception | None]:
        """What came of the turn that has come."""
        began = perf_counter()
        if self._queue.empty():
            self._nobody_waited_at = began
        if turn.future.cancelled():  # whoever asked has gone
            return None, None
        if began > turn.deadline and self._queue.qsize() >= self._spared:
            return None, self._too_late()
        try:
            return turn.context.run(turn.function), None
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            return None, error
        finally:
            self._mean_seconds += (perf_counter() - began - self._mean_seconds) * _WEIGHT

    def _end(self, turn: _Turn, result: object, error: Exception | None) -> None:
        self._admitted -= 1
        if turn.future.done():  # cancelled
            return
        if error is None:
            turn.future.set_result(result)
        else:
            turn.future.set_exception(error)


class _Turn:
    """A function to call once, and who waits for what it gives."""

    __slots__ = ("context", "deadline", "function", "future", "loop")

    def __init__(self, function: Callable[[], object], deadline: float) -> None:
        self.function = function
        self.context = copy_context()  # with the request that the log's lines name
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.deadline = deadline

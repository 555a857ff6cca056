"""Permits: how many searches run, and how many may wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from searchsvc.errors import OverloadedError

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Permits:
    """Runs searches in threads, a bounded number at a time.

    A queue without a bound would answer everybody late instead of nearly everybody in time.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(running)
        self._waiting = waiting

    async def run(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call `function` in a thread when its turn comes.

        Raises:
            OverloadedError: as many as may wait are waiting.
        """
        if self._limiter.statistics().tasks_waiting >= self._waiting > 0 or (
            not self._waiting and not self._limiter.available_tokens
        ):
            raise OverloadedError(
                f"{self._waiting} requests are waiting already (SEARCHSVC_MAX_WAITING); "
                "try again in a second"
            )
        return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._limiter)

"""A deadline: what happens when something else does not happen before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Deadline:
    """Calls something, unless it is cleared before."""

    __slots__ = ("_handle", "_loop", "_then")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] | None = None

    def set(self, seconds: float, then: Callable[[], None]) -> None:
        """Call `then` in so many seconds, and what was to be called not at all."""
        self.clear()
        self._then = then
        self._handle = self._loop.call_later(seconds, self._call)

    def keep(self, seconds: float, then: Callable[[], None]) -> None:
        """The same, unless `then` is going to be called anyway."""
        if self._then != then:
            self.set(seconds, then)

    def clear(self) -> None:
        """Call nothing."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = self._then = None

    def _call(self) -> None:
        then, self._handle, self._then = self._then, None, None
        if then is not None:
            then()

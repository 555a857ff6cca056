"""Killed processes: one that does the same thing again and again, until `SIGKILL` ends it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Work = Callable[[int], object]
"""Does something for the n-th time; returns once it is durable."""
_DIGITS = 12


@dataclass(frozen=True)
class Killed:
    """What became of a process.

    Attributes:
        acknowledged: the number of the last thing that it said was done; the one before the first
            where it said nothing.
        seconds: after which it was killed.
    """

    acknowledged: int
    seconds: float


def kill_while(work: Work, first: int, seconds: float) -> Killed:
    """Fork a process that works from number `first` on, and kill it after so many seconds.

    It acknowledges each number through a pipe, which outlives it.

    Raises:
        AssertionError: it ended by itself.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _work(work, first, writing)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    assert os.WIFSIGNALED(status), f"it ended with {os.waitstatus_to_exitcode(status)}"
    numbers = said[: len(said) - len(said) % _DIGITS]
    return Killed(int(numbers[-_DIGITS:] or first - 1), seconds)


def _work(work: Work, number: int, writing: int) -> None:
    """Never returns: what the test's process would do at its end is not for its copy to do."""
    parent = os.getppid()
    try:
        while os.getppid() == parent:
            work(number)
            os.write(writing, f"{number:0{_DIGITS}}".encode())
            number += 1
    except BaseException:  # noqa: BLE001 - whatever it is, the parent reports it
        import traceback  # noqa: PLC0415 - only here

        traceback.print_exc()
    os._exit(70)


def measured(work: Work, number: int) -> float:
    """How many seconds the work takes, done in a process of its own, too."""
    child = os.fork()
    if not child:
        try:
            work(number)
        except BaseException:  # noqa: BLE001 - the parent reports it
            os._exit(70)
        os._exit(0)
    begin = time.monotonic()
    _, status = os.waitpid(child, 0)
    assert not status, "it fails without being killed"
    return time.monotonic() - begin


def times(chance: Random, seconds: float, trials: int) -> list[float]:
    """When to kill: anywhere in a little more than the work takes."""
    return [chance.uniform(0.0, 1.5 * seconds) for _ in range(trials)]

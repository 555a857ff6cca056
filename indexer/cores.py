"""How many cores this process may use, and how it lets others go first."""

from __future__ import annotations

import os
from contextlib import suppress

LEAST_URGENT = 19
"""The niceness of work that nobody waits for."""


def available_cores() -> int:
    """Those of the process's CPU set, where the system has one; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def give_way(nice: int) -> None:
    """Let other processes go first, for the rest of this process's life.

    A nice process still takes its turn, and a request that arrives meanwhile waits for the turn to
    end: milliseconds. With `LEAST_URGENT`, where the system has such a policy, it runs only while
    nobody else wants the core and is interrupted at once; its reads and writes go last, too.

    Args:
        nice: 0 changes nothing, 19 gives way to everybody.
    """
    os.nice(nice)
    if nice >= LEAST_URGENT and hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

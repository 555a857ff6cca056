"""How many cores this process may use."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Those of the process's CPU set, where the system has one; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1

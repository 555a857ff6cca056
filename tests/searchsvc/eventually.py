"""Waiting in tests: for what another thread or process is about to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_SECONDS = 60.0


def eventually(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition` holds; fail when it never does."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("what the test waits for did not happen")
        time.sleep(0.005)

"""When it is time to learn again from an index's events."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from indexer.layout import IndexLayout, list_indexes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from searchsvc.schedule import Run

_log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 600.0
"""After a failure, or where too little is stored, if learning is not due more often anyway."""


class LearningTask:
    """Learns for each index whose learned file has become too old; a `searchsvc.schedule.Task`.

    When something is due is read from the file: services that share a data directory take turns,
    and a restart changes nothing. The command holds the index's lock, see
    `searchsvc.learning.lock`.

    Attributes:
        name: for logs.
        failures: of commands, since the service began.
    """

    def __init__(
        self, data_dir: Path, every_seconds: float, command: Callable[[str], Sequence[str]]
    ) -> None:
        """Describe what to run.

        Args:
            data_dir: of the indexes; new ones are found.
            every_seconds: how old a learned file may become.
            command: that learns from the events of the index it is given.
        """
        self.name = "learning"
        self.failures = 0
        self.command = command
        self._data_dir = data_dir
        self._every_seconds = every_seconds
        self._tried: dict[str, float] = {}
        self._empty: set[str] = set()

    def due(self) -> list[str]:
        """See `searchsvc.schedule.Task.due`."""
        return [index for index in list_indexes(self._data_dir) if self.is_due(index)]

    def is_due(self, index: str) -> bool:
        """Whether the index should be learned from now."""
        tried = self._tried.get(index)
        wait = min(RETRY_SECONDS, self._every_seconds)
        if tried is not None and time.monotonic() - tried < wait:
            return False
        try:
            learned = IndexLayout.of(self._data_dir, index).learned_file.stat().st_mtime
        except OSError:
            return True
        # A clock that was set back would otherwise put it off by as much.
        return not 0 <= time.time() - learned < self._every_seconds

    def ended(self, index: str, run: Run) -> None:
        """See `searchsvc.schedule.Task.ended`."""
        self._tried[index] = time.monotonic()
        if run.succeeded:
            self._told(index, run.seconds)
            return
        self.failures += 1
        _log.warning(
            "learning from the events of index %s failed (failure %d since the start): %s",
            index,
            self.failures,
            run.problem,
        )

    def _told(self, index: str, took: float) -> None:
        if IndexLayout.of(self._data_dir, index).learned_file.exists():
            self._empty.discard(index)
            _log.info("learned from the events of index %s in %.1f s", index, took)
        elif index not in self._empty:
            self._empty.add(index)
            _log.info("index %s has too few events to learn from", index)

"""The schedule: learning again from time to time, beside a service that answers meanwhile."""

from __future__ import annotations

import logging
import re
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final

from indexer.layout import IndexLayout, list_indexes
from searchsvc.errors import BadQueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 600.0
"""After a failure, or where too little is stored, if learning is not due more often anyway."""
_LOOK_SECONDS = 30.0
_STOP_SECONDS = 5.0
_SHOWN_CHARACTERS = 500
_UNITS: Mapping[str, float] = {"m": 60, "h": 3_600, "d": 86_400}
_PERIOD = re.compile(r"(\d{1,4})([mhd])")


def parse_period(text: str) -> float:
    """The seconds that ``30m``, ``6h`` or ``1d`` stand for.

    Raises:
        BadQueryError: it is no such period.
    """
    match = _PERIOD.fullmatch(text)
    if match is None or not int(match[1]):
        raise BadQueryError(f"{text!r} is no period, expected one such as 30m, 6h or 1d")
    return int(match[1]) * _UNITS[match[2]]


class Schedule:
    """Runs a command for each index whose learned file has become too old.

    It is a process of its own, so that a search never waits for it, nor shares its memory. When
    something is due is read from the file: services that share a data directory take turns, and a
    restart changes nothing. The command holds the index's lock, see `searchsvc.learning.lock`.

    Attributes:
        failures: of commands, since the service began.
    """

    def __init__(
        self,
        data_dir: Path,
        every_seconds: float,
        command: Callable[[str], Sequence[str]],
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """Make a schedule that is not running yet.

        Args:
            data_dir: of the indexes; new ones are found.
            every_seconds: how old a learned file may become.
            command: that learns from the events of the index it is given.
            look_seconds: how often to look for what is due.
        """
        self._data_dir = data_dir
        self._every_seconds = every_seconds
        self._command = command
        self._look_seconds = look_seconds
        self._tried: dict[str, float] = {}
        self._empty: set[str] = set()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="learning", daemon=True)
        self.failures = 0

    def start(self) -> None:
        """Begin to look for what is due."""
        self._thread.start()

    def stop(self) -> None:
        """End, and a running command with it."""
        with self._lock:
            self._stopped.set()
            if self._process is not None:
                self._process.terminate()
        self._thread.join(_STOP_SECONDS)

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

    def _run(self) -> None:
        # Not at once: a service that starts has enough to do.
        while not self._stopped.wait(self._look_seconds):
            try:
                self._learn_what_is_due()
            except Exception:  # noqa: BLE001 - nothing of this may end the schedule
                self.failures += 1
                _log.exception("learning failed; it is tried again")

    def _learn_what_is_due(self) -> None:
        for index in list_indexes(self._data_dir):
            if not self._stopped.is_set() and self.is_due(index):
                self._learn(index)

    def _learn(self, index: str) -> None:
        began = time.monotonic()
        with self._lock:
            if self._stopped.is_set():
                return
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                self._command(index),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        output, _ = self._process.communicate()
        took = time.monotonic() - began
        if self._stopped.is_set():
            return
        self._tried[index] = time.monotonic()
        if self._process.returncode == 0:
            self._told(index, took)
            return
        self.failures += 1
        _log.warning(
            "learning from the events of index %s failed (failure %d since the start): %s",
            index,
            self.failures,
            output.strip()[-_SHOWN_CHARACTERS:],
        )

    def _told(self, index: str, took: float) -> None:
        if IndexLayout.of(self._data_dir, index).learned_file.exists():
            self._empty.discard(index)
            _log.info("learned from the events of index %s in %.1f s", index, took)
        elif index not in self._empty:
            self._empty.add(index)
            _log.info("index %s has too few events to learn from", index)

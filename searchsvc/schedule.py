"""The schedule: commands that run from time to time, as processes of their own."""

from __future__ import annotations

import logging
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from searchsvc.errors import BadQueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0
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


@dataclass(frozen=True, slots=True)
class Run:
    """A command that has ended.

    Attributes:
        succeeded: whether it ended with exit code 0.
        seconds: that it took.
        output: what it wrote to standard output.
        errors: what it wrote to standard error, or why it could not be started.
    """

    succeeded: bool
    seconds: float
    output: str
    errors: str

    @classmethod
    def failed(cls, why: str) -> Run:
        """A run that did not even begin."""
        return cls(succeeded=False, seconds=0.0, output="", errors=why)

    @property
    def problem(self) -> str:
        """The end of what it said, for whoever has to find out why it failed."""
        return (self.output + self.errors).strip()[-_SHOWN_CHARACTERS:]


class Task(Protocol):
    """Work that falls due again and again.

    Attributes:
        name: what it is, for logs.
    """

    name: str

    def due(self) -> Iterable[str]:
        """The indexes for which it is to be done now."""
        ...

    def command(self, index: str) -> Sequence[str]:
        """The command line that does it for `index`."""
        ...

    def ended(self, index: str, run: Run) -> None:
        """The command for `index` has ended; not told of one that was stopped."""
        ...


class Schedule:
    """Runs a task's commands as they fall due, one at a time.

    Each is a process of its own, so that a search never waits for it, nor shares its memory, and
    what it took is free again when it ends.
    """

    def __init__(self, task: Task, look_seconds: float = LOOK_SECONDS) -> None:
        """Make a schedule that is not running yet.

        Args:
            task: what to run.
            look_seconds: how often to look for what is due, and how long to wait at first: a
                service that starts has enough to do.
        """
        self._task = task
        self._look_seconds = look_seconds
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name=task.name, daemon=True)

    def start(self) -> None:
        """Begin to look for what is due."""
        self._thread.start()

    def stop(self) -> None:
        """End, and a running command with it."""
        with self._lock:
            self._stopped.set()
            process = self._process
            if process is not None:
                process.terminate()
        self._thread.join(_STOP_SECONDS)
        if process is not None and self._thread.is_alive():
            process.kill()
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(self._look_seconds):
            try:
                for index in self._task.due():
                    self._run_for(index)
            except Exception:  # noqa: BLE001 - nothing of this may end the schedule
                _log.exception("%s failed; it is tried again", self._task.name)

    def _run_for(self, index: str) -> None:
        began = time.monotonic()
        with self._lock:
            if self._stopped.is_set():
                return
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own command line
                    self._task.command(index),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            except OSError as error:
                self._task.ended(index, Run.failed(f"it cannot be started: {error}"))
                return
        output, errors = self._process.communicate()
        if self._stopped.is_set():
            return
        succeeded = self._process.returncode == 0
        self._task.ended(index, Run(succeeded, time.monotonic() - began, output, errors))

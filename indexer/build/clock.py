"""The clock of a build: measures its stages while it passes them on."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.build.progress import Progress


@dataclass(slots=True)
class Clock:
    """A `Progress` that tells another one and notes the seconds of each stage."""

    inner: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: str = ""
    _begin: float = 0.0

    def start(self, stage: str, total: int | None) -> None:
        """See `Progress.start`."""
        self.stop()
        self._stage, self._begin = stage, perf_counter()
        self.inner.start(stage, total)

    def advance(self, amount: int) -> None:
        """See `Progress.advance`."""
        self.inner.advance(amount)

    def wait(self) -> None:
        """Another process is writing; see `indexer.publish.writer`."""
        self.start("waiting for another writer", None)

    def stop(self) -> None:
        """The current stage has ended, and no other begins."""
        if self._stage:
            self.seconds[self._stage] = round(perf_counter() - self._begin, 3)
            self._stage = ""

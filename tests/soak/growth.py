"""What the processes of a service hold, looked at again and again."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

_GENERATION = re.compile(r"/generations/(g\d+-[0-9a-f]+)/")
_PERIOD_SECONDS = 0.5


@dataclass(frozen=True)
class Sample:
    """Of all processes together, at a moment.

    Attributes:
        at: seconds since the first.
        memory: bytes in proportion to who shares them (PSS), without the pages of files: those
            are the index, which grows and shrinks with the catalogue.
        files: that are open, sockets included.
    """

    at: float
    memory: int
    files: int


@dataclass
class Watch:
    """Takes samples of a process and its workers, in a thread."""

    pid: int
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_PERIOD_SECONDS):
            self.samples.append(sample(self.pid, time.monotonic() - self._began))

    def growth(self, of: Callable[[Sample], int], after: float) -> tuple[float, float]:
        """How much something grew, by the line of least squares through its later samples.

        Args:
            of: what of each sample.
            after: the share of the time that is left out, in which caches fill.

        Returns:
            The growth over the rest of the time, and the median.
        """
        kept = [it for it in self.samples if it.at >= after * self.samples[-1].at]
        slope, _ = np.polyfit([it.at for it in kept], [of(it) for it in kept], 1)
        return float(slope * (kept[-1].at - kept[0].at)), float(np.median([of(it) for it in kept]))


def sample(pid: int, at: float = 0.0) -> Sample:
    """What the service whose first process is `pid` holds now."""
    processes = family(pid)
    return Sample(at, sum(map(_memory, processes)), sum(map(_files, processes)))


def family(pid: int) -> Sequence[int]:
    """The process and its workers; not what changes products and ends again."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children if _is_worker(child))]


def generations(pid: int) -> set[str]:
    """Those of which a process of the service maps files."""
    text = "".join(Path(f"/proc/{one}/maps").read_text() for one in family(pid))
    return set(_GENERATION.findall(text))


def _is_worker(pid: str) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def _memory(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.findall(r"^Pss_Anon:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[0]) * 1_024


def _files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))

"""The memory of processes, as Linux accounts for it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

_PROC = Path("/proc")
_KILO = 1024
_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)")


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in bytes.

    Attributes:
        rss: in memory.
        pss: in memory, what several processes share divided among them.
        private: in memory, of this process alone.
        shared: in memory, of several processes.
        anonymous: in memory, and of no file: what the process allocated.
        files: in memory, of each file that is mapped.
    """

    rss: int
    pss: int
    private: int
    shared: int
    anonymous: int
    files: dict[Path, int]

    @classmethod
    def of(cls, pid: int) -> Memory:
        """That of the process `pid`.

        Raises:
            BenchmarkError: this system does not tell.
        """
        directory = _PROC / str(pid)
        try:
            rollup = (directory / "smaps_rollup").read_text("utf-8")
            maps = (directory / "smaps").read_text("utf-8")
        except OSError as error:
            raise BenchmarkError(
                f"the memory of process {pid} cannot be read ({error.strerror}); measure on Linux"
            ) from error
        sums = _kilobytes(rollup)
        return cls(
            rss=sums["Rss"],
            pss=sums["Pss"],
            private=sums["Private_Clean"] + sums["Private_Dirty"],
            shared=sums["Shared_Clean"] + sums["Shared_Dirty"],
            anonymous=sums["Anonymous"],
            files=_resident_files(maps),
        )

    def to_dict(self) -> dict[str, int]:
        """The sums, as JSON has them."""
        names = ("rss", "pss", "private", "shared", "anonymous")
        return {name: getattr(self, name) for name in names}


def family(pid: int) -> list[int]:
    """`pid` and all processes below it, ascending."""
    parents = {}
    for status in _PROC.glob("[0-9]*/stat"):
        try:
            # The name, which may hold anything, stands in the last pair of brackets.
            fields = status.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        parents[int(status.parent.name)] = int(fields[1])
    found, new = {pid}, {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return sorted(found)


def _kilobytes(text: str) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if rest.endswith(" kB"):
            sums[name] += int(rest[:-3]) * _KILO
    return sums


def _resident_files(maps: str) -> dict[Path, int]:
    resident: Counter[Path] = Counter()
    path = None
    for line in maps.splitlines():
        mapping = _MAPPING.fullmatch(line)
        if mapping:
            path = Path(mapping[1]) if mapping[1].startswith("/") else None
        elif path is not None and line.startswith("Rss:"):
            resident[path] += int(line.split()[1]) * _KILO
    return dict(resident)

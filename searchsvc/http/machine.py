"""The machine: what its kernel says about the service's processes and its disk, when asked.

The collector of `prometheus_client` knows one process. Here each worker answers for all: those
that count in the shared directory are known by the names of their files there.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

MULTIPROCESS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where worker processes share their counts; to be set before `prometheus_client` is imported."""
_COUNTS_FILE = re.compile(r"\w+_(\d+)\.db")
_PROC = Path("/proc")
_KIB = 1_024
# Of /proc/PID/stat behind the command's name, which may have spaces; see proc(5).
_USER_TICKS, _SYSTEM_TICKS, _START_TICKS = 11, 12, 19


class Machine(Collector):
    """Processes by their pid, and the disk of the data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def collect(self) -> Iterator[Metric]:
        """The families; none of processes where there is no ``/proc``."""
        yield from self._processes()
        with suppress(OSError):
            disk = os.statvfs(self._data_dir)
            for name, blocks in (("free", disk.f_bavail), ("size", disk.f_blocks)):
                text = f"Bytes of the data directory's disk: {name}."
                yield GaugeMetricFamily(
                    f"searchsvc_disk_{name}_bytes", text, value=blocks * disk.f_frsize
                )

    @staticmethod
    def _processes() -> Iterator[Metric]:
        label = ("pid",)
        resident = GaugeMetricFamily(
            "searchsvc_process_resident_memory_bytes",
            "Memory of a process, with the files of indexes that all processes share.",
            labels=label,
        )
        own = GaugeMetricFamily(
            "searchsvc_process_own_memory_bytes", "Memory of a process alone.", labels=label
        )
        files = GaugeMetricFamily(
            "searchsvc_process_open_files", "Open files and connections.", labels=label
        )
        cpu = CounterMetricFamily(
            "searchsvc_process_cpu_seconds", "Processor time, user and system.", labels=label
        )
        started = GaugeMetricFamily(
            "searchsvc_process_start_time_seconds",
            "When a process started, in seconds since the epoch.",
            labels=label,
        )
        booted = _boot_time()
        for pid in pids():
            with suppress(OSError, ValueError, IndexError):  # it has just ended, or no Linux
                stat = _stat(pid)
                memory = _memory(pid)
                key = (str(pid),)
                tick = os.sysconf("SC_CLK_TCK")
                files.add_metric(key, len(list((_PROC / str(pid) / "fd").iterdir())))
                resident.add_metric(key, memory.get("VmRSS", 0))
                own.add_metric(key, memory.get("RssAnon", 0))
                cpu.add_metric(key, (int(stat[_USER_TICKS]) + int(stat[_SYSTEM_TICKS])) / tick)
                started.add_metric(key, booted + int(stat[_START_TICKS]) / tick)
        yield from (resident, own, files, cpu, started)


def pids() -> list[int]:
    """The processes that answer: this one, or all that share a directory of counts and live."""
    shared = os.environ.get(MULTIPROCESS_VARIABLE)
    if shared is None:
        return [os.getpid()]
    found = (_COUNTS_FILE.fullmatch(path.name) for path in Path(shared).iterdir())
    known = {int(match[1]) for match in found if match}
    return sorted(pid for pid in known if (_PROC / str(pid)).exists())


def _stat(pid: int) -> list[str]:
    text = (_PROC / str(pid) / "stat").read_text()
    return text.rpartition(")")[2].split()


def _memory(pid: int) -> dict[str, int]:
    """Bytes by the names of ``/proc/PID/status``."""
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    found = {}
    for line in lines:
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[name] = int(value.removesuffix(" kB")) * _KIB
    return found


def _boot_time() -> float:
    with suppress(OSError):
        for line in (_PROC / "stat").read_text().splitlines():
            if line.startswith("btime "):
                return float(line.split()[1])
    return 0.0

"""What the kernel says of the service's processes and its disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from searchsvc.http.machine import MULTIPROCESS_VARIABLE, Machine, pids


def told(data_dir: Path) -> dict[str, dict[str, float]]:
    """The values by name and pid."""
    registry = CollectorRegistry()
    registry.register(Machine(data_dir))
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[sample.labels.get("pid", "")] = sample.value
    return found


def test_this_process_and_the_disk_are_told(tmp_path: Path) -> None:
    found = told(tmp_path)
    me = str(os.getpid())
    before = found["searchsvc_process_open_files"][me]
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        assert told(tmp_path)["searchsvc_process_open_files"][me] == before + 2
    resident = found["searchsvc_process_resident_memory_bytes"][me]
    assert 0 < found["searchsvc_process_own_memory_bytes"][me] <= resident
    assert found["searchsvc_process_cpu_seconds_total"][me] > 0
    started = found["searchsvc_process_start_time_seconds"][me]
    assert (tmp_path.stat().st_mtime - 86_400) < started <= tmp_path.stat().st_mtime + 1
    disk = os.statvfs(tmp_path)
    assert found["searchsvc_disk_size_bytes"][""] == disk.f_blocks * disk.f_frsize
    assert 0 <= found["searchsvc_disk_free_bytes"][""] <= found["searchsvc_disk_size_bytes"][""]


def test_processes_that_share_counts_are_told_by_any_of_them_as_long_as_they_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as other:
        for name in (f"counter_{other.pid}.db", f"gauge_livesum_{os.getpid()}.db", "else.db"):
            (tmp_path / name).touch()
        monkeypatch.setenv(MULTIPROCESS_VARIABLE, str(tmp_path))
        assert pids() == sorted((other.pid, os.getpid()))
        cpu = told(tmp_path)["searchsvc_process_cpu_seconds_total"]
        assert set(cpu) == {str(other.pid), str(os.getpid())}
        other.communicate(b"\n")
    assert pids() == [os.getpid()]


def test_without_a_directory_nothing_is_told_of_the_disk(tmp_path: Path) -> None:
    assert "searchsvc_disk_size_bytes" not in told(tmp_path / "absent")

"""Checks of the machine: open files, and the port; how much memory there is."""

from __future__ import annotations

import http.client
import os
import resource
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from searchsvc.doctor.finding import failure, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.doctor.finding import Patient, Said

FEWEST_FILES = 4_096
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_PATIENCE_SECONDS = 2.0
_ALIVE = 200


def open_files(_: Patient) -> Iterator[Said]:
    """Whether as many connections may be open as can wait."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FEWEST_FILES:
        yield warning(
            f"a process may have {soft:,} files and connections open (at most {hard:,}), expected "
            f"{FEWEST_FILES:,}",
            f"LimitNOFILE={16 * FEWEST_FILES} in the unit, or 'ulimit -n' in the shell",
        )
    else:
        yield ok("enough files may be open")


def port(patient: Patient) -> Iterator[Said]:
    """Whether the service can listen, or does."""
    where = f"{patient.host}:{patient.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            patient.host, patient.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if _answers(patient):
            yield ok(f"a service answers at {where}")
            return
        yield failure(
            f"nobody can listen at {where} ({error.strerror or error})",
            "stop what listens there, or choose another address by --host and --port",
        )
        return
    yield ok(f"{where} is free")


def memory_bytes() -> int:
    """The memory that this process may use: of the machine, or of its container."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(physical, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # "max", or no container
        return physical


def _answers(patient: Patient) -> bool:
    host = "127.0.0.1" if patient.host in ("0.0.0.0", "") else patient.host  # noqa: S104 - asked, not bound
    connection = http.client.HTTPConnection(host, patient.port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == _ALIVE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

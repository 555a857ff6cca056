"""A small disk of its own, to be filled or made read-only: a file system in memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

_BALLAST = "ballast"


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system.

    Attributes:
        root: where it is mounted.
    """

    root: Path

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    @contextmanager
    def filled(self, free: int = 0) -> Generator[None]:
        """Leave no more than so many bytes in the body."""
        ballast = self.root / _BALLAST
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(self.free - free, 1))
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Generator[None]:
        """Let nobody write in the body, root neither."""
        self._remount("ro")
        try:
            yield
        finally:
            self._remount("rw")

    def _remount(self, how: str) -> None:
        subprocess.run(["/bin/mount", "-o", f"remount,{how}", self.root], check=True)


@contextmanager
def small_disk(root: Path, size: str) -> Generator[SmallDisk]:
    """Mount one at the new directory `root`; skips the test where that is not permitted."""
    root.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", root]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here ({error})")
    try:
        yield SmallDisk(root)
    finally:
        with suppress(subprocess.CalledProcessError):
            # What a test has mapped is let go of by and by.
            subprocess.run(["/bin/umount", "--lazy", root], check=True)

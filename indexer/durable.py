"""Durable files: replaced completely or not at all, whenever the process or the machine stops."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_durably(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Replace the file at `path` by `data`, completely or not at all.

    One writer at a time: the data goes into one file aside of a fixed name, which the next writer
    reuses when this one dies.

    Args:
        path: of the file.
        data: all that it is to hold.
        mode: its permissions, such as ``0o600`` for what only its owner may read; by default those
            that new files get.
    """
    aside = path.with_name(f".{path.name}.new")
    with aside.open("wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    flush(path.parent)


def remove_durably(path: Path) -> None:
    """Remove the file at `path`; nothing happens when there is none."""
    path.unlink(missing_ok=True)
    flush(path.parent)


def make_directory(path: Path, *, mode: int = 0o777) -> None:
    """Have a directory at `path`, and each that it is in, also after the power was cut.

    Args:
        path: of the directory.
        mode: its permissions where it is made now, less the umask.
    """
    missing = [it for it in (path, *path.parents) if not it.exists()]
    path.mkdir(mode, parents=True, exist_ok=True)
    for made in reversed(missing):
        flush(made.parent)


def link(source: Path, target: Path) -> None:
    """Have the file at `source` at `target`, too; as a copy where the disk cannot link files.

    A linked file costs nothing, and whoever has mapped the one has mapped the other. Neither may
    be changed any more.
    """
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def flush(path: Path) -> None:
    """Have the file or the directory's entries at `path` on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

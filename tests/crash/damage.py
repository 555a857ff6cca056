"""Damage: what can happen to a file, and where."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True)
class Damage:
    """Something that can happen to a file.

    Attributes:
        name: for messages.
        happen: does it; the file is a file of its own, no link to another one.
    """

    name: str
    happen: Callable[[Path], None]


def flip(place: float) -> Damage:
    """Other bits in the byte at `place`, 0 the first, 1 the last."""

    def happen(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[round(place * (len(data) - 1))] ^= 0x55
        path.write_bytes(data)

    return Damage(f"flip at {place:.4f}", happen)


def cut(place: float, fewer: int = 0) -> Damage:
    """Nothing from `place` on, and so many bytes `fewer`."""

    def happen(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: max(round(place * len(data)) - fewer, 0)])

    return Damage(f"cut at {place} - {fewer}", happen)


def zero(place: float, count: int = 512) -> Damage:
    """Zeros where a block was that the disk has lost."""

    def happen(path: Path) -> None:
        data = bytearray(path.read_bytes())
        begin = round(place * (len(data) - 1))
        end = min(begin + count, len(data))
        data[begin:end] = b"\0" * (end - begin)
        path.write_bytes(data)

    return Damage(f"zeros from {place:.4f}", happen)


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


SHAPE = (
    cut(0),
    cut(1, 1),
    cut(0.5),
    Damage("one more byte", _longer),
    Damage("removed", Path.unlink),
    Damage("a directory", _directory),
)
"""What can be seen without reading the file."""
CONTENT = (flip(0), flip(0.01), flip(0.5), flip(1), zero(0), zero(0.5))


def flips(chance: Random, count: int) -> Iterator[Damage]:
    """Flips anywhere."""
    for _ in range(count):
        yield flip(chance.random())


def copied(source: Path, target: Path) -> None:
    """Copy an index so that no file of the copy is a link."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)

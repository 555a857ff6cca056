"""A finding: what one check saw, how bad it is, and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from searchsvc.settings import Settings

_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Level(IntEnum):
    """How bad it is; the worst is the exit code of the command."""

    OK = 0
    WARNING = 1
    FAILURE = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        check: its name.
        level: how bad it is.
        message: what was found, and what was expected.
        remedy: what to do; empty where nothing has to be done.
    """

    check: str
    level: Level
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """The installation that is examined.

    Attributes:
        settings: of the service.
        host: that it listens at.
        port: the same.
        deep: whether every byte is read.
    """

    settings: Settings
    host: str = "127.0.0.1"
    port: int = 8000
    deep: bool = False


Said: TypeAlias = tuple[Level, str, str]
"""Level, message and remedy."""
Check: TypeAlias = Callable[[Patient], Iterator[Said]]
"""Looks at one thing; more than one finding where there is more than one to be done."""


def ok(message: str) -> Said:
    """All is well."""
    return Level.OK, message, ""


def warning(message: str, remedy: str) -> Said:
    """The service runs, and something should be seen to."""
    return Level.WARNING, message, remedy


def failure(message: str, remedy: str) -> Said:
    """The service does not run, or not as it should."""
    return Level.FAILURE, message, remedy


def size(count: float) -> str:
    """`count` bytes for people, in the largest unit of which there is one."""
    unit, name = next(it for it in _UNITS if count >= it[0] or it is _UNITS[-1])
    return f"{count / unit:,.1f} {name}"

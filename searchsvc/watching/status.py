"""The status of a watched feed: when it was read last, and whether that went well."""

from __future__ import annotations

import random
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.durable import write_durably
from indexer.layout import IndexLayout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_RETRY_SECONDS = 60.0
"""Between a first failure and the next try; twice as long after each further one."""
LONGEST_RETRY_SECONDS = 3_600.0
"""Between two tries of a feed that keeps failing, unless its period is longer."""
JITTER = 0.1
"""Share by which a pause is longer or shorter, so that shops do not all ask at the full hour."""
_MOST_DOUBLINGS = 20
_FILE = "watch.json"


class WatchStatus(BaseModel):
    """What came of the last look at a feed.

    Attributes:
        location: SHA-256 of the feed's location, which may hold a password.
        checked: when the last run ended, in seconds since the epoch, as all times here.
        due: when the next one is to begin.
        succeeded: when the index was last known to be the feed; ``None`` if it never was.
        changed: when a run last published something new.
        failures: runs that failed since the last success.
        problem: why the last one failed; empty after a success.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    location: str
    checked: float
    due: float
    succeeded: float | None = None
    changed: float | None = None
    failures: int = Field(0, ge=0)
    problem: str = ""

    @classmethod
    def read(cls, layout: IndexLayout) -> Self | None:
        """The status of an index's feed; ``None`` where none is known."""
        try:
            return cls.model_validate_json((layout.root / _FILE).read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, layout: IndexLayout) -> None:
        """Replace the index's status."""
        layout.make()
        write_durably(layout.root / _FILE, self.model_dump_json(indent=1).encode())


def statuses(data_dir: Path) -> Iterator[tuple[str, WatchStatus]]:
    """Every watched index with its status, by name; also of those that were never published."""
    for path in sorted(data_dir.glob(f"*/{_FILE}")):
        status = WatchStatus.read(IndexLayout(path.parent.name, path.parent))
        if status is not None:
            yield path.parent.name, status


def location_digest(location: str) -> str:
    """What a feed's location is known by."""
    return sha256(location.encode()).hexdigest()


def pause_seconds(every_seconds: float, failures: int) -> float:
    """How long to wait for the next run after so many `failures` in a row."""
    if not failures:
        return every_seconds
    doubled: float = FIRST_RETRY_SECONDS * 2 ** min(failures - 1, _MOST_DOUBLINGS)
    return min(doubled, max(every_seconds, LONGEST_RETRY_SECONDS))


def jittered(seconds: float) -> float:
    """`seconds`, a little more or less."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, no secret

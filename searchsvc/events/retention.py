"""Retention: how long events are kept, and the thread that deletes and erases older ones."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from random import SystemRandom
from typing import Protocol

from searchsvc.errors import SearchServiceError

_log = logging.getLogger(__name__)
# Its own: the state of the shared generator is for those who seed it.
_RANDOM = SystemRandom()

_MS = 1_000
DAY_MS = 86_400 * _MS
PURGE_SECONDS = 3_600.0
"""How often what is too old is deleted, give or take a fifth: workers seldom do it at once."""
ERASE_SECONDS = 15.0
"""How soon the bytes of a deleted user are looked for again; twice as long after each failure."""


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """The times that an event may have, in milliseconds since the epoch.

    Attributes:
        now_ms: when it arrived.
        oldest_ms: what is older would be deleted at once.
        latest_ms: a clock may be wrong by this much.
    """

    now_ms: int
    oldest_ms: int
    latest_ms: int

    @classmethod
    def until(cls, arrived_ms: int, retention_days: int) -> Span:
        """The span of an event that arrives at `arrived_ms`."""
        return cls(arrived_ms, arrived_ms - retention_days * DAY_MS, arrived_ms + DAY_MS)

    def checked(self, time_ms: int | None) -> int:
        """`time_ms`; now for ``None``.

        Raises:
            ValueError: it is not in the span; the message says so.
        """
        if time_ms is None:
            return self.now_ms
        if time_ms < self.oldest_ms:
            days = (self.now_ms - self.oldest_ms) // DAY_MS
            raise ValueError(
                f"found {time_ms}, which is more than {days} days ago, expected milliseconds "
                "since 1970; older events are not kept (SEARCHSVC_RETENTION_DAYS)"
            )
        if time_ms > self.latest_ms:
            raise ValueError(
                f"found {time_ms}, which is more than a day ahead, expected milliseconds since "
                "1970; is the clock right?"
            )
        return time_ms


class EventKeeper(Protocol):
    """Where events are kept; see `searchsvc.state`."""

    def purge(self, before_ms: int) -> int:
        """Delete the events before `before_ms`; how many it were."""
        ...

    def erase(self) -> bool:
        """Erase what deletions left in the files; whether nothing is left to be erased."""
        ...


class Retention:
    """Deletes events that are older than `days`, at its start and about every hour.

    In between it completes, within seconds, deletions of users that others were in the way of.
    """

    def __init__(
        self,
        keeper: EventKeeper,
        days: int,
        seconds: float = PURGE_SECONDS,
        erase_seconds: float = ERASE_SECONDS,
    ) -> None:
        """Make one that does nothing yet.

        Args:
            keeper: of the events.
            days: that events are kept.
            seconds: between two purges, on average.
            erase_seconds: between two looks for what is to be erased, on average.
        """
        self._keeper = keeper
        self._days = days
        self._seconds = seconds
        self._erase_seconds = erase_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Purge now, and from now on."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Purge no more; waits for one that runs at most `seconds`."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        wait = self._erase_seconds
        purge_at = time.monotonic()
        while True:
            if time.monotonic() >= purge_at:
                self._purge()
                purge_at = time.monotonic() + _about(self._seconds)
            else:
                wait = self._erase_seconds if self._erase() else min(2 * wait, self._seconds)
            if self._stop.wait(min(_about(wait), max(0.0, purge_at - time.monotonic()))):
                return

    def _purge(self) -> None:
        try:
            purged = self._keeper.purge(now_ms() - self._days * DAY_MS)
        except SearchServiceError as error:
            _log.warning("events older than %d days are still there: %s", self._days, error)
        except Exception:  # noqa: BLE001 - whatever it is, the next hour is tried
            _log.exception("events older than %d days are still there", self._days)
        else:
            if purged:
                # Told loudly: whoever imported a long history did not mean the default.
                _log.warning(
                    "deleted %d events older than %d days (SEARCHSVC_RETENTION_DAYS)",
                    purged,
                    self._days,
                )

    def _erase(self) -> bool:
        try:
            return self._keeper.erase()
        except SearchServiceError as error:
            _log.warning("deleted users may still be in the files: %s", error)
        except Exception:  # noqa: BLE001 - whatever it is, it is tried again
            _log.exception("deleted users may still be in the files")
        return False


def _about(seconds: float) -> float:
    """`seconds`, give or take a fifth."""
    return seconds * _RANDOM.uniform(0.8, 1.2)

"""Profiles: those of the shoppers who search just now, read from the state store beside searches.

A search waits a few milliseconds for a profile at most. What comes later serves the next search,
and a database that is gone costs personalization and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from searchsvc.errors import EventsUnavailableError, SearchServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from searchsvc.learned.tastes import Tastes
    from searchsvc.segments.profile import Profile
    from searchsvc.segments.situation import History

_log = logging.getLogger(__name__)

KEPT = 10_000
"""Profiles."""
FRESH_SECONDS = 30.0
"""After which a profile is read again."""
KEPT_SECONDS = 60.0
"""After which one that could not be read again is used and kept no longer."""
_MOST_WAITING = 64
_THREADS = 2
_PAUSE_SECONDS = 5.0


class ProfileStore(Protocol):
    """What is needed of `searchsvc.state.store.StateStore`."""

    def user_key(self, token: str) -> str:
        """The key of the user with `token`."""
        ...

    def profile(self, index: str, user: str) -> Profile:
        """What is known of a user."""
        ...


def no_profiles() -> ProfileStore:
    """No store, for a process that keeps nothing of anybody."""
    raise EventsUnavailableError("no events are stored here")


@dataclass(slots=True)
class Known:
    """A profile, and what was made of it for one snapshot and one model.

    Attributes:
        history: for conditions, and the object that it was made for.
        tastes: of the user, and the model that they were made for.
        alike: learned segments that the user is in, and the centroids that they were compared to.
    """

    profile: Profile
    read_at: float
    history: tuple[object, History] | None = None
    tastes: tuple[object, Tastes | None] | None = None
    alike: tuple[object, tuple[str, ...]] | None = None


@dataclass(slots=True)
class _Reads:
    pending: dict[tuple[str, str], Future[None]] = field(default_factory=dict)
    paused_until: float = 0.0


class Profiles:
    """The lately used profiles; to be used from any thread."""

    def __init__(self, store: Callable[[], ProfileStore], timeout_ms: float) -> None:
        """Make an empty cache.

        Args:
            store: gives the state store, or raises a `SearchServiceError` while there is none.
            timeout_ms: how long a search waits for a profile.
        """
        self._store = store
        self._timeout = timeout_ms / 1e3
        self._kept: OrderedDict[tuple[str, str], Known] = OrderedDict()
        self._reads = _Reads()
        self._lock = threading.Lock()
        self._forgotten = 0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="profiles")

    def user_key(self, token: str) -> str | None:
        """The key of the user with `token`; ``None`` while there is no state store."""
        try:
            return self._store().user_key(token)
        except SearchServiceError:
            return None

    def get(self, index: str, user: str) -> Known | None:
        """The profile of a user; ``None`` where it cannot be had in time."""
        key = index, user
        with self._lock:
            known = self._kept.get(key)
            if known is not None and monotonic() - known.read_at < FRESH_SECONDS:
                self._kept.move_to_end(key)
                return known
            read = self._begin(key)
        if read is not None:
            wait((read,), self._timeout)
        with self._lock:
            # One that is no longer fresh is better than none, for a while.
            known = self._kept.get(key)
            return None if known is None or _is_old(known) else known

    @property
    def kept(self) -> int:
        """How many profiles are in memory."""
        return len(self._kept)

    def sweep(self) -> None:
        """Drop what is kept no longer."""
        with self._lock:
            for key in [key for key, known in self._kept.items() if _is_old(known)]:
                del self._kept[key]

    def read(self, index: str, user: str) -> Known:
        """The profile as it is stored now; nothing of it is kept.

        Raises:
            SearchServiceError: it cannot be read.
        """
        return Known(self._store().profile(index, user), monotonic())

    def forget(self, user: str) -> None:
        """Drop the profiles of a user, also those that are being read."""
        with self._lock:
            self._forgotten += 1
            for key in [key for key in self._kept if key[1] == user]:
                del self._kept[key]

    def close(self) -> None:
        """Read no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, key: tuple[str, str]) -> Future[None] | None:
        """Have a profile read, unless it is being read already or that would be in vain."""
        pending = self._reads.pending
        if key in pending:
            return pending[key]
        if len(pending) >= _MOST_WAITING or monotonic() < self._reads.paused_until:
            return None
        pending[key] = self._pool.submit(self._read, key, self._forgotten)
        return pending[key]

    def _read(self, key: tuple[str, str], forgotten: int) -> None:
        profile = None
        try:
            profile = self._store().profile(*key)
        except SearchServiceError as error:
            _log.warning("no profiles for %g seconds: %s", _PAUSE_SECONDS, error)
        except Exception:  # noqa: BLE001 - the search goes on, and the thread must, too
            _log.exception("a profile cannot be read")
        with self._lock:
            self._reads.pending.pop(key, None)
            if profile is None:
                self._reads.paused_until = monotonic() + _PAUSE_SECONDS
            elif forgotten == self._forgotten:
                self._kept[key] = Known(profile, monotonic())
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)


def _is_old(known: Known) -> bool:
    return monotonic() - known.read_at >= KEPT_SECONDS

"""The storage of a process: its state store, opened beside the service, and who writes to it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from searchsvc.errors import EventsUnavailableError, SearchServiceError
from searchsvc.events.retention import Retention
from searchsvc.events.writer import EventWriter, WriterObserver, loggable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from searchsvc.events.event import Event
    from searchsvc.events.writer import Outcome
    from searchsvc.state.store import StateStore

_log = logging.getLogger(__name__)

FIRST_SECONDS = 3.0
"""How long the start of the service waits for its store: SQLite takes milliseconds."""
RETRY_SECONDS = 5.0
"""Between two tries to open it."""
_CLOSE_SECONDS = 2.0


class StorageObserver(WriterObserver, Protocol):
    """Told of what becomes of the store, and of what is written to it."""

    def state_opened(self, *, is_open: bool) -> None:
        """It is open, or cannot be opened."""
        ...


class Storage:
    """Opens the state store as soon as it can be; searches never wait for it.

    Attributes:
        events: stores what shoppers did.
    """

    def __init__(
        self, open_store: Callable[[], StateStore], observer: StorageObserver, retention_days: int
    ) -> None:
        """Make one that opens nothing yet: processes fork, connections do not.

        Args:
            open_store: opens the store.
            observer: of the writer.
            retention_days: that events are kept.
        """
        self._open = open_store
        self._observer = observer
        self._store: StateStore | None = None
        self._refusal: str | None = None
        self._stop = threading.Event()
        self._tried = threading.Event()
        self._opener = threading.Thread(target=self._keep_opening, name="opener", daemon=True)
        self._retention = Retention(self, retention_days)
        self.events = EventWriter(self, observer)

    def start(self) -> None:
        """Open the store, now or later, and begin to write."""
        self.events.start()
        self._opener.start()
        self._tried.wait(FIRST_SECONDS)

    def close(self) -> None:
        """Write what is queued, and close the store."""
        self._stop.set()
        self.events.close()
        if self._opener.ident is not None:
            self._opener.join(_CLOSE_SECONDS)
        self._retention.close(_CLOSE_SECONDS)
        if self._store is not None:
            self._store.close()

    @property
    def state(self) -> StateStore:
        """The store.

        Raises:
            EventsUnavailableError: it is not open yet.
        """
        if self._store is None:
            starting = self._refusal is None
            why = "the service is starting" if starting else "the service's log has the details"
            raise EventsUnavailableError(
                f"the database of events is not open: {why}. It is tried again; searches are "
                "answered all the same."
            )
        return self._store

    def append_each(self, batches: Sequence[Sequence[Event]]) -> Sequence[Outcome]:
        """See `searchsvc.events.writer.EventStore`."""
        return self.state.append_each(batches)

    def purge(self, before_ms: int) -> int:
        """See `searchsvc.events.retention.EventKeeper`."""
        return self.state.purge(before_ms)

    def erase(self) -> bool:
        """See `searchsvc.events.retention.EventKeeper`."""
        return self.state.erase()

    def _keep_opening(self) -> None:
        while not self._stop.is_set():
            try:
                self._store = self._open()
            except Exception as error:  # noqa: BLE001 - searches are served whatever it is
                self._refuse(error)
                self._tried.set()
                self._stop.wait(RETRY_SECONDS)
            else:
                self._tried.set()
                self._observer.state_opened(is_open=True)
                self._retention.start()
                return

    def _refuse(self, error: Exception) -> None:
        """Remember why the store is not open; the log tells once, and nobody else is told."""
        self._observer.state_opened(is_open=False)
        reason = str(error) if isinstance(error, SearchServiceError) else type(error).__name__
        if reason != self._refusal:
            _log.error("events cannot be stored: %s", loggable(error))
        self._refusal = reason

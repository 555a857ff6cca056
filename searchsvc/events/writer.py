"""The writer: one thread that stores the events of a process, many in one transaction."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter
from traceback import format_tb
from typing import TYPE_CHECKING, Protocol

from searchsvc.errors import EventsUnavailableError, OverloadedError, SearchServiceError
from searchsvc.events.typed import Offered, TypedSearches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from searchsvc.events.event import Event

_log = logging.getLogger(__name__)

MAX_QUEUED = 10_000
"""Events that wait for their acknowledgement; more are refused."""
MAX_OFFERED = 2_000
"""Events that wait without anybody waiting for them; more are dropped."""
MAX_COMMIT = 2_000
"""Submitted events that one transaction takes before those behind them have to wait."""
IDLE_SECONDS = 0.2
"""How long an offered event waits for company: a transaction costs the disk the same for all."""
DRAIN_SECONDS = 5.0
"""How long closing waits for what is queued."""


class Outcome(Protocol):
    """What became of events that were appended."""

    @property
    def stored(self) -> int:
        """How many are new."""
        ...

    @property
    def repeated(self) -> int:
        """How many were there already."""
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """The outcome of no events."""

    stored: int = 0
    repeated: int = 0


class EventStore(Protocol):
    """Where events go; see `searchsvc.state`."""

    def append_each(self, batches: Sequence[Sequence[Event]]) -> Sequence[Outcome]:
        """Store all `batches` in one transaction, durable on return; what became of each.

        Raises:
            SearchServiceError: the store cannot be reached, whatever the events are.
            Exception: it does not take one of the events; nothing is stored.
        """
        ...


class WriterObserver(Protocol):
    """Told of what the writer does, for the metrics."""

    def queued(self, events: int) -> None:
        """So many events wait."""
        ...

    def committed(self, seconds: float) -> None:
        """A transaction took so long."""
        ...

    def lost(self, reason: str, events: int) -> None:
        """So many events that nobody waits for are lost."""
        ...


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events that are stored together or not at all.

    Attributes:
        future: of whoever waits for them; ``None`` for events that were offered.
    """

    events: Sequence[Event]
    future: Future[Outcome] | None


class EventWriter:
    """Stores events in the order of their arrival; to be used from any thread.

    `submit` is for what somebody sends and wants acknowledged, `offer` for what the service
    records itself while a shopper waits: it takes no lock and touches no store.
    """

    def __init__(self, store: EventStore, observer: WriterObserver) -> None:
        self._store = store
        self._observer = observer
        self._submitted: SimpleQueue[_Batch | None] = SimpleQueue()
        self._offered: deque[Offered] = deque()
        self._typed = TypedSearches()
        self._queued = 0
        self._closed = False
        self._submitting = threading.Lock()  # of `_queued` and `_closed`; `offer` takes it not
        self._thread = threading.Thread(target=self._run, name="event writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, events: Sequence[Event]) -> Future[Outcome]:
        """Store `events`, all or none.

        Returns:
            What became of them, when they are on the disk. It fails with a `SearchServiceError`
            where they are not. Cancelled before their transaction begins, they are not stored.

        Raises:
            OverloadedError: too many are waiting.
            EventsUnavailableError: the writer is closed.
        """
        future: Future[Outcome] = Future()
        with self._submitting:
            if self._closed:
                raise EventsUnavailableError("the service is stopping; send the events again")
            if self._queued + len(events) > MAX_QUEUED:
                raise OverloadedError(
                    f"{self._queued:,} events wait to be stored already; send these again in a "
                    "second"
                )
            self._queued += len(events)
            self._submitted.put(_Batch(events, future))
        return future

    def offer(self, event: Event, *, typing: bool = False) -> bool:
        """Store `event` soon, or drop it at once where too many wait; says which.

        Args:
            event: that the service records itself.
            typing: whether it is a search whose query may still be being typed; see `typed`.
        """
        if self._closed or len(self._offered) >= MAX_OFFERED:
            self._observer.lost("closed" if self._closed else "queue_full", 1)
            return False
        self._offered.append(Offered(event, typing))
        return True

    def settled(self) -> Future[Outcome]:
        """Done when everything is stored that was submitted or offered before.

        Raises:
            EventsUnavailableError: the writer is closed.
        """
        return self.submit(())

    def close(self, seconds: float = DRAIN_SECONDS) -> None:
        """Take no more events, and store those that wait, if that takes no longer than `seconds`.

        Whoever waits for others is told that they are not stored.
        """
        with self._submitting:
            self._closed = True
            self._submitted.put(None)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        lost = [batch for batch in self._waiting(None) if batch is not None]
        _fail(lost, EventsUnavailableError("the service is stopping; send the events again"))
        if self._offered:
            self._observer.lost("closed", len(self._offered))
            self._offered.clear()

    def _run(self) -> None:
        running = True
        while running:
            batches = []
            for batch in self._waiting(IDLE_SECONDS):
                if batch is None:
                    running = False
                else:
                    batches.append(batch)
            sent = sum(len(batch.events) for batch in batches)
            self._observer.queued(self._queued + len(self._offered))
            # Behind whatever is submitted: who waits for that may wait for these, too.
            arrived = [self._offered.popleft() for _ in range(len(self._offered))]
            # Who submits nothing waits for everything, see `settled`.
            every = not running or any(not batch.events for batch in batches)
            offered = self._typed.take(arrived, every=every)
            self._store_all([*batches, _Batch(offered, None)])
            with self._submitting:
                self._queued -= sent
            self._observer.queued(self._queued + len(self._offered))

    def _waiting(self, seconds: float | None) -> list[_Batch | None]:
        """What waits to be stored, up to a transaction; waits for the first `seconds`."""
        taken: list[_Batch | None] = []
        events = 0
        try:
            batch = self._submitted.get(block=seconds is not None, timeout=seconds)
            while True:
                taken.append(batch)
                events += 0 if batch is None else len(batch.events)
                if seconds is not None and (batch is None or events >= MAX_COMMIT):
                    return taken
                batch = self._submitted.get_nowait()
        except Empty:
            return taken

    def _store_all(self, batches: list[_Batch]) -> None:
        """Store what nobody has given up, together; where one batch cannot be, each alone."""
        wanted = [
            batch
            for batch in batches
            if batch.future is None or batch.future.set_running_or_notify_cancel()
        ]
        error = self._append(wanted)
        if error is None:
            return
        if len(wanted) == 1 or isinstance(error, SearchServiceError):
            self._refuse(wanted, error)
            return
        for batch in wanted:
            alone = self._append([batch])
            if alone is not None:
                self._refuse([batch], alone)

    def _append(self, batches: list[_Batch]) -> Exception | None:
        """Store `batches` in one transaction; why that failed."""
        full = [batch for batch in batches if batch.events]
        outcomes: Sequence[Outcome] = ()
        if full:
            began = perf_counter()
            try:
                outcomes = self._store.append_each([batch.events for batch in full])
            except Exception as error:  # noqa: BLE001 - whatever it is, the writer lives on
                return error
            self._observer.committed(perf_counter() - began)
        stored = iter(outcomes)
        for batch in batches:
            outcome = next(stored) if batch.events else Nothing()
            if batch.future is not None:
                batch.future.set_result(outcome)
        return None

    def _refuse(self, batches: Sequence[_Batch], error: Exception) -> None:
        """Tell whoever waits for `batches` that they are not stored."""
        count = sum(len(batch.events) for batch in batches)
        _log.error("%d events could not be stored: %s", count, loggable(error))
        if not isinstance(error, SearchServiceError):
            error = EventsUnavailableError(
                "the events could not be stored; the service's log has the details"
            )
        offered = sum(len(batch.events) for batch in batches if batch.future is None)
        if offered:
            self._observer.lost("store_failed", offered)
        for batch in batches:
            if batch.future is not None:
                batch.future.set_exception(error)


def loggable(error: Exception) -> str:
    """What the log says of `error`: where it is none of ours, it may quote users or passwords."""
    if isinstance(error, SearchServiceError):
        return str(error)
    return "".join([type(error).__name__, "\n", *format_tb(error.__traceback__)])


def _fail(batches: Sequence[_Batch], error: SearchServiceError) -> None:
    for batch in batches:
        if batch.future is not None and batch.future.set_running_or_notify_cancel():
            batch.future.set_exception(error)

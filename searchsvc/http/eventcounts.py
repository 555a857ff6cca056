"""The counts of events: how many arrive, wait, are stored and are lost."""

from __future__ import annotations

from collections import Counter as Counted
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

from searchsvc.http.traffic import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import CollectorRegistry

    from searchsvc.events.event import EventKind


class EventCounts:
    """What is counted of events and their database; told by the storage and its writer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "searchsvc_events_total",
            "Events that arrived, by kind and by what became of them.",
            ("kind", "outcome"),
            registry=registry,
        )
        self.repeated_events = Counter(
            "searchsvc_events_repeated_total",
            "Accepted events that were stored before.",
            registry=registry,
        )
        self.dropped_events = Counter(
            "searchsvc_events_dropped_total",
            "Events that nobody was told of and that are not stored, by reason.",
            ("reason",),
            registry=registry,
        )
        self.queued_events = Gauge(
            "searchsvc_events_queued",
            "Events that wait to be stored.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.commit_seconds = Histogram(
            "searchsvc_events_commit_seconds",
            "Time of one transaction that stores events.",
            buckets=SECONDS,
            registry=registry,
        )
        self._state_open = Gauge(
            "searchsvc_state_open",
            "1 while the database of events is open in every worker.",
            registry=registry,
            multiprocess_mode="livemin",
        )

    def state_opened(self, *, is_open: bool) -> None:
        """See `searchsvc.http.storage.StorageObserver`."""
        self._state_open.set(is_open)

    def received(self, kinds: Iterable[EventKind], outcome: str) -> None:
        """Count events of a request: accepted, not_consented, refused (503) or failed (503)."""
        for kind, count in Counted(kinds).items():
            self.events.labels(kind.value, outcome).inc(count)

    def queued(self, events: int) -> None:
        """See `searchsvc.events.writer.WriterObserver.queued`."""
        self.queued_events.set(events)

    def committed(self, seconds: float) -> None:
        """See `searchsvc.events.writer.WriterObserver.committed`."""
        self.commit_seconds.observe(seconds)

    def lost(self, reason: str, events: int) -> None:
        """See `searchsvc.events.writer.WriterObserver.lost`."""
        self.dropped_events.labels(reason).inc(events)

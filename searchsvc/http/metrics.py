"""What Prometheus reads."""

from __future__ import annotations

import os
from collections import Counter as Counted
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from indexer.layout import IndexLayout, generation_number
from indexer.manifest import MANIFEST_FILE
from searchsvc.http.machine import MULTIPROCESS_VARIABLE, Machine
from searchsvc.http.traffic import SECONDS, Traffic
from searchsvc.watching.status import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from indexer.snapshot import Snapshot
    from searchsvc.answer import SearchResult
    from searchsvc.degradation import Reason
    from searchsvc.events.event import EventKind
    from searchsvc.personalizing.personalization import Personalization
    from searchsvc.serving import Served
    from searchsvc.watching.status import WatchStatus

CONTENT_TYPE = CONTENT_TYPE_LATEST

_OF_FEEDS: Mapping[str, tuple[str, Callable[[WatchStatus], float]]] = {
    "searchsvc_feed_checked_timestamp_seconds": (
        "When a watched feed was last looked at, well or not.",
        lambda status: status.checked,
    ),
    "searchsvc_feed_success_timestamp_seconds": (
        "When an index was last known to be its watched feed; 0 if it never was.",
        lambda status: status.succeeded or 0.0,
    ),
    "searchsvc_feed_changed_timestamp_seconds": (
        "When a watched feed last became a new generation; 0 if it never did.",
        lambda status: status.changed or 0.0,
    ),
    "searchsvc_feed_failures": (
        "Looks at a watched feed that failed since the last success.",
        lambda status: status.failures,
    ),
}


class WatchedFeeds(Collector):
    """What came of watching feeds, whichever process watches them: read when it is asked for."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def collect(self) -> Iterator[Metric]:
        """One gauge of each kind, with a value for each watched index."""
        found = list(statuses(self._data_dir))
        for name, (text, value) in _OF_FEEDS.items():
            gauge = GaugeMetricFamily(name, text, labels=("index",))
            for index, status in found:
                gauge.add_metric((index,), value(status))
            yield gauge


class Metrics:
    """The counts of one application; also told by the service what it serves."""

    def __init__(self, data_dir: Path | None = None) -> None:
        """Start counting.

        Args:
            data_dir: of the indexes whose feeds are watched; without one, nothing is told of them.
        """
        self.registry = CollectorRegistry()
        self._data_dir = data_dir
        self.traffic = Traffic(self.registry)
        self.search_seconds = Histogram(
            "searchsvc_search_seconds",
            "Time from a search request's arrival to its encoded answer.",
            ("index",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "searchsvc_stage_seconds",
            "Time in each stage of a search.",
            ("stage",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.suggest_seconds = Histogram(
            "searchsvc_suggest_seconds",
            "Time from a suggestion request's arrival to its answer.",
            ("index",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.encoded = Counter(
            "searchsvc_encoded_total",
            "Texts of searches that got a vector, by the encoder that gave it.",
            ("index", "encoder"),
            registry=self.registry,
        )
        self.degraded = Counter(
            "searchsvc_degraded_total",
            "Answers that lack something, by what they lack; one may lack several things.",
            ("index", "reason"),
            registry=self.registry,
        )
        self.unmatched = Counter(
            "searchsvc_unmatched_queries_total",
            "Searches for queries that nothing matched, widened or not.",
            ("index",),
            registry=self.registry,
        )
        self.corrected = Counter(
            "searchsvc_corrected_queries_total",
            "Searches whose misspelt words were replaced.",
            ("index",),
            registry=self.registry,
        )
        self.personalized = Counter(
            "searchsvc_personalized_total",
            "Searches by whether their order is a shopper's own, or why it is not.",
            ("index", "outcome"),
            registry=self.registry,
        )
        self.overloaded = Counter(
            "searchsvc_overloaded_total",
            "Requests refused because too many were waiting.",
            registry=self.registry,
        )
        self._limited = Counter(
            "searchsvc_limited_total",
            "Requests refused because their key or their address sends more than it may.",
            ("limit",),
            registry=self.registry,
        )
        self.events = Counter(
            "searchsvc_events_total",
            "Events that arrived, by kind and by what became of them.",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self.repeated_events = Counter(
            "searchsvc_events_repeated_total",
            "Accepted events that were stored before.",
            registry=self.registry,
        )
        self.dropped_events = Counter(
            "searchsvc_events_dropped_total",
            "Events that nobody was told of and that are not stored, by reason.",
            ("reason",),
            registry=self.registry,
        )
        self.queued_events = Gauge(
            "searchsvc_events_queued",
            "Events that wait to be stored.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.commit_seconds = Histogram(
            "searchsvc_events_commit_seconds",
            "Time of one transaction that stores events.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "searchsvc_requests_waiting",
            "Requests that wait for their turn to be answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._state_open = Gauge(
            "searchsvc_state_open",
            "1 while the database of events is open in every worker.",
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.keys_in_doubt = Gauge(
            "searchsvc_keys_in_doubt",
            "1 while keys are checked against their last copy, or cannot be checked at all.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self._starts = Counter(
            "searchsvc_worker_starts_total",
            "Worker processes that have started since the service did.",
            registry=self.registry,
        )
        self._starts.inc()
        self._built = self._gauge(
            "searchsvc_generation_timestamp_seconds",
            "When the served generation was written, in seconds since the epoch.",
        )
        self._bytes = self._gauge("searchsvc_index_bytes", "Size of the served generation.")
        self._missing = self._gauge(
            "searchsvc_generation_parts_missing",
            "Parts of the served generation that cannot be read.",
        )
        self._generation = self._gauge("searchsvc_generation", "Number of the served generation.")
        self._products = self._gauge("searchsvc_products", "Products in the served generation.")
        self._refused = self._gauge(
            "searchsvc_generation_refused", "1 while the published generation cannot be opened."
        )
        self._live_refused = self._gauge(
            "searchsvc_live_settings_refused", "Files of live settings that cannot be used."
        )

    def served(self, state: Served) -> None:
        """See `searchsvc.serving.ServingObserver.served`."""
        snapshot = state.snapshot
        number = generation_number(snapshot.generation) if snapshot else 0
        self._generation.labels(state.name).set(number)
        self._products.labels(state.name).set(len(snapshot.products) if snapshot else 0)
        self._bytes.labels(state.name).set(snapshot.manifest.total_bytes if snapshot else 0)
        self._missing.labels(state.name).set(len(snapshot.missing) if snapshot else 0)
        self._built.labels(state.name).set(self._written(snapshot) if snapshot else 0)
        self._refused.labels(state.name).set(bool(state.opened.reason))
        self._live_refused.labels(state.name).set(len(state.live.refused))

    def dropped(self, index: str) -> None:
        """See `searchsvc.serving.ServingObserver.dropped`."""
        for gauge in (
            self._generation,
            self._products,
            self._refused,
            self._live_refused,
            self._bytes,
            self._missing,
            self._built,
        ):
            if MULTIPROCESS_VARIABLE in os.environ:
                gauge.labels(index).set(0)  # shared files have no way to remove a label
            else:
                gauge.remove(index)

    def searched(self, index: str, seconds: float, result: SearchResult) -> None:
        """Count one answered search."""
        self.search_seconds.labels(index).observe(seconds)
        for stage, milliseconds in result.stage_ms.items():
            self.stage_seconds.labels(stage).observe(milliseconds / 1e3)
        for encoder in result.encoders:
            self.encoded.labels(index, encoder).inc()
        for reason in result.degraded_reasons:
            self.degraded.labels(index, reason).inc()
        if not result.total or result.relaxed is not None:
            self.unmatched.labels(index).inc()
        if result.understood.corrected is not None:
            self.corrected.labels(index).inc()

    def ordered(self, index: str, personalization: Personalization) -> None:
        """Count whom one answered search was ordered for."""
        self.personalized.labels(index, personalization.reason or "applied").inc()
        if not personalization.complete:
            self.degraded.labels(index, "no_profile").inc()

    def suggested(self, index: str, seconds: float, lacking: Sequence[Reason] = ()) -> None:
        """Count one answered keystroke, and what its answer lacks."""
        self.suggest_seconds.labels(index).observe(seconds)
        for reason in lacking:
            self.degraded.labels(index, reason).inc()

    def state_opened(self, *, is_open: bool) -> None:
        """See `searchsvc.http.storage.StorageObserver`."""
        self._state_open.set(is_open)

    def received(self, kinds: Iterable[EventKind], outcome: str) -> None:
        """Count events of a request: accepted, not_consented, refused (503) or failed (503)."""
        for kind, count in Counted(kinds).items():
            self.events.labels(kind.value, outcome).inc(count)

    def limited(self, limit: str) -> None:
        """See `searchsvc.http.rates.Rates`."""
        self._limited.labels(limit).inc()

    def queued(self, events: int) -> None:
        """See `searchsvc.events.writer.WriterObserver.queued`."""
        self.queued_events.set(events)

    def committed(self, seconds: float) -> None:
        """See `searchsvc.events.writer.WriterObserver.committed`."""
        self.commit_seconds.observe(seconds)

    def lost(self, reason: str, events: int) -> None:
        """See `searchsvc.events.writer.WriterObserver.lost`."""
        self.dropped_events.labels(reason).inc(events)

    def render(self) -> bytes:
        """The exposition of this process, or of all workers where they share a directory."""
        feeds = CollectorRegistry()
        if self._data_dir is not None:
            feeds.register(WatchedFeeds(self._data_dir))
            feeds.register(Machine(self._data_dir))
        if MULTIPROCESS_VARIABLE not in os.environ:
            return generate_latest(self.registry) + generate_latest(feeds)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # its stub has none
        return generate_latest(registry) + generate_latest(feeds)

    def _written(self, snapshot: Snapshot) -> float:
        """When the manifest of `snapshot` was written, which is the last file of a build."""
        if self._data_dir is None:
            return 0.0
        layout = IndexLayout(snapshot.index, self._data_dir / snapshot.index)
        try:
            return (layout.generation_dir(snapshot.generation) / MANIFEST_FILE).stat().st_mtime
        except OSError:
            return 0.0

    def _gauge(self, name: str, text: str) -> Gauge:
        # Workers of one service serve the same files: the freshest of them speaks for all.
        return Gauge(
            name, text, ("index",), registry=self.registry, multiprocess_mode="livemostrecent"
        )

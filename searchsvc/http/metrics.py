"""What Prometheus reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from searchsvc.http.eventcounts import EventCounts
from searchsvc.http.indexgauges import IndexGauges
from searchsvc.http.machine import MULTIPROCESS_VARIABLE, Machine
from searchsvc.http.searchcounts import SearchCounts
from searchsvc.http.traffic import Traffic
from searchsvc.watching.status import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

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


class Metrics(SearchCounts, EventCounts, IndexGauges):
    """The counts of one application, by subject; also told by the service what it serves."""

    def __init__(self, data_dir: Path | None = None) -> None:
        """Start counting.

        Args:
            data_dir: of the indexes whose feeds are watched; without one, nothing is told of them.
        """
        self.registry = CollectorRegistry()
        self.traffic = Traffic(self.registry)
        SearchCounts.__init__(self, self.registry)
        EventCounts.__init__(self, self.registry)
        IndexGauges.__init__(self, self.registry, data_dir)
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
        self.waiting = Gauge(
            "searchsvc_requests_waiting",
            "Requests that wait for their turn to be answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
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

    def limited(self, limit: str) -> None:
        """See `searchsvc.http.rates.Rates`."""
        self._limited.labels(limit).inc()

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

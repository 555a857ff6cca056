"""The gauges of the indexes: which generation is served, how large it is and what is wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import Gauge

from indexer.layout import IndexLayout, generation_number
from indexer.manifest import MANIFEST_FILE
from searchsvc.http.machine import MULTIPROCESS_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client import CollectorRegistry

    from indexer.snapshot import Snapshot
    from searchsvc.serving import Served


class IndexGauges:
    """What is told of every index; set whenever the service serves another state of it."""

    def __init__(self, registry: CollectorRegistry, data_dir: Path | None) -> None:
        self._data_dir = data_dir
        self._built = _gauge(
            registry,
            "searchsvc_generation_timestamp_seconds",
            "When the served generation was written, in seconds since the epoch.",
        )
        self._bytes = _gauge(registry, "searchsvc_index_bytes", "Size of the served generation.")
        self._missing = _gauge(
            registry,
            "searchsvc_generation_parts_missing",
            "Parts of the served generation that cannot be read.",
        )
        self._generation = _gauge(
            registry, "searchsvc_generation", "Number of the served generation."
        )
        self._products = _gauge(
            registry, "searchsvc_products", "Products in the served generation."
        )
        self._refused = _gauge(
            registry,
            "searchsvc_generation_refused",
            "1 while the published generation cannot be opened.",
        )
        self._live_refused = _gauge(
            registry,
            "searchsvc_live_settings_refused",
            "Files of live settings that cannot be used.",
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

    def _written(self, snapshot: Snapshot) -> float:
        """When the manifest of `snapshot` was written, which is the last file of a build."""
        if self._data_dir is None:
            return 0.0
        layout = IndexLayout(snapshot.index, self._data_dir / snapshot.index)
        try:
            return (layout.generation_dir(snapshot.generation) / MANIFEST_FILE).stat().st_mtime
        except OSError:
            return 0.0


def _gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    # Workers of one service serve the same files: the freshest of them speaks for all.
    return Gauge(name, text, ("index",), registry=registry, multiprocess_mode="livemostrecent")

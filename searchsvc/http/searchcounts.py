"""The counts of searches: how long they take, what they find, and what their answers lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

from searchsvc.http.traffic import SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from searchsvc.answer import SearchResult
    from searchsvc.degradation import Reason
    from searchsvc.personalizing.personalization import Personalization


class SearchCounts:
    """What is counted of every search and every keystroke that was answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.search_seconds = Histogram(
            "searchsvc_search_seconds",
            "Time from a search request's arrival to its encoded answer.",
            ("index",),
            buckets=SECONDS,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "searchsvc_stage_seconds",
            "Time in each stage of a search.",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self.suggest_seconds = Histogram(
            "searchsvc_suggest_seconds",
            "Time from a suggestion request's arrival to its answer.",
            ("index",),
            buckets=SECONDS,
            registry=registry,
        )
        self.encoded = Counter(
            "searchsvc_encoded_total",
            "Texts of searches that got a vector, by the encoder that gave it.",
            ("index", "encoder"),
            registry=registry,
        )
        self.degraded = Counter(
            "searchsvc_degraded_total",
            "Answers that lack something, by what they lack; one may lack several things.",
            ("index", "reason"),
            registry=registry,
        )
        self.unmatched = Counter(
            "searchsvc_unmatched_queries_total",
            "Searches for queries that nothing matched, widened or not.",
            ("index",),
            registry=registry,
        )
        self.corrected = Counter(
            "searchsvc_corrected_queries_total",
            "Searches whose misspelt words were replaced.",
            ("index",),
            registry=registry,
        )
        self.personalized = Counter(
            "searchsvc_personalized_total",
            "Searches by whether their order is a shopper's own, or why it is not.",
            ("index", "outcome"),
            registry=registry,
        )

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

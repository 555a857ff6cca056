"""The traffic: what is counted of every request, whatever its route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5)
"""The bounds of every histogram of times."""
_REFUSALS = {
    401: "not_permitted",
    403: "forbidden",
    408: "too_slow",
    413: "too_large",
    429: "rate_limited",
    431: "too_large",
    503: "unavailable",
}
"""What a refusal is called where no error of ours says more."""


class Traffic:
    """Requests by route: how many, how long, how many at once, and why some were refused.

    Whoever counts gives the route's template, never a path: a label must not grow with input.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "searchsvc_requests_total",
            "Requests by route and status.",
            ("route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "searchsvc_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self._refused = Counter(
            "searchsvc_refused_total",
            "Requests refused, and connections that made none, by reason.",
            ("reason",),
            registry=registry,
        )
        self._in_flight = Gauge(
            "searchsvc_requests_in_flight",
            "Requests that have arrived and are not yet answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._by_route: dict[str, Histogram] = {}
        self._by_answer: dict[tuple[str, int], Counter] = {}

    def arrived(self) -> None:
        """A request is here."""
        self._in_flight.inc()

    def answered(self, route: str, status: int, refusal: str) -> None:
        """Its answer begins.

        Args:
            route: the template of its path.
            status: of the answer.
            refusal: see `searchsvc.mark.Mark`.
        """
        answer = route, status
        counter = self._by_answer.get(answer)
        if counter is None:
            counter = self._by_answer[answer] = self._requests.labels(route, str(status))
        counter.inc()
        if status in _REFUSALS:
            self._refused.labels(refusal or _REFUSALS[status]).inc()

    def refused(self, reason: str) -> None:
        """See `searchsvc.http.protocol`: a connection is refused before it made a request."""
        self._refused.labels(reason).inc()

    def ended(self, route: str, seconds: float) -> None:
        """It is answered, or its client is gone."""
        self._in_flight.dec()
        histogram = self._by_route.get(route)
        if histogram is None:
            histogram = self._by_route[route] = self._seconds.labels(route)
        histogram.observe(seconds)

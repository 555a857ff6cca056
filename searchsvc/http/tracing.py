"""Tracing: requests and the stages of their searches as spans of OpenTelemetry.

On as soon as one of OpenTelemetry's own variables says where traces go; all others of its
variables (sampling, headers, the service's name, limits) hold as well. The library is imported
only then, and comes with the extra ``otel``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import version
from time import time_ns
from typing import TYPE_CHECKING, Final

from searchsvc.errors import TracingUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer
    from starlette.types import Scope

    from searchsvc.mark import Mark

_PLACES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_KINDS = ("otlp", "")
_SERVICE = "searchsvc"
_CARRIED = ("traceparent", "tracestate")
_NS = 1_000_000
_FAILED = 500


def tracing_of_environment(environment: Mapping[str, str] | None = None) -> Tracing | None:
    """What OpenTelemetry's variables ask for; ``None`` where they ask for nothing.

    Args:
        environment: variables by name; by default those of the process, which are also the only
            ones that the library itself reads.

    Raises:
        TracingUnavailableError: the library is not installed, or another exporter is asked for.
    """
    known = os.environ if environment is None else environment
    kind = known.get(_EXPORTER, "").strip().lower()
    is_off = kind == "none" or known.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_off or not (kind or any(known.get(place) for place in _PLACES)):
        return None
    if kind not in _KINDS:
        raise TracingUnavailableError(
            f"{_EXPORTER} is {kind!r}, expected otlp or none: traces are sent by OTLP over HTTP"
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - see above
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise TracingUnavailableError(
            "the environment asks for traces, and OpenTelemetry is not installed: "
            "pip install 'searchsvc[otel]', or remove the variables that begin with OTEL_"
        ) from error
    named = known.get("OTEL_SERVICE_NAME") or _SERVICE
    resource = Resource.create({"service.name": named, "service.version": version(_SERVICE)})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


class Tracing:
    """Makes a span of each request, and one of each stage of its searches."""

    def __init__(self, provider: TracerProvider) -> None:
        """Send spans by `provider`, whose settings decide which requests are sampled."""
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - see above
            TraceContextTextMapPropagator,
        )

        self._provider = provider
        self._tracer = provider.get_tracer(_SERVICE)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, scope: Scope) -> RequestTrace:
        """The trace of a request that has arrived, as part of its caller's if it names one."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - see above

        carrier = {
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        parent = self._propagator.extract(carrier) if carrier else None
        span = self._tracer.start_span(scope["method"], context=parent, kind=SpanKind.SERVER)
        return RequestTrace(self._tracer, span, scope["method"])

    def close(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """The span of one request."""

    _tracer: Tracer
    _span: Span
    _method: str

    def end(self, route: str, status: int, mark: Mark, key: str) -> None:
        """The request is answered; nothing of what was asked is told.

        Args:
            route: the template of its path.
            status: of the answer; 0 where there was none.
            mark: of the request.
            key: id of its key.
        """
        span = self._span
        if not span.is_recording():
            return
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - see above

        span.update_name(f"{self._method} {route}")
        attributes: dict[str, str | int] = {
            "http.request.method": self._method,
            "http.route": route,
            "http.response.status_code": status,
            "searchsvc.request_id": mark.request_id,
            "searchsvc.query_id": mark.query_id,
            "searchsvc.index": mark.index,
            "searchsvc.generation": mark.generation,
            "searchsvc.key": key,
            "searchsvc.refusal": mark.refusal,
        }
        span.set_attributes({name: value for name, value in attributes.items() if value})
        if status >= _FAILED or not status:
            span.set_status(StatusCode.ERROR)
        now = time_ns()
        self._add_stages(mark, now)
        span.end(now)

    def _add_stages(self, mark: Mark, end: int) -> None:
        """A child for each stage, back to back; the last search ended just now.

        Searches note how long their stages took and not when: what lies between the searches of
        one request (parsing, encoding) is not known, and counts as if it came before them.
        """
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - see above

        context = set_span_in_context(self._span)
        total = sum(sum(stages.values()) for stages in mark.stages)
        start = end - round(total * _NS)
        for stages in mark.stages:
            for name, milliseconds in stages.items():
                child = self._tracer.start_span(f"search {name}", context, start_time=start)
                start += round(milliseconds * _NS)
                child.end(start)

"""Traces: a span of each request and of each stage, and nothing of what was asked."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from searchsvc.errors import TracingUnavailableError
from searchsvc.http import app as apps
from searchsvc.http.app import create_app
from searchsvc.http.tracing import Tracing, tracing_of_environment
from searchsvc.settings import Settings
from tests.conftest import Build

SEARCH = "/v1/indexes/shop/search"
ROOT = Path(__file__).parents[3]
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(build: Build, data_dir: Path, tmp_path: Path) -> Settings:
    build([{"id": "a", "title": "red shoe"}, {"id": "b", "title": "oak desk"}])
    return Settings(data_dir=data_dir, models_dir=tmp_path)


@pytest.fixture
def traced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a service that traces into memory, and the memory."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(1.0)))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    monkeypatch.setattr(apps, "tracing_of_environment", lambda: Tracing(provider))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client, memory


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_is_a_span_and_its_stages_are_children_that_fill_it(traced: Any) -> None:
    client, memory = traced
    answer = client.post(SEARCH, json={"query": "shoe", "explain": True})
    *stages, request = memory.get_finished_spans()
    assert request.name == "POST /v1/indexes/{index}/search"
    body = answer.json()
    assert told(request) == {
        "http.request.method": "POST",
        "http.route": "/v1/indexes/{index}/search",
        "http.response.status_code": 200,
        "searchsvc.request_id": answer.headers["x-request-id"],
        "searchsvc.query_id": body["query_id"],
        "searchsvc.index": "shop",
        "searchsvc.generation": body["generation"],
        **(
            {"searchsvc.key": told(request)["searchsvc.key"]}
            if "searchsvc.key" in told(request)
            else {}
        ),
    }
    assert [span.name for span in stages] == [f"search {name}" for name in body["stages_ms"]]
    for span, milliseconds in zip(stages, body["stages_ms"].values(), strict=True):
        assert span.parent is not None
        assert span.parent.span_id == request.context.span_id
        assert (span.end_time - span.start_time) / 1e6 == pytest.approx(milliseconds, abs=0.001)
    for span, following in zip(stages, [*stages[1:], request], strict=True):
        assert span.end_time <= (
            following.start_time if following is not request else request.end_time
        )
    assert request.start_time <= stages[0].start_time


def test_nothing_of_what_was_asked_is_in_a_span(traced: Any) -> None:
    client, memory = traced
    client.get(SEARCH, params={"query": "a secret wish", "user_token": "somebody"})
    client.get("/v1/indexes/shop/products/wish")
    shown = "".join(span.to_json() for span in memory.get_finished_spans())
    assert "wish" not in shown
    assert "somebody" not in shown


def test_the_callers_trace_goes_on_and_its_decision_holds(traced: Any) -> None:
    client, memory = traced
    client.get("/healthz", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    (span,) = memory.get_finished_spans()
    assert format(span.context.trace_id, "032x") == TRACE
    assert format(span.parent.span_id, "016x") == PARENT
    memory.clear()
    client.get("/healthz", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert memory.get_finished_spans() == ()
    client.get("/healthz", headers={"traceparent": "nonsense"})
    (span,) = memory.get_finished_spans()
    assert span.parent is None


def test_a_failure_is_marked(traced: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client, memory = traced
    monkeypatch.setattr(client.app.state.context.service, "search", lambda *_: 1 / 0)
    client.get(SEARCH)
    (span,) = memory.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert told(span)["http.response.status_code"] == 500


def test_spans_arrive_at_a_receiver_of_otlp(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[ExportTraceServiceRequest] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is there
            del format, args

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", place)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-search")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        try:
            with TestClient(create_app(settings)) as client:
                client.get(SEARCH)
        finally:
            server.shutdown()
            thread.join()
    resources = [it for message in received for it in message.resource_spans]
    named = {it.key: it.value.string_value for it in resources[0].resource.attributes}
    assert named["service.name"] == "shop-search"
    names = {span.name for it in resources for scope in it.scope_spans for span in scope.spans}
    assert {"GET /v1/indexes/{index}/search", "search lexical"} <= names


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://here"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://here"},
    ],
)
def test_nothing_is_traced_unless_somebody_asks_for_it(environment: dict[str, str]) -> None:
    assert tracing_of_environment(environment) is None


def test_another_exporter_is_refused() -> None:
    with pytest.raises(TracingUnavailableError, match="'zipkin', expected otlp or none"):
        tracing_of_environment({"OTEL_TRACES_EXPORTER": "zipkin"})


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(TracingUnavailableError, match=r"pip install 'searchsvc\[otel\]'"):
        tracing_of_environment({"OTEL_TRACES_EXPORTER": "otlp"})


def test_a_service_that_does_not_trace_does_not_import_the_library() -> None:
    program = (
        "import sys, searchsvc.http.app, searchsvc.http.tracing as it; "
        "assert it.tracing_of_environment() is None; "
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)

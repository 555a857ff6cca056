"""What is counted, and how several processes add up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer.layout import IndexLayout
from searchsvc.answer import SearchResult
from searchsvc.http.machine import MULTIPROCESS_VARIABLE
from searchsvc.http.metrics import Metrics
from searchsvc.http.observing import Observe
from searchsvc.query.understanding import Understanding
from searchsvc.settings import Settings
from searchsvc.watching.status import WatchStatus

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

ROOT = Path(__file__).parents[3]


def test_processes_that_share_a_directory_count_as_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counting = "from searchsvc.http.metrics import Metrics; Metrics().overloaded.inc(3)"
    environment = {**os.environ, MULTIPROCESS_VARIABLE: str(tmp_path)}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", counting], env=environment, cwd=ROOT, check=True)
    monkeypatch.setenv(MULTIPROCESS_VARIABLE, str(tmp_path))
    assert b"searchsvc_overloaded_total 6.0" in Metrics().render()


@pytest.mark.parametrize(("corrected", "counted"), [("red shoe", 1), (None, None)])
def test_a_corrected_query_is_counted_by_index(
    corrected: str | None, counted: float | None
) -> None:
    metrics = Metrics()
    understood = Understanding((), "red shoe", corrected=corrected)
    metrics.searched("shop", 0.001, SearchResult(1, (), understood, (), {}))
    name = "searchsvc_corrected_queries_total"
    assert metrics.registry.get_sample_value(name, {"index": "shop"}) == counted


def _requests(metrics: Metrics, status: str) -> float | None:
    labels = {"route": "other", "status": status}
    return metrics.registry.get_sample_value("searchsvc_requests_total", labels)


async def _nothing() -> Message:
    return {"type": "http.request"}


def _call(metrics: Metrics, kind: str, *, begins: bool) -> list[Message]:
    """Run an application that fails, before or after it began to answer, and what it sent."""
    sent: list[Message] = []

    async def application(_: Scope, __: Receive, send: Send) -> None:
        if begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError

    async def collect(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        observe = Observe(application, metrics.traffic, Settings())
        with pytest.raises(LookupError):
            await observe({"type": kind, "method": "GET", "headers": []}, _nothing, collect)

    asyncio.run(run())
    return sent


@pytest.mark.parametrize(("begins", "status"), [(False, "500"), (True, "200")])
def test_a_request_that_fails_is_counted_once(begins: bool, status: str) -> None:  # noqa: FBT001 - a table
    metrics = Metrics()
    assert len(_call(metrics, "http", begins=begins)) == begins
    assert _requests(metrics, status) == 1
    assert metrics.render().count(b"searchsvc_requests_total{") == 1


def test_what_is_no_request_is_not_counted() -> None:
    metrics = Metrics()
    _call(metrics, "websocket", begins=False)
    assert b"searchsvc_requests_total{" not in metrics.render()


@pytest.mark.parametrize("shared", [False, True])
def test_whoever_watches_a_feed_what_came_of_it_is_told(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    if shared:
        (tmp_path / "shared").mkdir()
        monkeypatch.setenv(MULTIPROCESS_VARIABLE, str(tmp_path / "shared"))
    metrics = Metrics(data_dir)
    assert b"searchsvc_feed_failures{" not in metrics.render()
    WatchStatus(location="x", checked=20.0, due=30.0, succeeded=10.0, failures=2).write(
        IndexLayout.of(data_dir, "shop")
    )
    shown = metrics.render()
    for name, value in (
        ("checked_timestamp_seconds", 20.0),
        ("success_timestamp_seconds", 10.0),
        ("changed_timestamp_seconds", 0.0),
        ("failures", 2.0),
    ):
        assert f'searchsvc_feed_{name}{{index="shop"}} {value}'.encode() in shown

"""The shipped dashboard and alert rules ask for what a service under traffic really tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from searchsvc.http.app import create_app
from searchsvc.settings import Settings
from searchsvc.watching.status import WatchStatus

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "operations"
KEY = "an administrator's key"
_NAME = re.compile(r"searchsvc_\w+")
_SELECTED = re.compile(r"(searchsvc_\w+)\{([^}]*)\}")
_GROUPED = re.compile(r"\b(?:by|on|group_left|without) \(([^)]*)\)")
_OF_PROMETHEUS = {"le"}


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "grafana.json").read_text())
    return read


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str, str]]:
    """Where each expression is, the expression, and what is written beside its values."""
    for rule in alerts():
        yield rule["alert"], rule["expr"], json.dumps(rule["annotations"])
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """The labels of each sample of a service that has had traffic of every kind, by name."""
    directory = tmp_path_factory.mktemp("service")
    feed = directory / "feed.jsonl"
    feed.write_text('{"id": "a", "title": "leather shoe", "brand": "Acme"}\n')
    layout = IndexLayout.of(directory / "data", "shop")
    reindex(str(feed), layout, IndexSettings(), HashingEmbedder(64))
    WatchStatus(location="x", checked=1.0, due=2.0, succeeded=1.0).write(layout)
    settings = Settings(data_dir=directory / "data", models_dir=directory, admin_key=KEY)  # type: ignore[arg-type]
    with TestClient(create_app(settings)) as client:
        for query in ("shoe", "no such thing", "lether shoe"):
            client.get("/v1/indexes/shop/search", params={"query": query})
        client.get("/v1/indexes/shop/suggest", params={"q": "sh"})
        event = {"type": "click", "index": "shop", "user_token": "anon-1", "consent": True}
        sent = client.post("/v1/events", json={"events": [event | {"items": [{"id": "a"}]}]})
        assert sent.status_code == 200, sent.text
        client.put("/v1/indexes/shop/synonyms", json={})
        metrics = client.app.state.context.metrics  # type: ignore[attr-defined]
        # What needs a fault, or more clients than a test has.
        metrics.limited("key")
        metrics.lost("queue_full", 1)
        metrics.degraded.labels("shop", "no_model").inc()
        text = client.get("/metrics").text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize(("place", "expression", "shown"), list(expressions()))
def test_every_expression_names_metrics_and_labels_that_there_are(
    place: str, expression: str, shown: str, told: Mapping[str, set[str]]
) -> None:
    names = set(_NAME.findall(expression))
    assert names, place
    assert names <= told.keys(), f"{place}: {sorted(names - told.keys())} are not told"
    known = set().union(*(told[name] for name in names)) | _OF_PROMETHEUS
    for group in _GROUPED.findall(expression):
        assert {label.strip() for label in group.split(",") if label.strip()} <= known, place
    for name, selectors in _SELECTED.findall(expression):
        assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors)) <= told[name], place
    beside = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown))
    assert beside <= known, f"{place} shows {sorted(beside - known)}"


def test_every_metric_follows_the_naming_conventions(told: Mapping[str, set[str]]) -> None:
    for name in told:
        assert re.fullmatch(r"searchsvc_[a-z][a-z0-9_]*[a-z0-9]", name), name
        assert not re.search(r"_(ms|milliseconds|kib|mb|percent)\b", name), name


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    guide = (ROOT / "docs" / "operations" / "incidents.md").read_text()
    headings = set(re.findall(r"^#+ (\w+)$", guide, re.MULTILINE))
    for rule in alerts():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        anchor = f"docs/operations/incidents.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == anchor
    assert {rule["alert"] for rule in alerts()} == headings


def test_no_two_panels_lie_upon_each_other_and_each_has_a_number_of_its_own() -> None:
    every = dashboard()["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_metric_is_shown_or_watched(told: Mapping[str, set[str]]) -> None:
    """What nobody looks at is not worth counting, but for what only explains another one."""
    asked = " ".join(expression for _, expression, _ in expressions())
    watched = set(_NAME.findall(asked))
    suffixes = ("_count", "_sum", "_bucket", "_created")

    def base(name: str) -> str:
        return next((name.removesuffix(end) for end in suffixes if name.endswith(end)), name)

    unwatched = {base(name) for name in told} - {base(name) for name in watched}
    assert unwatched == {
        "searchsvc_events_repeated_total",
        "searchsvc_events_repeated",
        "searchsvc_feed_changed_timestamp_seconds",
        "searchsvc_feed_checked_timestamp_seconds",
        "searchsvc_process_start_time_seconds",
    } | {name for name in unwatched if f"{name}_total" in watched}

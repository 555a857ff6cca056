"""The curve: a real service under rates that it can bear, and results made up for the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.cli import frame
from benchmarks.subject import generated
from benchmarks.throughput import (
    Plan,
    _aims,  # what is reached cannot be had from a machine whose speed nobody knows
    _largest_rate,
    _Requests,
    measure_throughput,
    throughput_table,
)
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout

COMPLETE = {"shed": 0.0, "failed": 0.0, "shed_ms": None, "late_p99": 0.1}


def row(offered: float, answered: float, p99: float | None, **changes: Any) -> dict[str, Any]:
    times = {"median": p99, "p95": p99, "p99": p99}
    return {"offered": offered, "answered": answered, **times, **COMPLETE, **changes}


CURVE = [
    row(100, 100, 10.0),
    row(200, 200, 40.0),
    row(300, 300, 60.0),
    row(400, 390, 30.0, shed=10.0, shed_ms={"median": 1.0, "p95": 2.0, "p99": 3.0}),
    row(800, 380, 45.0, shed=420.0),
]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> IndexLayout:
    folder = tmp_path_factory.mktemp("throughput")
    return generated(1_000, 10, folder, HashingEmbedder(64)).layout


@pytest.mark.slow
def test_a_service_that_is_not_busy_answers_everything(layout: IndexLayout) -> None:
    plan = Plan(rates=(10.0, 20.0), seconds=1.0, workers=1, connections=8)
    result = measure_throughput(layout, plan)
    assert json.loads(json.dumps(result)) == result
    assert [it["offered"] for it in result["curve"]] == [10, 20]
    for it in result["curve"]:
        assert it["failed"] == it["shed"] == 0
        assert it["answered"] == pytest.approx(it["offered"], rel=0.7)
        assert 0 < it["median"] <= it["p95"] <= it["p99"]
    assert result["products"] == 1_000
    assert "1,000 products, 1 workers" in throughput_table(result)


@pytest.mark.slow
def test_the_command_measures_an_index_that_is_there(
    layout: IndexLayout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    out = tmp_path / "throughput.json"
    arguments = ["--index", layout.name, "--data-dir", str(layout.root.parent)]
    options = ["--rate", "20", "--rate", "10", "--seconds", "1", "--workers", "1"]
    done = CliRunner().invoke(
        command.app, ["throughput", *arguments, *options, "--json", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert [it["offered"] for it in json.loads(out.read_text())["curve"]] == [10, 20]


def test_no_query_is_asked_twice_while_there_are_others(layout: IndexLayout) -> None:
    requests = _Requests(layout)
    asked = [request for _ in range(5) for request in requests.next(100)]
    assert len(asked) == len(set(asked)) == 500
    assert all(b'"facets"' in request for request in asked)


def test_the_largest_rate_is_in_time_with_nothing_shed() -> None:
    assert _largest_rate(CURVE) == 200
    assert _largest_rate(CURVE[2:]) is None
    assert _largest_rate([row(100, 0.0, None)]) is None
    assert _largest_rate([row(100, 99.0, 10.0, failed=1.0)]) is None


def test_the_aims_look_at_the_largest_overload() -> None:
    result = {"largest_rate": 200, "curve": CURVE, "most_answered": 390}
    rate, kept, slowest, failed = _aims(result)
    assert (rate["measured"], rate["met"]) == (200, False)
    assert (kept["measured"], kept["met"]) == (pytest.approx(380 / 390, abs=1e-3), True)
    assert "4.0 times" in kept["aim"]
    assert (slowest["measured"], slowest["met"]) == (45.0, True)
    assert failed["met"]


def test_without_an_overload_only_the_rate_is_judged() -> None:
    for best, curve in ((200, CURVE[:2]), (None, CURVE[2:])):
        result = {"largest_rate": best, "curve": curve, "most_answered": 200}
        (only,) = _aims(result)
        assert only["measured"] == (best or 0)


def test_the_table_has_a_line_for_each_rate() -> None:
    result = {
        "index": "shop",
        "products": 5,
        "workers": 2,
        "connections": 8,
        "one_at_a_time_ms": {"median": 1.0, "p95": 2.0, "p99": 3.0},
        "curve": [*CURVE, row(900, 0.0, None)],
        "aims": [],
    }
    lines = throughput_table(result).splitlines()
    assert [line.split()[0] for line in lines[2:8]] == ["100", "200", "300", "400", "800", "900"]
    assert lines[5].split()[-1] == "3.0"
    assert lines[7].split()[-4:] == ["-"] * 4

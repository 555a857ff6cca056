"""``searchsvc experiment report``: from the stored events to figures of each arm."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli.main import app
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from tests.conftest import Build

DAY_MS = 86_400_000
NEW_YEAR_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
EXPERIMENT: dict[str, Any] = {
    "name": "try",
    "arms": [{"name": "control", "share": 50}, {"name": "bold", "share": 50}],
}


@pytest.fixture(autouse=True)
def _environment(
    tmp_path: Path, data_dir: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    build([{"id": "1", "title": "Red sneakers"}])
    Path("experiment.json").write_text(json.dumps(EXPERIMENT))


@pytest.fixture
def stored() -> None:
    """Ten users of each arm search on New Year's Day; of bold all buy on the next."""
    with closing(StateStore.open(Settings())) as store:
        for number in range(20):
            arm = ("control", "bold")[number % 2]
            user = store.user_key(f"user {number}")
            store.append([
                event("s", user, EventKind.SEARCH, 0, arm=f"try/{arm}", query_id="0" * 32),
                *([event("p", user, EventKind.PURCHASE, 1)] if arm == "bold" else []),
            ])  # fmt: skip


def event(name: str, user: str, kind: EventKind, day: int, **fields: Any) -> Event:
    items = (Item("1", price=9.5),) if kind is EventKind.PURCHASE else ()
    time_ms = NEW_YEAR_MS + day * DAY_MS
    return Event(name, kind, "shop", user, time_ms, Source.API, items, **fields)


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["experiment", *arguments, "--index", "shop"])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def report(*arguments: str) -> Any:
    return json.loads(run("report", "--json", *arguments).stdout)


@pytest.mark.usefixtures("stored")
def test_a_report_tells_what_each_arm_brought() -> None:
    run("set", "experiment.json")
    found = report()
    assert (found["index"], found["experiment"]) == ("shop", "try")
    control, bold = found["arms"]
    assert (control["totals"]["users"], control["totals"]["orders"]) == (10, 0)
    assert (bold["totals"]["users"], bold["totals"]["revenue"]) == (10, 95.0)
    assert bold["differences"]["conversion"]["value"] == 1.0
    assert bold["differences"]["conversion"]["p"] < 0.001
    assert not found["is_mismatched"]
    lines = run("report").stdout.splitlines()
    assert lines[0] == "shop: try"
    assert any("bold" in line and "+1.0000" in line for line in lines)


@pytest.mark.usefixtures("stored")
def test_a_report_is_of_the_days_that_are_asked_for() -> None:
    run("set", "experiment.json")
    first = report("--until", "2026-01-01")
    assert first["arms"][1]["totals"]["orders"] == 0
    assert first["until_ms"] == NEW_YEAR_MS + DAY_MS
    assert report("--until", "2026-01-02")["arms"][1]["totals"]["orders"] == 10
    later = report("--since", "2026-01-01T00:00:01Z")
    assert later["arms"][1]["totals"]["users"] == 0  # a purchase alone records no arm here


@pytest.mark.usefixtures("stored")
def test_a_report_may_be_of_an_experiment_that_has_ended() -> None:
    assert report("--document", "experiment.json")["arms"][1]["totals"]["orders"] == 10
    assert "no experiment" in run("report", code=2).stderr


def test_without_events_there_is_nobody_in_an_arm() -> None:
    run("set", "experiment.json")
    assert "error:" in run("report", code=1).stderr
    StateStore.open(Settings()).close()
    assert "Nobody was seen in an arm of try yet" in run("report").stdout


def test_what_is_no_date_is_wrong_usage() -> None:
    run("set", "experiment.json")
    assert "neither a date" in run("report", "--since", "yesterday", code=2).output

"""``searchsvc segments learn``, ``proposals`` and ``accept`` on a store with events."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from searchsvc.cli.learn import learning_command
from searchsvc.cli.main import app
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.learned.file import LearnedFile
from searchsvc.learning.lock import learning
from searchsvc.livedocuments import SEGMENTS
from searchsvc.state.store import StateStore
from tests.searchsvc.learning.shop import RECORDS, Shoppers, purchases

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _index(build: Build) -> None:
    build(RECORDS)


@pytest.fixture
def _events(_index: None, make_settings: MakeSettings) -> None:
    given = purchases(Shoppers(count=150, orders=10, brand=3.5, groups=3))
    with closing(StateStore.open(make_settings())) as store:
        keys = [store.user_key(f"user-{number}") for number in range(len(given.user_keys))]
        store.append(
            [
                Event(
                    id=f"e{number}",
                    kind=EventKind.PURCHASE,
                    index="shop",
                    user=keys[user],
                    time_ms=time_ms,
                    source=Source.IMPORT,
                    items=(Item(given.product_ids[product]),),
                )
                for number, (user, product, time_ms) in enumerate(
                    zip(
                        given.users.tolist(),
                        given.products.tolist(),
                        given.times_ms.tolist(),
                        strict=True,
                    )
                )
            ]
        )
        store.put_members(
            "shop", "vip", [f"user-{number}" for number in range(0, 150, 3)], replace=True
        )


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["segments", *arguments, "--index", "shop"])
    assert result.exit_code == code, result.output
    return result


def run_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


@pytest.mark.usefixtures("_events")
def test_what_is_learned_is_told_and_written(layout: IndexLayout) -> None:
    output = run("learn").output
    assert "3,000 events about products of g00000001-" in output
    assert "3,000 orders, 150 users" in output
    assert "needs more events, or is worth nothing" in output
    line = next(line for line in output.splitlines() if line.startswith("  brand"))
    assert line.endswith("in use")
    assert "a running service takes it up by itself" in output
    model = LearnedFile(layout).read()
    assert model is not None
    assert {field.name for field in model.fields if field.in_use} >= {"brand"}
    told = run_json("learn")
    assert told["written"] is True
    assert told["origin"]["users"] == 150
    assert [field["name"] for field in told["fields"]] == [field.name for field in model.fields]
    assert "vip" in told["proposals"]


@pytest.mark.usefixtures("_events")
def test_a_dry_run_changes_nothing(layout: IndexLayout) -> None:
    before = sorted(path.name for path in layout.root.iterdir())
    assert "nothing was written (--dry-run)" in run("learn", "--dry-run").output
    assert run_json("learn", "--dry-run")["written"] is False
    assert sorted(path.name for path in layout.root.iterdir()) == before


@pytest.mark.usefixtures("_events")
def test_a_proposal_is_shown_and_accepted(layout: IndexLayout) -> None:
    assert "nothing is proposed; 'searchsvc segments learn' looks" in run("proposals").output
    run("learn")
    shown = run("proposals").output
    assert "two halves of the shoppers agree on who belongs together" in shown
    assert "brand is Acme: bought " in shown
    assert "; boost +0." in shown
    proposals = run_json("proposals")["proposals"]
    discovered = next(it for it in proposals if it["like"])
    accepted = run_json("accept", discovered["name"], "--as", "fans")
    document, version = SEGMENTS.file(layout).read()
    assert accepted == {"index": "shop", "segment": "fans", "version": version}
    assert document.segments[0].name == "fans"
    assert document.segments[0].like is not None
    assert "vip is a segment with" in run("accept", "vip").output
    assert [it.name for it in SEGMENTS.file(layout).read()[0].segments] == ["fans", "vip"]


@pytest.mark.usefixtures("_index")
def test_a_proposal_that_is_not_there_is_refused() -> None:
    told = run_json("accept", "nobody", code=2)
    assert told["error"] == "BadLiveSettingsError"
    assert "there is no proposal 'nobody' for index 'shop' (there are: none)" in told["message"]


@pytest.mark.usefixtures("_index")
def test_without_events_there_is_nothing_to_learn(
    layout: IndexLayout, make_settings: MakeSettings
) -> None:
    assert "nothing to learn from: no users have events about" in run("learn").output
    StateStore.open(make_settings()).close()
    told = run_json("learn")
    assert (told["written"], told["removed"], told["origin"]) == (False, [], None)
    assert "searchsvc events import FILE --index shop" in told["notes"][0]
    assert not layout.learned_file.exists()


@pytest.mark.parametrize("left", [0, 1, 19])
@pytest.mark.usefixtures("_events")
def test_what_was_learned_goes_with_the_users_it_was_learned_from(
    layout: IndexLayout, make_settings: MakeSettings, left: int
) -> None:
    run("learn")
    with closing(StateStore.open(make_settings())) as store:
        for number in range(left, 150):
            store.delete_user(f"user-{number}")
    run("learn", "--dry-run")
    assert layout.learned_file.exists()
    output = run("learn").output
    assert (
        f"{left or 'no'} users have events about products of index 'shop', it takes 20" in output
    )
    assert "removed what was learned before: learned.safetensors, proposals.json" in output
    assert not layout.learned_file.exists()
    assert not layout.proposals_file.exists()


@pytest.mark.usefixtures("_events")
def test_two_do_not_learn_at_once(layout: IndexLayout) -> None:
    with learning(layout):
        assert run_json("learn", code=1)["error"] == "LearningBusyError"
        assert run_json("learn", "--dry-run")["written"] is False


@pytest.mark.usefixtures("_events")
def test_a_few_purchases_give_no_segments(
    layout: IndexLayout, make_settings: MakeSettings
) -> None:
    with closing(StateStore.open(make_settings())) as store:
        for number in range(20, 150):
            store.delete_user(f"user-{number}")
    assert (
        "no segments discovered: 20 people have 10 purchases, it takes 40" in run("learn").output
    )
    assert "vip: too few are known for proposals" in run("proposals").output
    assert layout.learned_file.exists()


@pytest.mark.usefixtures("_events")
def test_the_schedule_s_command_learns(layout: IndexLayout, data_dir: Path) -> None:
    command = learning_command(data_dir, "shop")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["written"] is True
    assert layout.learned_file.exists()

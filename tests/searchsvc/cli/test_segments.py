"""``searchsvc segments``: lists of users, and the explanation of membership."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from indexer.storage import StringTable
from searchsvc.cli.main import app
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.learned.file import LearnedFile
from searchsvc.learned.model import Learned, LearnedFrom, TraitField
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.segments.shoppers import moment

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

SEGMENTS = {
    "strength": 80,
    "timezone": "Europe/Berlin",
    "segments": [
        {"name": "vip", "listed": True, "boosts": [{"filter": "brand:Acme", "weight": 0.5}]},
        {
            "name": "acme",
            "title": "Friends of Acme",
            "when": {"or": [{"bought": "brand:Acme"}, {"viewed": "brand:Acme"}]},
        },
        {
            "name": "tall",
            "when": {"and": [{"fact": "height", "gte": 190}, {"fact": "member", "eq": True}]},
            "boosts": [
                {"filter": "brand:Zeta", "weight": -1, "name": "not zeta"},
                {"filter": "brand:Acme", "weight": 1, "from": "2030-01-01"},
            ],
        },
        {"name": "off", "enabled": False, "like": {"affinities": {}, "threshold": 0.5}},
        {"name": "named"},
    ],
}


@pytest.fixture(autouse=True)
def _environment(
    tmp_path: Path, data_dir: Path, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.chdir(tmp_path)
    build(
        [
            {"id": "1", "title": "Red sneakers", "brand": "Acme"},
            {"id": "2", "title": "Blue trainers", "brand": "Zeta"},
        ]
    )
    Path("segments.json").write_text(json.dumps(SEGMENTS))
    run("set", "segments.json")


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["segments", *arguments, "--index", "shop"])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def put_list(text: str, *more: str, code: int = 0) -> Any:
    Path("users.txt").write_text(text)
    arguments = ("import", "users.txt", "--segment", "vip", "--consent", *more)
    return run_json(*arguments, code=code)


def reasons(*arguments: str) -> dict[str, str | None]:
    told = run_json("explain", *arguments)["segments"]
    return {segment["name"]: segment["why"] for segment in told}


def test_segments_are_shown_with_the_ways_into_them() -> None:
    assert run("show").stdout.splitlines()[1:] == [
        "  strength 80, times in Europe/Berlin",
        "  vip: list, 1 boost",
        "  acme: rule, 0 boosts",
        "  tall: rule, 2 boosts",
        "  off: learned, 0 boosts, not enabled",
        "  named: by name only, 0 boosts",
    ]
    assert run_json("show")["strength"] == 80


def test_an_import_replaces_the_list_and_with_add_it_adds() -> None:
    assert put_list("ann\nbob\nann\n")["members"] == 2
    replaced = put_list("bob\ncem\n")
    assert (replaced["read"], replaced["added"], replaced["members"]) == (2, 2, 2)
    assert reasons("--token", "ann")["vip"] is None
    added = put_list("dee\nbob\n", "--add")
    assert (added["added"], added["members"]) == (1, 3)
    for token in ("bob", "cem", "dee"):
        assert reasons("--token", token)["vip"] == "listed"


def test_rows_without_an_id_are_told_and_cost_themselves_only() -> None:
    rows = "customer_id,name\n7,Ann\n,Bob\n9,Cem\n"
    report = put_list(rows)
    assert (report["read"], report["rejected"], report["members"]) == (2, 1, 2)
    assert report["first_rejections"][0]["line"] == 3
    Path("users.txt").write_text(rows)
    told = run("import", "users.txt", "-s", "vip", "--consent").stdout
    assert "vip has 2 users now; read 2" in told
    assert "line 3: customer_id" in told
    assert "Bob" not in told


def test_without_consent_nothing_is_imported() -> None:
    Path("users.txt").write_text("ann\n")
    result = run("import", "users.txt", "--segment", "vip", code=2)
    assert "State with --consent" in result.stderr
    assert not (Path("data") / "state.db").exists()


@pytest.mark.parametrize("name", ["acme", "nobody"])
def test_a_list_that_no_segment_would_use_is_refused(name: str) -> None:
    Path("users.txt").write_text("ann\n")
    result = run("import", "users.txt", "--segment", name, "--consent", code=2)
    assert f"no segment '{name}' with a list (those with one: vip)" in result.stderr


def test_an_empty_or_missing_file_leaves_the_list_as_it_is() -> None:
    put_list("ann\n")
    failure = put_list("\n", code=1)
    assert failure["error"] == "EventFileError"
    assert "members --remove" in failure["message"]
    run("import", "gone.txt", "--segment", "vip", "--consent", code=1)
    assert run_json("members")["members"] == {"vip": 1}


def test_members_are_counted_and_removed() -> None:
    assert run("members").stdout == "vip: 0\n"
    assert run_json("members", "--remove", "vip") == {
        "index": "shop", "members": {"vip": 0}, "removed": 0
    }  # fmt: skip
    put_list("ann\nbob\n")
    assert run("members").stdout == "vip: 2\n"
    run("clear")
    assert run("members").stdout == "vip: 2 (no segment uses this list)\n"
    assert "removed 2 users from vip" in run("members", "--remove", "vip").stdout
    assert run("members").stdout == "shop: nobody is listed\n"


def buy(token: str, product: str) -> None:
    store = StateStore.open(Settings())
    order = Event(
        id=f"order-of-{product}",
        kind=EventKind.PURCHASE,
        index="shop",
        user=store.user_key(token),
        time_ms=moment("2026-01-01T00:00:00Z"),
        source=Source.IMPORT,
        items=(Item(product),),
    )
    store.append([order])
    store.close()


def test_the_past_and_the_session_of_a_user_are_looked_at() -> None:
    assert reasons("--token", "ann")["acme"] is None
    buy("ann", "1")
    assert reasons("--token", "ann")["acme"] == "rule"
    assert reasons("--token", "bob")["acme"] is None
    assert reasons("--viewed", "1")["acme"] == "rule"
    facts = run_json("explain", "--token", "ann", "--at", "2026-02-01")["facts"]
    assert (facts["orders"], facts["days_since_last"]) == (1, 31)


def test_a_user_whose_learned_affinities_are_similar_is_in(layout: IndexLayout) -> None:
    # Of a single purchase a sixth of the likeness counts.
    like = {"affinities": {"brand": {"Acme": 1.0}}, "threshold": 0.1}
    Path("learned.json").write_text(json.dumps({"segments": [{"name": "a", "like": like}]}))
    run("set", "learned.json")
    buy("ann", "1")
    buy("bob", "2")
    assert reasons("--token", "ann") == {"a": None}  # nothing was learned yet
    brand = TraitField(
        name="brand", smoothing=1, ceiling=2, signed=True, weight=1, error=0.1, in_use=True
    )
    origin = LearnedFrom(
        time_ms=1,
        newest_ms=1,
        generation="g00000001-00000000",
        events=2,
        users=2,
        orders=2,
        held_out=0,
        half_life_days=180,
        event_weights={"purchase": 1},
    )
    model = Learned(
        origin=origin,
        fields=(brand,),
        ids=StringTable.of(["1", "2"]),
        popularity=np.array([1, 1], np.float32),
        values=StringTable.of(["Acme", "Zeta"]),
        field_of=np.array([0, 0], np.int16),
        shares=np.array([0.5, 0.5], np.float32),
        starts=np.array([0, 1, 2], np.int64),
        traits=np.array([0, 1], np.int32),
        parts=np.array([1, 1], np.float32),
        band_edges=np.array([], np.float64),
    )
    LearnedFile(layout).replace(model)
    now = ("--at", "2026-01-02")
    assert reasons("--token", "ann", *now) == {"a": "learned"}
    assert reasons("--token", "bob", *now) == {"a": None}
    assert reasons("--token", "cem", *now) == reasons(*now) == {"a": None}


def test_facts_of_the_command_line_are_numbers_and_booleans_where_they_look_so() -> None:
    given = ("--context", "height=190", "--context", "member=true")
    assert reasons(*given)["tall"] == "rule"
    assert reasons(*given[:2], "--context", "member=yes")["tall"] is None
    facts = run_json("explain", "--context", "a=nan", "--context", "b=x=y")["facts"]
    assert facts == {"a": "nan", "b": "x=y"}


def test_an_explanation_for_people_tells_parts_and_boosts_in_force() -> None:
    told = run(
        "explain", "--context", "height=200", "--context", "member=true", "--segment", "named"
    )
    assert told.stdout.splitlines() == [
        "height = 200.0",
        "member = True",
        "vip: no",
        "acme: no",
        "  - one of",
        "  -   bought brand:Acme",
        "  -   viewed brand:Acme",
        "tall: yes (rule)",
        "  + all of",
        "  +   height >= 190",
        "  +   member is True",
        "  boost -1: not zeta",
        "named: yes (named)",
    ]
    later = run("explain", "--segment", "tall", "--at", "2030-01-01T00:00:00+01:00").stdout
    assert "  boost +1: brand:Acme" in later


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--context", "country"), "expected FACT=VALUE"),
        (("--context", "=DE"), "expected FACT=VALUE"),
        (("--at", "tomorrow"), "neither a date"),
        (("--filters", "brand"), "expected ':' or a comparison"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], message: str) -> None:
    assert message in run("explain", *arguments, code=2).stderr

"""The replay of recorded searches, from a service's database to the table."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from benchmarks.__main__ import app
from benchmarks.replay import Past
from indexer.snapshot import open_snapshot
from searchsvc.embedders import Embedders
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.live import effective_policy
from searchsvc.query.query import Query
from searchsvc.search import search
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.layout import IndexLayout
    from tests.conftest import Build

MEANING = {"semantic_weight": 1, "all_words_weight": 0, "feedback_weight": 0}
COLORS = ("red", "blue", "green", "black", "white", "pink", "brown", "grey")
SHOES = [
    {
        "id": f"s{number}",
        "title": f"{color} shoe",
        "description": f"A shoe in {color}. " * number,
        "brand": f"Brand {number}",
    }
    for number, color in enumerate(COLORS, start=1)
]


@pytest.fixture(autouse=True)
def _environment(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))


def interleave(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["interleave", "shop", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def measured(tmp_path: Path, *arguments: str) -> Any:
    out = tmp_path / "result.json"
    interleave(*arguments, "--json", str(out))
    return json.loads(out.read_bytes())


def event(kind: EventKind, user: str, time_ms: int, *items: Item, **fields: Any) -> Event:
    name = f"{kind}-{user[:8]}-{time_ms}"
    return Event(name, kind, "shop", user, time_ms, Source.API, items, **fields)


def store_clicks(wanted: str, *, users: int, position: int | None, arm: str | None = None) -> None:
    """Each user searches for shoes once and clicks the same product."""
    with closing(StateStore.open(Settings())) as store:
        for number in range(users):
            user, query_id = store.user_key(f"{wanted} {number}"), f"{position or 0}{number:031x}"
            search = event(
                EventKind.SEARCH, user, 10 * number, query="shoe", query_id=query_id, arm=arm
            )
            click = event(
                *(EventKind.CLICK, user, 10 * number + 1, Item(wanted, position)),
                query_id=query_id,
            )
            store.append([search, click])


@pytest.fixture
def shop(build: Build, layout: IndexLayout) -> IndexLayout:
    """Shoes; their order by relevance is that of their numbers."""
    build(SHOES)
    layout.ranking_file.write_text('{"semantic_weight": 0}')
    return layout


@pytest.fixture
def reversing(tmp_path: Path) -> str:
    """Ranking settings that give another order: by meaning alone."""
    file = tmp_path / "against.json"
    file.write_text(json.dumps(MEANING))
    return str(file)


def order_of(shop: IndexLayout, overrides: dict[str, Any]) -> list[str]:
    """What the index answers to "shoe" with other ranking settings."""
    snapshot, settings = open_snapshot(shop), Settings()
    policy = replace(effective_policy(shop, settings, snapshot), **overrides)
    with closing(Embedders.patient(settings.models_dir)) as embedders:
        embedder = embedders.get(snapshot.manifest.embedder)
        return [hit.id for hit in search(Query("shoe"), snapshot, embedder, policy).hits]


def test_a_product_that_only_b_puts_first_wins_for_b(
    shop: IndexLayout, reversing: str, tmp_path: Path
) -> None:
    """Of all products the one that B raises most is chosen by everybody."""
    gains: dict[str, tuple[float, float]] = {}
    for wanted in (f"s{number}" for number in range(1, 9)):
        (shop.root.parent / "state.db").unlink(missing_ok=True)
        store_clicks(wanted, users=3, position=1)
        found = measured(tmp_path, "--against", reversing, "--eta", "1")["counterfactual"]
        gains[wanted] = found["snips"]["a"], found["snips"]["b"]
    assert sorted(a for a, _ in gains.values()) == sorted(b for _, b in gains.values())
    best = max(gains, key=lambda it: gains[it][1] - gains[it][0])
    (shop.root.parent / "state.db").unlink()
    store_clicks(best, users=12, position=2)
    found = measured(tmp_path, "--against", reversing, "--length", "4", "--seeds", "20")
    assert found["interleaving"]["value"] > 0
    assert found["interleaving"]["users"] == 12
    value = found["counterfactual"]["snips"]
    assert (value["a"], value["b"]) == pytest.approx(gains[best])
    assert value["low"] > 0
    assert value["p"] < 0.01
    assert found["recorded"]["replayed"] == 12
    assert found["decay"] == {"eta": 1.0, "error": None, "choices": 0, "assumed": True}


def test_another_strength_is_replayed_with_the_segments_that_users_are_in(
    shop: IndexLayout, tmp_path: Path
) -> None:
    favourite = order_of(shop, {})[-1]
    boost = {"filter": f"brand:'Brand {favourite[1:]}'", "weight": 1}
    segments = [{"name": "vip", "listed": True, "boosts": [boost]}]
    shop.segments_file.write_text(json.dumps({"strength": 0, "segments": segments}))
    store_clicks(favourite, users=8, position=8)
    with closing(StateStore.open(Settings())) as store:
        members = [f"{favourite} {number}" for number in range(8)]
        store.put_members("shop", "vip", members, replace=True)
    found = measured(tmp_path, "--strength-b", "100")
    assert (found["a"]["strength"], found["b"]["strength"]) == (None, 100)
    value = found["counterfactual"]["snips"]
    assert value["b"] > value["a"] == pytest.approx(1 / np.log2(9), abs=1e-4)
    assert found["interleaving"]["value"] > 0
    with closing(StateStore.open(Settings())) as store:
        store.remove_members("shop", "vip")
    unknown = measured(tmp_path, "--strength-b", "100")["counterfactual"]["snips"]
    assert unknown["difference"] == 0


@pytest.mark.usefixtures("shop")
def test_the_table_tells_people_what_was_found_and_assumed(reversing: str) -> None:
    store_clicks("s3", users=5, position=3)
    text = interleave("--against", reversing).stdout
    assert "5 of 5 recorded searches asked again, 5 with a choice" in text
    assert "Favours what was shown" in text
    assert "position ** -1.00 (assumed" in text
    assert "self-normalized" in text
    given_eta = interleave("--against", reversing, "--eta", "0.5", "--choice", "click").stdout
    assert "position ** -0.50 (given)" in given_eta


def test_without_positions_those_of_today_are_taken(shop: IndexLayout, reversing: str) -> None:
    first = {order_of(shop, {})[0], order_of(shop, MEANING)[0]}
    other = next(it for it in order_of(shop, {}) if it not in first)
    store_clicks(other, users=2, position=None)
    text = interleave("--against", reversing, "--length", "1").stdout
    assert "no event tells a position: those of today's answers are taken" in text
    assert "nothing that was chosen is in any list" in text


def test_the_decay_is_estimated_where_arms_show_products_at_different_places(
    shop: IndexLayout, reversing: str, tmp_path: Path
) -> None:
    """Half of the shoppers see the other order; who looks is drawn by a known decay."""
    shop.experiment_file.write_text(json.dumps({
        "name": "try",
        "arms": [
            {"name": "control", "share": 50},
            {"name": "other", "share": 50, "ranking": MEANING},
        ],
    }))  # fmt: skip
    orders = {"control": order_of(shop, {}), "other": order_of(shop, MEANING)}
    rng = np.random.default_rng(5)
    with closing(StateStore.open(Settings())) as store:
        events = []
        for number in range(1_200):
            arm = ("control", "other")[number % 2]
            user, query_id = store.user_key(str(number // 3)), f"{number:032x}"
            events.append(
                event(
                    *(EventKind.SEARCH, user, 10 * number),
                    query="shoe",
                    query_id=query_id,
                    arm=f"try/{arm}",
                )
            )
            looks = rng.random(8) < (1.0 + np.arange(8)) ** -0.8
            clicked = [
                Item(it, place + 1)
                for place, it in enumerate(orders[arm])
                if looks[place] and rng.random() < 0.5
            ]
            if clicked:
                events.append(
                    event(
                        *(EventKind.CLICK, user, 10 * number + 1),
                        *clicked,
                        query_id=query_id,
                    )
                )
        store.append(events)
    found = measured(tmp_path, "--against", reversing)
    assert found["recorded"]["positions_as_today"] == 1.0
    assert found["decay"]["choices"] > 500
    assert found["decay"]["eta"] == pytest.approx(0.8, abs=3 * found["decay"]["error"])
    assert "±" in interleave("--against", reversing).stdout


@pytest.mark.usefixtures("shop")
def test_imported_purchases_are_nothing_to_replay(reversing: str) -> None:
    with closing(StateStore.open(Settings())) as store:
        store.append([event(EventKind.PURCHASE, store.user_key("ann"), 1, Item("s1"))])
    message = interleave("--against", reversing, code=1).stderr.replace("\n", " ")
    assert "1 choices that name none of these: there is nothing to replay" in message
    assert "send the query_id" in message


@pytest.mark.usefixtures("shop")
def test_choices_that_nobody_can_place_are_nothing_to_replay(reversing: str) -> None:
    with closing(StateStore.open(Settings())) as store:
        user = store.user_key("ann")
        store.append([
            event(EventKind.SEARCH, user, 1, query="shoe", query_id="0" * 32),
            event(EventKind.CLICK, user, 2, Item("long gone"), query_id="0" * 32),
        ])  # fmt: skip
    assert "Send positions" in interleave("--against", reversing, code=1).stderr


@pytest.mark.usefixtures("shop")
def test_two_equal_sides_and_other_events_are_wrong_usage() -> None:
    assert "the same" in interleave(code=2).output
    assert "--choice takes" in interleave("--choice", "search", code=2).output


def test_a_broken_file_of_live_settings_is_told(shop: IndexLayout, reversing: str) -> None:
    shop.ranking_file.write_text("{")
    assert "expected JSON" in interleave("--against", reversing, code=1).stderr


events_of_a_user = st.lists(
    st.builds(
        Event,
        id=st.uuids().map(str),
        kind=st.sampled_from([*EventKind]),
        index=st.just("shop"),
        user=st.just("a" * 64),
        time_ms=st.integers(1, 20),
        source=st.just(Source.API),
        items=st.lists(
            st.builds(
                Item,
                product_id=st.sampled_from("xyz"),
                quantity=st.integers(1, 3),
                price=st.sampled_from([None, 0.5, 2.0]),
            ),
            max_size=2,
        ).map(tuple),
        query=st.sampled_from([None, "shoe", "lamp"]),
    ),
    max_size=12,
    unique_by=lambda it: it.id,
)


@settings(deadline=None, max_examples=25)
@given(events_of_a_user, st.integers(0, 21))
def test_a_profile_of_then_is_what_the_store_would_have_said(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], now_ms: int
) -> None:
    past = Past(lambda _: frozenset({"vip"}))
    in_order = sorted(events, key=lambda it: (it.time_ms, it.id))
    assert list(past.watch(in_order)) == in_order
    data_dir = tmp_path_factory.mktemp("state")
    with closing(StateStore.open(Settings(data_dir=data_dir))) as store:
        store.append([it for it in events if it.time_ms < now_ms])
        expected = store.profile("shop", "a" * 64)
    assert past.profile("a" * 64, now_ms) == replace(expected, segments=frozenset({"vip"}))

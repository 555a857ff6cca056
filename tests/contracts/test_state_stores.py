"""The state store keeps its contract on every database; the oracles are lists of events."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, select

from searchsvc.errors import StateFormatError, StateMissingError, TokenKeyError
from searchsvc.events.event import EventKind, Item
from searchsvc.segments.profile import MAX_INTERACTIONS, MAX_SEARCHES, Profile
from searchsvc.settings import Settings
from searchsvc.state import journal, schema
from searchsvc.state.rows import MAX_TIME_MS
from searchsvc.state.store import StateStore
from searchsvc.state.tables import AUDIT, EVENT, ITEM, KIND_CODES, MEMBER, SCHEMA
from tests.happenings import INDEX, USERS, events, first_of_each, make_event, profile_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Row, Table

    from searchsvc.events.event import Event

TOKEN = "anon-5f1c0e7a"  # noqa: S105 - a pseudonym
# One database serves all examples, each of which has an index and users of its own.
examples = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_numbers = count(1)


def rows(url: str, table: Table) -> list[Row[Any]]:
    """All rows, read past the store."""
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    try:
        with engine.connect() as connection:
            return list(connection.execute(select(table)).all())
    finally:
        engine.dispose()


def elsewhere(found: list[Event]) -> tuple[str, list[Event]]:
    """The same events in an index of their own, by users of their own."""
    number = next(_numbers)
    moved = {user: f"{number:x}".rjust(32, "0") + user[32:] for user in USERS}
    return f"shop-{number}", [
        replace(event, index=f"shop-{number}", user=moved[event.user]) for event in found
    ]


# Events


@examples
@given(found=st.lists(events, min_size=1, max_size=10), data=st.data())
def test_whatever_is_sent_how_often_and_in_whatever_batches_is_stored_once(
    store: StateStore, found: list[Event], data: st.DataObject
) -> None:
    index, found = elsewhere(found)
    batches = data.draw(st.lists(st.lists(st.sampled_from(found), max_size=6), max_size=8))
    outcomes = [store.append(batch) for batch in batches]
    kept = first_of_each(event for batch in batches for event in batch)
    assert list(store.events(index)) == kept
    assert sum(outcome.stored for outcome in outcomes) == len(kept)
    assert [o.stored + o.repeated for o in outcomes] == [len(batch) for batch in batches]


@examples
@given(found=st.lists(events, min_size=1, max_size=10), data=st.data())
def test_batches_of_one_transaction_are_told_apart(
    store: StateStore, found: list[Event], data: st.DataObject
) -> None:
    places = st.lists(st.integers(0, len(found) - 1), max_size=6)
    batches = data.draw(st.lists(places, max_size=8))
    _, ours = elsewhere(found)
    _, twins = elsewhere(found)
    together = store.append_each([[ours[place] for place in batch] for batch in batches])
    alone = [store.append([twins[place] for place in batch]) for batch in batches]
    assert together == alone


def test_an_event_with_the_id_of_another_changes_nothing(store: StateStore) -> None:
    first = make_event("e1", "a")
    store.append([first])
    longer = replace(first, items=(Item("b"), Item("c")), time_ms=9)
    assert store.append([longer, make_event("e2", "d")]).repeated == 1
    assert list(store.events()) == [first, make_event("e2", "d")]


def test_events_of_two_users_may_have_the_same_id(store: StateStore) -> None:
    found = [make_event("e1", "a", user=user) for user in USERS]
    assert store.append(found).stored == 3
    assert list(store.events()) == first_of_each(found)


def test_events_of_two_indexes_may_have_the_same_id(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PAGE_ROWS", 2)
    found = [make_event("e1", "a", "b", index=index) for index in ("one", "three", "two")]
    token_of = store.user_key(TOKEN)
    assert store.append(found[:2]).stored == 2
    assert store.append([*found, replace(found[0], user=token_of)]).stored == 2
    assert store.append(found).repeated == 3
    assert list(store.events()) == first_of_each([*found, replace(found[0], user=token_of)])
    assert list(store.events("two")) == found[2:]


def test_an_event_keeps_all_of_its_parts(store: StateStore) -> None:
    event = make_event(
        "1" * 300,
        kind=EventKind.ADD_TO_CART,
        time_ms=MAX_TIME_MS,
        items=(Item("ä" * 200, 3, -(2**31) + 1, 0.1), Item("", None, 2**31 - 1, 1e300)),
        query_id="message_x",
        query="q" * 512,
        currency="EUR",
        arm="control",
    )
    store.append([event])
    assert list(store.events()) == [event]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"id": "a\0b"}, "id"),
        ({"query": "\ud800"}, "query"),
        ({"time_ms": MAX_TIME_MS + 1}, "time_ms"),
        ({"time_ms": -1}, "time_ms"),
        ({"user": "anon-1"}, "user key"),
        ({"user": "ab" * 31}, "user key"),
        ({"items": (Item("a\0"),)}, "product_id"),
        ({"items": (Item("a", quantity=2**31),)}, "quantity"),
        ({"items": (Item("a", position=2**31),)}, "position"),
        ({"items": (Item("a", price=float("nan")),)}, "price"),
    ],
)
def test_what_not_every_database_stores_is_refused_and_nothing_of_it_is_stored(
    store: StateStore, changes: dict[str, Any], part: str
) -> None:
    with pytest.raises(ValueError, match=part) as caught:
        store.append([make_event("fine", "a"), make_event("bad", **changes)])
    assert "anon" not in str(caught.value)
    assert list(store.events()) == []


@examples
@given(
    found=st.lists(events, max_size=12),
    since_ms=st.integers(0, 6),
    until_ms=st.none() | st.integers(0, 6),
    page_rows=st.integers(1, 5),
)
def test_events_are_streamed_in_order_whatever_the_page(
    store: StateStore, found: list[Event], since_ms: int, until_ms: int | None, page_rows: int
) -> None:
    index, found = elsewhere(found)
    store.append(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "PAGE_ROWS", page_rows)
        streamed = list(store.events(index, since_ms=since_ms, until_ms=until_ms))
    until = 6 if until_ms is None else until_ms
    assert streamed == [e for e in first_of_each(found) if since_ms <= e.time_ms < until]


def test_events_of_all_indexes_come_in_one_order(store: StateStore) -> None:
    found = [make_event(f"e{n}", "a", index=f"shop{n % 2}", time_ms=n) for n in range(6)]
    store.append(found)
    assert list(store.events()) == found


def test_who_reads_slowly_sees_what_is_stored_by_then_and_holds_up_nobody(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PAGE_ROWS", 2)
    found = [make_event(f"e{n}", "a", time_ms=n) for n in range(10)]
    store.append(found)
    reading = store.events()
    assert next(reading) == found[0]
    store.purge(9)
    assert list(reading) == [found[9]]


# Profiles and interactions


@examples
@given(found=st.lists(events, max_size=15), segments=st.sets(st.sampled_from(["vip", "new"])))
def test_a_profile_is_what_the_list_of_events_says(
    store: StateStore, found: list[Event], segments: set[str]
) -> None:
    index, found = elsewhere(found)
    token = f"token of {index}"
    user = store.user_key(token)
    mine = {event.user for event in found[:1]}
    found = [replace(e, user=user) if e.user in mine else e for e in found]
    store.append(found)
    for segment in segments:
        store.put_members(index, segment, [token], replace=False)
    store.put_members("other", "elsewhere", [token], replace=False)
    expected = profile_of(first_of_each(found), user, frozenset(segments))
    assert store.profile(index, user) == expected


def test_a_profile_looks_back_so_far_but_counts_all(store: StateStore) -> None:
    searches = [
        make_event(f"s{n}", kind=EventKind.SEARCH, query=f"q{n}", time_ms=n)
        for n in range(MAX_SEARCHES + 5)
    ]
    orders = [
        make_event(f"o{n}", items=(Item("a", price=1.5), Item("b")), time_ms=n)
        for n in range(MAX_INTERACTIONS // 2 + 5)
    ]
    store.append(searches + orders)
    profile = store.profile(INDEX, USERS[0])
    assert profile == profile_of(searches + orders, USERS[0], frozenset())
    assert (len(profile.interactions), len(profile.searched)) == (MAX_INTERACTIONS, MAX_SEARCHES)
    assert profile.orders == len(orders)
    assert profile.spent == 1.5 * len(orders)


def test_of_a_stranger_nothing_is_known(store: StateStore) -> None:
    store.append([make_event("e1", "a")])
    assert store.profile(INDEX, USERS[1]) == Profile()
    assert store.profile("other", USERS[0]) == Profile()


@examples
@given(found=st.lists(events, max_size=15), since_ms=st.integers(0, 6))
def test_interactions_are_the_products_of_all_events(
    store: StateStore, found: list[Event], since_ms: int
) -> None:
    index, found = elsewhere(found)
    store.append(found)
    learned = store.interactions(index, since_ms)
    seen = [
        (
            learned.user_keys[learned.users[n]],
            learned.product_ids[learned.products[n]],
            int(learned.kinds[n]),
            int(learned.times_ms[n]),
            int(learned.quantities[n]),
        )
        for n in range(len(learned.users))
    ]
    assert sorted(seen) == sorted(
        (event.user, item.product_id, KIND_CODES[event.kind], event.time_ms, item.quantity)
        for event in first_of_each(found)
        for item in event.items
        if event.time_ms >= since_ms
    )
    assert [(user, time) for user, _, _, time, _ in seen] == sorted(
        (user, time) for user, _, _, time, _ in seen
    )
    assert list(learned.product_ids) == sorted({product for _, product, *_ in seen})
    assert list(learned.user_keys) == sorted({user for user, *_ in seen})


def test_arrays_of_interactions_have_the_documented_types(store: StateStore) -> None:
    store.append([make_event("e1", "a")])
    learned = store.interactions(INDEX)
    arrays = (
        learned.users,
        learned.products,
        learned.kinds,
        learned.times_ms,
        learned.quantities,
    )
    assert [array.dtype for array in arrays] == [np.int32, np.int32, np.int8, np.int64, np.int32]


# Retention, members, users


@pytest.mark.parametrize("at_once", [2, 1_000])
def test_a_purge_deletes_what_is_older_and_nothing_else(
    store: StateStore, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(journal, "PURGED_AT_ONCE", at_once)
    found = [make_event(f"e{n}", "a", "b", time_ms=n) for n in range(7)]
    store.append(found)
    assert store.purge(5) == 5
    assert list(store.events()) == found[5:]
    assert store.purge(5) == 0


def test_products_of_deleted_events_are_deleted(store: StateStore, state_url: str) -> None:
    store.append([make_event("e1", "a", "b"), make_event("e2", "c", time_ms=2_000)])
    store.purge(2_000)
    assert [row.product_id for row in rows(state_url, ITEM)] == ["c"]


def test_members_are_put_in_added_and_replaced(store: StateStore) -> None:
    assert store.put_members(INDEX, "vip", ["a", "b", "a"], replace=False) == 2
    assert store.put_members(INDEX, "vip", ["b", "c"], replace=False) == 1
    assert store.put_members(INDEX, "new", ["a"], replace=True) == 1
    assert store.members(INDEX) == {"new": 1, "vip": 3}
    assert store.put_members(INDEX, "vip", ["d", "a"], replace=True) == 2
    assert store.members(INDEX) == {"new": 1, "vip": 2}
    assert store.profile(INDEX, store.user_key("a")).segments == {"vip", "new"}
    assert store.profile(INDEX, store.user_key("b")).segments == frozenset()
    assert store.remove_members(INDEX, "vip") == 2
    assert store.members(INDEX) == {"new": 1}
    assert store.members("other") == {}


def test_an_import_of_members_that_fails_changes_nothing(store: StateStore) -> None:
    def broken() -> Iterator[str]:
        yield "b"
        raise EOFError

    store.put_members(INDEX, "vip", ["a"], replace=True)
    with pytest.raises(EOFError):
        store.put_members(INDEX, "vip", broken(), replace=True)
    assert store.members(INDEX) == {"vip": 1}
    assert store.profile(INDEX, store.user_key("a")).segments == {"vip"}


def test_replacements_of_a_segment_at_the_same_time_do_not_mix(store: StateStore) -> None:
    lists = [[f"{number}-{n}" for n in range(200)] for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: store.put_members(INDEX, "vip", one, replace=True), lists))
    inside = {
        token
        for one in lists
        for token in one
        if store.profile(INDEX, store.user_key(token)).segments
    }
    assert inside in [set(one) for one in lists]


def test_what_is_exported_is_everything_and_what_is_deleted_too(
    store: StateStore, state_url: str
) -> None:
    user = store.user_key(TOKEN)
    mine = [
        make_event("e1", user=user, items=(Item("a", 2, 3, 4.5),), currency="EUR"),
        make_event("e2", user=user, index="other", kind=EventKind.SEARCH, query="sofa"),
    ]
    others = [make_event("e1", "a")]
    store.append(mine + others)
    store.put_members(INDEX, "vip", [TOKEN, "somebody"], replace=True)
    found = store.export_user(TOKEN)
    receipt = found.pop("receipt")
    assert json.loads(json.dumps(found)) == {
        "user": user,
        "events": [
            {
                "id": "e1",
                "kind": "purchase",
                "index": INDEX,
                "time": "1970-01-01T00:00:01.000Z",
                "source": "api",
                "items": [{"product_id": "a", "position": 2, "quantity": 3, "price": 4.5}],
                "currency": "EUR",
            },
            {
                "id": "e2",
                "kind": "search",
                "index": "other",
                "time": "1970-01-01T00:00:01.000Z",
                "source": "api",
                "query": "sofa",
            },
        ],
        "memberships": [{"index": INDEX, "segment": "vip"}],
    }
    deleted = store.delete_user(TOKEN)
    assert (deleted.events, deleted.memberships) == (2, 1)
    empty = store.export_user(TOKEN)
    assert (empty["events"], empty["memberships"]) == ([], [])
    assert list(store.events()) == others
    assert store.members(INDEX) == {"vip": 1}
    key = bytes.fromhex(user)
    for table in (EVENT, MEMBER):
        assert key not in [row.user for row in rows(state_url, table)]
    assert [(row.action, row.receipt) for row in rows(state_url, AUDIT)][:2] == [
        ("export", receipt),
        ("delete", deleted.receipt),
    ]


def test_the_audit_log_does_not_say_whose_data_it_was(
    store: StateStore, state_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store.append([make_event("secret-id", "secret-product", user=store.user_key(TOKEN))])
    store.export_user(TOKEN)
    receipt = store.delete_user(TOKEN).receipt
    said = caplog.text + "".join(map(str, rows(state_url, AUDIT)))
    assert receipt in caplog.text
    for secret in (TOKEN, store.user_key(TOKEN), "secret"):
        assert secret not in said
    (line,) = [row for row in rows(state_url, AUDIT) if row.receipt == receipt]
    assert json.loads(line.counts) == {"events": 1, "memberships": 0}


def test_of_each_index_it_is_known_how_much_there_is(store: StateStore) -> None:
    store.append(
        [
            make_event("e1", "a", "b", time_ms=5),
            make_event("e2", kind=EventKind.SEARCH, time_ms=7),
            make_event("e3", "a", time_ms=9, user=USERS[1]),
            make_event("e4", "a", index="other"),
        ]
    )
    counted = store.count()
    assert list(counted) == ["other", INDEX]
    shop = counted[INDEX]
    assert (shop.events, shop.users, shop.oldest_ms, shop.newest_ms) == (3, 2, 5, 9)
    assert {kind: n for kind, n in shop.kinds.items() if n} == {
        EventKind.SEARCH: 1,
        EventKind.PURCHASE: 2,
    }


# Opening


def test_what_was_stored_is_there_when_it_is_opened_again(state_settings: Settings) -> None:
    first = StateStore.open(state_settings)
    first.append([make_event("e1", "a")])
    first.close()
    second = StateStore.open(state_settings, create=False)
    assert list(second.events()) == [make_event("e1", "a")]
    second.close()


def test_a_database_that_must_not_be_made_is_missing(state_settings: Settings) -> None:
    with pytest.raises(StateMissingError, match="nothing was stored yet"):
        StateStore.open(state_settings, create=False)


def test_another_key_is_refused(state_settings: Settings) -> None:
    StateStore.open(state_settings).close()
    for _ in range(2):
        with pytest.raises(TokenKeyError, match="another token key"):
            StateStore.open(state_settings.model_copy(update={"token_key": SecretStr("x" * 32)}))
    StateStore.open(state_settings).close()


def test_many_that_open_a_new_database_at_once_agree(
    state_settings: Settings, state_url: str
) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: StateStore.open(state_settings), range(8)))
    outcomes = [store.append([make_event("e1", "a")]) for store in stores]
    assert sum(outcome.stored for outcome in outcomes) == 1
    for store in stores:
        store.close()
    assert [row.version for row in rows(state_url, SCHEMA)] == [schema.SCHEMA_VERSION]


def test_an_older_database_is_upgraded_step_by_step(
    state_settings: Settings, state_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    StateStore.open(state_settings).close()
    made = schema.SCHEMA_VERSION
    monkeypatch.setattr(schema, "SCHEMA_VERSION", made + 2)
    upgrades = {
        made + 1: ["UPDATE searchsvc_fact SET value = value || '2' WHERE name = 'token_key'"],
        made + 2: [
            "UPDATE searchsvc_fact SET value = substr(value, 1, 16) WHERE name = 'token_key'"
        ],
    }
    monkeypatch.setattr(schema, "UPGRADES", upgrades)
    with pytest.raises(
        StateFormatError, match=f"is of version {made}, this service needs {made + 2}"
    ):
        StateStore.open(state_settings, create=False)
    StateStore.open(state_settings).close()
    StateStore.open(state_settings, create=False).close()
    assert [row.version for row in rows(state_url, SCHEMA)] == [made, made + 1, made + 2]


def test_a_database_of_a_newer_service_is_refused(
    state_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    StateStore.open(state_settings).close()
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 0)
    with pytest.raises(StateFormatError, match="Update the service"):
        StateStore.open(state_settings)


def test_the_key_is_made_where_none_is_given(tmp_path: Path, state_url: str) -> None:
    given = Settings(data_dir=tmp_path / "data", state_url=SecretStr(state_url))
    first, second = StateStore.open(given), StateStore.open(given)
    assert first.user_key(TOKEN) == second.user_key(TOKEN)
    first.close()
    second.close()

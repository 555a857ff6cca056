"""Events over HTTP: what is stored, what is not, and that searches never notice."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from searchsvc.errors import TokenKeyError
from searchsvc.events.event import EventKind, Item
from searchsvc.events.recording import search_event
from searchsvc.events.writer import MAX_QUEUED
from searchsvc.experiments.assignment import arm_of
from searchsvc.http import intake, storage
from searchsvc.http.events import EventsTaken
from searchsvc.http.guard import MAX_BODY_BYTES, MAX_EVENTS_BYTES
from searchsvc.http.schemas import Problem
from searchsvc.settings import Settings
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.shoppers import (
    ADMIN,
    EVENTS,
    INSIGHTS,
    KEY,
    PRODUCTS,
    QUERY_ID,
    click,
    context_of,
    open_shop,
    publish,
    sample,
    sent,
    stored,
)

SEARCH = "/v1/indexes/shop/search"


@pytest.fixture(scope="module")
def shop_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("events")
    publish(directory, PRODUCTS, "shop")
    return directory


@pytest.fixture
def shop_settings(shop_dir: Path, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=shop_dir,
        models_dir=tmp_path,
        state_url=f"sqlite:///{tmp_path}/state.db",
        admin_key=KEY,
        embed_timeout_ms=60_000,
    )


@pytest.fixture
def shop(shop_settings: Settings) -> Iterator[TestClient]:
    with open_shop(shop_settings) as client:
        yield client


@pytest.fixture(scope="module")
def shared(shop_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One shop for tests that look at what they add only."""
    directory = tmp_path_factory.mktemp("shared")
    url = f"sqlite:///{directory}/state.db"
    with open_shop(
        Settings(data_dir=shop_dir, models_dir=directory, state_url=url, embed_timeout_ms=60_000)
    ) as client:
        yield client


def post(shop: TestClient, body: Any, path: str = EVENTS, **parameters: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body)
    return shop.post(path, content=content, params=parameters)


def taken(response: httpx2.Response) -> dict[str, int]:
    """What became of events that were taken, without what is 0."""
    assert response.status_code == 200, response.text
    read = EventsTaken.model_validate_json(response.content, strict=True)
    return {name: count for name, count in read.model_dump().items() if count}


def problem(response: httpx2.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in response.headers) == (status == 503)
    for leak in ("Traceback", ".py", "/tmp", KEY):  # noqa: S108 - must not appear
        assert leak not in response.text
    return Problem.model_validate_json(response.content).detail


# What is stored.


def test_events_are_stored_as_they_were_sent_under_a_key_of_the_user(shop: TestClient) -> None:
    events = [
        click(id="c", query_id=QUERY_ID),
        {
            "id": "p", "type": "purchase", "currency": "EUR",
            "items": [{"id": "rug", "quantity": 2, "price": 80}, {"id": "bench", "position": 4}],
        },
        {"id": "s", "type": "search", "query": "sofa", "query_id": QUERY_ID},
    ]  # fmt: skip
    assert taken(post(shop, sent(*events))) == {"stored": 3}
    found = {event.id: event for event in stored(shop)}
    assert found["c"].items == (Item("bench"),)
    assert found["p"].items == (Item("rug", None, 2, 80.0), Item("bench", 4))
    assert (found["p"].currency, found["p"].arm) == ("EUR", None)
    assert (found["s"].kind, found["s"].query) == (EventKind.SEARCH, "sofa")
    assert {event.index for event in found.values()} == {"shop"}
    assert {event.user for event in found.values()} == {context_of(shop).state.user_key("anon-1")}


def test_neither_token_nor_address_reaches_the_disk(
    shop_settings: Settings, tmp_path: Path
) -> None:
    with open_shop(shop_settings) as shop:
        post(shop, sent(click(), user_token="token-in-plain"))  # noqa: S106 - no secret
    files = [path for path in tmp_path.iterdir() if path.name.startswith("state.db")]
    assert files
    for path in files:
        assert b"token-in-plain" not in path.read_bytes()
        assert b"testclient" not in path.read_bytes()


@pytest.mark.parametrize("identified", [True, False])
def test_the_same_request_again_stores_nothing_twice(shop: TestClient, identified: bool) -> None:  # noqa: FBT001 - a table
    parts = {"id": "mine"} if identified else {}
    body = sent(click(**parts), {"type": "search", "query": "sofa", "query_id": QUERY_ID})
    assert taken(post(shop, body)) == {"stored": 2}
    assert taken(post(shop, body)) == {"repeated": 2}
    assert taken(post(shop, body | {"user_token": "anon-2"})) == {"stored": 2}
    assert len(stored(shop)) == 4
    assert sample(shop, "searchsvc_events_repeated_total") == 2


def test_a_search_that_the_service_recorded_is_not_stored_again_for_the_page(
    shop: TestClient,
) -> None:
    context = context_of(shop)
    user = context.state.user_key("anon-1")
    assert context.events.offer(search_event("shop", user, "sofa", QUERY_ID, arm="a"))
    context.events.settled().result(20)
    body = sent({"type": "search", "query": "sofa", "query_id": QUERY_ID})
    assert taken(post(shop, body)) == {"repeated": 1}
    assert [event.arm for event in stored(shop)] == ["a"]


@pytest.mark.parametrize("personalize", [True, False])
def test_the_arm_is_worked_out_whatever_the_client_says(
    shop_settings: Settings,
    personalize: bool,  # noqa: FBT001 - a table
) -> None:
    arms = [{"name": "a", "share": 50}, {"name": "b", "share": 50}]
    experiment = {"name": "try", "arms": arms}
    with open_shop(shop_settings.model_copy(update={"personalize": personalize})) as shop:
        path = "/v1/indexes/shop/experiment"
        shop.put(path, json=experiment, headers=ADMIN).raise_for_status()
        for number in range(20):
            assert taken(post(shop, sent(click(), user_token=f"u{number}"))) == {"stored": 1}
        assert "unknown name 'arm'" in problem(post(shop, sent(click(arm="try/b"))), 400)
        running = context_of(shop).service.state("shop").live.experiment
        for event in stored(shop):
            arm = arm_of(running, event.user)
            assert arm is not None
            assert event.arm == (arm.label if personalize else None)
        assert len({event.arm for event in stored(shop)}) == 1 + personalize
        shop.delete(path, headers=ADMIN).raise_for_status()


@pytest.mark.parametrize("place", ["time", "price", "quantity", "position"])
def test_no_number_is_too_large_to_be_refused(shared: TestClient, place: str) -> None:
    event = click(type="purchase")
    where = event if place == "time" else event["items"][0]
    for number in (2**63, -(2**64), 10**400):
        where[place] = number
        assert f".{place}: " in problem(post(shared, sent(event)), 400)


def test_unknown_products_are_counted_and_stored(shop: TestClient) -> None:
    body = sent(click("bench"), click("nope"), click("nope", id="again"), click("sofa-red"))
    assert taken(post(shop, body)) == {"stored": 4, "unknown_products": 2}


def test_a_page_may_send_it_as_text_from_another_origin(shared: TestClient) -> None:
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": "https://shop.example"}
    response = shared.post(EVENTS, content=json.dumps(sent(click(id="beacon"))), headers=headers)
    assert taken(response) == {"stored": 1}
    assert response.headers["access-control-allow-origin"] == "*"


def test_what_is_acknowledged_outlives_the_service(shop_settings: Settings) -> None:
    with open_shop(shop_settings) as shop:
        post(shop, sent(click(id="kept")))
    with open_shop(shop_settings) as shop:
        assert [event.id for event in stored(shop)] == ["kept"]


def test_events_older_than_the_retention_are_gone_after_a_start(shop_settings: Settings) -> None:
    ago = time.time_ns() // 1_000_000 - 10 * 86_400_000
    with open_shop(shop_settings) as shop:
        post(shop, sent(click(id="old", time=ago), click(id="new")))
    with open_shop(shop_settings.model_copy(update={"retention_days": 9})) as shop:
        eventually(lambda: [event.id for event in stored(shop)] == ["new"])
        detail = problem(post(shop, sent(click(time=ago))), 400)
    assert "events[0].time" in detail
    assert "more than 9 days ago" in detail


# Consent.

AGREED = [
    # request and event, stored
    ((None, None), 0), ((None, False), 0), ((None, True), 1),
    ((False, None), 0), ((False, False), 0), ((False, True), 1),
    ((True, None), 1), ((True, False), 0), ((True, True), 1),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), AGREED)
def test_without_consent_nothing_is_stored_and_it_is_no_error(
    shared: TestClient, said: tuple[bool | None, bool | None], expected: int
) -> None:
    def dropped() -> float:
        return sample(shared, "searchsvc_events_total", kind="click", outcome="not_consented")

    request_says, event_says = said
    before, dropped_before = len(stored(shared)), dropped()
    body = sent(click(id=str(said), **({} if event_says is None else {"consent": event_says})))
    del body["consent"]
    body |= {} if request_says is None else {"consent": request_says}
    outcome = {"stored": 1} if expected else {"not_consented": 1}
    assert taken(post(shared, body)) == outcome
    assert len(stored(shared)) == before + expected
    assert dropped() == dropped_before + 1 - expected


def test_nothing_but_consent_is_looked_at_without_consent(
    shared: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_of(shared)._storage, "_store", Barred())  # noqa: SLF001 - bars it
    body = {"events": [click(), click("nope", index="nowhere", user_token="t")]}  # noqa: S106 - no secret
    assert taken(post(shared, body)) == {"not_consented": 2}


# What is refused.

MALFORMED: list[tuple[Any, str]] = [
    (b"", "body: expected JSON"),
    (b"{", "body: expected JSON"),
    (b"\xff\xfe", "body: expected JSON"),
    ([], "body: "),
    ({}, "events: Field required"),
    (sent(), "events: "),
    (sent(click(), click(type="watch")), "events[1].type: "),
    (sent(click(items=[{"id": "a"}, {"id": "b", "price": "9"}])), "events[0].items[1].price: "),
    (sent(click(), colour="red"), "body: unknown name 'colour', expected one of events"),
    (sent(click(), user_token="jane@shop.example"), "user_token: found an e-mail address"),  # noqa: S106 - no secret
    (sent(click(time=5)), "events[0].time: found 5, which is more than 365 days ago"),
    (sent(click(), click(time="2999-01-01T00:00:00Z")), "events[1].time: found "),
    (sent(click(), click(index="")), "events[1].index: "),
    (sent(click(), user_token=None), "events[0].user_token: missing"),
    (sent(click(), index=None), "events[0].index: missing"),
    (sent(*[click(type=f"t{n}") for n in range(9)]), "events[0].type: "),
    (sent(*[click()] * 1_001), "events: "),
]


@pytest.mark.parametrize(("body", "message"), MALFORMED)
def test_a_malformed_request_is_refused_with_its_place_and_nothing_is_stored(
    shared: TestClient, body: Any, message: str
) -> None:
    before = stored(shared)
    assert problem(post(shared, body), 400).startswith(message)
    assert stored(shared) == before


def test_many_complaints_are_cut(shared: TestClient) -> None:
    wrong = dict.fromkeys(("id", "query_id", "currency", "order_id", "time", "index", "type"), "")
    detail = problem(post(shared, sent(click(**wrong))), 400)
    assert detail.count("events[0].") == 5
    assert detail.endswith("; and 2 more")


@pytest.mark.parametrize("path", [EVENTS, INSIGHTS])
def test_a_body_full_of_mistakes_is_one_mistake(shared: TestClient, path: str) -> None:
    """Complaints about each would hold up the searches of the process for seconds."""
    wrong = {"eventType": "click", "index": "shop", "positions": ["x"] * 100_000}
    response = post(shared, sent(wrong | {f"x{n}": n for n in range(50_000)}), path)
    assert response.status_code in {400, 422}
    assert len(response.text) < 1_000
    assert " more" not in response.text


@pytest.mark.parametrize("token", [5, ["secret-token"], {"a": "secret-token"}, "secret token"])
def test_no_error_repeats_a_token(shared: TestClient, token: Any) -> None:
    for wrong in (sent(click(), user_token=token), sent([token]), sent(click(user_token=token))):
        detail = problem(post(shared, wrong), 400)
        assert "secret" not in detail
        assert "found 5" not in detail


def test_an_index_that_is_not_served_is_a_404_that_names_the_event(shared: TestClient) -> None:
    before = stored(shared)
    detail = problem(post(shared, sent(click(), click(index="other"))), 404)
    assert detail == "events[1].index: no index 'other' is served here; there is: shop"
    assert stored(shared) == before


def test_a_body_with_events_may_be_larger_than_others(shared: TestClient) -> None:
    padding = b" " * (MAX_EVENTS_BYTES - 1_000)
    assert taken(post(shared, json.dumps(sent(click(id="large"))).encode() + padding)) == {
        "stored": 1
    }
    for path in (EVENTS, INSIGHTS):
        response = post(shared, b" " * (MAX_EVENTS_BYTES + 1), path)
        assert response.status_code == 413
        assert "2,097,152 bytes" in response.text
    response = shared.post(SEARCH, content=b" " * (MAX_BODY_BYTES + 1))
    assert "262,144 bytes" in problem(response, 413)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from(["shop", "anon-1", "click", "purchase", "search", "P1", "a\0", QUERY_ID])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([
                "id", "type", "time", "items", "query_id", "query", "currency", "order_id",
                "consent",
                "user_token", "index", "position", "quantity", "price", "events", "eventType",
                "objectIDs", "positions", "userToken", "objectData", "queryID", "timestamp",
            ]),
            inner,
            max_size=8,
        )
    ),
    max_leaves=25,
)  # fmt: skip
_event = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["click", "view", "purchase"]) | _json,
        "items": st.lists(st.fixed_dictionaries({"id": st.text()}) | _json, max_size=3),
    },
    optional=dict.fromkeys(
        ("id", "time", "query_id", "query", "currency", "order_id", "index"), _json
    ),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    body=st.binary(max_size=40)
    | _json
    | st.builds(lambda events: sent(*events), st.lists(_event | _json, max_size=3)),
    path=st.sampled_from([EVENTS, INSIGHTS]),
)
def test_no_body_whatever_is_a_failure_of_the_service(
    shared: TestClient, body: Any, path: str
) -> None:
    before = len(stored(shared))
    response = post(shared, body, path, consent="true")
    assert response.status_code in {200, 400, 404, 422}, response.text
    if response.status_code != 200:
        assert len(stored(shared)) == before
    elif path == EVENTS:
        assert len(stored(shared)) == before + taken(response).get("stored", 0)


# When the database is not there, or in the way.


def test_searches_are_answered_while_another_process_locks_the_database(
    shop: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "ANSWER_SECONDS", 0.05)
    with sqlite3.connect(tmp_path / "state.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        detail = problem(post(shop, sent(click(id="late"))), 503)
        assert "were not stored within 0.05 seconds" in detail
        for _ in range(20):
            assert context_of(shop).events.offer(search_event("shop", "00" * 32, "sofa", QUERY_ID))
            response = shop.post(SEARCH, json={"query": "sofa"})
            assert response.status_code == 200
            assert response.json()["total"] == 2
        other.execute("ROLLBACK")
    monkeypatch.setattr(intake, "ANSWER_SECONDS", 20.0)
    taken(post(shop, sent(click(id="late"))))
    assert sorted(event.id for event in stored(shop)) == ["late", f"search:{QUERY_ID}"]
    assert sample(shop, "searchsvc_events_total", kind="click", outcome="failed") == 1


class Barred:
    """A store that nobody may touch."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


def test_a_search_asks_nothing_of_the_store_without_a_shopper(
    shared: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context_of(shared)._storage, "_store", Barred())  # noqa: SLF001 - bars it
    assert shared.post(SEARCH, json={"query": "sofa"}).json()["total"] == 2
    assert shared.post("/1/indexes/shop/query", json={"query": "sofa"}).json()["nbHits"] == 2
    monkeypatch.undo()


def test_a_full_queue_is_a_503_with_a_time_to_come_back(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(shop)
    entered, gate = threading.Event(), threading.Event()
    real = context.state.append_each

    def held(batches: Any) -> Any:
        entered.set()
        assert gate.wait(20)
        return real(batches)

    monkeypatch.setattr(context.state, "append_each", held)
    filler = search_event("shop", context.state.user_key("x"), "x", QUERY_ID)
    waiting = context.events.submit([filler])
    assert entered.wait(20)
    context.events.submit([filler] * (MAX_QUEUED - 1))
    detail = problem(post(shop, sent(click(), click("rug"))), 503)
    assert "10,000 events wait" in detail
    assert sample(shop, "searchsvc_events_total", kind="click", outcome="refused") == 2
    assert shop.post(SEARCH, json={"query": "sofa"}).status_code == 200
    gate.set()
    waiting.result(20)
    eventually(lambda: sample(shop, "searchsvc_events_queued") == 0)
    assert sample(shop, "searchsvc_events_commit_seconds_count") > 0
    assert taken(post(shop, sent(click()))) == {"stored": 1}


def test_a_database_that_cannot_be_opened_costs_events_only_and_is_tried_again(
    shop_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0.01)
    file = tmp_path / "state.db"
    file.write_bytes(b"no database at all" * 1_000)
    closed = Settings(
        data_dir=shop_dir, models_dir=tmp_path, state_url=f"sqlite:///{file}", admin_key=KEY
    )
    with open_shop(closed) as shop:
        assert shop.post(SEARCH, json={"query": "sofa"}).json()["total"] == 2
        assert shop.get("/readyz").status_code == 200
        detail = problem(post(shop, sent(click())), 503)
        assert "the service's log has the details" in detail
        assert "state.db" not in detail
        assert taken(post(shop, sent(click(), consent=False))) == {"not_consented": 1}
        assert context_of(shop).events.offer(search_event("shop", "0" * 64, "x", QUERY_ID))
        eventually(
            lambda: sample(shop, "searchsvc_events_dropped_total", reason="store_failed") == 1
        )
        assert caplog.text.count("events cannot be stored: ") == 1
        file.unlink()
        eventually(lambda: post(shop, sent(click())).status_code == 200)


def test_what_nobody_expected_of_the_store_is_a_503_too(
    shared: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(batches: Any) -> Any:
        raise LookupError(batches)

    monkeypatch.setattr(context_of(shared).state, "append_each", broken)
    assert "the service's log" in problem(post(shared, sent(click())), 503)
    assert "LookupError" in caplog.text
    assert "Item(" not in caplog.text


def test_too_many_requests_to_read_are_a_503(
    shared: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: Any) -> Any:
        raise intake.OverloadedError("64 requests are waiting already")

    monkeypatch.setattr(context_of(shared).reading, "run", busy)
    assert "waiting already" in problem(post(shared, sent(click())), 503)
    assert sample(shared, "searchsvc_overloaded_total") == 1


def test_what_is_wrong_with_the_store_is_told_to_the_log_alone(
    shared: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> Any:
        raise TokenKeyError("token.key cannot be read. Set SEARCHSVC_TOKEN_KEY.")

    monkeypatch.setattr(context_of(shared).state, "append_each", broken)
    response = post(shared, sent(click()))
    assert "the service's log has the details" in problem(response, 503)
    insight = {"eventType": "click", "eventName": "x", "index": "shop", "objectIDs": ["sofa"]}
    theirs = shared.post("/1/events", json={"events": [{**insight, "userToken": "anon-1"}]})
    for answer in (response, theirs):
        assert not re.search("(?i)key", answer.text)
    assert "Set SEARCHSVC_TOKEN_KEY.\n" in caplog.text


# Documentation.


def test_the_body_and_its_answers_are_documented(shared: TestClient) -> None:
    operation = shared.get("/openapi.json").json()["paths"][EVENTS]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in json.dumps(schema)
    assert {"200", "400", "404", "413", "503"} <= set(operation["responses"])
    (example,) = schema["examples"]
    assert taken(post(shared, example)) == {"stored": 1, "unknown_products": 1}

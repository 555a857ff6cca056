"""Insights events: every form that Algolia's clients send, and Algolia's own Python client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from algoliasearch.http.exceptions import RequestException
from algoliasearch.http.hosts import Host, HostsCollection
from algoliasearch.insights.client import InsightsClientSync
from algoliasearch.insights.config import InsightsConfig
from starlette.testclient import TestClient

from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.http.algolia.conftest import failure
from tests.searchsvc.http.shoppers import (
    INSIGHTS,
    KEY,
    QUERY_ID,
    context_of,
    open_shop,
    running,
    sample,
    stored,
)

OTHER_ID = "f" * 32
FAR_AHEAD_MS = 10**14
Push = Callable[..., httpx2.Response]


@pytest.fixture
def insights_settings(shop_dir: Path, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=shop_dir,
        models_dir=tmp_path,
        state_url=f"sqlite:///{tmp_path}/state.db",
        admin_key=KEY,
        embed_timeout_ms=60_000,
    )


@pytest.fixture(scope="module")
def shared(shop_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    directory = tmp_path_factory.mktemp("insights")
    url = f"sqlite:///{directory}/state.db"
    with open_shop(Settings(data_dir=shop_dir, models_dir=directory, state_url=url)) as client:
        yield client


@pytest.fixture
def shop(shared: TestClient) -> TestClient:
    """A shop without events."""
    context_of(shared).state.purge(FAR_AHEAD_MS)
    return shared


def push(shop: TestClient, *events: Any, **parts: Any) -> httpx2.Response:
    body = {"consent": True, **parts, "events": events}
    return shop.post(INSIGHTS, content=json.dumps(body))


def of(kind: str, **parts: Any) -> dict[str, Any]:
    common = {"eventName": "Something", "index": "shop", "userToken": "anon-1"}
    return {"eventType": kind, **common, **parts}


def click(**parts: Any) -> dict[str, Any]:
    return of("click", objectIDs=["bench"], **parts)


def only(shop: TestClient) -> Event:
    (event,) = stored(shop)
    return event


def ok(response: httpx2.Response) -> None:
    assert response.status_code == 200, response.text
    assert response.json() == {"status": 200, "message": "OK"}


ONE, TWO = ["bench"], ["bench", "rug"]
FORMS: dict[str, tuple[dict[str, Any], EventKind | None, tuple[Item, ...], str | None]] = {
    "clickedObjectIDsAfterSearch": (
        of("click", objectIDs=TWO, positions=[3, 7], queryID=QUERY_ID),
        EventKind.CLICK, (Item("bench", 3), Item("rug", 7)), QUERY_ID,
    ),
    "clickedObjectIDs": (of("click", objectIDs=ONE), EventKind.CLICK, (Item("bench"),), None),
    "convertedObjectIDsAfterSearch": (
        of("conversion", objectIDs=TWO, queryID=QUERY_ID), None, (), None,
    ),
    "convertedObjectIDs": (of("conversion", objectIDs=ONE), None, (), None),
    "addedToCartObjectIDsAfterSearch": (
        of(
            "conversion", eventSubtype="addToCart", objectIDs=ONE, queryID=QUERY_ID, value=120.5,
            objectData=[{"price": "120.50", "quantity": 2, "discount": "5"}], currency="EUR",
        ),
        EventKind.ADD_TO_CART, (Item("bench", None, 2, 120.5),), QUERY_ID,
    ),
    "addedToCartObjectIDs": (
        of("conversion", eventSubtype="addToCart", objectIDs=ONE),
        EventKind.ADD_TO_CART, (Item("bench"),), None,
    ),
    "purchasedObjectIDsAfterSearch": (
        of(
            "conversion", eventSubtype="purchase", objectIDs=TWO, currency="eur",
            objectData=[{"price": 100, "queryID": QUERY_ID}, {"queryID": QUERY_ID, "quantity": 3}],
        ),
        EventKind.PURCHASE, (Item("bench", None, 1, 100.0), Item("rug", None, 3)), QUERY_ID,
    ),
    "purchasedObjectIDs": (
        of("conversion", eventSubtype="purchase", objectIDs=["rug"]),
        EventKind.PURCHASE, (Item("rug"),), None,
    ),
    "viewedObjectIDs": (of("view", objectIDs=ONE), EventKind.VIEW, (Item("bench"),), None),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_stored_as_what_it_says(shop: TestClient, form: str) -> None:
    body, kind, items, query_id = FORMS[form]
    dropped = sample(shop, "searchsvc_events_dropped_total", reason="conversion")
    ok(push(shop, body))
    if kind is None:
        assert stored(shop) == []
        assert sample(shop, "searchsvc_events_dropped_total", reason="conversion") == dropped + 1
        return
    event = only(shop)
    assert (event.kind, event.items, event.query_id) == (kind, items, query_id)
    assert event.currency == (body.get("currency", "").upper() or None)
    assert (event.index, event.source) == ("shop", Source.INSIGHTS)
    assert event.user == context_of(shop).state.user_key("anon-1")


DATA = [{"queryID": QUERY_ID}, {}, {"queryID": QUERY_ID, "quantity": 2}]


def several(subtype: str, **parts: Any) -> dict[str, Any]:
    ids = ["bench", "rug", "lamp/1"]
    parts = {"objectIDs": ids, "objectData": DATA, "eventSubtype": subtype, **parts}
    return of("conversion", **parts)


def test_a_cart_of_products_from_several_searches_is_an_event_of_each(shop: TestClient) -> None:
    ok(push(shop, several("addToCart", queryID=OTHER_ID)))
    found = {event.query_id: event for event in stored(shop)}
    assert found[QUERY_ID].items == (Item("bench"), Item("lamp/1", None, 2))
    assert found[OTHER_ID].items == (Item("rug"),)
    assert found[QUERY_ID].time_ms == found[OTHER_ID].time_ms


@pytest.mark.parametrize("parts", [{}, {"queryID": OTHER_ID}])
def test_a_purchase_of_products_from_several_searches_is_one_order(
    shop: TestClient, parts: dict[str, str]
) -> None:
    ok(push(shop, several("purchase", **parts)))
    event = only(shop)
    assert {item.product_id for item in event.items} == {"bench", "rug", "lamp/1"}
    assert event.query_id == QUERY_ID  # of two products, the other of one


def test_the_token_of_who_is_logged_in_goes_before_the_anonymous_one(shop: TestClient) -> None:
    ok(push(shop, click(authenticatedUserToken="customer-7")))
    assert only(shop).user == context_of(shop).state.user_key("customer-7")


def test_a_token_may_be_a_number(shop: TestClient) -> None:
    ok(push(shop, click(userToken=12345, authenticatedUserToken="")))
    assert only(shop).user == context_of(shop).state.user_key("12345")


def test_the_time_is_that_of_the_event(shop: TestClient) -> None:
    then = time.time_ns() // 1_000_000 - 3_600_000
    ok(push(shop, click(timestamp=then)))
    assert only(shop).time_ms == then


def test_the_same_request_again_stores_nothing_twice(shop: TestClient) -> None:
    for _ in range(2):
        ok(push(shop, click(), of("click", objectIDs=["rug"])))
    assert len(stored(shop)) == 2


@pytest.mark.parametrize(
    "name", ["shop", "shop:price:asc", "shop/sort/price:asc", "shop_price_asc", "shop_newest"]
)
def test_events_of_a_replica_are_those_of_its_index(shop: TestClient, name: str) -> None:
    ok(push(shop, click(index=name)))
    assert only(shop).index == "shop"


def test_the_query_of_a_conversation_is_none_of_a_search(shop: TestClient) -> None:
    ok(push(shop, click(queryID="message_abc-1"), of("click", objectIDs=["rug"], queryID="")))
    assert [event.query_id for event in stored(shop)] == [None, None]


def test_what_is_of_no_use_is_accepted_counted_and_dropped(shop: TestClient) -> None:
    internal = ["instantsearch", "instantsearch-internal"]
    ok(push(
        shop,
        {"eventType": "instantsearch", "widgets": [{"type": "ais.hits"}], "timestamp": "x"},
        of("click", filters=["brand%3AFjellvik"]),
        of("view", filters=["brand:Fjellvik"]),
        of("conversion", filters=["brand:Fjellvik"]),
        of("view", objectIDs=["bench", "rug"], algoliaSource=internal),
        of("view", objectIDs=["bench"], algoliaSource=["instantsearch"]),
        click(unknown={"a": 1}, algoliaSource=internal),
    ))  # fmt: skip
    assert sorted(event.kind for event in stored(shop)) == ["click", "view"]
    for reason, count in {"usage": 1, "filters": 3, "impressions": 1}.items():
        assert sample(shop, "searchsvc_events_dropped_total", reason=reason) == count


# Consent.

SAID = [
    # event, body, query string, setting: stored
    (None, None, None, False, 0), (None, None, None, True, 1),
    (None, None, "true", False, 1), (None, None, "false", True, 0),
    (None, True, "false", False, 1), (None, False, "true", True, 0),
    (True, False, "false", False, 1), (False, True, "true", True, 0),
]  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_the_nearest_word_on_consent_counts(
    insights_settings: Settings, said: tuple[bool | None, bool | None, str | None, bool, int]
) -> None:
    event, body, query, setting, expected = said
    settings = insights_settings.model_copy(update={"insights_consent": setting})
    sent = {"events": [click(**({} if event is None else {"consent": event}))]}
    sent |= {} if body is None else {"consent": body}
    with open_shop(settings) as shop:
        parameters = {} if query is None else {"consent": query}
        response = shop.post(INSIGHTS, content=json.dumps(sent), params=parameters)
        assert response.status_code == 200
        assert len(stored(shop)) == expected
        assert ("1 without consent" in response.json()["message"]) == (not expected)


def test_without_consent_not_even_the_index_is_looked_at(shop: TestClient) -> None:
    response = push(shop, of("view", objectIDs=ONE, index="nope", userToken=""), consent=False)
    assert response.status_code == 200


# What is refused.

WRONG: list[tuple[dict[str, Any], str]] = [
    (click(positions=[1, 2]), "events[0]: 2 positions of 1 objectIDs"),
    (click(objectData=[]), "events[0]: 0 objectData of 1 objectIDs"),
    (of("click"), "events[0]: neither objectIDs nor filters"),
    (of("click", objectIDs=[]), "events[0].objectIDs: "),
    (of("click", objectIDs=["x"] * 101), "events[0].objectIDs: "),
    (of("watch", objectIDs=ONE), "events[0].eventType: "),
    (of("conversion", eventSubtype="gift", objectIDs=ONE), "events[0].eventSubtype: "),
    (click(positions=[0]), "events[0].positions[0]: "),
    (click(queryID="nope"), "events[0].queryID: "),
    (click(objectData=[{"price": "cheap"}]), "events[0].objectData[0].price: "),
    (click(objectData=[{"price": -1}]), "events[0].objectData[0].price: "),
    (click(currency="euros"), "events[0].currency: "),
    (click(userToken="jane@shop.example"), "events[0].userToken: found an e-mail address"),
    (click(userToken=None), "events[0].userToken: missing"),
    (click(timestamp=1), "events[0].timestamp: found 1, which is more than 365 days ago"),
    (click(index=""), "events[0].index: "),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_a_malformed_event_is_a_422_with_its_place_and_nothing_is_stored(
    shop: TestClient, wrong: dict[str, Any], message: str
) -> None:
    assert failure(push(shop, wrong, click()), 422).startswith(message)
    assert stored(shop) == []


def test_a_malformed_request_is_refused(shop: TestClient) -> None:
    for body in (b"{", b"", b"\xff"):
        assert "expected JSON" in failure(shop.post(INSIGHTS, content=body), 400)
    assert failure(push(shop, *[click()] * 1_001), 422).startswith("events: ")
    many = [of("click", objectIDs=["x"] * 100) for _ in range(101)]
    assert "10,000 objectIDs" in failure(push(shop, *many), 422)
    assert "expected true or false" in failure(
        shop.post(f"{INSIGHTS}?consent=yes", content=b'{"events": []}'), 400
    )
    ok(push(shop))


def test_an_unknown_index_is_a_404(shop: TestClient) -> None:
    assert "events[0].index: Index nope does not exist" in failure(
        push(shop, click(index="nope")), 404
    )


def test_a_database_that_fails_is_a_503_in_their_shape(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Any:
        raise LookupError

    monkeypatch.setattr(context_of(shop).state, "append_each", broken)
    response = push(shop, click())
    failure(response, 503)
    assert response.headers["retry-after"]


# Algolia's own client for Python, with nothing but another host.


@pytest.fixture
def client(insights_settings: Settings) -> Iterator[InsightsClientSync]:
    with running(insights_settings.model_copy(update={"insights_consent": True})) as port:
        config = InsightsConfig("searchsvc", KEY)
        config.hosts = HostsCollection([Host("127.0.0.1", "http", port)])
        with InsightsClientSync.create_with_config(config) as found:
            yield found


def test_their_client_sends_every_form_and_deletes_a_user(
    client: InsightsClientSync, insights_settings: Settings
) -> None:
    response = client.push_events({"events": [body for body, *_ in FORMS.values()]})
    assert (response.status, response.message) == (200, "OK")
    store = StateStore.open(insights_settings)
    assert len(list(store.events())) == sum(kind is not None for _, kind, *_ in FORMS.values())
    client.delete_user_token("anon-1")
    assert list(store.events()) == []
    store.close()


def test_their_client_raises_what_is_wrong(client: InsightsClientSync) -> None:
    event = FORMS["clickedObjectIDs"][0]
    with pytest.raises(RequestException, match="Index nope does not exist"):
        client.push_events({"events": [event | {"index": "nope"}]})
    with pytest.raises(RequestException, match="e-mail address") as caught:
        client.push_events({"events": [event | {"userToken": "jane@shop.example"}]})
    assert caught.value.status_code == 422

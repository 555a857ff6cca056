"""Users' rights over HTTP: everything known is told, and after a deletion nothing is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from starlette.testclient import TestClient

from searchsvc.events.files import values
from searchsvc.events.recording import search_event
from searchsvc.http.schemas import Problem
from searchsvc.http.users import UserDeleted, UserKnown
from searchsvc.settings import Settings
from tests.searchsvc.http.shoppers import (
    ADMIN,
    EVENTS,
    KEY,
    PRODUCTS,
    QUERY_ID,
    click,
    context_of,
    open_shop,
    publish,
    sent,
    stored,
)

USER = "/v1/users/anon-1"


@pytest.fixture(scope="module")
def shop_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    directory = tmp_path_factory.mktemp("users")
    publish(directory, PRODUCTS, "shop")
    publish(directory, PRODUCTS, "other")
    return Settings(
        data_dir=directory, models_dir=directory, admin_key=KEY, embed_timeout_ms=60_000
    )


@pytest.fixture(scope="module")
def shop(shop_settings: Settings) -> Iterator[TestClient]:
    with open_shop(shop_settings) as client:
        yield client


def deleted(response: httpx2.Response) -> UserDeleted:
    assert response.status_code == 200, response.text
    return UserDeleted.model_validate_json(response.content)


def everything(shop: TestClient, path: str = USER) -> dict[str, Any]:
    response = shop.get(path, headers=ADMIN)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    known: dict[str, Any] = response.json()
    return known


def test_what_is_known_is_told_and_after_a_deletion_nothing_is_left(
    shop: TestClient, shop_settings: Settings
) -> None:
    shop.post(EVENTS, json=sent(click(id="here"), click(id="there", index="other")))
    shop.post(EVENTS, json=sent({"type": "search", "query": "unmistakable"}))
    shop.post(EVENTS, json=sent(click(id="a stranger's"), user_token="anon-2"))  # noqa: S106 - no secret
    context_of(shop).state.put_members("shop", "vip", ["anon-1"], replace=False)
    known = everything(shop)
    UserKnown.model_validate(known)
    assert {event["index"] for event in known["events"]} == {"shop", "other"}
    assert {event["id"] for event in known["events"]} >= {"here", "there"}
    assert "unmistakable" in {event.get("query") for event in known["events"]}
    assert known["memberships"] == [{"index": "shop", "segment": "vip"}]
    gone = deleted(shop.delete(USER, headers=ADMIN))
    assert (gone.events, gone.memberships, gone.erased) == (3, 1, True)
    assert len(gone.receipt) >= 16
    assert everything(shop)["events"] == everything(shop)["memberships"] == []
    assert [event.id for event in stored(shop)] == ["a stranger's"]
    key = context_of(shop).state.user_key("anon-1")
    for path in shop_settings.data_dir.glob("state.db*"):
        content = path.read_bytes()
        for trace in (b"unmistakable", key.encode(), bytes.fromhex(key)):
            assert trace not in content


def test_a_user_of_whom_nothing_is_known_is_deleted_and_told_all_the_same(
    shop: TestClient,
) -> None:
    assert everything(shop, "/v1/users/nobody")["events"] == []
    assert deleted(shop.delete("/v1/users/nobody", headers=ADMIN)).events == 0


def test_tokens_with_slashes_are_named_as_they_are(shop: TestClient) -> None:
    shop.post(EVENTS, json=sent(click(), user_token="a/b+c="))  # noqa: S106 - no secret
    for path in ("/v1/users/a%2Fb%2Bc%3D", "/v1/users/a/b+c="):
        assert len(everything(shop, path)["events"]) == 1
    assert deleted(shop.delete("/v1/users/a%2Fb+c=", headers=ADMIN)).events == 1


def test_what_is_on_its_way_is_written_before_so_that_nothing_comes_back(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(shop)
    user = context.state.user_key("hasty")
    entered, gate = threading.Event(), threading.Event()
    real = context.state.append_each

    def held(batches: Any) -> Any:
        entered.set()
        assert gate.wait(20)
        return real(batches)

    monkeypatch.setattr(context.state, "append_each", held)
    context.events.offer(search_event("shop", user, "first", "0" * 32))
    assert entered.wait(20)
    context.events.offer(search_event("shop", user, "second", QUERY_ID))
    waiting = context.events.submit([search_event("shop", user, "third", "1" * 32)])
    threading.Timer(0.1, gate.set).start()
    assert deleted(shop.delete("/v1/users/hasty", headers=ADMIN)).events == 3
    assert waiting.done()
    context.events.settled().result(20)
    assert everything(shop, "/v1/users/hasty")["events"] == []


def test_whoever_keeps_something_of_a_user_is_told(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    context = context_of(shop)
    monkeypatch.setattr(context, "forget", told.append)
    everything(shop)
    assert told == []
    shop.delete(USER, headers=ADMIN)
    shop.delete("/1/usertokens/anon-2", headers={"x-algolia-api-key": KEY})
    assert told == [context.state.user_key(token) for token in ("anon-1", "anon-2")]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_it_needs_the_key(shop: TestClient, method: str, headers: dict[str, str]) -> None:
    response = shop.request(method, USER, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_without_a_key_of_the_service_nobody_may(shop_settings: Settings) -> None:
    keyless = shop_settings.model_copy(update={"admin_key": None})
    with open_shop(keyless) as shop:
        assert shop.get(USER, headers=ADMIN).status_code == 403
        assert shop.delete(USER, headers=ADMIN).status_code == 403
        assert shop.delete("/1/usertokens/anon-1").status_code == 403


@pytest.mark.parametrize(
    "customer", ["jane@shop.example", "Jané Doe", "a:b?c#d", "x" * 500, "17850"]
)
def test_whatever_an_import_took_for_a_customer_can_be_told_and_deleted(
    shop: TestClient, customer: str
) -> None:
    context = context_of(shop)
    path = quote(customer, safe="")
    for delete in (f"/v1/users/{path}", f"/1/usertokens/{path}"):
        user = context.state.user_key(values.customer(customer))
        context.events.submit([search_event("shop", user, "sofa", QUERY_ID)]).result(20)
        assert len(everything(shop, f"/v1/users/{path}")["events"]) == 1
        shop.delete(delete, headers=ADMIN | {"x-algolia-api-key": KEY}).raise_for_status()
        assert everything(shop, f"/v1/users/{path}")["events"] == []


def test_no_longer_text_is_taken_for_a_customer_than_can_be_deleted() -> None:
    with pytest.raises(ValueError, match="at most 500"):
        values.customer("x" * 501)


@pytest.mark.parametrize("token", ["x" * 501, ""])
def test_what_is_no_token_is_refused_and_not_repeated(shop: TestClient, token: str) -> None:
    for method in ("GET", "DELETE"):
        response = shop.request(method, f"/v1/users/{token}", headers=ADMIN)
        assert response.status_code == 400
        assert Problem.model_validate_json(response.content).detail.startswith("token: ")
        assert not token or token not in response.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", USER), ("DELETE", USER), ("DELETE", "/1/usertokens/anon-1")]
)
def test_no_log_names_the_user_even_where_something_fails(
    shop: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
) -> None:
    def broken(_: str) -> Any:
        raise LookupError

    for name in ("export_user", "delete_user"):
        monkeypatch.setattr(context_of(shop).state, name, broken)
    with caplog.at_level(logging.DEBUG, logger="searchsvc"):
        headers = ADMIN | {"x-algolia-api-key": KEY}
        assert shop.request(method, path, headers=headers).status_code == 500
    ours = [record.getMessage() for record in caplog.records if "searchsvc" in record.name]
    assert any("/{token:path} failed" in message for message in ours)
    assert not any("anon-1" in message for message in ours)


def test_pages_of_other_origins_may_not_delete(shop: TestClient) -> None:
    asked = {"origin": "https://x.example", "access-control-request-method": "DELETE"}
    for path in (USER, "/1/usertokens/anon-1"):
        assert shop.options(path, headers=asked).status_code == 400


# As Algolia's clients ask for it.


@pytest.mark.parametrize("place", ["headers", "params"])
def test_the_deletion_of_a_user_token_is_the_same_deletion(shop: TestClient, place: str) -> None:
    shop.post(EVENTS, json=sent(click(), user_token="theirs/1"))  # noqa: S106 - no secret
    credentials = {place: {"x-algolia-api-key": KEY, "x-algolia-application-id": "any"}}
    response = shop.delete("/1/usertokens/theirs%2F1", **credentials)  # type: ignore[arg-type]
    assert response.status_code == 204
    assert response.content == b""  # as their clients expect
    assert everything(shop, "/v1/users/theirs/1")["events"] == []


def test_it_needs_the_key_as_their_api_key(shop: TestClient) -> None:
    for headers in ({}, {"x-algolia-api-key": "wrong"}):
        response = shop.delete("/1/usertokens/anon-1", headers=headers)
        assert response.status_code == response.json()["status"] == 401
        assert "SEARCHSVC_ADMIN_KEY" in response.json()["message"]

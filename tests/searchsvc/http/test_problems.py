"""Problems: what a complaint tells of a mistaken request, and what it never repeats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from searchsvc.settings import Settings
from tests.searchsvc.http.shoppers import PRODUCTS, open_shop, publish

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCH = "/v1/indexes/shop/search"
WHO = "jane@shop.example"
TOKEN = "anon-5f1c0e7a"  # noqa: S105 - a pseudonym


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    directory = tmp_path_factory.mktemp("problems")
    publish(directory, PRODUCTS, "shop")
    settings = Settings(data_dir=directory, models_dir=directory, embed_timeout_ms=60_000)
    with open_shop(settings) as client:
        yield client


def bodies(who: str) -> list[dict[str, Any]]:
    """Searches in the native form that say who asks in a way that they cannot."""
    return [
        {"user": who},
        {"user": [who]},
        {"user": {who: True}},
        {"user": {"name": who}},
        {"user": {"consent": who}},
        {"user": {"token": [who]}},
        {"user": {"token": {"id": who}}},
        {"user": {"segments": who}},
        {"user": {"segments": [[who]]}},
        {"user": {"viewed": [{"id": who}]}},
        {"user": {"strength": who}},
        {"user": {"context": {who: [1]}}},
        {"user": {"context": {"mail": [who]}}},
        {"user": {"context": who}},
        {"customer": who},
        {"customer": {"id": who}},
        {who: 1},
        {"facets": [{"user": who}]},
        {"group_by": {who: 1}},
    ]


def in_algolia_s_form(who: str) -> list[Any]:
    return [
        [who],
        {"params": [who]},
        {"userToken": [who]},
        {"userToken": {"id": who}},
        {"params": {"userToken": [who]}},
        {"consent": True, "userToken": who + " "},
        {"consent": True, "context": who},
        {"consent": True, "context": f"[{who}, expected {who}"},
        {"consent": True, "context": {who: [1]}},
        {"consent": True, "context": {"mail": [who]}},
        {"consent": True, "viewed": f'["{who}'},
        {"consent": True, "viewed": [[who]]},
        {"consent": True, "ruleContexts": [who * 60]},
        {"consent": True, "ruleContexts": {"id": who}},
    ]


@pytest.mark.parametrize("who", [WHO, TOKEN])
def test_no_complaint_repeats_what_is_said_of_who_asks(shop: TestClient, who: str) -> None:
    for body in bodies(who):
        response = shop.post(SEARCH, json=body)
        assert response.status_code == 400, response.text
        assert who not in response.text, body
    for sent in in_algolia_s_form(who):
        response = shop.post("/1/indexes/shop/query", content=json.dumps(sent))
        assert response.status_code == 400, (sent, response.text)
        assert who not in response.text, sent
    for several in ({"requests": [who]}, {"requests": who}, {"requests": {"userToken": who}}):
        response = shop.post("/1/indexes/*/queries", content=json.dumps(several))
        assert response.status_code == 400
        assert who not in response.text


@pytest.mark.parametrize("who", [WHO, TOKEN])
def test_no_complaint_repeats_it_from_a_query_string(shop: TestClient, who: str) -> None:
    asked: list[dict[str, str]] = [
        {"user_token": who + " "},
        {"user": who},
        {"usertoken": who},
        {"customer_id": who},
        {who: ""},
        {"consent": "perhaps", "user_token": who},
    ]
    for parameters in asked:
        response = shop.get(SEARCH, params=parameters)
        assert response.status_code == 400, response.text
        assert who not in response.text, parameters


@pytest.mark.parametrize("who", [WHO, TOKEN])
def test_no_complaint_of_an_event_repeats_it(shop: TestClient, who: str) -> None:
    for name in (who, "customer"):
        for body in ({"events": [{"type": "view", name: who}]}, {"events": [], name: who}):
            response = shop.post("/v1/events", json=body)
            assert response.status_code == 400
            assert who not in response.text


def test_half_a_character_in_a_name_is_a_mistake_like_others(shop: TestClient) -> None:
    response = shop.post(
        SEARCH, content=b'{"\\ud800": 1}', headers={"content-type": "application/json"}
    )
    assert response.status_code == 400


def test_what_is_mistaken_elsewhere_is_told(shop: TestClient) -> None:
    response = shop.post(SEARCH, json={"limit": "many", "facets": 5, "boosts": [{"weight": "x"}]})
    for told in ("(found 'many')", "(found 5)", "boosts.0.weight"):
        assert told in response.json()["detail"]

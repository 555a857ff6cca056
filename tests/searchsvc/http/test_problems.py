"""Problems: what a complaint tells of a mistaken request, and what it never repeats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from starlette.middleware import Middleware
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.settings import Settings
from tests.searchsvc.http.shoppers import PRODUCTS, open_shop, publish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

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


async def fails(_: Request) -> Response:
    raise ZeroDivisionError("a secret")


async def breaks_off(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ZeroDivisionError

    return StreamingResponse(parts())


def test_what_nobody_expected_is_answered_with_all_that_every_answer_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(data_dir=tmp_path, models_dir=tmp_path))
    app.router.routes.insert(0, Route("/v1/fails", fails))
    headers = {"Origin": "https://shop.example", "X-Request-Id": "r-1"}
    with TestClient(app) as client:
        answer = client.get("/v1/fails", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["request_id"] == "r-1"
    assert "secret" not in answer.text
    assert answer.headers.get_list("x-request-id") == ["r-1"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in told] == ["GET /v1/fails failed"]
    assert told[0].exc_info


def test_an_answer_that_breaks_off_is_not_made_whole(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, models_dir=tmp_path))
    app.router.routes.insert(0, Route("/breaks", breaks_off))
    with TestClient(app) as client, pytest.raises(ZeroDivisionError):
        client.get("/breaks")


def test_what_fails_in_a_middleware_is_answered_with_its_id(tmp_path: Path) -> None:
    class Fails:
        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                raise ZeroDivisionError
            await self._app(scope, receive, send)

    app = create_app(Settings(data_dir=tmp_path, models_dir=tmp_path))
    app.user_middleware.insert(1, Middleware(Fails))  # within what gives a request its id
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/healthz", headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 500
    assert answer.headers.get_list("x-request-id") == ["r-1"]

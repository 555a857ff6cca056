"""Changes of products over HTTP: who may make them, what is refused, when they are visible."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from indexer.publish import writer
from searchsvc import changing
from searchsvc.http.app import create_app
from searchsvc.http.guard import MAX_CHANGES_BYTES
from searchsvc.http.schemas import Problem
from searchsvc.limits import MAX_CHANGES
from tests.manifests import alter_manifest
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

KEY = "correct horse battery staple"
ADMIN = {"Authorization": f"Bearer {KEY}"}
PATH = "/v1/indexes/shop/products"
PRODUCTS = [
    {"id": "a", "title": "Red shoe", "price": "10 EUR"},
    {"id": "b", "title": "Blue shoe", "price": "20 EUR"},
    {"id": "c", "title": "Green hat", "price": "20 EUR"},
    {"id": "d", "title": "Green coat", "price": "20 EUR"},
]

Start = Callable[..., TestClient]


@pytest.fixture
def start(build: Build, make_settings: MakeSettings) -> Iterator[Start]:
    """``start(**settings)``: a worker over one shared index."""
    clients: list[TestClient] = []

    def run(**changes: Any) -> TestClient:
        if not clients:
            build(PRODUCTS)
        app = create_app(make_settings(**{"admin_key": KEY, **changes}))
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return client

    yield run
    for client in clients:
        client.__exit__(None, None, None)


def patch(client: TestClient, *products: Any, **changes: Any) -> httpx2.Response:
    body = orjson.dumps({"products": products} | changes)
    return client.patch(PATH, content=body, headers=ADMIN)


def problem(response: httpx2.Response, status: int) -> str:
    """The detail of a problem document that leaks nothing."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    for leak in ("Traceback", ".py", "/tmp", KEY):  # noqa: S108 - must not appear
        assert leak not in response.text
    return Problem.model_validate_json(response.content).detail


def found(client: TestClient, text: str) -> list[tuple[str, Any]]:
    hits = client.get("/v1/indexes/shop/search", params={"query": text}).json()["hits"]
    return [(hit["id"], hit["product"].get("price", {}).get("minor_units")) for hit in hits]


def test_changes_are_visible_when_they_are_answered(start: Start) -> None:
    shop = start(poll_seconds=3_600)
    response = patch(
        shop,
        {"id": "a", "price": "8 EUR"},
        {"id": "c", "title": "Straw hat", "brand": None},
        {"id": "e", "op": "upsert", "title": "Brown shoe"},
        {"id": "b", "delete": True},
        {"id": "b", "price": "1 EUR"},
        {"id": "d", "price": "cheap"},
    )
    assert response.status_code == 200, response.text
    report = response.json()
    assert {name: report[name] for name in ("published", "added", "updated", "removed")} == {
        "published": "merge", "added": 1, "updated": 2, "removed": 1,
    }  # fmt: skip
    assert (report["products"], report["reworded"], report["rejected"]) == (4, 1, 2)
    assert [(it["position"], it["product_id"], it["field"]) for it in report["examples"]] == [
        (5, "b", "id"),
        (6, "d", "price"),
    ]
    assert set(found(shop, "shoe")) == {("a", 800), ("e", None)}
    assert found(shop, "straw") == [("c", 2000)]
    indexes = shop.get("/v1/indexes").json()["indexes"]
    assert indexes[0]["generation"] == report["generation"]


@pytest.mark.parametrize("depth", [30, 300, 1_000])
def test_a_record_that_is_nested_too_deep_costs_itself(start: Start, depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    records = b'{"id":"a","price":"8 EUR"},{"id":"b","attributes":' + deep + b"}"
    body = b'{"products":[' + records + b"]}"
    response = start().patch(PATH, content=body, headers=ADMIN)
    assert response.status_code == 200, response.text
    report = response.json()
    assert (report["updated"], report["rejected"]) == (1, 1)
    (rejected,) = report["examples"]
    assert rejected["position"] == 2
    assert "at most 16 lists and objects" in rejected["reason"]


def test_other_workers_follow(start: Start) -> None:
    shop, other = start(), start()
    assert patch(shop, {"id": "a", "price": "8 EUR"}).json()["published"] == "patch"
    eventually(lambda: ("a", 800) in found(other, "red"))


def test_what_is_as_it_was_publishes_nothing(start: Start) -> None:
    shop = start()
    before = shop.get("/v1/indexes").json()
    assert patch(shop, {"id": "a", "price": "10 EUR"}).json()["published"] == "nothing"
    assert patch(shop).json()["published"] == "nothing"
    assert shop.get("/v1/indexes").json() == before


def test_the_mode_holds_for_records_without_an_operation(start: Start) -> None:
    shop = start()
    patch(shop, {"id": "a", "title": "Red shoe"}, mode="upsert")
    assert ("a", None) in found(shop, "red shoe")


def test_only_who_has_the_key_may_change_something(start: Start) -> None:
    shop = start()
    body = {"products": [{"id": "a", "delete": True}]}
    problem(shop.patch(PATH, json=body), 401)
    problem(shop.patch(PATH, json=body, headers={"Authorization": "Bearer no"}), 401)
    problem(start(admin_key=None).patch(PATH, json=body, headers=ADMIN), 403)
    assert len(found(shop, "")) == 4


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{", "expected JSON"),
        (b"[]", "body"),
        (b'{"products": [1]}', "products[0]"),
        (b'{"products": [], "mode": "delete"}', "mode"),
        (b'{"products": [], "index": "shop"}', "index"),
        (orjson.dumps({"products": [{}] * (MAX_CHANGES + 1)}), "products"),
    ],
)
def test_a_request_that_is_none_is_refused_with_its_place(
    start: Start, body: bytes, place: str
) -> None:
    assert place in problem(start().patch(PATH, content=body, headers=ADMIN), 400)


def test_unknown_indexes_and_large_bodies_are_refused(start: Start) -> None:
    shop = start()
    problem(shop.patch("/v1/indexes/other/products", content=b"{}", headers=ADMIN), 404)
    large = b" " * (MAX_CHANGES_BYTES + 1)
    problem(shop.patch(PATH, content=large, headers=ADMIN), 413)


def test_numbers_beyond_64_bits_are_no_error_of_the_service(start: Start) -> None:
    body = b'{"products": [{"id": "a", "popularity": 123456789012345678901234567890}]}'
    assert start().patch(PATH, content=body, headers=ADMIN).json()["updated"] == 1


def test_a_guard_refuses_unless_it_is_forced(start: Start) -> None:
    shop = start()
    deletions = [{"id": it, "delete": True} for it in "abc"]
    assert "shrink by more than 30%" in problem(patch(shop, *deletions), 409)
    report = patch(shop, *deletions, force=True).json()
    assert (report["products"], len(report["forced"])) == (1, 1)


def test_a_missing_model_forbids_other_texts_only(start: Start, layout: IndexLayout) -> None:
    shop = start()
    alter_manifest(layout, lambda text: text.replace("hashing-64", "absent"))
    assert "the model" in problem(patch(shop, {"id": "a", "title": "Red boot"}), 409)
    assert patch(shop, {"id": "a", "price": "8 EUR"}).json()["published"] == "patch"


def test_while_somebody_else_writes_it_is_to_be_tried_again(
    start: Start, layout: IndexLayout
) -> None:
    shop = start()
    with writer(layout):
        response = patch(shop, {"id": "a", "price": "8 EUR"})
    assert "being written" in problem(response, 503)
    assert int(response.headers["Retry-After"]) >= 1
    assert patch(shop, {"id": "a", "price": "8 EUR"}).status_code == 200


def test_a_process_that_has_died_is_replaced_and_one_that_dies_fails_the_change(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = start()
    assert patch(shop, {"id": "a", "price": "8 EUR"}).status_code == 200
    process = shop.app.state.context.changes._process  # type: ignore[attr-defined] # noqa: SLF001
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert patch(shop, {"id": "a", "price": "9 EUR"}).status_code == 200

    def dies(process: Any, request: bytes) -> bytes:
        assert request
        process.kill()
        return b""

    monkeypatch.setattr(changing, "_exchange", dies)
    assert "ended without an answer" in problem(patch(shop, {"id": "a", "price": "7 EUR"}), 500)
    monkeypatch.undo()
    assert found(shop, "red")[0] == ("a", 900)


def test_a_process_that_had_nothing_to_do_and_ended_is_asked_again(start: Start) -> None:
    shop = start()
    changes = shop.app.state.context.changes  # type: ignore[attr-defined]
    assert patch(shop, {"id": "a", "price": "8 EUR"}).status_code == 200
    changes._process.stdin.close()  # noqa: SLF001 - as if it had ended between two requests
    assert changes._process.wait() == 0  # noqa: SLF001
    changes._process.poll = lambda: None  # noqa: SLF001
    changes._process.stdin = Path(os.devnull).open("wb")  # noqa: SIM115, SLF001
    assert patch(shop, {"id": "a", "price": "9 EUR"}).status_code == 200


def test_changes_are_made_one_after_the_other(start: Start) -> None:
    shop = start()
    with ThreadPoolExecutor(4) as pool:
        prices = [f"{number} EUR" for number in range(1, 5)]
        responses = list(pool.map(lambda it: patch(shop, {"id": "a", "price": it}), prices))
    assert {response.status_code for response in responses} == {200}
    assert len({response.json()["generation"] for response in responses}) == 4


def test_the_route_is_documented(start: Start) -> None:
    operation = start().get("/openapi.json").json()["paths"]["/v1/indexes/{index}/products"]
    assert "409" in operation["patch"]["responses"]
    assert "products" in str(operation["patch"]["requestBody"])

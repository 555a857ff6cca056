"""Who may do what: every route with every key, and no way around."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import orjson
import pytest
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from searchsvc.events.token import MAX_TOKEN
from searchsvc.http import users as users_module
from searchsvc.http.access import Need, need_of
from searchsvc.http.app import create_app
from searchsvc.http.direct import NEED, DirectSearch
from searchsvc.keys import holding as holding_module
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.key import ApiKey
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import Restrictions, derive, open_scoped
from searchsvc.keys.secret import Secret
from searchsvc.state.store import StateStore
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from fastapi import FastAPI

    from searchsvc.settings import Settings
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"
ADMIN_KEY = "correct horse battery staple"
PRODUCTS = [
    {"id": "a", "title": "Red shoe", "brand": "Acme", "price": "10 EUR"},
    {"id": "b", "title": "Blue shoe", "brand": "Bolt", "price": "20 EUR"},
]
OPEN = {
    "/openapi.json",
    "/docs",
    "/docs/oauth2-redirect",
    "/redoc",
    "/static-offline-docs",
    "/healthz",
    "/readyz",
    "/sample/image/{kind}/{colour}.svg",
    "/1/{path:path}",  # what Algolia has and we have not
    "",  # the pages
}
REFUSED = (401, 403)


@dataclass(frozen=True)
class Row:
    """A row of the table in docs/security.md."""

    method: str
    path: str
    role: Role
    without_key: bool
    open_service: bool


def table() -> list[Row]:
    section = DOCUMENT.read_text().partition("### What each key may do")[2].partition("###")[0]
    rows = re.findall(
        r"^\| `(\w+) (\S+)` \| `(\w+)` \| (yes|no) \| (yes|no) \|$", section, re.MULTILINE
    )
    return [
        Row(method, path, Role(role), needed == "yes", opened == "yes")
        for method, path, role, needed, opened in rows
    ]


TABLE = table()
ROUTES = [pytest.param(row, id=f"{row.method} {row.path}") for row in TABLE]


def routes(app: FastAPI) -> Iterator[tuple[str, str, Need | None]]:
    """Every method and path that the application answers, and what it needs."""
    waiting = list(app.router.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, DirectSearch):
            yield "POST", route.path, NEED
        elif hasattr(route, "original_router"):
            waiting += route.original_router.routes
        else:
            need = need_of(route) if isinstance(route, APIRoute) else None
            path = route.path  # type: ignore[attr-defined]
            for method in getattr(route, "methods", None) or {"ANY"}:
                yield method, path, need


class Service:
    """A running service with keys."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def key(self, *roles: Role, **changes: Any) -> str:
        """A new key, which is known when this returns."""
        draft = KeyDraft(frozenset(roles), **changes)
        key, secret = draft.key(time.time_ns() // 1_000_000)
        with closing(StateStore.open(self.settings)) as store:
            store.put_key(key, actor="cli:test")
        self.context.keyring.refresh()
        return secret.text

    @property
    def context(self) -> Any:
        return self.app.state.context

    def ask(
        self, method: str, path: str, key: str | None = None, **options: Any
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.client.request(method, path, headers=headers, **options)

    def lines(self) -> list[tuple[str, str, str]]:
        with closing(StateStore.open(self.settings)) as store:
            return [(line.actor, line.action, line.target) for line in store.audit_lines()]


@pytest.fixture
def start(build: Build, make_settings: MakeSettings) -> Iterator[Callable[..., Service]]:
    """``start(**settings)``: a service with the indexes `shop` and `other`."""
    running: list[Service] = []

    def run(**changes: Any) -> Service:
        if not running:
            build(PRODUCTS)
            build(PRODUCTS, "other")
        service = Service(make_settings(poll_seconds=3_600, **changes))
        service.client.__enter__()
        running.append(service)
        return service

    yield run
    for service in running:
        service.client.__exit__(None, None, None)


@pytest.fixture
def service(start: Callable[..., Service]) -> Service:
    return start(keys="required")


# Every route.


def test_no_route_was_forgotten(make_settings: MakeSettings) -> None:
    found = list(routes(create_app(make_settings())))
    assert {path for _, path, need in found if need is None} == OPEN
    needed = {
        (method, path.replace(":path}", "}")): need.role
        for method, path, need in found
        if need is not None
    }
    assert needed == {(row.method, row.path): row.role for row in TABLE}


def request_of(row: Row) -> tuple[str, dict[str, Any]]:
    """An address of the route, and a body that is refused before anything costly is done."""
    path = row.path.replace("{name}", "shop").replace("{index}", "shop")
    path = path.replace("{product_id}", "a").replace("{facet}", "brand")
    path = path.replace("{token}", "anon-5f1c0e7a")
    has_body = row.method in ("POST", "PUT", "PATCH")
    return path, {"json": {}} if has_body else {}


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Service]]:
    """A service without keys, and one that needs them."""
    from indexer.build.reindex import reindex  # noqa: PLC0415 - for the module's own index
    from indexer.embedding.hashing import HashingEmbedder  # noqa: PLC0415
    from indexer.layout import IndexLayout  # noqa: PLC0415
    from indexer.settings import IndexSettings  # noqa: PLC0415
    from searchsvc.settings import Settings  # noqa: PLC0415

    services: dict[bool, Service] = {}
    users_module._SETTLE_SECONDS, kept = 0.0, users_module._SETTLE_SECONDS  # noqa: SLF001 - a pause
    for needed in (False, True):
        data_dir = tmp_path_factory.mktemp("matrix")
        feed = data_dir / "feed.jsonl"
        feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in PRODUCTS))
        reindex(str(feed), IndexLayout.of(data_dir, "shop"), IndexSettings(), HashingEmbedder(64))
        settings = Settings(
            data_dir=data_dir,
            models_dir=data_dir / "models",
            poll_seconds=3_600,
            keys="required" if needed else "auto",
        )
        services[needed] = Service(settings)
        services[needed].client.__enter__()
    yield services
    for service in services.values():
        service.client.__exit__(None, None, None)
    users_module._SETTLE_SECONDS = kept  # noqa: SLF001


@pytest.fixture(scope="module")
def keys(matrix: dict[bool, Service]) -> dict[Role, str]:
    return {role: matrix[True].key(role) for role in Role}


@pytest.mark.parametrize("row", ROUTES)
def test_each_key_may_do_what_the_documentation_says(
    row: Row, matrix: dict[bool, Service], keys: dict[Role, str]
) -> None:
    path, options = request_of(row)
    for role, key in keys.items():
        status = matrix[True].ask(row.method, path, key, **options).status_code
        assert (status not in REFUSED) == (role in (row.role, Role.ADMIN)), (role, status)
        assert role in (row.role, Role.ADMIN) or status == 403
    for wrong in (None, "wrong", Secret.new().text, "c2NvcGVk"):
        status = matrix[True].ask(row.method, path, wrong, **options).status_code
        assert (status != 401) == row.without_key
        status = matrix[False].ask(row.method, path, wrong, **options).status_code
        assert (status not in REFUSED) == row.open_service, status


def test_what_is_open_to_everybody_needs_no_key(service: Service) -> None:
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/favicon.svg", "/preview.html"):
        assert service.ask("GET", path).status_code == 200, path
    assert service.ask("GET", "/1/settings").status_code == 404


# Where a key may stand.


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({"Authorization": "Bearer {}"}, "/v1/indexes"),
        ({"authorization": "bEARER   {} "}, "/v1/indexes"),
        ({"X-API-Key": "{}"}, "/v1/indexes"),
        ({"Authorization": "Basic cHJveHk6cHJveHk=", "X-API-Key": "{}"}, "/v1/indexes"),
        ({"Authorization": "Bearer {}"}, "/1/indexes/shop"),
        ({"X-Algolia-API-Key": "{}"}, "/1/indexes/shop"),
        ({}, "/1/indexes/shop?x-algolia-api-key={}"),
        ({}, "/1/indexes/shop?X-Algolia-API-Key={}"),
    ],
)
def test_a_key_is_taken_from_where_clients_put_it(
    service: Service, headers: dict[str, str], path: str
) -> None:
    key = service.key(Role.SEARCH)
    sent = {name: value.format(key) for name, value in headers.items()}
    assert service.client.get(path.format(key), headers=sent).status_code == 200
    wrong = {name: value.format("wrong") for name, value in headers.items()}
    assert service.client.get(path.format("wrong"), headers=wrong).status_code == 401


@pytest.mark.parametrize(
    "path", ["/v1/indexes?key={}", "/v1/indexes?x-algolia-api-key={}", "/1/indexes/shop?key={}"]
)
def test_no_other_route_takes_a_key_in_its_address(service: Service, path: str) -> None:
    key = service.key(Role.SEARCH)
    assert service.client.get(path.format(key)).status_code == 401


def test_a_beacon_may_have_the_key_in_its_address(service: Service) -> None:
    key = service.key(Role.EVENTS)
    body = b'{"events": []}'
    assert service.client.post("/v1/events", content=body).status_code == 401
    assert service.client.post(f"/v1/events?key={key}", content=body).status_code != 401


def test_the_service_s_own_key_may_do_everything(start: Callable[..., Service]) -> None:
    service = start(keys="required", admin_key=ADMIN_KEY)
    for path in ("/v1/indexes", "/metrics", "/v1/indexes/shop/segments"):
        assert service.ask("GET", path, ADMIN_KEY).status_code == 200
        assert service.ask("GET", path, ADMIN_KEY[:-1]).status_code == 401


def test_a_key_for_other_pages_is_refused(service: Service) -> None:
    key = service.key(Role.SEARCH, referrers=("shop.example",))
    for name, value in (("Referer", "https://shop.example/x"), ("Origin", "https://shop.example")):
        headers = {"X-API-Key": key, name: value}
        assert service.client.get("/v1/indexes", headers=headers).status_code == 200
    assert service.ask("GET", "/v1/indexes", key).status_code == 403


# No way around.


async def _raw(app: FastAPI, method: str, path: bytes, **more: Any) -> int:
    """The status of a request whose path is sent as it is; its body is never asked for."""
    from urllib.parse import unquote  # noqa: PLC0415 - as uvicorn does

    statuses: list[int] = []

    async def receive() -> Any:
        raise AssertionError("the body was read before the key was looked at")

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": unquote(path.decode("ascii")), "raw_path": path,
        "query_string": b"", "root_path": "", "client": ("192.0.2.9", 1), "server": ("test", 80),
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
        "state": {}, "app": app, **more,
    }  # fmt: skip
    await app(scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize("row", ROUTES)
def test_no_body_is_read_before_the_key_was_looked_at(
    row: Row, matrix: dict[bool, Service]
) -> None:
    path, _ = request_of(row)
    assert asyncio.run(_raw(matrix[True].app, row.method, path.encode())) == 401


VARIANTS = [
    b"//v1/indexes/shop/search",
    b"/v1//indexes/shop/search",
    b"/./v1/indexes/shop/search",
    b"/v1/indexes/shop/./search",
    b"/v1/indexes/x/../shop/search",
    b"/%76%31/indexes/shop/search",
    b"/v1/indexes/shop/%73earch",
    b"/v1%2findexes/shop/search",
    b"/v1/indexes/%2e/search",
    b"/v1/indexes/shop%2fsearch",
    b"/v1/indexes/shop/search/",
    b"/V1/indexes/shop/search",
    b"/v1/indexes/SHOP/search",
    b"/v1/indexes/shop/search;x=1",
    b"/v1;x/indexes/shop/search",
    b"/v1/indexes/shop/search%00",
    b"/v1/indexes/shop/search%3f",
    b"/1/indexes/shop/query",
    b"/1/indexes/shop/query/",
    b"/1//indexes/shop/query",
    b"/1/indexes//query",
    b"/1/indexes/%2a/queries",
    b"/1/indexes/shop%2fquery",
    b"/metrics/",
    b"//metrics",
    b"/%6detrics",
]


@pytest.mark.parametrize("path", VARIANTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("root_path", ["", "/v1", "/shop"])
def test_no_spelling_of_a_path_gets_around_the_key(
    path: bytes, method: str, root_path: str, matrix: dict[bool, Service]
) -> None:
    status = asyncio.run(_raw(matrix[True].app, method, path, root_path=root_path))
    assert status in (307, 401, 404, 405)


def test_an_application_that_is_mounted_needs_keys_all_the_same(service: Service) -> None:
    outer = TestClient(Starlette(routes=[Mount("/api", app=service.app)]))
    key = service.key(Role.SEARCH)
    for path in ("/api/v1/indexes", "/api/v1/indexes/shop/search", "/api/1/indexes/shop"):
        assert outer.get(path).status_code == 401
        assert outer.get(path, headers={"X-API-Key": key}).status_code == 200
    body = {"json": {"query": "shoe"}}
    assert outer.post("/api/v1/indexes/shop/search", **body).status_code == 401
    sent = outer.post(f"/api/1/indexes/shop/query?x-algolia-api-key={key}", **body)
    assert sent.status_code == 200


def test_a_preflight_carries_no_key_and_is_answered(service: Service) -> None:
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    response = service.client.options("/v1/indexes/shop/search", headers=headers)
    assert response.status_code in (200, 400)


# Indexes.


def test_an_index_that_a_key_is_not_for_is_answered_as_one_that_there_is_not(
    service: Service,
) -> None:
    key = service.key(Role.SEARCH, Role.EVENTS, Role.INDEX, indexes=("sh*",))
    assert [it["index"] for it in service.ask("GET", "/v1/indexes", key).json()["indexes"]] == [
        "shop"
    ]
    rows = [row for row in TABLE if "{index}" in row.path or "{name}" in row.path]
    for row in rows:
        if row.role is Role.ADMIN:
            continue
        path, options = request_of(row)
        hidden, absent = (
            service.ask(row.method, path.replace("shop", name), key, **options)
            for name in ("other", "never")
        )
        assert hidden.status_code == absent.status_code == 404, path
        told = [answer.content for answer in (hidden, absent)]
        assert b"other" not in told[1]
        assert _without_ids(told[0].replace(b"other", b"never")) == _without_ids(told[1])


def _without_ids(body: bytes) -> bytes:
    return re.sub(rb'"request_id":"[^"]*"', b"", body)


def test_several_searches_and_events_see_only_the_indexes_of_the_key(service: Service) -> None:
    key = service.key(Role.SEARCH, Role.EVENTS, indexes=("shop",))
    body = {"requests": [{"indexName": "shop"}, {"indexName": "other"}]}
    response = service.ask("POST", "/1/indexes/*/queries", key, json=body)
    assert (response.status_code, response.json()["message"]) == (
        404,
        "Index other does not exist",
    )
    body = {"requests": [{"indexName": "other:price:asc", "objectID": "a"}]}
    assert service.ask("POST", "/1/indexes/*/objects", key, json=body).status_code == 404
    event = {"type": "view", "items": [{"id": "a"}]}
    for index, status in (("shop", 200), ("other", 404), ("never", 404)):
        sent = {"consent": True, "user_token": "u", "index": index, "events": [event]}
        assert service.ask("POST", "/v1/events", key, json=sent).status_code == status


def test_a_key_for_some_indexes_gets_nothing_that_is_about_all(service: Service) -> None:
    key = service.key(Role.METRICS, Role.ADMIN, indexes=("shop",))
    for method, path in (
        ("GET", "/metrics"),
        ("GET", "/v1/users/u"),
        ("DELETE", "/v1/users/u"),
        ("DELETE", "/1/usertokens/u"),
    ):
        response = service.ask(method, path, key)
        assert (response.status_code, "some indexes" in response.text) == (403, True)
    assert service.ask("GET", "/v1/indexes/shop/synonyms", key).status_code == 200
    assert list(service.ask("GET", "/readyz", key).json()["indexes"]) == ["shop"]


# Users and filters of scoped keys.


def test_a_request_that_names_another_user_than_its_key_is_refused(service: Service) -> None:
    parent = service.key(Role.SEARCH, Role.EVENTS)
    key = derive(parent, Restrictions(user="user-1"))
    search, event = "/v1/indexes/shop/search", {"type": "view", "items": [{"id": "a"}]}
    insight = {"eventType": "view", "eventName": "v", "index": "shop", "objectIDs": ["a"]}
    for user, status in (("user-1", 200), ("user-2", 403)):
        asked = {"query": "shoe", "user": {"consent": True, "token": user}}
        told = {"consent": True, "user_token": user, "index": "shop", "events": [event]}
        answers = [
            service.ask("POST", search, key, json=asked),
            service.ask("POST", f"{search}?", key, json={**asked, "as_typed": True}),
            service.ask("GET", search, key, params={"consent": True, "user_token": user}),
            service.ask("POST", "/1/indexes/shop/query", key, json={"userToken": user}),
            service.ask("POST", "/v1/events", key, json=told),
            service.ask(
                "POST", "/1/events?consent=true", key,
                json={"events": [{**insight, "userToken": user}]},
            ),
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [status] * len(answers)
        assert all("user-2" not in answer.text for answer in answers)


def test_algolia_s_routes_take_the_key_s_user_where_none_is_named(service: Service) -> None:
    key = derive(service.key(Role.SEARCH, Role.EVENTS), Restrictions(user="user-1"))
    insight = {"eventType": "click", "eventName": "v", "index": "shop", "objectIDs": ["a"],
               "positions": [1]}  # fmt: skip
    sent = service.ask("POST", "/1/events?consent=true", key, json={"events": [insight]})
    assert sent.status_code == 200, sent.text
    with closing(StateStore.open(service.settings)) as store:
        assert len(store.export_user("user-1")["events"]) == 1


def test_a_filter_of_the_key_narrows_every_route(service: Service) -> None:
    key = derive(service.key(Role.SEARCH, Role.EVENTS), Restrictions(filters="brand:Acme"))

    def get(path: str, **options: Any) -> Any:
        return service.ask("GET", f"/v1/indexes/shop{path}", key, **options)

    assert [hit["id"] for hit in get("/search?query=shoe").json()["hits"]] == ["a"]
    posted = service.ask("POST", "/v1/indexes/shop/search", key, json={"query": "shoe"})
    assert posted.json()["total"] == 1
    assert (get("/products/a").status_code, get("/products/b").status_code) == (200, 404)
    assert get("/products/b/similar").status_code == 404
    assert [it["id"] for it in get("/suggest?q=sho").json()["products"]] == ["a"]
    (described,) = (
        it
        for it in service.ask("GET", "/v1/indexes", key).json()["indexes"]
        if it["index"] == "shop"
    )
    assert described["products"] == 1
    answer = service.ask("POST", "/1/indexes/shop/query", key, json={"query": "shoe"}).json()
    assert [hit["objectID"] for hit in answer["hits"]] == ["a"]
    assert service.ask("GET", "/1/indexes/shop/b", key).status_code == 404
    events = [{"type": "view", "items": [{"id": name}]} for name in "ab"]
    told = {"consent": True, "user_token": "u", "index": "shop", "events": events}
    assert service.ask("POST", "/v1/events", key, json=told).json()["unknown_products"] == 1


# Refusals.


def test_a_refusal_says_what_is_missing_and_how_to_get_it(service: Service) -> None:
    refused = service.ask("GET", "/v1/indexes")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "searchsvc keys create" in refused.json()["detail"]
    other = service.ask("GET", "/metrics", service.key(Role.SEARCH))
    assert "searchsvc keys create --role metrics" in other.json()["detail"]
    theirs = service.ask("POST", "/1/indexes/shop/query", json={})
    assert theirs.json()["status"] == 401
    assert "searchsvc keys create" in theirs.json()["message"]


def test_a_service_without_any_key_says_that_nothing_can_be_changed(
    start: Callable[..., Service],
) -> None:
    service = start()
    refused = service.ask("DELETE", "/v1/indexes/shop/synonyms")
    assert refused.status_code == 403
    assert "SEARCHSVC_ADMIN_KEY" in refused.json()["detail"]
    service.key(Role.ADMIN)
    assert service.ask("DELETE", "/v1/indexes/shop/synonyms").status_code == 401


def test_where_keys_are_off_changes_need_one_all_the_same(start: Callable[..., Service]) -> None:
    service = start(keys="off")
    key = service.key(Role.ADMIN)
    for sent in (None, "wrong", key):
        assert service.ask("GET", "/v1/indexes/shop/synonyms", sent).status_code == 200
        status = service.ask("DELETE", "/v1/indexes/shop/synonyms", sent).status_code
        assert status == (200 if sent == key else 401)


def test_guesses_are_counted_for_their_address_and_keys_for_themselves(
    start: Callable[..., Service],
) -> None:
    service = start(keys="required", rate_per_address=1, rate_burst_s=3)
    client = TestClient(service.app, client=("192.0.2.7", 1))
    statuses = [
        client.get("/v1/indexes", headers={"X-API-Key": f"guess {n}"}).status_code
        for n in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]
    key = service.key(Role.SEARCH)
    headers = {"X-API-Key": key}
    assert client.get("/v1/indexes", headers=headers).status_code == 200
    limited = [client.post("/v1/indexes/shop/search", json={}, headers=headers) for _ in range(5)]
    assert limited[-1].status_code == 429
    assert int(limited[-1].headers["Retry-After"]) >= 1
    assert client.get("/readyz").status_code == 200


def test_forged_scoped_keys_are_compared_with_none_once_their_address_has_guessed_enough(
    start: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start(keys="required", rate_per_address=0.001, rate_burst_s=3_000)
    parent = service.key(Role.SEARCH)
    known, new = (derive(parent, Restrictions(user=user)) for user in ("anon-1", "anon-2"))
    opened: list[str] = []

    def noted(text: str, keys: Iterable[ApiKey]) -> tuple[ApiKey, Restrictions]:
        opened.append(text)
        return open_scoped(text, keys)

    monkeypatch.setattr(holding_module, "open_scoped", noted)
    here, there = (TestClient(service.app, client=(f"192.0.2.{n}", 1)) for n in (7, 8))

    def ask(client: TestClient, key: str, path: str = "/v1/indexes") -> int:
        return client.get(path, headers={"X-API-Key": key}).status_code

    assert ask(there, known) == 200
    forged = [derive(Secret.new().text, Restrictions(user=f"anon-{n}")) for n in range(5)]
    assert [ask(here, key) for key in forged] == [401, 401, 401, 429, 429]
    assert opened == [known, *forged[:3]]
    assert ask(here, forged[4], "/readyz") == 429
    assert ask(here, known) == 200
    assert ask(here, new) == 429
    assert opened == [known, *forged[:3]]
    assert ask(here, parent) == 200
    assert ask(there, new) == 200
    assert ask(here, new) == 200


def test_an_unusual_search_is_counted_once(start: Callable[..., Service]) -> None:
    service = start(keys="required", rate_per_address=0.001, rate_burst_s=2_000)
    client = TestClient(service.app, client=("192.0.2.7", 1))
    headers = {"X-API-Key": service.key(Role.SEARCH), "content-type": "application/searchsvc+json"}
    statuses = [
        client.post("/v1/indexes/shop/search", content=b"{}", headers=headers).status_code
        for _ in range(3)
    ]
    assert statuses == [200, 200, 429]


# What is told of the state.


def test_readiness_tells_everybody_no_more_than_that(service: Service) -> None:
    for key in (None, "wrong", service.key(Role.SEARCH)):
        response = service.ask("GET", "/readyz", key)
        assert (response.status_code, response.json()) == (200, {"ready": True})
    told = service.ask("GET", "/readyz", service.key(Role.METRICS)).json()
    assert set(told["indexes"]) == {"shop", "other"}


# The audit log.


def test_changes_are_in_the_audit_log_with_the_key_that_made_them(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users_module, "_SETTLE_SECONDS", 0.0)
    key = service.key(Role.ADMIN)
    name = key.split("_")[1]
    live = "/v1/indexes/shop/synonyms"
    assert service.ask("PUT", live, key, json={"sets": [["shoe", "boot"]]}).status_code == 200
    assert service.ask("PUT", live, key, json={"sets": 7}).status_code == 400
    assert service.ask("DELETE", live, key).status_code == 200
    changes = {"products": [{"id": "a", "price": "8 EUR"}]}
    assert service.ask("PATCH", "/v1/indexes/shop/products", key, json=changes).status_code == 200
    token = "t" * MAX_TOKEN
    assert service.ask("GET", f"/v1/users/{token}", key).status_code == 200
    assert service.ask("DELETE", f"/1/usertokens/{token}", key).status_code == 204
    lines = [line for line in service.lines() if line[0] == name]
    assert [(action, target) for _, action, target in lines] == [
        ("synonyms.set", "shop"),
        ("synonyms.clear", "shop"),
        ("delta", "shop"),
        ("export", ""),
        ("delete", ""),
    ]
    with closing(StateStore.open(service.settings)) as store:
        assert token not in repr(list(store.audit_lines()))


def test_a_change_goes_on_without_the_database_and_the_log_has_it(
    start: Callable[..., Service], caplog: pytest.LogCaptureFixture, data_dir: Path
) -> None:
    data_dir.mkdir()
    (data_dir / "state.db").mkdir()  # so that it cannot be opened
    service = start(keys="off", admin_key=ADMIN_KEY)
    with caplog.at_level("INFO", "searchsvc.audit"):
        response = service.ask("DELETE", "/v1/indexes/shop/synonyms", ADMIN_KEY)
    assert response.status_code == 200
    eventually(lambda: "synonyms.clear by admin: shop" in caplog.text)


def test_where_nobody_knows_the_keys_requests_are_told_to_come_again(
    start: Callable[..., Service], data_dir: Path
) -> None:
    data_dir.mkdir()
    (data_dir / "state.db").mkdir()
    service = start(keys="required", admin_key=ADMIN_KEY)
    assert service.ask("GET", "/v1/indexes", "ssk_unknown").status_code == 503
    assert service.ask("GET", "/v1/indexes", ADMIN_KEY).status_code == 200
    assert service.ask("GET", "/readyz", "ssk_unknown").json() == {"ready": True}

"""Every request is observed: its id, its line, and what no line may have."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from searchsvc import logs
from searchsvc.http.app import create_app
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import Restrictions, derive
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore

ADMIN = "Marker-of-the-admin-key"
TOKEN_KEY = "Marker-of-the-token-key-of-the-service"  # noqa: S105 - to be looked for
PASSWORD = "Marker-of-a-password"  # noqa: S105 - to be looked for
USER = "Marker-of-a-user"
ADDRESS = "203.0.113.7"
SEARCH = "/v1/indexes/shop/search"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("shop")
    feed = directory / "feed.jsonl"
    feed.write_text('{"id": "a", "title": "red shoe"}\n{"id": "b", "title": "oak desk"}\n')
    layout = IndexLayout.of(directory / "data", "shop")
    reindex(str(feed), layout, IndexSettings(), HashingEmbedder(64))
    return directory / "data"


class Shop:
    """A service, and what it logs."""

    def __init__(self, data_dir: Path, **changes: Any) -> None:
        self.settings = Settings(
            data_dir=data_dir, models_dir=data_dir, **{"admin_key": ADMIN, **changes}
        )
        app = create_app(self.settings)
        self.client = TestClient(app, raise_server_exceptions=False, client=(ADDRESS, 50_000))

    def context(self) -> Any:
        return self.client.app.state.context  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    names = ("", "searchsvc", "indexer", "uvicorn")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root = logging.getLogger()
    for handler in [it for it in root.handlers if isinstance(it, logs.StandardError)]:
        root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)


def requests_in(text: str) -> list[dict[str, Any]]:
    found = (orjson.loads(line) for line in text.splitlines())
    return [line for line in found if line["logger"] == "searchsvc.access"]


def test_an_id_is_the_callers_or_ours_and_in_every_answer(data_dir: Path) -> None:
    with Shop(data_dir).client as client:
        given = {"X-Request-Id": "from.the-Proxy_1"}
        for path in (SEARCH, "/1/indexes/shop", "/healthz", "/nowhere", "/v1/indexes/no/search"):
            assert client.get(path, headers=given).headers["x-request-id"] == "from.the-Proxy_1"
        ids = {client.get(SEARCH).headers["x-request-id"] for _ in range(50)}
        assert len(ids) == 50
        for bad in ("", "a b", "ü", "x" * 65, "a\tb", "<script>"):
            header = {"X-Request-Id": bad.encode()}
            answered = client.get(SEARCH, headers=header)
            assert answered.headers["x-request-id"].isalnum()
            assert answered.headers["x-request-id"] != bad


def test_a_problem_document_has_the_id_whatever_went_wrong(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(data_dir)
    with shop.client as client:
        header = {"X-Request-Id": "r-1"}
        for path in ("/v1/indexes/no/search", f"{SEARCH}?limit=x", "/v1/indexes/shop/products/no"):
            assert client.get(path, headers=header).json()["request_id"] == "r-1"

        def fail(*_: object) -> None:
            raise LookupError

        monkeypatch.setattr(shop.context().service, "search", fail)
        for method, body in (("GET", None), ("POST", {})):
            answered = client.request(method, SEARCH, headers=header, json=body)
            assert answered.status_code == 500
            assert answered.json()["request_id"] == answered.headers["x-request-id"] == "r-1"
        monkeypatch.setattr(shop.context().service, "state", fail)
        failed = client.get("/1/indexes/shop", headers=header)
        assert (failed.status_code, failed.headers["x-request-id"]) == (500, "r-1")


@pytest.mark.parametrize(
    ("which", "slow_ms", "expected"),
    [
        ("on", 1e6, [200, 404, 500]),
        ("off", 1e-6, []),
        ("errors", 1e-6, [500]),
        ("slow", 1e6, [500]),
        ("slow", 1e-6, [200, 404, 500]),
    ],
)
def test_the_setting_says_which_requests_get_a_line(
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    which: str,
    slow_ms: float,
    expected: list[int],
) -> None:
    shop = Shop(data_dir, access_log=which, slow_ms=slow_ms)
    with shop.client as client:
        logs.configure("json", "info")
        client.get(SEARCH)
        client.get("/v1/indexes/shop/products/no")
        monkeypatch.setattr(shop.context().service, "search", lambda *_: 1 / 0)
        client.get(SEARCH)
        found = requests_in(capsys.readouterr().err)
    assert [line["status"] for line in found] == expected


def test_a_line_has_the_route_and_the_search_and_no_address_unless_asked(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for with_address in (False, True):
        with Shop(data_dir, access_log="on", log_addresses=with_address).client as client:
            logs.configure("json", "info")
            capsys.readouterr()
            answer = client.post(SEARCH, json={"query": "secret wish"})
            shown = capsys.readouterr().err
        (line,) = requests_in(shown)
        assert "wish" not in shown
        assert (ADDRESS in shown) is with_address
        assert line["query_id"] == answer.json()["query_id"]
        assert line["request_id"] == answer.headers["x-request-id"]
        assert line["bytes"] == len(answer.content)
        assert line["ms"] > 0
        assert {name: line[name] for name in ("method", "route", "status", "index")} == {
            "method": "POST",
            "route": "/v1/indexes/{index}/search",
            "status": 200,
            "index": "shop",
        }


def test_the_line_of_a_refused_request_names_its_index_and_its_key_where_that_is_known(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(data_dir, tmp_path / "data")
    shop = Shop(tmp_path / "data", access_log="on", keys="required")
    key, secret = KeyDraft(frozenset({Role.SEARCH}), referrers=("shop.example",)).key(0)
    scoped = derive(secret.text, Restrictions(user="anon"))
    with closing(StateStore.open(shop.settings)) as store:
        store.put_key(key, actor="cli:test")
    with shop.client as client:
        logs.configure("json", "info")
        capsys.readouterr()
        for sent, path in (
            (secret.text, SEARCH),
            (scoped, SEARCH),
            (f"ssk_{key.id}_{'0' * 64}", SEARCH),  # whose it would be, if it were no guess
            (secret.text, "/v1/indexes/Forged%0Aline/search"),
        ):
            headers = {"X-API-Key": sent, "Referer": "https://other.example/"}
            assert client.get(path, headers=headers).status_code in (401, 403)
        shown = capsys.readouterr().err
    assert secret.text not in shown
    assert scoped not in shown
    found = [(line["key"], line.get("index", "")) for line in requests_in(shown)]
    assert found == [(key.id, "shop"), (key.id, "shop"), ("", "shop"), (key.id, "")]


def test_a_line_that_a_search_logs_in_its_thread_has_the_id_of_its_request(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(data_dir)
    with shop.client as client:
        search = shop.context().service.search

        def telling(*given: object, **named: object) -> object:
            logging.getLogger("searchsvc.test").info("inside")
            return search(*given, **named)

        monkeypatch.setattr(shop.context().service, "search", telling)
        logs.configure("json", "info")
        for number in range(3):
            client.get(SEARCH, headers={"X-Request-Id": f"r-{number}"})
        found = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    inside = [line["request_id"] for line in found if line["event"] == "inside"]
    assert inside == ["r-0", "r-1", "r-2"]


def test_no_secret_is_logged_at_any_level_whatever_is_asked_and_whatever_fails(
    data_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = f"postgresql://shop:{PASSWORD}@127.0.0.1:1/state"
    for url in (state, f"sqlite:///{tmp_path}/state.db"):
        shop = Shop(
            data_dir,
            state_url=url,
            token_key=TOKEN_KEY,
            access_log="on",
            log_level="debug",
        )
        logs.configure("json", "debug", shop.settings.secrets())
        with shop.client as client:
            _ask_everything(client)
            monkeypatch.setattr(shop.context().service, "search", lambda *_: 1 / 0)
            monkeypatch.setattr(shop.context().service, "product", lambda *_: 1 / 0)
            _ask_everything(client)
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    for secret in (ADMIN, TOKEN_KEY, PASSWORD, USER, "Marker-of-a-key", "Marker-of-a-wish"):
        assert secret not in shown


def _ask_everything(client: TestClient) -> None:
    """Every route of the documentation and Algolia's, with markers wherever something is sent."""
    headers = {
        "Authorization": f"Bearer {ADMIN}",
        "X-Algolia-API-Key": "Marker-of-a-key",
        "X-API-Key": "Marker-of-a-key",
        "Content-Type": "application/json",
    }
    body = {
        "query": "Marker-of-a-wish",
        "user_token": USER,
        "consent": True,
        "requests": [{"indexName": "shop", "query": "Marker-of-a-wish", "userToken": USER}],
        "events": [
            {
                "type": "click",
                "index": "shop",
                "items": [{"id": "a"}],
                "user_token": USER,
                "consent": True,
            }
        ],
    }
    asked = []
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        asked += [(method, path) for method in methods]
    asked += [
        ("post", "/1/indexes/*/queries"),
        ("post", "/1/indexes/shop/query"),
        ("get", "/1/indexes/shop/a"),
        ("post", "/1/events"),
        ("delete", "/1/usertokens/{token}"),
    ]
    for method, path in asked:
        place = path.replace("{token}", USER).replace("{index}", "shop")
        place = place.replace("{product_id}", "a").replace("{product_id:path}", "a")
        for sent in ({"query": "Marker-of-a-wish"}, body):
            for sent_headers in (headers, {**headers, "Authorization": "Bearer Marker-of-a-key"}):
                client.request(
                    method,
                    place,
                    content=orjson.dumps(sent),
                    headers=sent_headers,
                    params={"query": "Marker-of-a-wish", "key": "Marker-of-a-key"},
                )

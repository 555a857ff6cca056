"""Pages of other origins, and what they may ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from searchsvc.http.app import create_app
from searchsvc.http.granted import keep
from searchsvc.http.origins import ANY, ShareSearch, readers
from searchsvc.keys.grant import Grant
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import KeyRevision, KeySet
from searchsvc.keys.ring import Keyring
from searchsvc.settings import Settings

PAGE = {"Origin": "https://shop.example"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(data_dir=tmp_path, models_dir=tmp_path))) as client:
        yield client


def preflight(client: TestClient, path: str, method: str, headers: str) -> dict[str, str]:
    response = client.options(
        path,
        headers={
            **PAGE,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        },
    )
    return {"status": str(response.status_code), **response.headers}


@pytest.mark.parametrize("path", ["/1/indexes/*/queries", "/v1/indexes/shop/search"])
def test_a_page_may_search(client: TestClient, path: str) -> None:
    asked = "content-type, x-algolia-api-key, x-algolia-application-id, x-algolia-agent"
    found = preflight(client, path, "POST", asked)
    assert found["status"] == "200"
    assert found["access-control-allow-origin"] == "*"
    assert "POST" in found["access-control-allow-methods"]
    assert found["access-control-allow-headers"] == asked
    assert int(found["access-control-max-age"]) > 0
    response = client.post(path, json={}, headers=PAGE)
    assert response.headers["access-control-allow-origin"] == "*"  # on errors, too
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_page_may_change_nothing(client: TestClient, method: str) -> None:
    found = preflight(client, "/v1/indexes/shop/synonyms", method, "authorization")
    assert found["status"] == "400"


@pytest.mark.parametrize("path", ["/", "/docs", "/metrics", "/healthz"])
def test_whatever_is_no_api_stays_to_its_own_origin(client: TestClient, path: str) -> None:
    assert "access-control-allow-origin" not in client.get(path, headers=PAGE).headers


def test_a_page_may_search_below_the_path_of_a_proxy(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path, models_dir=tmp_path))
    with TestClient(app, root_path="/search") as client:
        response = client.post("/search/1/indexes/shop/query", headers=PAGE)
        assert response.json()["message"] == "Index shop does not exist"
        assert response.headers["access-control-allow-origin"] == "*"


MINE, OTHER = "https://mine.example", "https://other.example"


def key(*origins: str, revoked_ms: int | None = None) -> ApiKey:
    return ApiKey("0" * 12, bytes(32), frozenset(), "", 0, origins=origins, revoked_ms=revoked_ms)


def ring(tmp_path: Path, *keys: ApiKey) -> Keyring:
    """A keyring that knows `keys`."""
    keyring = Keyring(Settings(data_dir=tmp_path), lambda: Keys(keys))
    keyring.refresh()
    return keyring


class Keys:
    """A database of keys."""

    def __init__(self, keys: tuple[ApiKey, ...]) -> None:
        self._set = KeySet(KeyRevision("d", len(keys)) if keys else KeyRevision(), keys)

    def key_revision(self) -> KeyRevision:
        return self._set.revision

    def keys(self) -> KeySet:
        return self._set


def shared(
    grant: Grant, origin: str, allowed: frozenset[str] | None = None, method: str = "GET"
) -> Mapping[str, str]:
    """The CORS headers and the status of an answer to a page."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        keep(scope, grant)
        await PlainTextResponse("no", 403)(scope, receive, send)

    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    client = TestClient(ShareSearch(application, lambda: allowed))
    response = client.request(method, "/v1/indexes", headers=asked)
    names = ("access-control-allow-origin", "vary")
    found = {name: response.headers[name] for name in names if name in response.headers}
    return {"status": str(response.status_code), **found}


def test_an_answer_is_for_the_pages_of_its_key() -> None:
    refused = {"status": "403"}
    assert shared(Grant(), MINE) == refused | {"access-control-allow-origin": "*"}
    limited = Grant(origins=(MINE,))
    assert shared(limited, MINE) == refused | {
        "access-control-allow-origin": MINE,
        "vary": "Origin",
    }
    assert shared(limited, OTHER) == refused | {"vary": "Origin"}


def test_a_page_is_told_beforehand_whether_any_key_is_for_it() -> None:
    vary = {"vary": "Origin, Access-Control-Request-Headers"}
    mine = frozenset({MINE})
    assert shared(Grant(), OTHER, mine, "OPTIONS") == {"status": "400", **vary}
    assert shared(Grant(), MINE, mine, "OPTIONS") == {
        "status": "200",
        "access-control-allow-origin": MINE,
        **vary,
    }
    assert shared(Grant(), OTHER, ANY, "OPTIONS") == {
        "status": "200",
        "access-control-allow-origin": "*",
        **vary,
    }


def test_the_pages_of_all_keys_are_those_of_each_that_holds(tmp_path: Path) -> None:
    assert readers(ring(tmp_path / "a")) is ANY  # no key is needed
    assert readers(ring(tmp_path / "b", key(MINE), key(OTHER))) == {MINE, OTHER}
    assert readers(ring(tmp_path / "c", key(MINE), key(OTHER, revoked_ms=1))) == {MINE}
    assert readers(ring(tmp_path / "d", key(MINE), key())) is ANY
    required = Keyring(Settings(data_dir=tmp_path, keys="required"), lambda: Keys(()))
    assert readers(required) is ANY  # it is not known which there are

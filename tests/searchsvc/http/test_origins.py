"""Pages of other origins, and what they may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
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

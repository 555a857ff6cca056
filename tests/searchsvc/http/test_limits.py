"""The limits of a request, over HTTP: by whichever route it comes, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.query.query import MAX_LIMIT, MAX_TEXT

if TYPE_CHECKING:
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

KEY = "sixteen letters!"
SHOES = [
    {"id": "a", "title": "Red shoe", "brand": "Fjellvik", "color": "red", "price": "10 EUR"},
    {"id": "b", "title": "Blue shoe", "brand": "Norda", "color": "blue", "price": "20 EUR"},
]
LOWERED = {
    "max_query_chars": 8,
    "max_hits": 20,
    "max_offset": 7,
    "max_filter_depth": 1,
    "max_filter_clauses": 4,
    "max_filter_values": 2,
    "max_facets": 1,
    "max_facet_values": 100,
    "max_boosts": 1,
    "max_searches": 2,
    "max_events": 1,
    "max_changes": 1,
}
RED = {"filter": "color:red", "weight": 1}
NATIVE: list[tuple[str, dict[str, Any]]] = [
    ("max_query_chars", {"query": "nine char"}),
    ("max_hits", {"limit": 21}),
    ("max_offset", {"limit": 1, "offset": 8}),
    ("max_filter_depth", {"limit": 1, "filters": "color:red AND NOT brand:Norda"}),
    (
        "max_filter_clauses",
        {"limit": 1, "filters": "color:red AND price>1 AND price<9 AND price>2"},
    ),
    ("max_filter_values", {"limit": 1, "filters": {"field": "color", "any_of": ["a", "b", "c"]}}),
    ("max_facets", {"limit": 1, "facets": ["color", "brand"]}),
    ("max_facet_values", {"limit": 1, "facets": [{"field": "color", "limit": 101}]}),
    ("max_boosts", {"limit": 1, "boosts": [RED, RED]}),
]
ALGOLIA: list[tuple[str, dict[str, Any]]] = [
    ("max_query_chars", {"query": "nine char", "hitsPerPage": 1}),
    ("max_hits", {"hitsPerPage": 21}),
    ("max_offset", {"hitsPerPage": 1, "page": 8}),
    ("max_filter_depth", {"hitsPerPage": 1, "filters": "color:red AND NOT brand:Norda"}),
    (
        "max_filter_clauses",
        {"hitsPerPage": 1, "numericFilters": ["price>1", "price<9", "price>2", "price<8"]},
    ),
    ("max_filter_values", {"hitsPerPage": 1, "facetFilters": [["color:a", "color:b", "color:c"]]}),
    ("max_facets", {"hitsPerPage": 1, "facets": ["color", "brand"]}),
    ("max_facet_values", {"hitsPerPage": 1, "facets": ["color"], "maxValuesPerFacet": 101}),
    ("max_boosts", {"hitsPerPage": 1, "optionalFilters": ["color:red", "color:blue"]}),
]


@pytest.fixture
def small(build: Build, make_settings: MakeSettings) -> Iterator[TestClient]:
    """A service with all limits lowered."""
    build(SHOES)
    with TestClient(create_app(make_settings(admin_key=KEY, **LOWERED))) as client:
        yield client


def _variable(name: str) -> str:
    return f"(SEARCHSVC_{name.upper()})"


def test_the_native_search_names_limit_and_setting(small: TestClient) -> None:
    for name, body in NATIVE:
        problem = small.post("/v1/indexes/shop/search", json=body)
        assert problem.status_code == 400, (name, problem.text)
        assert _variable(name) in problem.json()["detail"], name
    assert small.post(
        "/v1/indexes/shop/search", json={"query": "red", "facets": ["color"]}
    ).is_success


def test_the_compatible_search_names_limit_and_setting(small: TestClient) -> None:
    for name, body in ALGOLIA:
        answer = small.post("/1/indexes/shop/query", json=body)
        assert answer.status_code == 400, (name, answer.text)
        assert _variable(name) in answer.json()["message"], name
    passing = {"query": "red", "facets": ["color"]}
    assert small.post("/1/indexes/shop/query", json=passing).is_success


def test_other_routes_name_limit_and_setting(small: TestClient) -> None:
    admin = {"Authorization": f"Bearer {KEY}"}
    searches = {"requests": [{"indexName": "shop", "hitsPerPage": 1}] * 3}
    changes = {"products": [{"id": "a", "price": "1 EUR"}, {"id": "b", "price": "1 EUR"}]}
    shoppers = {"query": "nine char", "shoppers": [{"title": "all"}]}
    for name, answer in [
        ("max_query_chars", small.get("/v1/indexes/shop/suggest", params={"q": "nine char"})),
        ("max_searches", small.post("/1/indexes/*/queries", json=searches)),
        ("max_changes", small.patch("/v1/indexes/shop/products", json=changes, headers=admin)),
        ("max_query_chars", small.post("/v1/indexes/shop/preview", json=shoppers, headers=admin)),
    ]:
        assert answer.status_code == 400, (name, answer.text)
        assert _variable(name) in answer.text, name


def test_what_is_fixed_names_the_setting_that_can_lower_it(small: TestClient) -> None:
    long = "x" * (MAX_TEXT + 1)
    for answer in (
        small.post("/v1/indexes/shop/search", json={"query": long}),
        small.get("/v1/indexes/shop/suggest", params={"q": long}),
        small.post("/1/indexes/shop/query", json={"query": long}),
    ):
        assert answer.status_code == 400
        assert "fixed; SEARCHSVC_MAX_QUERY_CHARS can only lower it" in answer.text
    deep = small.post("/v1/indexes/shop/search", json={"limit": MAX_LIMIT + 1})
    assert "fixed; SEARCHSVC_MAX_HITS can only lower it" in deep.json()["detail"]


def test_a_search_that_takes_too_long_is_given_up(
    build: Build, make_settings: MakeSettings
) -> None:
    build(SHOES)
    with TestClient(create_app(make_settings())) as client:
        context: Any = client.app.state.context  # type: ignore[attr-defined]
        context.limits = replace(context.limits, search_timeout_ms=0.0)  # nothing is as fast
        for answer in (
            client.post("/v1/indexes/shop/search", json={"query": "red"}),
            client.post("/1/indexes/shop/query", json={"query": "red"}),
        ):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert "SEARCHSVC_SEARCH_TIMEOUT_MS" in answer.text

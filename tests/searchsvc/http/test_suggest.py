"""Suggestions over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from searchsvc.errors import OverloadedError
from searchsvc.http.app import create_app
from searchsvc.http.schemas import Problem
from searchsvc.http.suggest import SuggestResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.http.context import Context
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

KEY = "correct horse battery staple"
PATH = "/v1/indexes/shop/suggest"
RECORDS = [
    {"id": f"{n}", "title": f"{colour} sneakers", "brand": "Acme", "product_type": "Shoes"}
    for n, colour in enumerate(("red", "blue", "green"))
]


@pytest.fixture
def shop(build: Build, make_settings: MakeSettings) -> Iterator[TestClient]:
    build(RECORDS)
    with TestClient(create_app(make_settings(admin_key=KEY))) as client:
        yield client


def ask(client: TestClient, **parameters: Any) -> SuggestResponse:
    response = client.get(PATH, params=parameters)
    assert response.status_code == 200, response.text
    return SuggestResponse.model_validate_json(response.content)


def test_a_keystroke_is_answered_with_all_kinds(shop: TestClient) -> None:
    found = ask(shop, q="snea")
    assert (found.query, found.corrected) == ("snea", None)
    assert found.queries[0].model_dump() == {
        "text": "sneakers",
        "highlighted": "snea<mark>kers</mark>",
        "source": "catalogue",
    }
    assert [it.model_dump() for it in found.categories] == [{"value": "Shoes", "count": 3}]
    assert [it.model_dump() for it in found.brands] == [{"value": "Acme", "count": 3}]
    assert [product["id"] for product in found.products] == ["0", "1", "2"]
    assert found.took_ms > 0


def test_each_kind_has_its_limit(shop: TestClient) -> None:
    found = ask(shop, q="s", limit=1, products=1, categories=0, brands=0)
    assert (len(found.queries), len(found.products)) == (1, 1)
    assert (found.categories, found.brands) == ([], [])


def test_what_the_shop_sets_is_effective_at_once(shop: TestClient) -> None:
    assert ask(shop).queries == []
    document = {"queries": [{"text": "blue sneakers", "count": 9}], "blocked": ["green"]}
    response = shop.put(
        "/v1/indexes/shop/suggestions",
        content=orjson.dumps(document),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert response.status_code == 200, response.text
    assert [it.text for it in ask(shop).queries] == ["blue sneakers"]
    assert [it.source for it in ask(shop, q="sne").queries] == ["popular", "catalogue"]
    assert ask(shop, q="gree").queries == []
    assert {product["id"] for product in ask(shop, q="sneakers").products} == {"0", "1"}


@pytest.mark.parametrize(
    "parameters", [{"q": "x" * 513}, {"limit": 51}, {"limit": -1}, {"products": "many"}, {"x": 1}]
)
def test_what_cannot_be_asked_for_is_a_400(shop: TestClient, parameters: dict[str, Any]) -> None:
    response = shop.get(PATH, params=parameters)
    assert response.status_code == 400
    assert next(iter(parameters)) in Problem.model_validate_json(response.content).detail


def test_who_misspells_a_parameter_is_told_those_that_there_are(shop: TestClient) -> None:
    detail = Problem.model_validate_json(shop.get(PATH, params={"query": "x"}).content).detail
    assert "query.query: unknown, expected one of q, limit, products" in detail


def test_an_index_that_is_not_there_is_a_404(shop: TestClient) -> None:
    assert shop.get("/v1/indexes/other/suggest").status_code == 404


def test_keystrokes_are_timed_and_nothing_of_them_is_told(shop: TestClient) -> None:
    ask(shop, q="secretword")
    exposition = shop.get("/metrics").text
    assert "secretword" not in exposition
    counts = {
        sample.name: sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.labels.get("index") == "shop"
    }
    assert counts["searchsvc_suggest_seconds_count"] == 1


def test_a_keystroke_waits_its_turn_as_a_search_does(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Context = shop.app.state.context  # type: ignore[attr-defined]

    async def refuse(*_: Any) -> None:
        raise OverloadedError("too many")

    monkeypatch.setattr(context.permits, "run", refuse)
    assert shop.get(PATH).status_code == 503
    assert "searchsvc_overloaded_total 1.0" in shop.get("/metrics").text

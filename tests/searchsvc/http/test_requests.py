"""Every parameter of a search over HTTP, by POST and by GET, right and wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.http.schemas import Highlight, Problem, SearchResponse, SimilarResponse
from searchsvc.settings import Settings

DEMO = "/v1/indexes/demo/search"


@pytest.fixture(scope="module")
def demo(sample_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(
        data_dir=sample_data_dir,
        models_dir=tmp_path_factory.mktemp("models"),
        embed_timeout_ms=60_000,
    )
    with TestClient(create_app(settings)) as client:
        yield client


def post(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post(DEMO, json=body)
    assert response.status_code == 200, response.text
    SearchResponse.model_validate_json(response.content, strict=True)
    answer: dict[str, Any] = response.json()
    return answer


def problem(response: Any) -> str:
    assert response.status_code == 400, response.text
    return Problem.model_validate_json(response.content, strict=True).detail


SAME: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"filters": "brand:Fjellvik AND price < 90"}, {"filters": "brand:Fjellvik AND price < 90"}),
    ({"filters": [{"field": "price", "lt": 90}]}, {"filters": '[{"field": "price", "lt": 90}]'}),
    ({"sort": "price,brand:desc"}, {"sort": "price,brand:desc"}),
    ({"facets": ["brand", "price"]}, {"facets": "brand, price,"}),
    ({"group_by": "item_group_id"}, {"group_by": "item_group_id"}),
    ({"typing": True, "query": "warm jac"}, {"typing": "true", "query": "warm jac"}),
    ({"relax": False}, {"relax": "false"}),
    ({"highlight": ["title", "color"]}, {"highlight": "title,color"}),
]


@pytest.mark.parametrize(("body", "parameters"), SAME)
def test_a_query_string_asks_the_same_as_a_body(
    demo: TestClient, body: dict[str, Any], parameters: dict[str, str]
) -> None:
    posted = post(demo, **{"query": "jacket", **body})
    got = demo.get(DEMO, params={"query": "jacket", **parameters})
    assert got.status_code == 200, got.text
    for answer in (posted, found := got.json()):
        del answer["query_id"], answer["took_ms"]
    assert posted == found
    assert posted["hits"]


def test_facets_come_in_the_order_and_shape_that_was_asked_for(demo: TestClient) -> None:
    answer = post(
        demo,
        query="jacket",
        filters="brand:Fjellvik",
        facets=[
            {"field": "brand", "disjunctive": True, "limit": 2},
            "brand",
            {"field": "product_type", "level": 0, "order": "value"},
            {"field": "brand", "search": "fje"},
            {"field": "price", "limit": 0, "ranges": [{"to": 50}, {"from": 50}]},
        ],
    )
    beside, chosen, kinds, searched, price = answer["facets"]
    assert len(beside["values"]) == 2 < beside["distinct"]
    assert chosen["values"] == searched["values"]
    assert chosen["values"] == [{"value": "Fjellvik", "count": answer["total"]}]
    assert kinds["hierarchical"]
    assert all(">" not in value["value"] for value in kinds["values"])
    assert price["values"] == []
    low, high = price["ranges"]
    assert (low["from"], low["to"], high["from"], high["to"]) == (None, 50, 50, None)
    assert low["count"] + high["count"] == answer["total"] == price["statistics"]["count"]
    assert "statistics" not in beside
    assert "ranges" not in beside


def test_groups_show_the_best_member_and_some_others(demo: TestClient) -> None:
    items = post(demo, query="jacket", limit=1_000)
    groups = post(demo, query="jacket", limit=1_000, group_by={"others": 1})
    counted = post(demo, query="jacket", limit=1_000, group_by={"others": 0, "count": "items"})
    assert (items["counted"], groups["counted"], counted["counted"]) == (
        "items",
        "groups",
        "items",
    )
    assert items["total"] == counted["total"] > groups["total"] == len(groups["hits"])
    assert sum(hit["group"]["count"] for hit in groups["hits"]) == items["total"]
    for hit in groups["hits"]:
        group = hit["group"]
        assert group["value"] == hit["product"].get("item_group_id")
        assert len(group["others"]) == min(1, group["count"] - 1)
    assert all(hit["group"]["others"] == [] for hit in counted["hits"])
    assert all("group" not in hit for hit in items["hits"])


def test_only_the_fields_that_were_asked_for_are_shown(demo: TestClient) -> None:
    answer = post(demo, query="jacket", fields=["id", "title", "nope"], group_by="item_group_id")
    shown = [hit["product"] for hit in answer["hits"]]
    shown += [other["product"] for hit in answer["hits"] for other in hit["group"]["others"]]
    assert {tuple(product) for product in shown} == {("id", "title")}
    assert {str(hit["product"]) for hit in post(demo, fields=[])["hits"]} == {"{}"}


def test_highlights_and_snippets_have_the_shape_of_the_product(demo: TestClient) -> None:
    answer = post(
        demo,
        query="waterproof jacket",
        limit=5,
        highlight=["title", "product_types", "attributes", "nope"],
        snippets={"description": 6},
    )
    for hit in answer["hits"]:
        assert set(hit["highlights"]) <= {"title", "product_types", "attributes"}
        title = Highlight.model_validate(hit["highlights"]["title"], strict=True)
        assert title.level != "none"
        assert "<mark>" in title.value
        assert title.value.replace("<mark>", "").replace("</mark>", "")
        for name, marked in hit["highlights"].get("attributes", {}).items():
            assert isinstance(hit["product"]["attributes"][name], str)
            Highlight.model_validate(marked, strict=True)
        snippet = Highlight.model_validate(hit["snippets"]["description"], strict=True)
        assert len(snippet.value.split()) <= 8
    assert "highlights" not in post(demo, query="jacket")["hits"][0]


def test_boosts_move_products_up_and_say_so(demo: TestClient) -> None:
    boosts = [{"filter": "attributes.colour_family:red", "weight": 1, "name": "likes red"}]
    plain = post(demo, query="jacket", limit=1_000)
    answer = post(demo, query="jacket", limit=1_000, boosts=boosts, explain=True)
    assert answer["total"] == plain["total"]
    gained = {
        hit["explain"]["boost"]
        for hit in answer["hits"]
        if hit["explain"]["boosted_from"] is not None
        and hit["product"]["attributes"].get("colour_family") == "red"
    }
    assert gained == {0.3}


def test_a_sorted_answer_says_how_many_are_relevant(demo: TestClient) -> None:
    answer = post(demo, query="waterproof jacket", sort="price", limit=1_000)
    assert 0 < answer["relevant"] <= answer["total"]
    paid = [
        (hit["product"].get("sale_price") or hit["product"]["price"])["minor_units"]
        for hit in answer["hits"]
    ]
    assert paid[: answer["relevant"]] == sorted(paid[: answer["relevant"]])
    assert paid[answer["relevant"] :] == sorted(paid[answer["relevant"] :])
    assert post(demo, query="waterproof jacket")["relevant"] is None


def test_how_relevant_the_first_of_a_sorted_answer_are_can_be_asked_for(demo: TestClient) -> None:
    asked = {"query": "waterproof jacket", "sort": "price", "limit": 1_000}
    lax, usual, strict = (
        post(demo, **asked, sort_relevance=share)["relevant"] for share in (0, 0.5, 1)
    )
    assert strict <= usual <= lax
    assert strict < lax
    assert usual == post(demo, **asked)["relevant"]


@pytest.mark.parametrize("sort", ["price", "-price", "newest", "rating"])
def test_in_any_order_what_the_query_identifies_comes_first(demo: TestClient, sort: str) -> None:
    answer = post(demo, query="p-0000005", sort=sort)
    assert answer["hits"][0]["id"] == "P0000005"
    assert answer["relevant"] == 1


def test_relevant_counts_what_total_counts(demo: TestClient) -> None:
    asked = {"query": "waterproof jacket", "sort": "price"}
    items, groups = (
        post(demo, **asked, group_by={"field": "brand", "count": count})
        for count in ("items", "groups")
    )
    assert items["relevant"] == post(demo, **asked)["relevant"] > groups["relevant"] > 0
    assert groups["relevant"] <= groups["total"] < items["total"]


@pytest.mark.parametrize("query", ["12345678901234", "910-005123"])
def test_a_number_that_no_product_has_is_answered_with_nothing(
    demo: TestClient, query: str
) -> None:
    answer = post(demo, query=query)
    assert (answer["relaxed"], answer["total"], answer["hits"]) == (None, 0, [])


@pytest.mark.parametrize("query", ["!!!", "???", "🎧"])
def test_a_text_without_words_is_answered_with_everything(demo: TestClient, query: str) -> None:
    answer, empty = post(demo, query=query), post(demo, query="")
    assert (answer["relaxed"], answer["total"]) == (None, empty["total"])
    assert [hit["id"] for hit in answer["hits"]] == [hit["id"] for hit in empty["hits"]]


def test_a_query_that_nothing_matches_says_what_it_was_answered_with(demo: TestClient) -> None:
    answer = post(demo, query="zqxj wvkq", as_typed=True, limit=100)
    assert answer["relaxed"] == {"kind": "meaning", "dropped": [], "text": "zqxj wvkq"}
    assert answer["total"] == len(answer["hits"]) > 0
    bare = post(demo, query="zqxj wvkq", as_typed=True, relax=False)
    assert (bare["relaxed"], bare["total"], bare["hits"]) == (None, 0, [])
    blamed = post(demo, query="jacket", filters="price < 0")
    assert (blamed["relaxed"], blamed["total"]) == (None, 0)
    assert blamed["unfiltered_total"] == post(demo, query="jacket")["total"]


WRONG: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"sort": 5}, ("body.sort", "5", "string")),
    ({"sort": "prize"}, ("sort[0]", "'prize'", "price")),
    ({"sort": "price,"}, ("sort[1]", "''", "a field")),
    ({"sort": "bestselling"}, ("sort[0]", "no events", "searchsvc segments learn")),
    ({"sort": "price,bestselling", "limit": 0}, ("sort[1]", "searchsvc segments learn")),
    ({"sort": "relevance,price"}, ("sort[0]", "last")),
    ({"facets": "brand"}, ("body.facets", "'brand'", "list")),
    ({"facets": ["brnad"]}, ("facet 'brnad'", "unknown field", "brand")),
    ({"facets": [""]}, ("body.facets.0", "at least 1 character")),
    ({"facets": ["brand"] * 51}, ("body.facets", "at most 50")),
    ({"facets": [{"field": "brand", "limit": 1_001}]}, ("facets.0", "1001", "1000")),
    ({"facets": [{"field": "brand", "order": "up"}]}, ("order", "'up'", "'count' or 'value'")),
    ({"facets": [{"field": "brand", "ranges": [{"to": 5}]}]}, ("'brand'", "text", "numbers")),
    ({"facets": [{"field": "brand", "level": 1}]}, ("'brand'", "no paths")),
    ({"facets": [{"field": "price", "ranges": [{"to": "5"}]}]}, ("ranges.0.to", "'5'", "number")),
    ({"facets": [{"field": "price", "rnages": []}]}, ("rnages: unknown",)),
    ({"group_by": "brnad"}, ("group", "'brnad'", "brand")),
    ({"group_by": {"others": 21}}, ("others", "21", "20")),
    ({"group_by": {"count": "all"}}, ("count", "'all'", "'groups' or 'items'")),
    ({"boosts": [{"filter": "brand:HP", "weight": 2}]}, ("boosts.0.weight", "2", "1")),
    ({"boosts": [{"weight": 1}]}, ("boosts.0.filter", "required")),
    ({"boosts": [{"filter": "brand HP", "weight": 1}]}, ("character 7", "'HP'")),
    ({"boosts": [{"filter": "brnad:HP", "weight": 1}]}, ("'brnad'", "brand")),
    ({"typing": "yes"}, ("body.typing", "'yes'", "boolean")),
    ({"relax": 1}, ("body.relax", "1", "boolean")),
    ({"fields": "title"}, ("body.fields", "'title'", "list")),
    ({"highlight": [5]}, ("body.highlight.0", "5", "string")),
    ({"snippets": {"title": 0}}, ("body.snippets.title", "0", "1")),
    ({"snippets": {"title": 201}}, ("body.snippets.title", "201", "200")),
]


@pytest.mark.parametrize(("body", "words"), WRONG)
def test_a_wrong_parameter_is_named_with_what_was_found_and_expected(
    demo: TestClient, body: dict[str, Any], words: tuple[str, ...]
) -> None:
    detail = problem(demo.post(DEMO, json={"query": "jacket", **body}))
    assert [word for word in words if word not in detail] == [], detail
    assert len(detail) < 1_000


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"sort": "prize"}, ("sort[0]", "'prize'")),
        ({"facets": "brnad"}, ("'brnad'", "brand")),
        ({"facets": ",".join(["brand"] * 51)}, ("at most 50 facets",)),
        ({"group_by": "brnad"}, ("'brnad'",)),
        ({"group_by": ""}, ("query.group_by", "at least 1")),
        ({"typing": "soon"}, ("query.typing", "'soon'", "boolean")),
        ({"relax": "2"}, ("query.relax", "'2'", "boolean")),
        ({"filters": "price >"}, ("filters, character 8", "the end", "a number")),
        ({"snippets": "title"}, ("query.snippets: unknown", "expected one of")),
    ],
)
def test_a_wrong_parameter_of_a_query_string_is_named_as_well(
    demo: TestClient, parameters: dict[str, str], words: tuple[str, ...]
) -> None:
    detail = problem(demo.get(DEMO, params={"query": "jacket", **parameters}))
    assert [word for word in words if word not in detail] == [], detail


def test_similar_products_have_the_documented_shape(demo: TestClient) -> None:
    best = post(demo, query="jacket", limit=1)["hits"][0]
    address = f"/v1/indexes/demo/products/{best['id']}/similar"
    response = demo.get(address, params={"limit": 3, "filters": "price < 1000"})
    read = SimilarResponse.model_validate_json(response.content, strict=True)
    assert read.id == best["id"]
    assert len(read.hits) == 3
    own = best["product"]["item_group_id"]
    assert all(hit.product.get("item_group_id") != own for hit in read.hits)
    same = demo.get(address, params={"same_group": "true", "limit": 100}).json()["hits"]
    assert own in {hit["product"].get("item_group_id") for hit in same}
    missing = demo.get("/v1/indexes/demo/products/nope/similar")
    assert missing.status_code == 404
    assert "no product with id 'nope'" in missing.json()["detail"]
    for wrong, word in (({"limit": 0}, "limit"), ({"filters": "x>"}, "filters"), ({"a": 1}, "a")):
        assert word in problem(demo.get(address, params=wrong))


def test_a_filter_as_a_text_in_json_is_the_same_filter(demo: TestClient) -> None:
    condition = {"and": [{"field": "brand", "eq": "Fjellvik"}, {"field": "price", "lt": 90}]}
    one = post(demo, query="jacket", filters=condition)
    two = post(demo, query="jacket", filters=["brand:Fjellvik", "price < 90"])
    three = demo.get(DEMO, params={"query": "jacket", "filters": json.dumps(condition)}).json()
    assert one["hits"] == two["hits"] == three["hits"]
    assert one["total"] == two["total"] == three["total"] > 0

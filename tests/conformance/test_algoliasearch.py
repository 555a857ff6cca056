"""The stock API clients against the running service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.catalogue import INDEX, paid_price_of, price_of
from tests.conformance.javascript import Client, ClientError

if TYPE_CHECKING:
    from tests.browser.conftest import Site
    from tests.conformance.catalogue import Catalogue

row = pytest.mark.row

V5 = [("algoliasearch", "node"), ("algoliasearch", "chromium")]
V4 = [("algoliasearch4", "node"), ("algoliasearch4", "chromium")]
LITE_5 = [("algoliasearch/lite", "node"), ("algoliasearch/lite", "chromium")]
LITE_4 = [("algoliasearch4/lite", "node"), ("algoliasearch4/lite", "chromium")]


def with_clients(*clients: tuple[str, str]) -> pytest.MarkDecorator:
    marks = {"chromium": [pytest.mark.browser], "node": []}
    return pytest.mark.parametrize(
        "client",
        [
            pytest.param(client, marks=marks[client[1]], id=" in ".join(client))
            for client in clients
        ],
        indirect=True,
    )


every_client = with_clients(*V5, *LITE_5, *V4, *LITE_4)


def ids(result: dict[str, Any]) -> list[str]:
    return [hit["objectID"] for hit in result["hits"]]


def native_ids(service: Site, **parameters: str | int) -> list[str]:
    return [hit["id"] for hit in service.search(INDEX, **parameters)["hits"]]


def only(client: Client, query: str = "", **parameters: Any) -> dict[str, Any]:
    """The one result of one request, in the form that every version understands."""
    request = {"indexName": INDEX, "params": {"query": query, **parameters}}
    answer: dict[str, Any] = client.call("search", [request])["results"][0]
    return answer


@every_client
@row("search", "hits, their order and nbHits equal those of the native API")
def test_a_search_finds_what_the_native_api_finds(client: Client, service: Site) -> None:
    found = only(client, "waterproof jacket", hitsPerPage=15)
    native = service.search(INDEX, query="waterproof jacket", limit=15, typing="true")
    assert ids(found) == [hit["id"] for hit in native["hits"]]
    assert found["nbHits"] == native["total"] > 15
    assert found["hits"][0]["title"] == native["hits"][0]["product"]["title"]


@every_client
@row("search, several at once", "results in the order of the requests, hits and facet values")
def test_several_searches_are_answered_in_their_order(
    client: Client, catalogue: Catalogue
) -> None:
    products, counted, values = client.call(
        "search",
        [
            {"indexName": INDEX, "params": {"query": "desk lamp", "hitsPerPage": 3}},
            {"indexName": INDEX, "params": {"facets": "color", "hitsPerPage": 0}},
            {
                "indexName": INDEX,
                "type": "facet",
                "facet": "brand",
                "params": {"facetQuery": "alp", "maxFacetHits": 5},
            },
        ],
    )["results"]
    assert len(products["hits"]) == 3
    assert products["query"] == "desk lamp"
    assert counted["hits"] == []
    assert counted["facets"] == {"color": dict(catalogue.values("color"))}
    assert values["facetHits"][0]["value"] == "Alpenrost"


@every_client
@row("page, hitsPerPage", "walking all pages shows each of the nbHits products once")
def test_the_pages_show_each_product_once(client: Client) -> None:
    pages = [only(client, "running", hitsPerPage=100, page=0)]
    pages += [
        only(client, "running", hitsPerPage=100, page=page)
        for page in range(1, pages[0]["nbPages"])
    ]
    shown = [identity for page in pages for identity in ids(page)]
    assert len(shown) == len(set(shown)) == pages[0]["nbHits"]
    assert {page["nbHits"] for page in pages} == {pages[0]["nbHits"]}


@every_client
@row("facets, facetFilters, numericFilters", "counts and statistics equal those of the feed")
def test_filters_and_facets_agree_with_the_feed(client: Client, catalogue: Catalogue) -> None:
    found = only(
        client,
        facets=["brand", "price"],
        facetFilters=[["color:Black", "color:Navy"], "availability:-out_of_stock"],
        numericFilters=["price>=20", ["price<60", "price>100"]],
        hitsPerPage=1000,
    )
    expected = catalogue.those(
        lambda record: (
            record.get("color") in {"Black", "Navy"}
            and record["availability"] != "out_of_stock"
            and (20 <= price_of(record) < 60 or price_of(record) > 100)
        )
    )
    assert sorted(ids(found)) == sorted(record["id"] for record in expected)
    brands = [record["brand"] for record in expected]
    assert found["facets"]["brand"] == {
        brand: count for brand in set(brands) if (count := brands.count(brand))
    }
    prices = [price_of(record) for record in expected]
    statistics = found["facets_stats"]["price"]
    assert statistics["min"] == min(prices)
    assert statistics["max"] == max(prices)
    assert statistics["avg"] == pytest.approx(sum(prices) / len(prices))


@every_client
@row("filters", "the products are those of the feed that fulfil the expression")
def test_a_filter_expression_agrees_with_the_feed(client: Client, catalogue: Catalogue) -> None:
    found = only(
        client,
        filters="(color:Black OR color:Navy) AND price:20 TO 60 AND NOT brand:Alpenrost",
        hitsPerPage=1000,
    )
    expected = catalogue.those(
        lambda record: (
            record.get("color") in {"Black", "Navy"}
            and 20 <= price_of(record) <= 60
            and record["brand"] != "Alpenrost"
        )
    )
    assert sorted(ids(found)) == sorted(record["id"] for record in expected)


@every_client
@row("replica index names", "hits of an order by price are sorted, and are those of the feed")
def test_a_replica_name_sorts(client: Client, catalogue: Catalogue) -> None:
    request = {"indexName": f"{INDEX}_price_asc", "params": {"hitsPerPage": 50}}
    found = client.call("search", [request])["results"][0]
    prices = [hit["effective_price"] for hit in found["hits"]]
    assert prices == sorted(map(paid_price_of, catalogue.records))[:50]
    assert found["nbHits"] == len(catalogue.records)


@every_client
@row("attributesToRetrieve, highlights, snippets", "the hit has what was asked for, marked")
def test_highlights_and_snippets_are_as_asked_for(client: Client) -> None:
    hit = only(
        client,
        "waterproof jacket",
        attributesToRetrieve=["title"],
        attributesToHighlight=["title"],
        attributesToSnippet=["description:5"],
        highlightPreTag="[",
        highlightPostTag="]",
        hitsPerPage=1,
    )["hits"][0]
    assert set(hit) - {"_highlightResult", "_snippetResult"} == {"objectID", "title"}
    marked = hit["_highlightResult"]["title"]
    assert marked["value"].replace("[", "").replace("]", "") == hit["title"]
    assert "[jacket" in marked["value"].lower()
    assert marked["matchLevel"] in {"partial", "full"}
    assert len(hit["_snippetResult"]["description"]["value"].split()) <= 8


@every_client
@row("distinct", "one product of each group; nbHits counts the groups")
def test_distinct_shows_one_of_each_group(client: Client, catalogue: Catalogue) -> None:
    groups = {record.get("item_group_id", record["id"]) for record in catalogue.records}
    groups_of = {
        record["id"]: record.get("item_group_id", record["id"]) for record in catalogue.records
    }
    found = only(client, distinct=True, hitsPerPage=100)
    assert found["nbHits"] == len(groups)
    shown = [groups_of[identity] for identity in ids(found)]
    assert len(shown) == len(set(shown)) == 100


@every_client
@row("clickAnalytics, getRankingInfo", "queryID and _rankingInfo come when asked for")
def test_a_query_id_and_ranking_information_come_when_asked_for(client: Client) -> None:
    plain = only(client, "jacket")
    asked = only(client, "jacket", clickAnalytics=True, getRankingInfo=True)
    assert "queryID" not in plain
    assert "_rankingInfo" not in plain["hits"][0]
    assert set(asked["queryID"]) <= set("0123456789abcdef")
    assert len(asked["queryID"]) == 32
    assert {"nbTypos", "userScore"} <= set(asked["hits"][0]["_rankingInfo"])


@every_client
@row("optionalFilters", "products that fulfil them move up, and nbHits stays")
def test_optional_filters_move_products(client: Client) -> None:
    def ranks(found: dict[str, Any]) -> list[int]:
        return [rank for rank, hit in enumerate(found["hits"]) if hit["color"] == "Navy"]

    asked = {"query": "waterproof jacket", "attributesToRetrieve": ["color"], "hitsPerPage": 100}
    asked |= {"filters": "color:Navy OR color:Black"}
    plain = only(client, **asked)
    moved = only(client, **asked, optionalFilters=["color:Navy<score=2>"])
    assert sum(ranks(moved)) < sum(ranks(plain))
    assert moved["nbHits"] == plain["nbHits"]
    assert sorted(ids(moved)) == sorted(ids(plain))


@every_client
@row("optionalFilters without words", "more of the products that fulfil them come first")
def test_optional_filters_move_products_of_the_whole_catalogue(client: Client) -> None:
    def among_the_first(**parameters: Any) -> int:
        found = only(client, hitsPerPage=20, **parameters)
        assert found["nbHits"] == plain["nbHits"]
        return sum(hit["brand"] == "Alpenrost" for hit in found["hits"])

    plain = only(client, hitsPerPage=0)
    assert among_the_first(optionalFilters=["brand:Alpenrost"]) > among_the_first()


@every_client
@row("headers of the shop's own", "a browser may send them to another origin: preflight")
def test_a_request_with_its_own_headers_is_answered(client: Client) -> None:
    requests = [{"indexName": INDEX, "params": {"query": "kettle"}}]
    options = {"headers": {"X-Algolia-UserToken": "somebody", "X-Shop": "north"}}
    answer = client.call("search", requests, options)
    assert answer["results"][0]["nbHits"] > 0


@every_client
@row("aroundLatLng, insideBoundingBox", "the products of the feed within the area")
def test_products_are_found_around_a_place(client: Client, catalogue: Catalogue) -> None:
    place, far = catalogue.PLACES["Bremen"], catalogue.PLACES["Palermo"]
    around = f"{place['lat']},{place['lng']}"
    near = only(client, aroundLatLng=around, aroundRadius=1_000)
    assert near["nbHits"] == catalogue.count(lambda record: record.get("_geoloc") == place)
    assert only(client, aroundLatLng=around)["nbHits"] == len(catalogue.records)
    inside = only(
        client,
        insideBoundingBox=[
            [far["lat"] + 1, far["lng"] - 1, far["lat"] - 1, far["lng"] + 1],
        ],
    )
    assert inside["nbHits"] == catalogue.count(lambda record: record.get("_geoloc") == far)


@every_client
@row("error of an unknown index", "ApiError, status 404, message names the index")
def test_an_unknown_index_is_an_api_error(client: Client) -> None:
    with pytest.raises(ClientError) as caught:
        client.call("search", [{"indexName": "nowhere", "params": {"query": ""}}])
    assert (caught.value.name, caught.value.status) == ("ApiError", 404)
    assert caught.value.message == "Index nowhere does not exist"


@every_client
@row("error of a bad filter", "ApiError, status 400, message names the place")
def test_a_bad_filter_is_an_api_error(client: Client) -> None:
    with pytest.raises(ClientError) as caught:
        only(client, filters="color:Black AND (")
    assert (caught.value.name, caught.value.status) == ("ApiError", 400)
    assert "filters, character 18: " in caught.value.message


@with_clients(*V5, *V4, *LITE_4)
@row("searchSingleIndex, index.search", "equals the native API")
def test_one_index_is_searched_by_its_own_call(client: Client, service: Site) -> None:
    if client.name == "algoliasearch":
        request = {"indexName": INDEX, "searchParams": {"query": "kettle", "hitsPerPage": 4}}
        found = client.call("searchSingleIndex", request)
    else:
        found = client.call("search", "kettle", {"hitsPerPage": 4}, index=INDEX)
    assert ids(found) == native_ids(service, query="kettle", limit=4, typing="true")


@every_client
@row("searchForFacetValues, searchForFacets", "values with that beginning, counted in the feed")
def test_facet_values_are_searched(client: Client, catalogue: Catalogue) -> None:
    if client.name == "algoliasearch":
        body = {"facetQuery": "al", "maxFacetHits": 100}
        found = client.call(
            "searchForFacetValues",
            {"indexName": INDEX, "facetName": "brand", "searchForFacetValuesRequest": body},
        )
    elif client.name == "algoliasearch/lite":
        request = {"indexName": INDEX, "facet": "brand", "facetQuery": "al", "maxFacetHits": 100}
        found = client.call("searchForFacets", {"requests": [{**request, "type": "facet"}]})
        found = found["results"][0]
    else:
        found = client.call(
            "searchForFacetValues", "brand", "al", {"maxFacetHits": 100}, index=INDEX
        )
    expected = {
        brand: count
        for brand, count in catalogue.values("brand").items()
        if any(word.startswith("al") for word in brand.lower().split())
    }
    assert {value["value"]: value["count"] for value in found["facetHits"]} == expected
    assert all("<em>" in value["highlighted"] for value in found["facetHits"])
    assert found["exhaustiveFacetsCount"] is True


@with_clients(*V5, *V4)
@row("getObject", "the product of the feed; ApiError 404 for an unknown id")
def test_a_product_is_fetched(client: Client, catalogue: Catalogue) -> None:
    def fetch(identity: str) -> Any:
        if client.name == "algoliasearch":
            return client.call("getObject", {"indexName": INDEX, "objectID": identity})
        return client.call("getObject", identity, index=INDEX)

    record = catalogue.records[7]
    product = fetch(record["id"])
    assert (product["objectID"], product["title"]) == (record["id"], record["title"])
    assert product["price"] == price_of(record)
    with pytest.raises(ClientError, match="ObjectID does not exist") as caught:
        fetch("nothing")
    assert (caught.value.name, caught.value.status) == ("ApiError", 404)


@with_clients(*V5, *V4)
@row("getObjects", "the products in the order of the ids; null for an unknown id")
def test_several_products_are_fetched(client: Client, catalogue: Catalogue) -> None:
    wanted = [catalogue.records[9]["id"], "nothing", catalogue.records[3]["id"]]
    if client.name == "algoliasearch":
        requests = [{"indexName": INDEX, "objectID": identity} for identity in wanted]
        found = client.call("getObjects", {"requests": requests})["results"]
    else:
        found = client.call("getObjects", wanted, index=INDEX)["results"]
    assert [product and product["objectID"] for product in found] == [wanted[0], None, wanted[2]]

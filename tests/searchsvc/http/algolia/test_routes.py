"""The routes, asked as clients ask them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from searchsvc.errors import OverloadedError
from searchsvc.http.algolia import routes
from searchsvc.http.algolia.parameters import Parameters
from searchsvc.http.app import create_app
from searchsvc.http.guard import MAX_BODY_BYTES
from searchsvc.limits import MAX_SEARCHES
from searchsvc.settings import Settings
from tests.searchsvc.http.algolia.conftest import PRODUCTS, Ask, failure, ids

SEVERAL = "/1/indexes/*/queries"
ONE = "/1/indexes/shop/query"
PRODUCT_COLORS = {product["id"]: product["color"] for product in PRODUCTS}
EVERY_ID = {product["id"] for product in PRODUCTS}


def several(shop: TestClient, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    response = shop.post(SEVERAL, json={"requests": list(requests)})
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["results"]
    return results


# The forms of a request.


def test_a_browser_sends_text_and_its_credentials_in_the_query_string(shop: TestClient) -> None:
    sent = {"requests": [{"indexName": "shop", "query": "sofa"}]}
    response = shop.post(
        f"{SEVERAL}?x-algolia-api-key=k&x-algolia-application-id=a&x-algolia-agent=x",
        content=orjson.dumps(sent),
        headers={"content-type": "text/plain", "origin": "https://shop.example"},
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["content-type"] == "application/json"
    assert set(ids(response.json()["results"][0])) >= {"sofa-red", "sofa-blue"}


def test_version_4_and_version_5_get_the_same_answer(shop: TestClient) -> None:
    parameters = {"query": "sofa", "facets": ["brand"], "facetFilters": [["color:red"]]}
    encoded = urlencode({
        "query": "sofa", "facets": '["brand"]', "facetFilters": '[["color:red"]]'
    })  # fmt: skip
    answers = several(
        shop,
        {"indexName": "shop", **parameters},
        {"indexName": "shop", "params": parameters},
        {"indexName": "shop", "params": encoded},
    )
    for answer in answers:
        assert ids(answer)[0] == "sofa-red"
        for volatile in ("processingTimeMS", "serverTimeMS"):
            del answer[volatile]
        assert parse_qs(answer.pop("params"))["query"] == ["sofa"]
    assert answers[0] == answers[1] == answers[2]


def test_a_search_by_get_is_the_same_search(shop: TestClient, ask: Ask) -> None:
    response = shop.get(
        "/1/indexes/shop?query=sofa&facets=brand&hitsPerPage=1&x-algolia-api-key=secret"
    )
    answer = response.json()
    assert ids(answer) == ids(ask(query="sofa", hitsPerPage=1))
    assert "secret" not in response.text
    assert answer["params"] == "query=sofa&facets=brand&hitsPerPage=1"


def test_an_empty_body_asks_for_everything(shop: TestClient) -> None:
    assert set(ids(shop.post(ONE).json())) == EVERY_ID


def test_a_service_without_keys_takes_any_key(shop: TestClient) -> None:
    headers = {"X-Algolia-API-Key": "k", "X-Algolia-Application-Id": "a"}
    assert shop.post(ONE, headers=headers).status_code == 200
    assert shop.post(f"{ONE}?x-algolia-api-key=q").status_code == 200
    assert shop.post(ONE).status_code == 200


# The answer.


def test_the_answer_has_what_instantsearch_reads(ask: Ask) -> None:
    answer = ask(query="sofa", facets=["brand", "price", "categories.lvl0"], hitsPerPage=1)
    assert (answer["page"], answer["hitsPerPage"], answer["query"]) == (0, 1, "sofa")
    assert answer["nbPages"] == answer["nbHits"] >= 2
    assert answer["index"] == answer["indexUsed"] == "shop"
    assert answer["exhaustiveNbHits"] is answer["exhaustiveFacetsCount"] is True
    assert set(answer["exhaustive"]) == {
        "nbHits", "facetsCount", "facetValues", "typo", "rulesMatch",
    }  # fmt: skip
    assert answer["userData"] == answer["appliedRules"] == []
    assert isinstance(answer["processingTimeMS"], int)
    assert answer["facets"]["brand"]["Fjellvik"] >= 2
    assert answer["facets"]["categories.lvl0"]["Furniture"] >= 2
    assert answer["facets_stats"]["price"]["max"] == 399
    order = answer["renderingContent"]["facetOrdering"]["facets"]["order"]
    assert set(order) == {"brand", "price", "categories.lvl0"}
    assert "queryID" not in answer
    assert "_rankingInfo" not in answer["hits"][0]
    assert "_snippetResult" not in answer["hits"][0]


def test_counts_are_what_filters_then_find(ask: Ask) -> None:
    facets = ask(facets=["*"])["facets"]
    assert {"brand", "color", "outdoor", "seats", "rating", "categories.lvl1"} <= set(facets)
    for attribute, values in facets.items():
        for value, count in values.items():
            escaped = f"\\{value}" if value.startswith("-") else value
            found = ask(facetFilters=[f"{attribute}:{escaped}"])
            assert found["nbHits"] == count, (attribute, value)
            excluded = ask(facetFilters=[f"{attribute}:-{value}"])
            assert excluded["nbHits"] == len(PRODUCTS) - count


def test_pages_hold_each_product_once(ask: Ask) -> None:
    first = ask(hitsPerPage=2)
    assert (first["nbHits"], first["nbPages"]) == (5, 3)
    walked = [hit for page in range(3) for hit in ids(ask(hitsPerPage=2, page=page))]
    assert len(walked) == 5
    assert set(walked) == EVERY_ID
    assert ids(ask(hitsPerPage=2, page=3)) == []
    assert ask(hitsPerPage=0)["nbPages"] == 0
    window = ask(offset=1, length=2)
    assert ids(window) == walked[1:3]
    assert (window["offset"], window["length"]) == (1, 2)
    assert "page" not in window
    assert ids(ask(offset=4)) == walked[4:]
    assert ids(ask(length=2)) == walked[:2]


def test_a_hit_is_highlighted_between_placeholders_or_as_html(ask: Ask) -> None:
    tags = {"highlightPreTag": "__ais-highlight__", "highlightPostTag": "__/ais-highlight__"}
    (raw,) = ask(query="wool rug", hitsPerPage=1, **tags)["hits"]
    assert raw["objectID"] == "rug"
    title = raw["_highlightResult"]["title"]
    assert title["value"].startswith("__ais-highlight__Wool__/ais-highlight__ ")
    assert title["value"].endswith(" & carpet")
    assert title["matchLevel"] == "full"
    assert title["matchedWords"] == ["wool", "rug"]
    assert title["fullyHighlighted"] is False
    assert raw["_highlightResult"]["brand"] == {
        "value": "Fjellvik", "matchLevel": "none", "matchedWords": [],
    }  # fmt: skip
    (escaped,) = ask(query="rug", hitsPerPage=1)["hits"]
    assert escaped["_highlightResult"]["title"]["value"] == "Wool <em>rug</em> &amp; carpet"
    assert escaped["title"] == "Wool rug & carpet"


def test_highlights_have_the_shape_of_the_record(ask: Ask) -> None:
    (hit,) = ask(query="modern velvet sofa red", hitsPerPage=1)["hits"]
    marked = hit["_highlightResult"]
    assert marked["style"][0]["value"] == "<em>modern</em>"
    assert marked["categories"]["lvl2"]["value"] == "Furniture &gt; Seating &gt; <em>Sofas</em>"
    assert "attributes" not in marked
    asked = ask(
        query="modern velvet sofa red", hitsPerPage=1,
        attributesToHighlight=["attributes.style", "price"],
        restrictHighlightAndSnippetArrays=True,
    )["hits"][0]["_highlightResult"]  # fmt: skip
    assert [entry["value"] for entry in asked["attributes"]["style"]] == ["<em>modern</em>"]
    assert set(asked) == {"attributes"}


def test_an_identifier_is_marked_under_the_shops_own_name(ask: Ask) -> None:
    (hit,) = ask(query="lmp77", hitsPerPage=1)["hits"]
    assert hit["objectID"] == "lamp/1"
    assert hit["_highlightResult"]["sku"]["value"] == "<em>LMP-77</em>"


def test_snippets_are_cut_to_so_many_words(ask: Ask) -> None:
    sent = {"query": "seats", "hitsPerPage": 1, "snippetEllipsisText": "[...]"}
    (hit,) = ask(**sent, attributesToSnippet=["description:3", "title"])["hits"]
    description = hit["_snippetResult"]["description"]
    assert description["matchLevel"] == "full"
    assert "<em>seats</em>" in description["value"]
    assert description["value"].startswith("[...]")
    assert hit["_snippetResult"]["title"]["value"] == "Red velvet sofa"
    (every,) = ask(**sent, attributesToSnippet=["*:2"])["hits"]
    assert every["_snippetResult"]["title"]["value"] == "Red velvet[...]"
    assert "categories" in every["_snippetResult"]


def test_what_is_retrieved_can_be_chosen(ask: Ask) -> None:
    (hit,) = ask(hitsPerPage=1, attributesToRetrieve=["price"], attributesToHighlight=[])["hits"]
    assert set(hit) == {"objectID", "price", "_highlightResult"}
    answer = ask(responseFields=["nbHits", "hits"])
    assert set(answer) == {"nbHits", "hits"}


def test_variants_are_shown_as_one_when_asked(ask: Ask) -> None:
    answer = ask(query="sofa", distinct=True, facets=["brand"])
    (sofa,) = [hit for hit in answer["hits"] if hit["objectID"].startswith("sofa")]
    group = sofa["_searchsvc"]["group"]
    assert (group["value"], group["count"], sofa["_distinctSeqID"]) == ("sofa", 2, 0)
    assert [other["objectID"] for other in group["others"]] == (
        ["sofa-blue"] if sofa["objectID"] == "sofa-red" else ["sofa-red"]
    )
    assert (
        answer["facets"]["brand"]["Fjellvik"]
        == ask(query="sofa", distinct=True, facetFilters="brand:Fjellvik")["nbHits"]
    )
    assert answer["extensions"]["searchsvc"]["counted"] == "groups"
    by_brand = ask(distinct="true", attributeForDistinct="brand")
    assert by_brand["nbHits"] == len(by_brand["hits"]) == 3
    assert ask(distinct=False)["nbHits"] == 5


def test_ranking_info_is_given_on_request(ask: Ask) -> None:
    (hit,) = ask(
        query="velvte sofa", hitsPerPage=1, getRankingInfo=True, aroundLatLng="48.85,2.35"
    )["hits"]
    info = hit["_rankingInfo"]
    assert (info["nbTypos"], info["nbExactWords"], info["words"]) == (1, 1, 2)
    assert info["userScore"] > 0
    assert info["searchsvc"]["lexical_rank"] >= 1
    assert (info["geoDistance"] == 0) == (hit["objectID"] == "sofa-red")


def test_distances_are_known_where_places_are(ask: Ask) -> None:
    hits = ask(aroundLatLng="48.85,2.35", getRankingInfo=True)["hits"]
    assert [hit["objectID"] for hit in hits[:2]] == ["sofa-red", "sofa-blue"]  # nearest first
    metres = [hit["_rankingInfo"]["geoDistance"] for hit in hits]
    assert metres[0] == 0
    assert 870_000 < metres[1] < 890_000  # Paris to Berlin
    assert metres[2:] == [0, 0, 0]


def test_areas_filter(ask: Ask) -> None:
    assert ids(ask(aroundLatLng="52.5,13.4", aroundRadius=10_000)) == ["sofa-blue"]
    assert ids(ask(insideBoundingBox="53,13,52,14")) == ["sofa-blue"]
    assert ids(ask(insidePolygon=[[48, 2, 49, 2, 49, 3, 48, 3]])) == ["sofa-red"]


def test_a_click_can_be_told_by_its_query(ask: Ask) -> None:
    first, second = (ask(clickAnalytics=True)["queryID"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second


def test_misspelt_words_and_dropped_ones_are_told(ask: Ask) -> None:
    corrected = ask(query="velvte")
    assert corrected["query"] == "velvte"
    assert corrected["parsedQuery"] == "velvet"
    assert corrected["extensions"]["searchsvc"]["corrected_query"] == "velvet"
    as_typed = ask(query="velvte", typoTolerance=False, removeWordsIfNoResults="none")
    assert as_typed["extensions"]["searchsvc"]["corrected_query"] is None
    relaxed = ask(
        query="<b> velvet lamp", filters="brand:Lumen AND color:red", typoTolerance="false"
    )
    assert ids(relaxed) == ["lamp/1"]


WIDENED_BY_WORDS = [{}, *({"removeWordsIfNoResults": it} for it in ("lastWords", "firstWords"))]
BY_MEANING, NOT_AT_ALL = ({"removeWordsIfNoResults": it} for it in ("allOptional", "none"))


@pytest.mark.parametrize("parameters", [*WIDENED_BY_WORDS, BY_MEANING])
def test_words_are_left_out_unless_that_is_switched_off(
    ask: Ask, parameters: dict[str, str]
) -> None:
    asked = {"query": "velvet sofa red", "filters": "brand:Lumen", "typoTolerance": False}
    widened = ask(**asked, **parameters)
    assert ids(widened) == ["lamp/1"]
    assert widened["queryAfterRemoval"] == "<em>velvet</em> sofa red"
    assert widened["extensions"]["searchsvc"]["relaxed"]["kind"] == "words"
    bare = ask(**asked, **NOT_AT_ALL)
    assert (bare["nbHits"], bare["hits"], "queryAfterRemoval" in bare) == (0, [], False)
    assert bare["extensions"]["searchsvc"]["relaxed"] is None


@pytest.mark.parametrize("parameters", [*WIDENED_BY_WORDS, BY_MEANING, NOT_AT_ALL])
def test_the_nearest_in_meaning_are_shown_on_request_only(
    ask: Ask, parameters: dict[str, str]
) -> None:
    found = ask(query="zqxj wvkq", typoTolerance=False, **parameters)
    relaxed = found["extensions"]["searchsvc"]["relaxed"]
    if parameters == BY_MEANING:
        assert relaxed["kind"] == "meaning"
        assert set(ids(found)) == EVERY_ID  # of so few, the nearest are all
    else:
        assert (found["nbHits"], found["hits"], relaxed) == (0, [], None)
    assert "queryAfterRemoval" not in found


@pytest.mark.parametrize("parameters", [{}, BY_MEANING])
def test_numbers_have_no_meaning_and_signs_ask_for_everything(
    ask: Ask, parameters: dict[str, str]
) -> None:
    for query in ("12345678901234", "910-005123"):
        assert ask(query=query, **parameters)["nbHits"] == 0
    for query in ("!!!", "???", "🎧"):
        found = ask(query=query, **parameters)
        assert ids(found) == ids(ask(query=""))
        assert found["extensions"]["searchsvc"]["relaxed"] is None


def test_a_word_being_typed_is_a_beginning_unless_it_is_not(ask: Ask) -> None:
    typing = ask(query="velv", typoTolerance=False)["nbHits"]
    whole = ask(
        query="velv", queryType="prefixNone", typoTolerance=False, removeWordsIfNoResults="none"
    )["nbHits"]
    assert typing > whole


@pytest.mark.parametrize(
    ("index", "first"),
    [
        ("shop:price:asc", "lamp/1"),
        ("shop/sort/price:desc", "sofa-blue"),
        ("shop_price_asc", "lamp/1"),
        ("shop_seats_asc", "bench"),
        ("shop_popularity", "sofa-red"),
        ("shop:-rating", "lamp/1"),
    ],
)
def test_a_replica_is_another_order(shop: TestClient, index: str, first: str) -> None:
    (answer,) = several(shop, {"indexName": index})
    assert ids(answer)[0] == first
    assert (answer["index"], answer["indexUsed"]) == (index, "shop")
    by_path = shop.post(f"/1/indexes/{quote(index, safe='')}/query").json()
    assert ids(by_path) == ids(answer)
    assert ids(shop.get(f"/1/indexes/{quote(index, safe='')}").json()) == ids(answer)


def test_an_index_of_that_name_is_no_replica(shop: TestClient) -> None:
    assert several(shop, {"indexName": "shop_old"})[0]["nbHits"] == 2


def test_optional_filters_reorder_and_hide_nothing(ask: Ask) -> None:
    plain = ask(query="sofa")
    last = ids(plain)[-1]
    boosted = ask(query="sofa", optionalFilters=[f"color:{PRODUCT_COLORS[last]}<score=5>"])
    assert ids(boosted).index(last) < ids(plain).index(last)
    assert set(ids(boosted)) == set(ids(plain))


def test_a_product_can_be_named_and_left_out_in_filters(ask: Ask) -> None:
    every = ids(ask(hitsPerPage=100))
    assert ids(ask(filters="objectID:bench")) == ["bench"]
    assert sorted(ids(ask(filters="NOT objectID:bench"))) == sorted({*every} - {"bench"})
    assert ids(ask(facetFilters=[["objectID:bench", "objectID:nothing"]])) == ["bench"]
    assert "id" not in ask(facets=["*"])["facets"]


def test_parts_of_a_filter_all_hold(ask: Ask) -> None:
    assert ids(
        ask(
            filters="outdoor:false", facetFilters=[["color:red", "color:blue"]],
            numericFilters=["price>100"], tagFilters="home",
        )
    ) == ["sofa-red"]  # fmt: skip


# Facet values.


def test_values_of_a_facet_are_searched(shop: TestClient) -> None:
    for sent in ({"facetQuery": "fj"}, {"params": "facetQuery=fj&maxFacetHits=1"}):
        found = shop.post("/1/indexes/shop/facets/brand/query", json=sent).json()
        assert found["facetHits"] == [
            {"value": "Fjellvik", "highlighted": "<em>Fj</em>ellvik", "count": 3}
        ]
        assert found["exhaustiveFacetsCount"] is True
    within = shop.post(
        "/1/indexes/shop/facets/color/query",
        json={"facetQuery": "", "query": "sofa", "facetFilters": ["color:blue"]},
    ).json()
    assert [found["value"] for found in within["facetHits"]] == ["blue"]
    level = shop.post("/1/indexes/shop/facets/categories.lvl1/query", json={"facetQuery": "so"})
    assert level.json()["facetHits"] == []  # Sofas are one level deeper
    message = failure(shop.post("/1/indexes/shop/facets/nope/query"), 400)
    assert "facet: unknown attribute 'nope'" in message


def test_a_facet_search_is_one_of_several(shop: TestClient) -> None:
    hits, values = several(
        shop,
        {"indexName": "shop", "query": "sofa"},
        {"indexName": "shop", "type": "facet", "facet": "brand", "params": {"facetQuery": "ash"}},
    )
    assert hits["nbHits"] >= 2
    assert values["facetHits"][0]["highlighted"] == "<em>Ash</em> &amp; Sons"


# Records.


def test_a_record_is_got_by_its_id(shop: TestClient) -> None:
    record = shop.get("/1/indexes/shop/lamp%2F1").json()
    assert record["objectID"] == "lamp/1"
    assert record["price"] == 25
    assert "_highlightResult" not in record
    chosen = shop.get("/1/indexes/shop/bench?attributesToRetrieve=title,price").json()
    assert chosen == {"objectID": "bench", "title": "Garden bench", "price": 120.5}
    assert failure(shop.get("/1/indexes/shop/nope"), 404) == "ObjectID does not exist"
    assert failure(shop.get("/1/indexes/foo/nope"), 404) == "Index foo does not exist"


def test_records_are_got_by_their_ids(shop: TestClient) -> None:
    requests = [
        {"indexName": "shop", "objectID": "bench", "attributesToRetrieve": ["title"]},
        {"indexName": "shop", "objectID": "nope"},
    ]
    response = shop.post("/1/indexes/*/objects", json={"requests": requests})
    assert response.json() == {"results": [{"objectID": "bench", "title": "Garden bench"}, None]}
    wrong = {"indexName": "shop", "objectID": "bench", "attributesToRetrieve": 5}
    response = shop.post("/1/indexes/*/objects", json={"requests": [requests[0], wrong]})
    assert failure(response, 400).startswith("requests[1].attributesToRetrieve: found 5")
    requests[0]["indexName"] = "foo"
    response = shop.post("/1/indexes/*/objects", json={"requests": requests})
    assert failure(response, 404) == "Index foo does not exist"


# What goes wrong.


@pytest.mark.parametrize("index", ["foo", "shop_nope_asc", "shop_query_suggestions", "SHOP"])
def test_an_index_that_there_is_not_is_named(shop: TestClient, index: str) -> None:
    response = shop.post(SEVERAL, json={"requests": [{"indexName": index}]})
    assert failure(response, 404) == f"Index {index} does not exist"
    assert failure(shop.post(f"/1/indexes/{index}/query"), 404) == f"Index {index} does not exist"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", ["no JSON"]),
        (b"[]", ["[]", "JSON object"]),
        (b"{}", ["requests: found None"]),
        (b'{"requests": {}}', ["requests: found {}"]),
        (b'{"requests": [5]}', ["requests[0]: found 5"]),
        (b'{"requests": [{"query": "x"}]}', ["requests[0].indexName: found None"]),
        (b'{"requests": [{"indexName": 5}]}', ["requests[0].indexName: found 5"]),
        (
            b'{"requests": [{"indexName": "shop"}, {"indexName": "shop", "page": "x"}]}',
            ["requests[1].page: found 'x'"],
        ),
        (
            b'{"requests": [{"indexName": "shop"}, {"indexName": "shop", "filters": "nope:1"}]}',
            ["requests[1].filters, character 1: unknown attribute 'nope'"],
        ),
        (b'{"requests": [{"indexName": "shop:nope:asc"}]}', ["indexName: unknown attribute"]),
        (b'{"requests": [{"indexName": "shop:near(1"}]}', ["near"]),
        (
            orjson.dumps({"requests": [{"indexName": "shop", "hitsPerPage": 1_000}] * 6}),
            ["requests[2].", "3,000 hits", "at most 2,000"],
        ),
        (
            orjson.dumps(
                {"requests": [{"indexName": "shop", "query": f"q{n}"} for n in range(11)]}
            ),
            ["requests[10].", "10 different"],
        ),
        (
            orjson.dumps({"requests": [{"indexName": "shop"}] * (MAX_SEARCHES + 1)}),
            [f"at most {MAX_SEARCHES}"],
        ),
    ],
)
def test_a_request_that_cannot_be_read_says_where(
    shop: TestClient, body: bytes, words: list[str]
) -> None:
    message = failure(shop.post(SEVERAL, content=body), 400)
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"filters": "brand:Acme AND ("}, "filters, character"),
        ({"page": 1_001, "hitsPerPage": 1_000}, "page: 1,001,000 hits before it"),
        ({"distinct": 1, "attributeForDistinct": "nope"}, "attributeForDistinct: unknown"),
        ({"type": "facet"}, "facet: unknown attribute ''"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    shop: TestClient, sent: dict[str, Any], words: str
) -> None:
    assert words in failure(shop.post(ONE, json=sent), 400)


def test_facets_are_limited(shop: TestClient) -> None:
    names = [f"categories.lvl{number}" for number in range(51)]
    assert "facets: 51" in failure(shop.post(ONE, json={"facets": names}), 400)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/1/indexes"),
        ("GET", "/1/indexes/"),
        ("GET", "/1/indexes/shop/a/b"),
        ("GET", "/1/keys"),
        ("POST", "/1/indexes/shop/batch"),
        ("POST", "/1/indexes/shop/other/query"),
        ("POST", "/1/indexes/shop/%2E%2E/other/query"),
        ("POST", "/1/indexes/shop/other/facets/brand/query"),
        ("POST", "/1/indexes/shop/facets/brand/color/query"),
        ("PUT", "/1/indexes/shop/bench"),
        ("DELETE", "/1/indexes/shop"),
        ("GET", "/1/"),
    ],
)
def test_what_else_algolia_has_is_not_here(shop: TestClient, method: str, path: str) -> None:
    assert "Path not found" in failure(shop.request(method, path), 404)


def test_methods_that_algolia_does_not_know_fail_in_its_shape(shop: TestClient) -> None:
    failure(shop.request("TRACE", "/1/indexes/shop"), 405)


def test_a_large_body_is_refused_in_the_same_shape(shop: TestClient) -> None:
    response = shop.post(ONE, content=b" " * (MAX_BODY_BYTES + 1), headers={"origin": "http://x"})
    assert "262,144 bytes" in failure(response, 413)
    assert response.headers["access-control-allow-origin"] == "*"


def test_too_many_requests_are_refused_in_the_same_shape(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> bytes:
        raise OverloadedError("later")

    monkeypatch.setattr(shop.app.state.context.permits, "run", refuse)  # type: ignore[attr-defined]
    response = shop.post(ONE)
    assert failure(response, 503) == "later"
    assert response.headers["retry-after"] in {"1", "2", "3"}


def test_an_index_that_cannot_be_opened_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "data" / "broken").mkdir(parents=True)
    (tmp_path / "data" / "broken" / "CURRENT").write_text("00000001-nothing\n")
    settings_ = Settings(data_dir=tmp_path / "data", models_dir=tmp_path)
    with TestClient(create_app(settings_)) as client:
        response = client.post("/1/indexes/broken/query")
        assert "cannot be opened" in failure(response, 503) or "can be opened" in response.text


def test_an_unexpected_failure_leaks_nothing(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(routes, "ask", fail)
    response = shop.post(ONE, headers={"origin": "http://x"})
    assert "secret" not in failure(response, 500)
    assert response.headers["access-control-allow-origin"] == "*"
    assert "secret" in caplog.text


def test_searches_are_counted_by_index(shop: TestClient) -> None:
    def counted() -> float:
        value = shop.app.state.context.metrics.registry.get_sample_value(  # type: ignore[attr-defined]
            "searchsvc_search_seconds_count", {"index": "shop"}
        )
        return float(value or 0)

    before = counted()
    several(shop, {"indexName": "shop"}, {"indexName": "shop_price_asc"})
    assert counted() == before + 2


def test_a_text_is_embedded_once_for_several_searches(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = shop.app.state.context.service.state("shop")  # type: ignore[attr-defined]
    embedder = state.opened.embedder
    texts = []
    embed = type(embedder).embed_query

    def spy(self: Any, text: str) -> Any:
        texts.append(text)
        return embed(self, text)

    monkeypatch.setattr(type(embedder), "embed_query", spy)
    requests = [{"indexName": "shop", "query": "soft seat", "facets": name} for name in "abc"]
    several(shop, *requests)
    assert len(texts) == 1


def test_without_a_model_the_answer_says_so(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchsvc.errors import EmbeddingUnavailableError  # noqa: PLC0415 - used here only

    calls = []

    def fail(_: Any, text: str) -> None:
        calls.append(text)
        raise EmbeddingUnavailableError("no vector")

    state = shop.app.state.context.service.state("shop")  # type: ignore[attr-defined]
    monkeypatch.setattr(type(state.opened.embedder), "embed_query", fail)
    answers = several(shop, *[{"indexName": "shop", "query": "sofa"}] * 3)
    assert calls == ["sofa"]
    for answer in answers:
        assert "no vector" in answer["message"]
        assert answer["extensions"]["searchsvc"]["degraded"] == ["semantic: no vector"]
        assert answer["nbHits"] == 2


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["sofa", "brand:Fjellvik", "price>10", "color:-red", "*", "categories.lvl0", "rating", "true"]
)
NAMES = st.sampled_from([field.alias or "" for field in Parameters.model_fields.values()])
SENT = st.dictionaries(NAMES, ANYTHING | WORDS | st.lists(WORDS, max_size=3), max_size=5)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@QUIET
@given(SENT)
def test_any_parameters_are_answered_or_refused(shop: TestClient, sent: dict[str, Any]) -> None:
    response = shop.post(ONE, content=orjson.dumps(sent))
    if response.status_code != 200:
        failure(response, 400)


@QUIET
@given(ANYTHING | st.fixed_dictionaries({"requests": st.lists(ANYTHING | SENT, max_size=3)}))
def test_any_body_is_answered_or_refused(shop: TestClient, body: Any) -> None:
    response = shop.post(SEVERAL, content=orjson.dumps(body))
    if response.status_code not in (200, 404):
        failure(response, 400)


def test_sorted_answers_say_how_many_come_first(ask: Ask) -> None:
    by_price = ask("shop_price_asc", query="sofa")
    assert 0 < by_price["nbSortedHits"] <= by_price["nbHits"]
    assert by_price["appliedRelevancyStrictness"] == 50
    lax = ask("shop_price_asc", query="sofa", relevancyStrictness=0)
    assert (lax["nbSortedHits"], lax["appliedRelevancyStrictness"]) == (lax["nbHits"], 0)
    assert "nbSortedHits" not in ask(query="sofa")


def test_other_paths_of_an_index_are_no_records(shop: TestClient) -> None:
    assert "Path not found" in failure(shop.get("/1/indexes/shop/settings"), 404)
    assert "ObjectID" in failure(shop.get("/1/indexes/shop/sofa-pink"), 404)


@pytest.mark.parametrize("index", ["shop_bestselling", "shop:bestselling"])
def test_where_no_events_taught_what_sells_the_replica_says_what_to_do(
    shop: TestClient, index: str
) -> None:
    request = {"requests": [{"indexName": index, "query": ""}]}
    message = failure(shop.post("/1/indexes/*/queries", json=request), 400)
    assert "requests[0].sort[0]: no events" in message
    assert "searchsvc segments learn" in message

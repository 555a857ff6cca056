"""The preview: what it shows is what would be searched, and nothing of it is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.http.preview import MAX_HITS, MAX_SHOPPERS, Preview, SegmentNames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

KEY = "correct horse battery staple"
ADMIN = {"Authorization": f"Bearer {KEY}"}
INDEX = "/v1/indexes/shop"
PUBLISHED: dict[str, Any] = {
    "strength": 80,
    "segments": [
        {
            "name": "acme",
            "title": "Likes Acme",
            "boosts": [{"filter": "brand:Acme", "weight": 0.9, "name": "by Acme"}],
        },
        {"name": "cheap", "boosts": [{"filter": "price < 30", "weight": 0.7}]},
        {"name": "off", "enabled": False, "boosts": [{"filter": "price > 30", "weight": 1}]},
    ],
}
DRAFT: dict[str, Any] = {
    "segments": [
        {
            "name": "acme",
            "boosts": [{"filter": "brand:Acme", "weight": -1, "name": "not by Acme"}],
        }
    ]
}
ACME = {"title": "Acme", "user": {"consent": True, "segments": ["acme"]}}
EVERYBODY = {"title": "Everybody"}


@pytest.fixture
def shop(build: Build, make_settings: MakeSettings) -> Iterator[TestClient]:
    """A service whose index has published segments."""
    build(
        [
            {
                "id": str(number),
                "title": f"Warm jacket {number}",
                "brand": "Acme" if number % 3 == 0 else "Other",
                "price": f"{10 + number}.00 EUR",
                **({"item_group_id": "twins", "color": str(number)} if number in {7, 8} else {}),
            }
            for number in range(40)
        ]
    )
    with TestClient(create_app(make_settings(admin_key=KEY))) as client:
        put = client.put(f"{INDEX}/segments", json=PUBLISHED, headers=ADMIN)
        assert put.status_code == 200
        yield client


def preview(client: TestClient, **body: Any) -> dict[str, Any]:
    """A preview, in the documented form."""
    response = client.post(f"{INDEX}/preview", json={"shoppers": [ACME], **body}, headers=ADMIN)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    Preview.model_validate(answer, strict=True)
    return answer


def refusal(client: TestClient, **body: Any) -> str:
    response = client.post(f"{INDEX}/preview", json={"shoppers": [ACME], **body}, headers=ADMIN)
    assert response.status_code == 400, response.text
    detail: str = response.json()["detail"]
    return detail


def search(client: TestClient, **body: Any) -> dict[str, Any]:
    asked = {"group_by": "item_group_id", "explain": True, **body}
    answer: dict[str, Any] = client.post(f"{INDEX}/search", json=asked).raise_for_status().json()
    return answer


def ids(hits: list[dict[str, Any]]) -> list[str]:
    return [hit["id"] for hit in hits]


def test_a_column_is_what_a_search_of_that_shopper_finds(shop: TestClient) -> None:
    (column,) = preview(shop, query="jacket", limit=12)["columns"]
    found = search(shop, query="jacket", limit=12, user=ACME["user"])
    assert column["title"] == "Acme"
    assert column["personalization"] == found["personalization"]
    assert column["personalization"]["segments"][0]["title"] == "Likes Acme"
    assert column["total"] == found["total"] == 39  # of two variants one is shown
    assert ids(column["hits"]) == ids(found["hits"])
    for hit, there in zip(column["hits"], found["hits"], strict=True):
        assert hit["score"] == there["score"]
        assert hit["preferences"] == there["explain"]["preferences"]
        assert hit["product"]["title"] == there["product"]["title"]


def test_ranks_are_told_beside_those_that_everybody_sees(shop: TestClient) -> None:
    everybody = search(shop, query="jacket", limit=1000)
    nobody, acme = preview(shop, query="jacket", limit=40, shoppers=[EVERYBODY, ACME])["columns"]
    assert nobody["personalization"]["reason"] == "no_consent"
    assert ids(nobody["hits"]) == ids(everybody["hits"])
    assert all(hit["rank"] == hit["rank_before"] for hit in nobody["hits"])
    assert not any(hit["preferences"] for hit in nobody["hits"])
    before = {_group(hit): rank for rank, hit in enumerate(everybody["hits"], 1)}
    personal = search(shop, query="jacket", limit=1000, user=ACME["user"])
    assert [hit["rank"] for hit in acme["hits"]] == list(range(1, 40))
    told = [hit["rank_before"] for hit in acme["hits"]]
    assert told == [before[_group(hit)] for hit in personal["hits"]]
    assert told != sorted(told)


def _group(hit: dict[str, Any]) -> object:
    return hit["group"]["value"] or hit["id"]


def test_a_draft_is_used_for_this_answer_and_no_other(shop: TestClient) -> None:
    version = shop.get(f"{INDEX}/segments", headers=ADMIN).headers["ETag"]
    published = preview(shop, query="jacket")
    draft = preview(shop, query="jacket", segments=DRAFT)
    assert ids(draft["columns"][0]["hits"]) != ids(published["columns"][0]["hits"])
    reasons = [hit["preferences"] for hit in draft["columns"][0]["hits"]]
    assert all(it["name"] == "not by Acme" for reason in reasons for it in reason)
    assert draft["columns"][0]["personalization"]["strength"] == 60.0
    assert preview(shop, query="jacket") == published
    assert shop.get(f"{INDEX}/segments", headers=ADMIN).headers["ETag"] == version
    names = SegmentNames.model_validate(shop.get(f"{INDEX}/segments/names").json())
    assert [it.name for it in names.segments] == ["acme", "cheap"]


def test_an_empty_draft_is_one_without_segments(shop: TestClient) -> None:
    (column,) = preview(shop, query="jacket", segments={})["columns"]
    assert column["personalization"]["reason"] == "nothing_known"


def test_what_is_published_shows_what_its_draft_did(shop: TestClient) -> None:
    draft = preview(shop, query="jacket", segments=DRAFT)
    shop.put(f"{INDEX}/segments", json=DRAFT, headers=ADMIN).raise_for_status()
    assert preview(shop, query="jacket") == draft


@pytest.mark.parametrize(
    "draft",
    [
        {"segments": [{"name": "x", "boosts": [{"filter": "gone > 3", "weight": 1}]}]},
        {"segments": [{"name": "x", "boosts": [{"filter": "price >", "weight": 1}]}]},
        {"segments": [{"name": "x", "when": {"fact": "orders", "eq": "three"}}]},
        {"segments": [{"name": "x", "boosts": [{"filter": "price > 1", "weight": 2}]}]},
        {"segments": [{"name": "x"}, {"name": "x"}]},
        {"strength": "80"},
        {"segment": []},
        [],
        "text",
        7,
    ],
)
def test_a_draft_is_refused_in_the_words_of_publishing_it(shop: TestClient, draft: object) -> None:
    published = shop.put(f"{INDEX}/segments", content=orjson.dumps(draft), headers=ADMIN)
    assert published.status_code == 400
    assert refusal(shop, segments=draft) == published.json()["detail"]


def test_a_filter_narrows_every_column(shop: TestClient) -> None:
    columns = preview(shop, filters="brand:Other", shoppers=[EVERYBODY, ACME])["columns"]
    found = search(shop, filters="brand:Other")
    assert [column["total"] for column in columns] == [found["total"]] * 2
    assert "filters" in refusal(shop, filters="brand:")
    assert "gone" in refusal(shop, filters="gone:x")


def test_an_arm_of_an_experiment_answers_by_its_own_settings(shop: TestClient) -> None:
    arms = [
        {"name": "words", "share": 50, "ranking": {"semantic_weight": 0.0}},
        {"name": "none", "share": 50, "strength": 0},
    ]
    experiment = {"name": "trial", "arms": arms}
    shop.put(f"{INDEX}/experiment", json=experiment, headers=ADMIN).raise_for_status()
    shoppers = [
        {"title": token, "user": {"consent": True, "token": token, "segments": ["acme"]}}
        for token in ("a", "b", "c", "d", "e")
    ]
    columns = preview(shop, query="warm jacket 3", shoppers=shoppers)["columns"]
    shown = {}
    for shopper, column in zip(shoppers, columns, strict=True):
        found = search(shop, query="warm jacket 3", limit=10, user=shopper["user"])
        assert column["personalization"] == found["personalization"]
        assert ids(column["hits"]) == ids(found["hits"])
        shown[found["personalization"]["experiment"]["arm"]] = True
    assert shown.keys() == {"words", "none"}


@pytest.mark.parametrize(
    "body",
    [
        {"shoppers": []},
        {"shoppers": [ACME] * (MAX_SHOPPERS + 1)},
        {"limit": 0},
        {"limit": MAX_HITS + 1},
        {"limit": "5"},
        {"shoppers": [{"user": {"consent": "yes"}}]},
        {"shoppers": [{"user": {"consent": True, "token": "me@example.org"}}]},
        {"shopper": ACME},
    ],
)
def test_what_is_no_preview_is_refused(shop: TestClient, body: dict[str, Any]) -> None:
    assert refusal(shop, **body)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_the_key_nothing_is_shown(shop: TestClient, headers: dict[str, str]) -> None:
    response = shop.post(f"{INDEX}/preview", json={"shoppers": [ACME]}, headers=headers)
    assert response.status_code == 401


def test_an_unknown_index_has_neither_names_nor_a_preview(shop: TestClient) -> None:
    assert shop.get("/v1/indexes/gone/segments/names").status_code == 404
    body = {"shoppers": [ACME]}
    response = shop.post("/v1/indexes/gone/preview", json=body, headers=ADMIN)
    assert response.status_code == 404


def test_an_index_that_cannot_be_opened_is_a_503(
    build: Build, make_settings: MakeSettings, data_dir: Path
) -> None:
    build([{"id": "1", "title": "Jacket"}])
    for manifest in (data_dir / "shop" / "generations").glob("*/manifest.json"):
        manifest.write_text("{}")
    with TestClient(create_app(make_settings(admin_key=KEY))) as client:
        response = client.post(f"{INDEX}/preview", json={"shoppers": [ACME]}, headers=ADMIN)
        assert response.status_code == 503
        assert client.get(f"{INDEX}/segments/names").json() == {"segments": []}


def test_the_names_are_those_of_enabled_segments_and_nothing_else(shop: TestClient) -> None:
    response: httpx2.Response = shop.get(f"{INDEX}/segments/names")
    assert response.json() == {
        "segments": [
            {"name": "acme", "title": "Likes Acme"},
            {"name": "cheap", "title": "cheap"},
        ]
    }


def test_the_documentation_tells_of_the_preview(shop: TestClient) -> None:
    paths = shop.get("/openapi.json").json()["paths"]
    described = paths["/v1/indexes/{index}/preview"]["post"]
    assert described["security"]
    assert {"200", "400", "401", "403", "404", "503"} <= described["responses"].keys()
    assert {} in paths["/v1/indexes/{index}/segments/names"]["get"]["security"]


@pytest.mark.parametrize("number", [2**64, -(2**64), 10**400])
def test_numbers_beyond_64_bits_are_refused_with_their_place(
    shop: TestClient, number: int
) -> None:
    """In a draft, and where they would be stored."""
    segment = {"name": "a", "boosts": [{"filter": "price > 1", "weight": number}]}
    bounded: list[tuple[str, dict[str, Any]]] = [
        ("strength", {"strength": number}),
        ("segments.0.boosts.0.weight", {"segments": [segment]}),
    ]
    for place, document in bounded:
        assert place in refusal(shop, segments=document)
        put = shop.put(f"{INDEX}/segments", json=document, headers=ADMIN)
        assert put.status_code == 400, put.text
        assert place in put.json()["detail"]
    experiment = {"name": "a", "traffic": number, "arms": [{"name": "b", "share": 100}]}
    put = shop.put(f"{INDEX}/experiment", json=experiment, headers=ADMIN)
    assert put.status_code == 400, put.text
    assert "traffic" in put.json()["detail"]


def test_numbers_beyond_64_bits_in_conditions_are_refused_with_their_place(
    shop: TestClient,
) -> None:
    for number in (2**64, -(2**63) - 1, 10**400):
        boost = {"filter": {"field": "price", "gte": number}, "weight": 1}
        when = {"fact": "age", "any_of": [1, number]}
        for segment, place in (
            ({"boosts": [boost]}, "segments.0.boosts.0.filter.gte: a whole number of more than"),
            ({"when": when}, "segments.0.when.any_of.1: a whole number of more than"),
        ):
            document = {"segments": [{"name": "a", **segment}]}
            assert place in refusal(shop, segments=document)
            put = shop.put(f"{INDEX}/segments", json=document, headers=ADMIN)
            assert put.status_code == 400
            assert place in put.json()["detail"]

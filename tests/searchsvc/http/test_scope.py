"""A scoped key over HTTP: words planted in every field of hidden products are in no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.keys.grant import Grant
from searchsvc.keys.role import Role
from searchsvc.query.filters import AnyOf, Filter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

OURS = AnyOf("attributes.shop", ("ours",))
HIDDEN_ID = "quorvid-1"
NOT_A_PRODUCT = "quorvad-1"
HIDDEN = {
    "title": "Zembrilux kettle",
    "description": "A kettle with a plonktaric handle.",
    "brand": "Brindolac",
    "color": "marfuchsine",
    "material": "teslonite",
    "pattern": "grelphical",
    "product_type": "Kitchen > Vorpalware > Snickerpans",
    "google_product_category": "Home > Yuzzlery",
    "mpn": "jubjubina",
    "sku": "tovesian",
    "link": "https://frumious.example/kettle",
    "image_link": "https://shop.example/bandersnatch.png",
    "custom_label_0": "slithyloth",
    "attrmimsical": "borogroven",
    "item_group_id": "kettles",
    "price": "7654.32 EUR",
    "rating": 3.2198765,
    "shop": "theirs-outgrabian",
}
MARKERS = (
    "quorvid", "zembrilux", "plonktaric", "brindolac", "marfuchsine", "teslonite", "grelphical",
    "vorpalware", "snickerpans", "yuzzlery", "jubjubina", "tovesian", "frumious", "bandersnatch",
    "slithyloth", "attrmimsical", "borogroven", "7654.32", "3.2198765", "outgrabian",
)  # fmt: skip
COUNT = 40
"""Hidden products, each with all the words, so that these are worth a suggestion."""
VISIBLE = [
    {
        "id": f"ours-{n}", "title": f"{metal} kettle", "shop": "ours", "brand": "Kupfer",
        "product_type": "Kitchen > Kettles", "price": f"{n + 20}.00 EUR", "color": metal.lower(),
        "item_group_id": "kettles" if n < 2 else f"alone-{n}", "rating": 4.5,
    }
    for n, metal in enumerate(("Copper", "Silver", "Enamel", "Iron"))
]  # fmt: skip
POPULAR = ["zembrilux kettle", "brindolac", "copper kettle", "kettle of zembrilux"]
KEY = "correct horse battery staple"


@pytest.fixture
def shop(build: Build, make_settings: MakeSettings) -> Iterator[TestClient]:
    hidden = [{"id": f"quorvid-{n}", **HIDDEN} for n in range(COUNT)]
    build([*VISIBLE, *hidden])
    with TestClient(create_app(make_settings(admin_key=KEY))) as client:
        document = {"queries": [{"text": text, "count": 9} for text in POPULAR]}
        response = client.put(
            "/v1/indexes/shop/suggestions",
            content=orjson.dumps(document),
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert response.status_code == 200, response.text
        yield client


def grant_to(client: TestClient, monkeypatch: pytest.MonkeyPatch, scope: Filter | None) -> None:
    """Have every request be one with a key that carries `scope`."""
    grant = Grant(key="storefront", roles=frozenset({Role.SEARCH, Role.EVENTS}), scope=scope)
    keyring = client.app.state.context.keyring  # type: ignore[attr-defined]  # Starlette's
    monkeypatch.setattr(keyring, "grant", lambda *_, **__: grant)


def misspelt(word: str) -> str:
    """Without one of its letters."""
    return word[: len(word) // 2] + word[len(word) // 2 + 1 :]


WORDS = [marker for marker in MARKERS if marker.isalpha()]
BEGINNINGS = ["", *(word[:length] for word in WORDS for length in (2, len(word) - 1))]
"""None of them has a marker, and neither have these:"""
MISSPELT = [
    "kettle",
    "copper kettle",
    *map(misspelt, WORDS),
    *(f"{misspelt(word)} kettle" for word in WORDS[:4]),
]


def searches() -> list[dict[str, Any]]:
    facets: list[Any] = [
        "brand", "color", "material", "pattern", "product_type", "google_product_category",
        "custom_label", "item_group_id", "rating", {"field": "price", "ranges": [{"from": 0}]},
    ]  # fmt: skip
    disjunctive = [{"field": "brand", "disjunctive": True}, {"field": "brand", "search": "b"}]
    return [
        *({"query": it, "explain": True, "relax": True} for it in MISSPELT),
        *({"query": it, "explain": True, "typing": True, "limit": 50} for it in BEGINNINGS),
        {"query": "", "facets": facets, "limit": 100, "group_by": "item_group_id"},
        {"query": "kettle", "facets": facets, "group_by": {"field": "shop_", "others": 0}},
        {"query": "kettle", "facets": disjunctive[:1], "filters": "brand:Kupfer"},
        {"query": "kettle", "facets": disjunctive[1:]},
        {"query": "kettle", "filters": "brand:Nobody", "facets": disjunctive[:1], "relax": True},
        {"query": "", "filters": {"not": {"field": "brand", "eq": "Kupfer"}}, "facets": facets},
        {"query": "", "sort": "-price", "highlight": ["title"], "limit": 100},
        {"query": "", "filters": "attributes.attrmimsica:x"},
        {"query": "", "sort": "attributes.attrmimsica:asc"},
        {"query": "", "facets": ["attributes.attrmimsica"]},
        {"query": "", "group_by": "attributes.attrmimsica"},
        {
            "query": "kettle",
            "explain": True,
            "boosts": [{"filter": "price > 7000", "weight": 1}],
            "user": {"consent": True, "viewed": [HIDDEN_ID]},
        },
    ]


def algolia_searches() -> list[dict[str, Any]]:
    return [
        *({"query": it, "facets": ["*"], "getRankingInfo": True} for it in MISSPELT[::2]),
        *({"query": it, "queryType": "prefixAll"} for it in BEGINNINGS[::2]),
        {"query": "", "facets": ["*"], "hitsPerPage": 100, "distinct": True},
        {"query": "", "facets": ["*"], "filters": "brand:Kupfer", "attributesToSnippet": ["*:5"]},
        {"query": "kettle", "removeWordsIfNoResults": "allOptional", "filters": "brand:Nobody"},
        {"query": "", "filters": "attrmimsica:x"},
        {"query": "", "facetFilters": ["attrmimsica:x"]},
        {"query": "", "distinct": True, "attributeForDistinct": "attrmimsica"},
    ]


def everything(client: TestClient) -> Iterator[tuple[str, bytes]]:
    """What every route of a search key answers, with what was asked."""
    path = "/v1/indexes/shop"
    for request in searches():
        yield str(request), client.post(f"{path}/search", json=request).content
    for text in (*BEGINNINGS, *(f"{it} " for it in MISSPELT), "kettle of "):
        query: dict[str, str | int] = {
            "q": text,
            "limit": 50,
            "products": 50,
            "categories": 50,
            "brands": 50,
        }
        yield f"suggest {text}", client.get(f"{path}/suggest", params=query).content
    for text in MISSPELT[1:3]:
        parameters = {"query": text, "facets": "brand,color", "explain": "true"}
        yield f"GET {text}", client.get(f"{path}/search", params=parameters).content
    for visible in VISIBLE:
        one = f"{path}/products/{visible['id']}"
        yield one, client.get(one).content
        for same_group in ("true", "false"):
            near = client.get(f"{one}/similar", params={"same_group": same_group, "limit": 100})
            yield f"{one}/similar {same_group}", near.content
    yield "/v1/indexes", client.get("/v1/indexes").content
    yield from algolia(client)


def algolia(client: TestClient) -> Iterator[tuple[str, bytes]]:
    for request in algolia_searches():
        yield f"Algolia {request}", client.post("/1/indexes/shop/query", json=request).content
    several = [{"indexName": "shop", **it} for it in algolia_searches()[-5:-3]]
    yield (
        "Algolia several",
        client.post("/1/indexes/*/queries", json={"requests": several}).content,
    )
    for facet in ("brand", "color", "categories.lvl1", "attrmimsica"):
        for typed in ("", "b", "m", "v"):
            found = client.post(
                f"/1/indexes/shop/facets/{facet}/query", json={"facetQuery": typed}
            )
            yield f"facet {facet} {typed}", found.content
    wanted = [{"indexName": "shop", "objectID": it} for it in ("ours-1", HIDDEN_ID)]
    yield "objects", client.post("/1/indexes/*/objects", json={"requests": wanted}).content
    yield "record", client.get(f"/1/indexes/shop/{HIDDEN_ID}").content


def test_nothing_of_a_hidden_product_is_in_any_answer(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_to(shop, monkeypatch, None)
    shown = b"".join(body for _, body in everything(shop)).lower()
    missing = {marker for marker in MARKERS if marker.encode() not in shown}
    assert missing == set(), "a marker that nobody is shown proves nothing"
    grant_to(shop, monkeypatch, OURS)
    for asked, body in everything(shop):
        told = {marker for marker in MARKERS if marker.encode() in body.lower()}
        assert told == set(), asked


def test_a_hidden_product_is_as_one_that_there_is_not(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_to(shop, monkeypatch, OURS)
    for path in (
        "/v1/indexes/shop/products/{}",
        "/v1/indexes/shop/products/{}/similar",
        "/1/indexes/shop/{}",
    ):
        hidden, absent = (shop.get(path.format(it)) for it in (HIDDEN_ID, NOT_A_PRODUCT))
        assert hidden.status_code == absent.status_code == 404
        told = [answer.json() for answer in (hidden, absent)]
        for answer in told:
            answer.pop("request_id", None)
        one, other = (orjson.dumps(answer).decode() for answer in told)
        assert one.replace(HIDDEN_ID, "") == other.replace(NOT_A_PRODUCT, "")
    wanted = [{"indexName": "shop", "objectID": it} for it in (HIDDEN_ID, "ours-1")]
    records = shop.post("/1/indexes/*/objects", json={"requests": wanted}).json()["results"]
    assert (records[0], records[1]["objectID"]) == (None, "ours-1")


def test_a_hidden_product_that_was_viewed_tells_nothing(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_to(shop, monkeypatch, OURS)

    def answer(viewed: str) -> dict[str, Any]:
        user = {"consent": True, "viewed": [viewed]}
        body = {"query": "kettle", "explain": True, "user": user}
        found: dict[str, Any] = shop.post("/v1/indexes/shop/search", json=body).json()
        return {name: found[name] for name in ("hits", "total", "personalization")}

    assert answer(HIDDEN_ID) == answer(NOT_A_PRODUCT)
    assert answer("ours-2") != answer(NOT_A_PRODUCT)


def test_an_index_is_described_by_what_is_visible_of_it(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def described() -> dict[str, Any]:
        (found,) = shop.get("/v1/indexes").json()["indexes"]
        described: dict[str, Any] = found
        return described

    grant_to(shop, monkeypatch, None)
    everybody = described()
    assert everybody["products"] == COUNT + len(VISIBLE)
    grant_to(shop, monkeypatch, OURS)
    ours = described()
    assert ours["products"] == len(VISIBLE)
    hidden = {"attributes.attrmimsical", "attributes.sku"}
    assert everybody["fields"].keys() - ours["fields"].keys() == hidden


def test_a_key_whose_filter_does_not_fit_sees_nothing(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_to(shop, monkeypatch, AnyOf("tenant", ("ours",)))
    path = "/v1/indexes/shop"
    answers = [
        shop.post(f"{path}/search", json={"query": ""}),
        shop.post(f"{path}/search", json={"query": "kettle", "limit": 0, "relax": True}),
        shop.get(f"{path}/search"),
        shop.get(f"{path}/suggest"),
        shop.get(f"{path}/products/ours-1"),
        shop.get(f"{path}/products/{NOT_A_PRODUCT}"),
        shop.get(f"{path}/products/ours-1/similar"),
        shop.post("/1/indexes/shop/query", json={"query": ""}),
        shop.post("/1/indexes/shop/facets/brand/query", json={"facetQuery": ""}),
        shop.get("/1/indexes/shop/ours-1"),
        shop.post(
            "/1/indexes/*/objects",
            json={"requests": [{"indexName": "shop", "objectID": "ours-1"}]},
        ),
        shop.post("/1/indexes/*/queries", json={"requests": [{"indexName": "shop"}]}),
    ]
    for answer in answers:
        assert answer.status_code == 403, answer.text
        assert "the key's filter, on tenant, does not fit" in answer.text
        assert "kettle" not in answer.text
    assert shop.get("/v1/indexes").json() == {"indexes": []}

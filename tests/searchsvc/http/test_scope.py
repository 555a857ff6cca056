"""A scoped key over HTTP: words planted in every field of hidden products are in no answer."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import Restrictions, derive
from searchsvc.state.store import StateStore
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import Response

    from indexer.snapshot import Snapshot
    from searchsvc.query.filters import Filter
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

OURS = "shop:ours"
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


@dataclass(frozen=True)
class Shop:
    """A service with a search key.

    Attributes:
        client: asks it.
        secret: of a key that sees everything.
    """

    client: TestClient
    secret: str

    def show_all(self) -> TestClient:
        """Whoever sends the key itself."""
        return self._with(self.secret)

    def show(self, filters: str) -> TestClient:
        """Whoever sends a key that was derived of it."""
        return self._with(derive(self.secret, Restrictions(filters=filters)))

    def _with(self, key: str) -> TestClient:
        self.client.headers["Authorization"] = f"Bearer {key}"
        return self.client


@pytest.fixture
def shop(build: Build, make_settings: MakeSettings) -> Iterator[Shop]:
    hidden = [{"id": f"quorvid-{n}", **HIDDEN} for n in range(COUNT)]
    build([*VISIBLE, *hidden])
    settings = make_settings(admin_key=KEY)
    draft = KeyDraft(frozenset({Role.SEARCH, Role.EVENTS}), rate=0, rate_per_address=0)
    key, secret = draft.key(now_ms=1)
    with closing(StateStore.open(settings)) as store:
        store.put_key(key, actor="test")
    with TestClient(create_app(settings)) as client:
        document = {"queries": [{"text": text, "count": 9} for text in POPULAR]}
        response = client.put(
            "/v1/indexes/shop/suggestions",
            content=orjson.dumps(document),
            headers={"Authorization": f"Bearer {KEY}"},
        )
        assert response.status_code == 200, response.text
        yield Shop(client, secret.text)


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


def everything(client: TestClient) -> Iterator[tuple[str, Response]]:
    """What every route of a search key answers, with what was asked."""
    path = "/v1/indexes/shop"
    for request in searches():
        yield str(request), client.post(f"{path}/search", json=request)
    for text in (*BEGINNINGS, *(f"{it} " for it in MISSPELT), "kettle of "):
        query: dict[str, str | int] = {
            "q": text,
            "limit": 50,
            "products": 50,
            "categories": 50,
            "brands": 50,
        }
        yield f"suggest {text}", client.get(f"{path}/suggest", params=query)
    for text in MISSPELT[1:3]:
        parameters = {"query": text, "facets": "brand,color", "explain": "true"}
        yield f"GET {text}", client.get(f"{path}/search", params=parameters)
    for visible in VISIBLE:
        one = f"{path}/products/{visible['id']}"
        yield one, client.get(one)
        for same_group in ("true", "false"):
            near = client.get(f"{one}/similar", params={"same_group": same_group, "limit": 100})
            yield f"{one}/similar {same_group}", near
    yield "/v1/indexes", client.get("/v1/indexes")
    yield from algolia(client)


def algolia(client: TestClient) -> Iterator[tuple[str, Response]]:
    for request in algolia_searches():
        yield f"Algolia {request}", client.post("/1/indexes/shop/query", json=request)
    several = [{"indexName": "shop", **it} for it in algolia_searches()[-5:-3]]
    yield (
        "Algolia several",
        client.post("/1/indexes/*/queries", json={"requests": several}),
    )
    for facet in ("brand", "color", "categories.lvl1", "attrmimsica"):
        for typed in ("", "b", "m", "v"):
            found = client.post(
                f"/1/indexes/shop/facets/{facet}/query", json={"facetQuery": typed}
            )
            yield f"facet {facet} {typed}", found
    wanted = [{"indexName": "shop", "objectID": it} for it in ("ours-1", HIDDEN_ID)]
    yield "objects", client.post("/1/indexes/*/objects", json={"requests": wanted})
    yield "record", client.get(f"/1/indexes/shop/{HIDDEN_ID}")


def test_nothing_of_a_hidden_product_is_in_any_answer(shop: Shop) -> None:
    everybody = dict(everything(shop.show_all()))
    shown = b"".join(answer.content for answer in everybody.values()).lower()
    missing = {marker for marker in MARKERS if marker.encode() not in shown}
    assert missing == set(), "a marker that nobody is shown proves nothing"
    assert {answer.status_code for answer in everybody.values()} == {200, 400}
    for asked, answer in everything(shop.show(OURS)):
        told = {marker for marker in MARKERS if marker.encode() in answer.content.lower()}
        assert told == set(), asked
        expected = 404 if asked == "record" else everybody[asked].status_code
        assert answer.status_code == expected, answer.text


def test_a_hidden_product_is_as_one_that_there_is_not(shop: Shop) -> None:
    client = shop.show(OURS)
    for path in (
        "/v1/indexes/shop/products/{}",
        "/v1/indexes/shop/products/{}/similar",
        "/1/indexes/shop/{}",
    ):
        hidden, absent = (client.get(path.format(it)) for it in (HIDDEN_ID, NOT_A_PRODUCT))
        assert hidden.status_code == absent.status_code == 404
        told = [answer.json() for answer in (hidden, absent)]
        for answer in told:
            answer.pop("request_id", None)
        one, other = (orjson.dumps(answer).decode() for answer in told)
        assert one.replace(HIDDEN_ID, "") == other.replace(NOT_A_PRODUCT, "")
    wanted = [{"indexName": "shop", "objectID": it} for it in (HIDDEN_ID, "ours-1")]
    records = client.post("/1/indexes/*/objects", json={"requests": wanted}).json()["results"]
    assert (records[0], records[1]["objectID"]) == (None, "ours-1")


def test_a_hidden_product_that_was_viewed_tells_nothing(shop: Shop) -> None:
    client = shop.show(OURS)

    def answer(viewed: str) -> dict[str, Any]:
        user = {"consent": True, "viewed": [viewed]}
        body = {"query": "kettle", "explain": True, "user": user}
        found: dict[str, Any] = client.post("/v1/indexes/shop/search", json=body).json()
        return {name: found[name] for name in ("hits", "total", "personalization")}

    assert answer(HIDDEN_ID) == answer(NOT_A_PRODUCT)
    assert answer("ours-2") != answer(NOT_A_PRODUCT)


def test_an_index_is_described_by_what_is_visible_of_it(shop: Shop) -> None:
    def described(client: TestClient) -> dict[str, Any]:
        (found,) = client.get("/v1/indexes").json()["indexes"]
        described: dict[str, Any] = found
        return described

    everybody = described(shop.show_all())
    assert everybody["products"] == COUNT + len(VISIBLE)
    ours = described(shop.show(OURS))
    assert ours["products"] == len(VISIBLE)
    hidden = {"attributes.attrmimsical", "attributes.sku"}
    assert everybody["fields"].keys() - ours["fields"].keys() == hidden


def test_a_column_of_hidden_products_has_nothing_and_one_that_there_is_not_is_refused(
    shop: Shop,
) -> None:
    client = shop.show(OURS)
    path = "/v1/indexes/shop/search"
    for body in (
        {"query": "", "filters": "attributes.attrmimsical:borogroven"},
        {"query": "", "facets": ["attributes.attrmimsical"], "limit": 0},
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        assert not answer.json()["hits"]
        assert all(not facet["values"] for facet in answer.json()["facets"])
        unknown = orjson.loads(orjson.dumps(body).replace(b"attrmimsical", b"attrunknown"))
        assert client.post(path, json=unknown).status_code == 400


def test_scopes_are_worked_out_in_the_threads_of_searches(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, str] = {}
    worked_out = Visible.of.__func__  # type: ignore[attr-defined] # that of a class method

    def noted(cls: type[Visible], snapshot: Snapshot, scope: Filter | None) -> Visible:
        threads[str(scope)] = threading.current_thread().name
        visible: Visible = worked_out(cls, snapshot, scope)
        return visible

    monkeypatch.setattr(Visible, "of", classmethod(noted))
    path = "/v1/indexes/shop"
    asked = [
        "/v1/indexes",
        *(path + rest for rest in ("/products/ours-1", "/products/ours-1/similar", "/suggest")),
        f"{path}/search?query=kettle",
        "/1/indexes/shop/ours-1",
    ]
    for number, one in enumerate(asked):
        threads.clear()
        answer = shop.show(f"{OURS} AND price > {number}").get(one)
        assert answer.status_code == 200, answer.text
        names = set(threads.values())
        assert names, one
        assert all(name.startswith("search-") for name in names), (one, names)


def test_a_key_whose_filter_does_not_fit_sees_nothing(shop: Shop) -> None:
    client = shop.show("tenant:ours")
    path = "/v1/indexes/shop"
    answers = [
        client.post(f"{path}/search", json={"query": ""}),
        client.post(f"{path}/search", json={"query": "kettle", "limit": 0, "relax": True}),
        client.get(f"{path}/search"),
        client.get(f"{path}/suggest"),
        client.get(f"{path}/products/ours-1"),
        client.get(f"{path}/products/{NOT_A_PRODUCT}"),
        client.get(f"{path}/products/ours-1/similar"),
        client.post("/1/indexes/shop/query", json={"query": ""}),
        client.post("/1/indexes/shop/facets/brand/query", json={"facetQuery": ""}),
        client.get("/1/indexes/shop/ours-1"),
        client.post(
            "/1/indexes/*/objects",
            json={"requests": [{"indexName": "shop", "objectID": "ours-1"}]},
        ),
        client.post("/1/indexes/*/queries", json={"requests": [{"indexName": "shop"}]}),
    ]
    for answer in answers:
        assert answer.status_code == 403, answer.text
        assert "the key's filter, on tenant, does not fit" in answer.text
        assert "kettle" not in answer.text
    assert client.get("/v1/indexes").json() == {"indexes": []}


def test_events_tell_no_hidden_product_from_one_that_there_is_not(shop: Shop) -> None:
    client = shop.show(OURS)

    def told(product: str) -> dict[str, Any]:
        event = {"type": "view", "items": [{"id": product}]}
        body = {"consent": True, "user_token": "u-1", "index": "shop", "events": [event]}
        answer = client.post("/v1/events", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    assert told(HIDDEN_ID) == told(NOT_A_PRODUCT) != told("ours-1")

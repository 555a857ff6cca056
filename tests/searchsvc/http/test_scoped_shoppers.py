"""A scoped key that may send events: made-up users tell nothing of a hidden product."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import Restrictions, derive
from searchsvc.learned.file import LearnedFile
from searchsvc.state.store import StateStore
from tests.searchsvc.preferences.taught import teach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.layout import IndexLayout
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

HIDDEN, ABSENT, VISIBLE = "hidden", "absent", "ours-0"
PRODUCTS = [
    {
        "id": f"ours-{n}", "title": "kettle", "shop": "ours", "price": f"{n + 20} EUR",
        "brand": ("Kupfer", "Eisen")[n % 2],
    }
    for n in range(6)
]  # fmt: skip
PRODUCTS.append(PRODUCTS[0] | {"id": HIDDEN, "shop": "theirs", "price": "7000 EUR"})
BOOST = [{"filter": "brand:Eisen", "weight": 0.5}]
SEGMENTS = {
    "segments": [
        {"name": name, "boosts": BOOST, **rule}
        for name, rule in {
            "bought": {"when": {"bought": "brand:Kupfer"}},
            "viewed": {"when": {"viewed": "brand:Kupfer"}},
            "costly": {"when": {"or": [{"bought": "price > 500"}, {"viewed": "price > 500"}]}},
            "orders": {"when": {"fact": "orders", "gte": 2}},
            "spent": {"when": {"fact": "spent", "gte": 50}},
            "alike": {"like": {"affinities": {"brand": {"Kupfer": 1.0}}, "threshold": 0.1}},
        }.items()
    ]
}


@pytest.fixture
def client(build: Build, layout: IndexLayout, make_settings: MakeSettings) -> Iterator[TestClient]:
    """Whoever has a key of one shop among several."""
    build(PRODUCTS)
    layout.segments_file.write_bytes(orjson.dumps(SEGMENTS))
    model = teach({str(it["id"]): {"brand": [str(it["brand"])]} for it in PRODUCTS})
    LearnedFile(layout).replace(model)
    settings = make_settings(profile_timeout_ms=60_000, record_searches=False)
    roles = frozenset({Role.SEARCH, Role.EVENTS})
    key, secret = KeyDraft(roles, rate=0, rate_per_address=0).key(now_ms=1)
    with closing(StateStore.open(settings)) as store:
        store.put_key(key, actor="test")
    with TestClient(create_app(settings)) as client:
        scoped = derive(secret.text, Restrictions(filters="shop:ours"))
        client.headers["Authorization"] = f"Bearer {scoped}"
        client.headers["X-Whole-Key"] = secret.text
        yield client


def did(client: TestClient, token: str, product: str) -> None:
    """Have a user look at a product and buy it twice."""
    item = {"id": product, "quantity": 1, "price": 40}
    events = [
        {"type": kind, "id": f"{token}-{kind}-{n}", "items": [item]}
        for kind in ("view", "purchase")
        for n in range(2)
    ]
    body = {"consent": True, "user_token": token, "index": "shop", "events": events}
    answer = client.post("/v1/events", json=body)
    assert answer.json()["stored"] == len(events), answer.text


def answers(client: TestClient, token: str) -> list[bytes]:
    """All that a search of the user says, but for ids of answers and how long they took."""
    body = {"query": "kettle", "user": {"consent": True, "token": token}, "explain": True}
    form = {"query": "kettle", "userToken": token, "consent": True, "getRankingInfo": True}
    found = []
    for path, sent in (("/v1/indexes/shop/search", body), ("/1/indexes/shop/query", form)):
        answer = client.post(path, json=sent)
        assert answer.status_code == 200, answer.text
        text = orjson.dumps(comparable(answer.json()))
        found.append(text.replace(token.encode(), b""))
    return found


def comparable(value: Any) -> Any:
    """`value` without what no two answers have in common."""
    if isinstance(value, list):
        return [comparable(it) for it in value]
    if not isinstance(value, dict):
        return value
    own = {"query_id", "queryID", "took_ms", "stages_ms", "params"}
    own |= {"processingTimeMS", "serverTimeMS"}
    return {name: comparable(it) for name, it in value.items() if name not in own}


def test_what_was_done_to_a_hidden_product_is_as_what_was_done_to_none(client: TestClient) -> None:
    for token, product in (("u-one", HIDDEN), ("u-two", ABSENT), ("u-own", VISIBLE)):
        did(client, token, product)
    # What is made of the whole profile, and kept, is for others.
    whole = client.headers["X-Whole-Key"]
    body = {"query": "kettle", "user": {"consent": True, "token": "u-one"}}
    everything = client.post(
        "/v1/indexes/shop/search", json=body, headers={"Authorization": f"Bearer {whole}"}
    ).json()
    names = {it["name"] for it in everything["personalization"]["segments"]}
    assert names == {"bought", "viewed", "costly", "orders", "spent", "alike"}
    of_hidden, of_absent, of_own = (
        answers(client, token) for token in ("u-one", "u-two", "u-own")
    )
    assert of_hidden == of_absent
    assert all(one != other for one, other in zip(of_own, of_absent, strict=True))
    again = client.post(
        "/v1/indexes/shop/search", json=body, headers={"Authorization": f"Bearer {whole}"}
    ).json()
    assert again["personalization"] == everything["personalization"]

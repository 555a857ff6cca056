"""Who asks: without consent nothing of a request about them is used, nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
import pytest

from indexer.layout import IndexLayout
from searchsvc.events import writer
from searchsvc.events.event import Event, EventKind, Source
from searchsvc.http.schemas import SearchResponse
from searchsvc.http.shoppers import MAX_FACTS
from searchsvc.learned.file import LearnedFile
from searchsvc.segments.shopper import MAX_SEGMENTS, MAX_VIEWED
from searchsvc.settings import Settings
from tests.searchsvc.http.shoppers import (
    PRODUCTS,
    QUERY_ID,
    click,
    context_of,
    open_shop,
    publish,
    sample,
    sent,
    stored,
)
from tests.searchsvc.preferences.taught import teach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx2
    from starlette.testclient import TestClient

SEARCH = "/v1/indexes/shop/search"
ALGOLIA = "/1/indexes/shop/query"
SEGMENTS: dict[str, Any] = {
    "strength": 100,
    "segments": [
        {"name": "lumen", "boosts": [{"filter": "brand:Lumen", "weight": 1}]},
        {
            "name": "germans",
            "title": "Germany",
            "when": {"fact": "country", "eq": "DE"},
            "boosts": [{"filter": 'brand:"Ash & Sons"', "weight": 1}],
        },
        {
            "name": "adults",
            "when": {"and": [{"fact": "age", "gte": 18}, {"fact": "member", "eq": True}]},
            "boosts": [{"filter": "price < 100", "weight": 0.5}],
        },
    ],
}
EXPERIMENT = {"name": "test", "arms": [{"name": "only", "share": 100}]}
EVERYTHING: dict[str, Any] = {
    "token": "anon-1",
    "segments": ["lumen"],
    "context": {"country": "DE"},
    "viewed": ["rug"],
    "strength": 50,
}
PLAIN = ["sofa-red", "bench", "sofa-blue", "lamp/1", "rug"]


@pytest.fixture(scope="module")
def people_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("people")
    publish(directory, PRODUCTS, "shop")
    layout = IndexLayout.of(directory, "shop")
    layout.segments_file.write_bytes(orjson.dumps(SEGMENTS))
    layout.experiment_file.write_bytes(orjson.dumps(EXPERIMENT))
    layout.ranking_file.write_bytes(orjson.dumps({"boost_limit": 1.0}))
    popularity = {it["id"]: float(it["popularity"]) for it in PRODUCTS}
    traits = {it["id"]: {"brand": [it["brand"]]} for it in PRODUCTS}
    LearnedFile(layout).replace(teach(traits, popularity))
    return directory


@pytest.fixture(scope="module")
def make_shop(
    people_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., TestClient]]:
    """Shops over the same index with a database of their own, one for each set of settings."""
    made: dict[Any, TestClient] = {}

    def make(**changes: Any) -> TestClient:
        key = tuple(changes.items())
        if key not in made:
            folder = tmp_path_factory.mktemp("state")
            made[key] = open_shop(
                Settings(
                    data_dir=people_dir,
                    models_dir=folder,
                    state_url=f"sqlite:///{folder}/state.db",
                    embed_timeout_ms=60_000,
                    profile_timeout_ms=60_000,
                    **changes,
                )
            )
            made[key].__enter__()
        return made[key]

    yield make
    for shop in made.values():
        shop.__exit__(None, None, None)


@pytest.fixture
def shop(make_shop: Callable[..., TestClient]) -> TestClient:
    return make_shop()


class Barred:
    """A store that nobody may touch."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Callable[[TestClient], None]:
    """From now on nothing may be read, stored or recorded in a shop."""

    def barred(shop: TestClient) -> None:
        context = context_of(shop)
        monkeypatch.setattr(context._storage, "_store", Barred())  # noqa: SLF001 - bars it
        monkeypatch.setattr(context, "events", Barred())

    return barred


def answer(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def searched(shop: TestClient, user: object = None, **parts: Any) -> dict[str, Any]:
    body = answer(shop.post(SEARCH, json={"query": "", "user": user, **parts}))
    SearchResponse.model_validate_json(orjson.dumps(body), strict=True)
    return body


def asked(shop: TestClient, **parameters: Any) -> dict[str, Any]:
    return answer(shop.post(ALGOLIA, json={"query": "", **parameters}))


def ids(body: dict[str, Any]) -> list[str]:
    return [hit.get("id") or hit["objectID"] for hit in body["hits"]]


def report(body: dict[str, Any]) -> dict[str, Any]:
    extensions = body.get("extensions")
    found: dict[str, Any] = (extensions["searchsvc"] if extensions else body)["personalization"]
    return found


def comparable(body: dict[str, Any]) -> bytes:
    """An answer as it is sent, without what differs from search to search."""
    of_each = ("query_id", "took_ms", "stages_ms", "queryID", "params")
    kept = {name: value for name, value in body.items() if name not in of_each}
    return orjson.dumps({**kept, "processingTimeMS": 0, "serverTimeMS": 0})


def without_report(body: dict[str, Any]) -> bytes:
    found = orjson.loads(comparable(body))
    report(found).clear()
    return orjson.dumps(found)


# Without consent.


@pytest.mark.parametrize(
    "user", [None, {}, {"consent": False}, EVERYTHING, {**EVERYTHING, "consent": False}]
)
@pytest.mark.parametrize("text", ["", "sofa", "LMP-77"])
def test_a_body_without_consent_is_answered_as_if_nobody_asked(
    shop: TestClient, bar: Callable[[TestClient], None], user: object, text: str
) -> None:
    bar(shop)
    nobody = searched(shop, query=text, explain=True)
    found = searched(shop, user, query=text, explain=True)
    assert comparable(found) == comparable(nobody)
    assert report(found) == {
        "applied": False,
        "reason": "no_consent",
        "strength": 0.0,
        "segments": [],
        "experiment": None,
        "complete": True,
        "why": [],
    }


@pytest.mark.parametrize("consent", [{}, {"consent": "false"}, {"consent": "0"}])
def test_a_query_string_without_consent_is_answered_as_if_nobody_asked(
    shop: TestClient, bar: Callable[[TestClient], None], consent: dict[str, str]
) -> None:
    bar(shop)
    who = {"user_token": "anon-1", "segments": "lumen,germans", "strength": "100", **consent}
    found = answer(shop.get(SEARCH, params={"query": "", **who}))
    assert comparable(found) == comparable(searched(shop))
    assert ids(found) == PLAIN


IN_ALGOLIA: dict[str, Any] = {
    "userToken": "anon-1",
    "ruleContexts": ["lumen"],
    "viewed": ["rug"],
    "context": {"country": "DE"},
    "enablePersonalization": True,
    "personalizationImpact": 100,
    "clickAnalytics": True,
}


@pytest.mark.parametrize(
    ("implied", "changes"),
    [
        (False, {}),
        (False, {"consent": False}),
        (True, {"consent": False}),
        (True, {"userToken": None}),  # of whom nobody said that they agreed
        (True, {"userToken": ""}),
        (False, {"userToken": "jane@shop.example"}),  # nothing is looked at
    ],
)
def test_algolia_s_form_without_consent_is_answered_as_if_nobody_asked(
    make_shop: Callable[..., TestClient],
    bar: Callable[[TestClient], None],
    implied: bool,  # noqa: FBT001 - a table
    changes: dict[str, Any],
) -> None:
    shop = make_shop(insights_consent=True) if implied else make_shop()
    bar(shop)
    found = asked(shop, **{**IN_ALGOLIA, **changes})
    assert comparable(found) == comparable(asked(shop))
    assert report(found)["reason"] == "no_consent"
    assert ids(found) == PLAIN
    several = {"requests": [{"indexName": "shop", "query": "", **IN_ALGOLIA, **changes}]}
    (one,) = answer(shop.post("/1/indexes/*/queries", json=several))["results"]
    assert ids(one) == PLAIN


# With consent.


def test_with_consent_each_part_counts(shop: TestClient) -> None:
    agreed = {"consent": True}
    assert report(searched(shop, agreed))["reason"] == "nothing_known"
    named = searched(shop, {**agreed, "segments": ["lumen", "unknown"]})
    assert ids(named)[0] == "lamp/1"
    assert report(named)["segments"] == [{"name": "lumen", "title": "lumen", "why": "named"}]
    german = searched(shop, {**agreed, "context": {"country": "de"}})
    assert ids(german)[0] == "bench"
    (told,) = report(german)["segments"]
    assert (told["title"], told["why"]) == ("Germany", "rule")
    adult = searched(shop, {**agreed, "context": {"age": 21, "member": True}})
    assert [it["name"] for it in report(adult)["segments"]] == ["adults"]
    viewed = searched(shop, {**agreed, "viewed": ["rug", "gone"]}, explain=True)
    assert report(viewed)["applied"]
    assert [it["kind"] for it in report(viewed)["why"]] == ["session"]
    known = searched(shop, {**agreed, "token": "anon-2"})
    assert report(known)["experiment"] == {"name": "test", "arm": "only"}


def test_the_query_string_says_the_same(shop: TestClient) -> None:
    who = {"consent": "true", "segments": " lumen , germans,", "strength": "40"}
    found = answer(shop.get(SEARCH, params={"query": "", **who}))
    agreed = {"consent": True, "segments": ["lumen", "germans"], "strength": 40}
    assert comparable(found) == comparable(searched(shop, agreed))
    assert report(found)["strength"] == 40
    token = answer(shop.get(SEARCH, params={"consent": "true", "user_token": "anon-3"}))
    assert report(token)["experiment"] == {"name": "test", "arm": "only"}


def test_algolia_s_form_says_the_same_flat_nested_and_in_a_text(shop: TestClient) -> None:
    said = {**IN_ALGOLIA, "consent": True, "userToken": "anon-4"}
    flat = asked(shop, **said)
    native = searched(
        shop,
        {
            "consent": True,
            "token": "anon-4",
            "segments": ["lumen"],
            "context": {"country": "DE"},
            "viewed": ["rug"],
            "strength": 100,
        },
    )
    assert ids(flat) == ids(native)
    assert report(flat) == report(native)
    assert [it["name"] for it in report(flat)["segments"]] == ["lumen", "germans"]
    nested = answer(shop.post(ALGOLIA, json={"params": said}))
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in said.items()
    }
    encoded = answer(shop.post(ALGOLIA, json={"params": urlencode(texts)}))
    got = answer(shop.get("/1/indexes/shop", params=texts))
    for other in (nested, encoded, got):
        assert ids(other) == ids(flat)
        assert report(other) == report(flat)


def test_numbers_and_truths_of_a_context_stay_what_they_are(shop: TestClient) -> None:
    context = {"age": 21, "member": True}
    for form in (context, orjson.dumps(context).decode()):
        found = asked(shop, consent=True, context=form)
        assert [it["name"] for it in report(found)["segments"]] == ["adults"]
    other = asked(shop, consent=True, context={"age": "21", "member": 1})
    assert report(other)["segments"] == []


def test_a_token_may_stand_for_consent_where_the_shop_says_so(
    make_shop: Callable[..., TestClient],
) -> None:
    shop = make_shop(insights_consent=True)
    assert report(asked(shop, userToken="anon-5"))["experiment"] is not None
    agreed = asked(shop, consent=True, ruleContexts=["lumen"])
    assert ids(agreed)[0] == "lamp/1"
    # The service's own API says for itself what holds.
    assert report(searched(shop, {"token": "anon-5"}))["reason"] == "no_consent"


@pytest.mark.parametrize(
    ("changes", "strength"),
    [
        ({}, 100.0),
        ({"personalizationImpact": None}, 100.0),  # of the index
        ({"personalizationImpact": "25"}, 25.0),
        ({"enablePersonalization": False}, 0.0),
        ({"enablePersonalization": "false", "personalizationImpact": 50}, 0.0),
        ({"personalizationImpact": 0}, 0.0),
    ],
)
def test_the_impact_is_the_strength(
    shop: TestClient, changes: dict[str, Any], strength: float
) -> None:
    found = asked(shop, **{**IN_ALGOLIA, "consent": True, **changes})
    assert report(found)["strength"] == strength
    assert report(found)["reason"] == (None if strength else "switched_off")
    if not strength:
        assert without_report(found) == without_report(asked(shop))


@pytest.mark.parametrize("text", ["", "sofa", "velvet", "LMP-77"])
def test_of_strength_0_an_answer_is_byte_for_byte_that_of_everybody(
    shop: TestClient, text: str
) -> None:
    facets: dict[str, Any] = {"facets": ["brand", "price"], "highlight": ["title"]}
    nobody = searched(shop, query=text, **facets)
    for user in ({"strength": 0}, {"strength": 0, "segments": ["lumen"], "viewed": ["rug"]}):
        found = searched(shop, {"consent": True, **user}, query=text, **facets)
        assert without_report(found) == without_report(nobody)
        assert report(found)["reason"] == "switched_off"


def test_the_service_s_switch_turns_it_off_for_everybody(
    make_shop: Callable[..., TestClient],
) -> None:
    off = make_shop(personalize=False)
    found = searched(off, {**EVERYTHING, "consent": True})
    assert without_report(found) == without_report(searched(off))
    assert report(found)["reason"] == "switched_off"
    assert report(found)["experiment"] is None


def test_a_hit_says_what_moved_it_from_where(shop: TestClient) -> None:
    agreed = {"consent": True, "segments": ["lumen"], "strength": 50}
    found = searched(shop, agreed, explain=True)
    (lamp,) = (hit for hit in found["hits"] if hit["id"] == "lamp/1")
    assert lamp["explain"]["boosted_from"] == 4
    assert lamp["explain"]["boost"] == pytest.approx(0.5)
    assert lamp["explain"]["preferences"] == [
        {"kind": "segment", "name": "brand:Lumen", "gain": 0.5, "segment": "lumen"}
    ]
    told = asked(shop, consent=True, ruleContexts=["lumen"], getRankingInfo=True)
    (lamp,) = (hit for hit in told["hits"] if hit["objectID"] == "lamp/1")
    info = lamp["_rankingInfo"]["personalization"]
    assert info["filtersScore"] == 1_000
    assert info["rankingScore"] + info["filtersScore"] == info["score"]
    (reason,) = lamp["_rankingInfo"]["searchsvc"]["preferences"]
    assert (reason["kind"], reason["segment"]) == ("segment", "lumen")


# What is refused.


REFUSED: list[tuple[object, tuple[str, ...]]] = [
    ({"consent": "true"}, ("user.consent", "valid boolean")),
    ({"consent": 1}, ("user.consent", "valid boolean")),
    ({"consent": True, "token": "jane@shop.example"}, ("user.token", "e-mail address")),
    ({"consent": True, "token": "a b"}, ("user.token", "letters, digits")),
    ({"consent": True, "token": "x" * 130}, ("user.token", "1 to 129")),
    ({"strength": 101}, ("user.strength", "less than or equal to 100")),
    ({"strength": -1}, ("user.strength", "greater than or equal to 0")),
    ({"segments": ["x"] * (MAX_SEGMENTS + 1)}, ("user.segments", str(MAX_SEGMENTS))),
    ({"segments": [""]}, ("user.segments.0", "at least 1 character")),
    ({"viewed": ["x"] * (MAX_VIEWED + 1)}, ("user.viewed", str(MAX_VIEWED))),
    ({"context": {f"f{n}": 1 for n in range(MAX_FACTS + 1)}}, ("user.context", str(MAX_FACTS))),
    ({"context": {"country": ["DE"]}}, ("user.context.country",)),
    ({"context": {"x" * 65: 1}}, ("user.context", "at most 64 characters")),
    ({"context": {"country": "x" * 501}}, ("user.context.country", "at most 500 characters")),
    ({"name": "Jane"}, ("user.name: unknown",)),
    ({"id": {"token": "jane@shop.example"}}, ("user.id: unknown",)),
    ("jane@shop.example", ("user: expected a JSON object",)),
]


@pytest.mark.parametrize(("user", "words"), REFUSED)
def test_what_cannot_be_taken_is_named(
    shop: TestClient, user: object, words: tuple[str, ...]
) -> None:
    response = shop.post(SEARCH, json={"query": "", "user": user})
    assert response.status_code == 400
    assert all(word in response.json()["detail"] for word in words), response.text
    assert "jane@" not in response.text


def test_numbers_of_a_context_are_finite(shop: TestClient) -> None:
    for number in ("NaN", "Infinity", "1e999"):
        body = f'{{"user": {{"consent": true, "context": {{"age": {number}}}}}}}'
        response = shop.post(SEARCH, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 400, response.text


def test_a_query_string_names_no_more_segments_than_a_body_may(shop: TestClient) -> None:
    many = ",".join(f"s{n}" for n in range(MAX_SEGMENTS + 1))
    response = shop.get(SEARCH, params={"segments": many})
    assert response.status_code == 400
    assert "segments: 51, expected at most 50" in response.json()["detail"]
    token = shop.get(SEARCH, params={"consent": "true", "user_token": "jane@shop.example"})
    assert token.status_code == 400
    assert "e-mail address" in token.json()["detail"]
    assert "jane" not in token.text


REFUSED_BY_ALGOLIA: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"userToken": "jane@shop.example"}, ("userToken", "e-mail address")),
    ({"userToken": "a b"}, ("userToken", "letters, digits")),
    ({"consent": "perhaps"}, ("consent", "'perhaps'")),
    ({"personalizationImpact": 101}, ("personalizationImpact", "101")),
    ({"personalizationImpact": "strong"}, ("personalizationImpact", "'strong'")),
    ({"enablePersonalization": "perhaps"}, ("enablePersonalization", "'perhaps'")),
    ({"ruleContexts": ["x"] * 51}, ("ruleContexts: 51, expected at most 50",)),
    ({"ruleContexts": ["x" * 501]}, ("ruleContexts: one has 501", "at most 500")),
    ({"ruleContexts": [1]}, ("ruleContexts.0",)),
    ({"viewed": ["x"] * 51}, ("viewed: 51",)),
    ({"context": {f"f{n}": 1 for n in range(31)}}, ("context: 31, expected at most 30",)),
    ({"context": {"x" * 501: 1}}, ("context: one has 501", "at most 500")),
    ({"context": {"country": ["DE"]}}, ("context.country",)),
    ({"context": "country=DE"}, ("context", "expected a JSON object")),
    ({"context": "[1]"}, ("context",)),
]


@pytest.mark.parametrize(("parameters", "words"), REFUSED_BY_ALGOLIA)
def test_what_algolia_s_form_cannot_take_is_named(
    shop: TestClient, parameters: dict[str, Any], words: tuple[str, ...]
) -> None:
    response = shop.post(ALGOLIA, json={"consent": True, **parameters})
    assert response.status_code == 400, response.text
    message = response.json()["message"]
    assert all(word in message for word in words), message
    assert "jane@" not in message


# What is recorded.


def recorded(shop: TestClient) -> list[Event]:
    """The searches that the service stored, those included that are on their way."""
    context_of(shop).events.settled().result(20)
    return [event for event in stored(shop) if event.kind is EventKind.SEARCH]


def new(shop: TestClient, search: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """What a search answers, and what it adds to the records."""
    before = {event.id for event in recorded(shop)}
    body = search()
    return body, [event for event in recorded(shop) if event.id not in before]


def test_a_search_is_recorded_under_the_key_of_the_user_with_its_arm(shop: TestClient) -> None:
    user = {"consent": True, "token": "anon-6"}
    body, found = new(shop, lambda: searched(shop, user, query="velvet sofa"))
    (event,) = found
    assert event.query_id == body["query_id"]
    assert (event.query, event.arm, event.index) == ("velvet sofa", "test/only", "shop")
    assert event.source is Source.SERVICE
    assert event.user == context_of(shop).state.user_key("anon-6")
    assert "anon-6" not in repr(event)


@pytest.mark.parametrize("user", [None, {"token": "anon-6"}, {"consent": True}])
def test_of_whoever_may_not_be_known_nothing_is_recorded(
    shop: TestClient, user: dict[str, Any] | None
) -> None:
    assert new(shop, lambda: searched(shop, user, query="sofa"))[1] == []


def test_a_search_of_no_strength_is_recorded_all_the_same(shop: TestClient) -> None:
    user = {"consent": True, "token": "anon-6", "strength": 0}
    assert len(new(shop, lambda: searched(shop, user, query="sofa"))[1]) == 1


def test_algolia_s_searches_are_recorded_where_clicks_are_to_follow(shop: TestClient) -> None:
    who = {"consent": True, "userToken": "anon-7", "query": "sofa"}
    body, found = new(shop, lambda: asked(shop, **who, clickAnalytics=True))
    assert [(event.query_id, event.query) for event in found] == [(body["queryID"], "sofa")]
    assert new(shop, lambda: asked(shop, **who))[1] == []
    facets = {"indexName": "shop", **who, "facets": ["brand"], "hitsPerPage": 0}
    page = {"requests": [{"indexName": "shop", **who, "clickAnalytics": True}, facets, facets]}
    assert len(new(shop, lambda: answer(shop.post("/1/indexes/*/queries", json=page)))[1]) == 1


def test_nothing_is_recorded_where_the_shop_does_not_want_it(
    make_shop: Callable[..., TestClient],
) -> None:
    shop = make_shop(record_searches=False)
    user = {"consent": True, "token": "anon-8"}
    body, found = new(shop, lambda: searched(shop, user, query="sofa"))
    assert found == []
    assert len(body["query_id"]) == 32  # clicks may follow it all the same
    assert report(body)["experiment"] is not None


def test_what_is_being_typed_is_recorded_as_it_was_meant(shop: TestClient) -> None:
    user = {"consent": True, "token": "anon-9"}

    def typed() -> dict[str, Any]:
        for text in ("s", "so"):
            searched(shop, user, query=text, typing=True)
        return searched(shop, user, query="sof", typing=True)

    assert [event.query for event in new(shop, typed)[1]] == ["sof"]


def test_a_full_queue_costs_the_record_and_not_the_answer(
    shop: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_OFFERED", 0)
    lost = sample(shop, "searchsvc_events_dropped_total", reason="queue_full")
    user = {"consent": True, "token": "anon-10"}
    body, found = new(shop, lambda: searched(shop, user, query="sofa"))
    assert (body["total"], found) == (2, [])
    assert sample(shop, "searchsvc_events_dropped_total", reason="queue_full") == lost + 1


# What sells.


def test_what_sells_is_an_order_for_everybody(shop: TestClient) -> None:
    found = searched(shop, sort="bestselling")
    assert ids(found) == PLAIN
    assert found["relevant"] == 5
    for index in ("shop_bestselling", "shop:bestselling", "shop/sort/bestselling:desc"):
        request = {"requests": [{"indexName": index, "query": ""}]}
        (one,) = answer(shop.post("/1/indexes/*/queries", json=request))["results"]
        assert ids(one) == ids(found)
    up = searched(shop, sort="bestselling:asc")
    assert ids(up) == ids(found)[::-1]


# From events to the order.


def test_what_a_user_bought_moves_what_resembles_it_until_the_user_is_deleted(
    people_dir: Path, tmp_path: Path
) -> None:
    key = "correct horse battery staple"
    settings = Settings(
        data_dir=people_dir,
        models_dir=tmp_path,
        state_url=f"sqlite:///{tmp_path}/state.db",
        admin_key=key,
        embed_timeout_ms=60_000,
        profile_timeout_ms=60_000,
        record_searches=False,
    )
    user = {"consent": True, "token": "anon-1"}
    with open_shop(settings) as shop:
        events = [
            click("lamp/1", type="purchase", id=f"e{n}", query_id=QUERY_ID) for n in range(9)
        ]
        assert answer(shop.post("/v1/events", json=sent(*events)))["stored"] == 9
        found = searched(shop, user, explain=True)
        assert ids(found)[0] != PLAIN[0] or found["hits"][0]["explain"]["boost"] < 0
        assert ids(found).index("lamp/1") < PLAIN.index("lamp/1")
        told = {reason["text"] for reason in report(found)["why"]}
        assert "You chose the brand Lumen more often than others do." in told
        gone = shop.delete("/v1/users/anon-1", headers={"Authorization": f"Bearer {key}"})
        assert gone.status_code == 200
        after = searched(shop, user)
        assert report(after)["reason"] == "nothing_known"
        assert ids(after) == PLAIN

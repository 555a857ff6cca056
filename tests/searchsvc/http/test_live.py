"""Synonyms and ranking over HTTP: who may change them, what is refused, when it is effective."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from searchsvc import serving
from searchsvc.http.app import create_app
from searchsvc.http.guard import MAX_BODY_BYTES
from searchsvc.http.schemas import LiveVersion, Problem, RankingReport
from searchsvc.policy import RankingOverrides, RankingPolicy, ranking_settings
from searchsvc.synonyms.document import SynonymsDocument
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

KEY = "correct horse battery staple"
ADMIN = {"Authorization": f"Bearer {KEY}"}
SYNONYMS = "/v1/indexes/shop/synonyms"
RANKING = "/v1/indexes/shop/ranking"
SUGGESTIONS = "/v1/indexes/shop/suggestions"
SEGMENTS = "/v1/indexes/shop/segments"
EXPERIMENT = "/v1/indexes/shop/experiment"
DOCUMENTS: dict[str, Any] = {
    SYNONYMS: {"sets": [["sneaker", "trainer"]], "never": [["vans", "minivan"]]},
    RANKING: {"semantic_weight": 0.25, "fusion": "rrf"},
    SUGGESTIONS: {"queries": [{"text": "red trainers", "count": 3}], "blocked": ["gun"]},
    SEGMENTS: {
        "strength": 80.0,
        "timezone": "Europe/Berlin",
        "segments": [
            {
                "name": "coast",
                "title": "Rainy coast",
                "when": {"fact": "country", "eq": "DE"},
                "listed": True,
                "like": None,
                "enabled": True,
                "boosts": [
                    {
                        "filter": {"field": "brand", "eq": "Acme"},
                        "weight": 0.5,
                        "name": None,
                        "from": "2026-10-01",
                        "until": None,
                        "when": {"query": ["rain"], "category": []},
                    }
                ],
            }
        ],
    },
    EXPERIMENT: {
        "name": "rrf",
        "arms": [
            {"name": "control", "share": 50, "strength": None, "ranking": {}},
            {"name": "rrf", "share": 50, "strength": 90, "ranking": {"fusion": "rrf"}},
        ],
    },
}
OTHERS: dict[str, Any] = {
    SYNONYMS: {"sets": [["a", "b"]]},
    RANKING: {"window": 9},
    SUGGESTIONS: {"blocked": ["lamp"]},
    SEGMENTS: {"segments": [{"name": "vip", "listed": True}]},
    EXPERIMENT: {"name": "alone", "arms": [{"name": "all", "share": 100}]},
}
FILES = {
    SYNONYMS: "synonyms.json",
    RANKING: "ranking.json",
    SUGGESTIONS: "suggestions.json",
    SEGMENTS: "segments.json",
    EXPERIMENT: "experiment.json",
}
SECRET = [SEGMENTS, EXPERIMENT]  # shown to administrators only
each = pytest.mark.parametrize("path", DOCUMENTS)

Start = Callable[..., TestClient]


@pytest.fixture
def start(build: Build, make_settings: MakeSettings) -> Iterator[Start]:
    """``start(**settings)``: a worker over one shared index."""
    clients: list[TestClient] = []

    def run(**changes: Any) -> TestClient:
        if not clients:
            build([{"id": "1", "title": "Red sneakers"}, {"id": "2", "title": "Blue trainers"}])
        app = create_app(make_settings(**{"admin_key": KEY, **changes}))
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return client

    yield run
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def shop(start: Start) -> TestClient:
    return start()


def problem(response: httpx2.Response, status: int) -> str:
    """The detail of a problem document that leaks nothing."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    for leak in ("Traceback", ".py", "/tmp", KEY):  # noqa: S108 - must not appear
        assert leak not in response.text
    return Problem.model_validate_json(response.content).detail


def put(client: TestClient, path: str, content: Any = None, **headers: str) -> httpx2.Response:
    body = content if isinstance(content, bytes) else orjson.dumps(content or DOCUMENTS[path])
    return client.put(path, content=body, headers=ADMIN | headers)


def version_of(response: httpx2.Response) -> str:
    """Of a change that succeeded; its ETag says the same."""
    assert response.status_code == 200, response.text
    changed = LiveVersion.model_validate_json(response.content)
    assert changed.index == "shop"
    assert response.headers["ETag"] == f'"{changed.version}"'
    return changed.version


def policy_of(client: TestClient) -> RankingPolicy:
    """What this worker ranks by."""
    policy: RankingPolicy = client.app.state.context.service.state("shop").policy  # type: ignore[attr-defined]
    return policy


# Reading and changing.


def test_before_anything_is_set_synonyms_are_empty_and_ranking_is_the_service_s(
    start: Start,
) -> None:
    shop = start(min_coverage=0.7)
    response = shop.get(SYNONYMS)
    assert response.json() == {"sets": [], "one_way": [], "never": []}
    assert response.headers["ETag"] == '"none"'
    response = shop.get(RANKING)
    report = RankingReport.model_validate_json(response.content)
    assert response.headers["ETag"] == '"none"'
    assert report.overrides == {}
    assert set(report.settings) == set(ranking_settings())
    assert report.settings["min_coverage"] == {"value": 0.7, "source": "environment"}
    assert report.settings["window"] == {"value": 500, "source": "default"}


@each
def test_what_is_put_is_got_and_can_be_put_again(shop: TestClient, path: str) -> None:
    version = version_of(put(shop, path))
    response = shop.get(path, headers=ADMIN)
    assert response.headers["ETag"] == f'"{version}"'
    assert response.headers["Cache-Control"] == "no-cache"
    got = response.json()["overrides"] if path == RANKING else response.json()
    assert {name: got[name] for name in DOCUMENTS[path]} == DOCUMENTS[path]
    assert put(shop, path, got).status_code == 200
    assert version_of(shop.delete(path, headers=ADMIN)) == "none"
    assert version_of(shop.delete(path, headers=ADMIN)) == "none"
    assert shop.get(path, headers=ADMIN).headers["ETag"] == '"none"'


def test_the_ranking_shows_what_is_effective_and_where_it_comes_from(shop: TestClient) -> None:
    put(shop, RANKING)
    settings = shop.get(RANKING).json()["settings"]
    assert settings["semantic_weight"] == {"value": 0.25, "source": "index"}
    assert settings["fusion"] == {"value": "rrf", "source": "index"}
    assert {name: entry["value"] for name, entry in settings.items()} == {
        name: getattr(policy_of(shop), name) for name in settings
    }


def test_a_change_is_effective_in_this_worker_at_once_and_soon_in_the_others(
    start: Start, layout: IndexLayout
) -> None:
    here = start(poll_seconds=3_600)
    there = start()
    put(here, RANKING)
    put(here, SYNONYMS)
    assert policy_of(here).semantic_weight == 0.25
    assert policy_of(here).synonyms.expansions(["trainer"])
    eventually(lambda: policy_of(there) == policy_of(here))
    here.delete(SYNONYMS, headers=ADMIN)
    assert not policy_of(here).synonyms.rules
    eventually(lambda: not policy_of(there).synonyms.rules)
    assert not layout.synonyms_file.exists()


def test_a_search_is_ranked_by_the_policy_of_its_index(
    shop: TestClient, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build([{"id": "1", "title": "Lamp"}], "lamps")
    eventually(lambda: len(shop.get("/v1/indexes").json()["indexes"]) == 2)
    put(shop, RANKING)
    put(shop, SYNONYMS)
    seen: list[RankingPolicy] = []
    real = serving.search

    def spy(query: Any, snapshot: Any, embedder: Any, policy: RankingPolicy, *more: Any) -> Any:
        seen.append(policy)
        return real(query, snapshot, embedder, policy, *more)

    monkeypatch.setattr(serving, "search", spy)
    for index in ("shop", "lamps"):
        answer = shop.get(f"/v1/indexes/{index}/search", params={"query": "sneaker"})
        assert answer.status_code == 200
    assert (seen[0].semantic_weight, bool(seen[0].synonyms.rules)) == (0.25, True)
    assert seen[1] == RankingPolicy()


def test_a_reindex_keeps_what_is_set(shop: TestClient, build: Build) -> None:
    put(shop, SYNONYMS)
    put(shop, RANKING)
    before = policy_of(shop)
    new = build([{"id": str(n), "title": f"Boot {n}"} for n in range(5)]).generation
    service = shop.app.state.context.service  # type: ignore[attr-defined]
    eventually(lambda: service.snapshot("shop").generation == new)
    assert policy_of(shop) == before


# Lost updates.


@each
def test_a_change_of_another_version_than_the_current_one_is_a_412(
    shop: TestClient, path: str
) -> None:
    first = version_of(put(shop, path, **{"If-Match": '"none"'}))
    other = OTHERS[path]
    detail = problem(put(shop, path, other, **{"If-Match": '"none"'}), 412)
    assert f"{FILES[path]} is of version '{first}' by now" in detail
    stale = shop.delete(path, headers=ADMIN | {"If-Match": '"0000"'})
    assert "Read it again" in problem(stale, 412)
    assert shop.get(path, headers=ADMIN).headers["ETag"] == f'"{first}"'
    second = version_of(put(shop, path, other, **{"If-Match": f'"x", "{first}"'}))
    problem(put(shop, path, **{"If-Match": f'W/"{second}"'}), 412)  # it compares strongly
    version_of(put(shop, path, **{"If-Match": "*"}))
    last = version_of(put(shop, path, other))
    version_of(shop.delete(path, headers=ADMIN | {"If-Match": f'"{last}"'}))


@each
def test_create_only_is_a_412_where_something_is_set(shop: TestClient, path: str) -> None:
    create = {"If-None-Match": "*"}
    first = version_of(put(shop, path, **create))
    assert f"{FILES[path]} is of version '{first}' by now" in problem(
        put(shop, path, {}, **create), 412
    )
    problem(shop.delete(path, headers=ADMIN | create), 412)
    problem(put(shop, path, **create, **{"If-Match": f'"{first}"'}), 412)  # never both
    problem(put(shop, path, **create, **{"If-Match": "*"}), 412)
    assert shop.get(path, headers=ADMIN).headers["ETag"] == f'"{first}"'
    version_of(shop.delete(path, headers=ADMIN))
    version_of(put(shop, path, **create, **{"If-Match": '"none"'}))


@each
@pytest.mark.parametrize("sent", ['"none"', 'W/"0"', "", '*, "x"'])
def test_a_change_takes_no_other_if_none_match(shop: TestClient, path: str, sent: str) -> None:
    detail = problem(put(shop, path, **{"If-None-Match": sent}), 400)
    assert "a change takes only *" in detail
    assert "send If-Match" in detail
    problem(shop.put(path, content=b"{}", headers={"If-None-Match": sent}), 401)  # the key first
    assert shop.get(path, headers=ADMIN).headers["ETag"] == '"none"'


def test_synonyms_that_have_not_changed_are_a_304(shop: TestClient) -> None:
    version = version_of(put(shop, SYNONYMS))
    for sent in (f'"{version}"', f'"x", W/"{version}"', "*"):
        response = shop.get(SYNONYMS, headers={"If-None-Match": sent})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == f'"{version}"'
        assert response.headers["Cache-Control"] == "no-cache"
    for sent in ('"none"', version, ""):
        response = shop.get(SYNONYMS, headers={"If-None-Match": sent})
        assert response.status_code == 200
        assert response.json()["sets"]


def test_a_ranking_is_told_in_full_since_its_etag_is_of_the_overrides_alone(
    start: Start,
) -> None:
    tag = start(window=7).get(RANKING).headers["ETag"]
    response = start(window=8).get(RANKING, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert response.json()["settings"]["window"]["value"] == 8


@each
def test_of_many_who_change_the_same_version_one_succeeds(start: Start, path: str) -> None:
    workers = [start(), start()]
    for worker in workers:
        worker.get(path)  # FastAPI makes its routes at the first request, which silences warnings
    numbered: dict[str, Callable[[int], Any]] = {
        SYNONYMS: lambda n: {"sets": [["a", f"b{n}"]]},
        RANKING: lambda n: {"window": n + 1},
        SUGGESTIONS: lambda n: {"blocked": [f"b{n}"]},
        SEGMENTS: lambda n: {"strength": n},
        EXPERIMENT: lambda n: DOCUMENTS[EXPERIMENT] | {"name": f"e{n}"},
    }
    contents = [numbered[path](n) for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        responses = [
            *pool.map(
                lambda n: put(workers[n % 2], path, contents[n], **{"If-Match": '"none"'}),
                range(16),
            )
        ]
    won = [n for n, response in enumerate(responses) if response.status_code == 200]
    assert len(won) == 1
    assert {response.status_code for response in responses} == {200, 412}
    document = workers[0].get(path, headers=ADMIN).json()
    kept = document["overrides"] if path == RANKING else document
    content = contents[won[0]]
    assert {name: kept[name] for name in content} == content


def test_what_a_generation_lacks_is_told_at_readyz_and_searches_go_on(
    shop: TestClient, build: Build
) -> None:
    build([{"id": "1", "title": "Jacket", "season": "winter"}], force=True)
    season = "attributes.season"
    eventually(lambda: season in shop.get("/v1/indexes").text)
    rule = {"filter": f"{season}:winter", "weight": 1}
    segments = {"segments": [{"name": "a", "boosts": [rule]}]}
    assert put(shop, SEGMENTS, segments).status_code == 200
    assert "segments" not in shop.get("/readyz").text
    build([{"id": "1", "title": "Jacket"}], force=True)
    eventually(lambda: "no effect" in shop.get("/readyz").text)
    response = shop.get("/readyz")
    assert response.status_code == 200
    assert "segments.json has no effect at segments[0].boosts[0].filter" in response.text
    assert shop.get("/v1/indexes/shop/search", params={"query": "jacket"}).json()["total"] == 1
    assert shop.get(SEGMENTS, headers=ADMIN).json()["segments"][0]["name"] == "a"
    detail = problem(put(shop, SEGMENTS, segments), 400)
    assert detail.startswith(
        f"segments[0].boosts[0].filter, character 1: unknown field '{season}'"
    )


# Who may.


@each
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    "sent",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY.upper()}",
        f"Basic {KEY}",
        KEY,
        "Bearer sch\xfcssel",
    ],
)
def test_without_the_key_nothing_is_changed(
    shop: TestClient, path: str, method: str, sent: str | None
) -> None:
    headers = {} if sent is None else {"Authorization": sent.encode("latin-1")}
    response = shop.request(method, path, content=b"{", headers=headers)
    assert "SEARCHSVC_ADMIN_KEY" in problem(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert shop.get(path, headers=ADMIN).headers["ETag"] == '"none"'


@each
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("headers", [{}, ADMIN, {"Authorization": "Bearer None"}])
def test_where_no_key_is_set_nobody_changes_anything(
    start: Start, path: str, method: str, headers: dict[str, str]
) -> None:
    shop = start(admin_key=None)
    detail = problem(shop.request(method, path, content=b"{}", headers=headers), 403)
    assert "Set SEARCHSVC_ADMIN_KEY" in detail
    assert shop.get(path, headers=headers).status_code == (403 if path in SECRET else 200)


@pytest.mark.parametrize("path", SECRET)
def test_what_is_a_shop_s_own_business_is_shown_with_the_key_only(
    shop: TestClient, path: str
) -> None:
    put(shop, path)
    detail = problem(shop.get(path), 401)
    assert "SEARCHSVC_ADMIN_KEY" in detail
    problem(shop.get(path, headers={"If-None-Match": "*"}), 401)
    assert DOCUMENTS[path].items() <= shop.get(path, headers=ADMIN).json().items()
    documented = shop.get("/openapi.json").json()["paths"]
    template = path.replace("/shop/", "/{index}/")
    assert documented[template]["get"]["security"]
    assert {"401", "403"} <= documented[template]["get"]["responses"].keys()


def test_an_unknown_index_is_told_to_those_with_the_key_only(shop: TestClient) -> None:
    for name in ("synonyms", "ranking"):
        for index in ("nope", "%2e%2e", "SHOP"):
            path = f"/v1/indexes/{index}/{name}"
            problem(shop.get(path, headers=ADMIN), 404)
            problem(shop.put(path, content=b"{}"), 401)
            problem(shop.put(path, content=b"{}", headers=ADMIN), 404)
            problem(shop.delete(path, headers=ADMIN), 404)


# What is refused.


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        (SYNONYMS, b"{", ("expected JSON", "EOF")),
        (SYNONYMS, b"\xff", ("expected JSON",)),
        (SYNONYMS, b"", ("expected JSON",)),
        (SYNONYMS, {"sets": [["a"]]}, ("sets.0", "at least 2")),
        (SYNONYMS, {"words": []}, ("words: unknown, expected one of sets, one_way, never",)),
        (SYNONYMS, {"sets": [["a b c d e f g", "h"]]}, ("sets[0][0]", "7 words", "at most 6")),
        (SYNONYMS, {"never": [["sneaker", "sneakers"]]}, ("never[0]", "'sneaker'", "same words")),
        (
            SYNONYMS,
            {"sets": [["a", "b"]], "never": [["b", "a"]]},
            ("never[0]: 'b'", "'a'", "sets[0] makes it a synonym"),
        ),
        (RANKING, {"semantic_weight": 1.5}, ("semantic_weight", "1.5", "less than or equal to 1")),
        (RANKING, {"semantic_weight": "0.5"}, ("semantic_weight", "'0.5'", "valid number")),
        (RANKING, {"synonyms": {}}, ("synonyms: unknown, expected one of fusion",)),
        (RANKING, [], ("the document", "object")),
    ],
)
def test_what_is_not_valid_is_refused_with_its_place_and_changes_nothing(
    shop: TestClient, path: str, content: Any, words: tuple[str, ...]
) -> None:
    version = version_of(put(shop, path))
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    detail = problem(shop.put(path, content=body, headers=ADMIN), 400)
    for word in words:
        assert word in detail
    assert shop.get(path, headers=ADMIN).headers["ETag"] == f'"{version}"'


@each
def test_a_body_that_is_too_large_is_refused(shop: TestClient, path: str) -> None:
    problem(put(shop, path, b" " * (MAX_BODY_BYTES + 1)), 413)
    pieces = (b" " * 10_000 for _ in range(MAX_BODY_BYTES // 10_000 + 1))
    problem(shop.put(path, content=pieces, headers=ADMIN), 413)


# Broken files, full disks.


@each
def test_a_broken_file_changes_nothing_and_is_told_until_it_is_replaced(
    shop: TestClient, layout: IndexLayout, path: str
) -> None:
    put(shop, path)
    before = policy_of(shop)
    (layout.root / FILES[path]).write_bytes(b"{")
    eventually(lambda: shop.get("/readyz").json()["indexes"]["shop"] != "ok")
    ready = shop.get("/readyz")
    assert ready.status_code == 200
    expected = f"refused {FILES[path]}: {FILES[path]}: expected JSON"
    assert ready.json()["indexes"]["shop"].startswith(expected)
    assert 'searchsvc_live_settings_refused{index="shop"} 1.0' in shop.get("/metrics").text
    assert policy_of(shop) == before
    assert f"{FILES[path]}: expected JSON" in problem(shop.get(path, headers=ADMIN), 500)
    version_of(put(shop, path))
    assert shop.get("/readyz").json()["indexes"]["shop"] == "ok"
    assert 'searchsvc_live_settings_refused{index="shop"} 0.0' in shop.get("/metrics").text


def test_several_complaints_stand_side_by_side(shop: TestClient, layout: IndexLayout) -> None:
    layout.current_file.write_text("?")
    layout.ranking_file.write_bytes(b"[]")
    eventually(lambda: "ranking" in shop.get("/readyz").json()["indexes"]["shop"])
    condition = shop.get("/readyz").json()["indexes"]["shop"]
    assert condition.startswith("serving g00000001")
    assert "; refused ranking.json: " in condition


@each
def test_a_disk_that_takes_nothing_is_a_503_that_says_so(
    shop: TestClient, layout: IndexLayout, path: str
) -> None:
    layout.live_lock_file.mkdir()  # stands for whatever the system refuses
    assert "cannot be written (Is a directory)" in problem(put(shop, path), 503)
    assert "write access" in problem(shop.delete(path, headers=ADMIN), 503)
    assert shop.get(path, headers=ADMIN).headers["ETag"] == '"none"'


def test_an_index_that_cannot_be_opened_has_settings_all_the_same(
    build: Build, layout: IndexLayout, start: Start
) -> None:
    only = build([{"id": "1", "title": "Lamp"}]).generation
    (layout.generation_dir(only) / "products.bin").unlink()
    shop = start()
    assert shop.get(SYNONYMS).status_code == 200
    version_of(put(shop, SYNONYMS))


# Documentation.


def test_the_documentation_shows_bodies_headers_answers_and_the_key(shop: TestClient) -> None:
    document = shop.get("/openapi.json").json()
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    models = {"synonyms": SynonymsDocument, "ranking": RankingOverrides}
    for name, model in models.items():
        operations = document["paths"][f"/v1/indexes/{{index}}/{name}"]
        body = operations["put"]["requestBody"]["content"]["application/json"]["schema"]
        assert set(body["properties"]) == set(model.model_fields)
        assert "$ref" not in json.dumps(body)
        (example,) = body["examples"]
        assert put(shop, f"/v1/indexes/shop/{name}", example).status_code == 200
        for method in ("put", "delete"):
            operation = operations[method]
            assert operation["security"]
            assert {"200", "400", "401", "403", "404", "412", "413"} <= set(operation["responses"])
            headers = [p["name"] for p in operation["parameters"] if p["in"] == "header"]
            assert [header.lower() for header in headers] == ["if-match", "if-none-match"]
        assert {} in operations["get"]["security"]  # where no key is needed
    bounds = document["paths"]["/v1/indexes/{index}/ranking"]["put"]["requestBody"]["content"]
    weight = bounds["application/json"]["schema"]["properties"]["semantic_weight"]
    assert (weight["minimum"], weight["maximum"]) == (0, 1)
    assert weight["default"] == RankingPolicy().semantic_weight


def test_the_documented_answers_are_the_answers(shop: TestClient) -> None:
    schemas = shop.get("/openapi.json").json()["components"]["schemas"]
    assert set(shop.get(RANKING).json()) == set(schemas["RankingReport"]["properties"])
    assert set(shop.get(SYNONYMS).json()) == set(schemas["SynonymsDocument"]["properties"])
    assert set(put(shop, RANKING).json()) == set(schemas["LiveVersion"]["properties"])

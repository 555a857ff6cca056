"""The HTTP API, in one process."""

from __future__ import annotations

import gc
import json
import logging
import random
import re
import shutil
import string
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2
import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from indexer.columns import STANDARD
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.embedders import BoundedEmbedder
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.http import routes
from searchsvc.http.app import app_from_environment, create_app
from searchsvc.http.guard import MAX_BODY_BYTES
from searchsvc.http.machine import MULTIPROCESS_VARIABLE
from searchsvc.http.metrics import CONTENT_TYPE, Metrics
from searchsvc.http.openapi import PROBLEM
from searchsvc.http.requests import SearchRequest
from searchsvc.http.schemas import IndexList, Problem, Readiness, SearchResponse
from searchsvc.query.filters import parse_filter_text
from searchsvc.query.query import Query
from searchsvc.sample.image import product_image
from searchsvc.segments.shopper import Shopper
from searchsvc.serving import SearchService
from searchsvc.settings import Settings
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.layout import IndexLayout
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

SHOES: list[dict[str, Any]] = [
    {"id": "a/b", "title": "Red shoe", "brand": "Fjellvik", "price": "10 EUR"},
    {"id": "schön 1", "title": "Blue shoe", "price": "20 EUR"},
    {"id": "c", "title": "Oak desk", "price": "300 EUR"},
]
SEARCH = "/v1/indexes/shop/search"
DEMO = "/v1/indexes/demo/search"
WITH_EXPLAIN = {"stages_ms", "understood"}
KEYS = [name for name in SearchResponse.model_fields if name not in WITH_EXPLAIN]

Serve = Callable[..., AbstractContextManager[TestClient]]


@contextmanager
def client_of(service_settings: Settings) -> Iterator[TestClient]:
    """A client that gets what a server would send, even when the application raises."""
    with TestClient(create_app(service_settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def serve(build: Build, make_settings: MakeSettings) -> Serve:
    """``serve(**settings)`` over the shoes."""

    def start(**changes: Any) -> AbstractContextManager[TestClient]:
        build(SHOES)
        return client_of(make_settings(**changes))

    return start


@pytest.fixture
def shop(serve: Serve) -> Iterator[TestClient]:
    with serve() as client:
        yield client


@pytest.fixture(scope="module")
def demo(sample_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    models = tmp_path_factory.mktemp("models")
    # Nobody waits for anything here: no timeout is to be met by chance.
    with client_of(
        Settings(data_dir=sample_data_dir, models_dir=models, embed_timeout_ms=60_000)
    ) as client:
        yield client


def service_of(client: TestClient) -> SearchService:
    context: routes.Context = client.app.state.context  # type: ignore[attr-defined]
    return context.service


def post(client: TestClient, body: object, path: str = SEARCH) -> httpx2.Response:
    """Sends what `json` can write, NaN and lone surrogates included."""
    content = json.dumps(body) if not isinstance(body, bytes) else body
    return client.post(path, content=content, headers={"Content-Type": "application/json"})


def counts(client: TestClient, name: str) -> dict[tuple[str, ...], float]:
    """The samples of one metric by their label values, sorted by label."""
    found = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def problem(response: httpx2.Response, status: int) -> str:
    """The detail of a problem document, which is well-formed and leaks nothing."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    read = Problem.model_validate_json(response.content, strict=True)
    assert read.status == status
    assert set(response.json()) == set(Problem.model_fields)
    for leak in ("Traceback", ".py", "/tmp", "site-packages"):  # noqa: S108 - must not appear
        assert leak not in response.text
    return read.detail


# Searching.

QUESTIONS: list[dict[str, Any]] = [
    {},
    {"query": "warm jacket for rainy hikes"},
    {"query": "jacket", "limit": 3, "offset": 2},
    {"query": "jacket", "limit": 0},
    {"query": "jacket", "offset": 1_000_000},
    {"query": "P0000005", "explain": True, "limit": 5},
    {"query": "jacket", "explain": True, "limit": 1_000},
    {"query": "jacket", "filters": {"field": "price", "lt": 100}},
    {
        "query": "jacke ü 'quote' \"x\" \x00 漢字 🧥",
        "filters": {"or": [{"field": "brand", "exists": True}, {"not": {"field": "price", "gt": 9}}]},  # noqa: E501 - a table
    },
    {"query": "x" * 512},
    {"query": "zzzzqq", "filters": {"field": "price", "lt": -1}},
]  # fmt: skip


def _same(answer: dict[str, Any]) -> dict[str, Any]:
    """What two answers to one question have in common."""
    assert answer.pop("query_id")
    answer.pop("took_ms")
    answer.pop("stages_ms", None)
    return answer


@pytest.mark.parametrize("question", QUESTIONS)
def test_get_and_post_give_the_same_answer_and_it_is_the_documented_one(
    demo: TestClient, question: dict[str, Any]
) -> None:
    posted = demo.post(DEMO, json=question)
    parameters = {
        name: json.dumps(value) if name == "filters" else value for name, value in question.items()
    }
    got = demo.get(DEMO, params=parameters)
    for response in (posted, got):
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "application/json"
        read = SearchResponse.model_validate_json(response.content, strict=True)
        explain = question.get("explain", False)
        assert list(response.json()) == ([*KEYS, "understood", "stages_ms"] if explain else KEYS)
        assert len(read.query_id) == 32
        assert int(read.query_id, 16) >= 0
        assert read.query == question.get("query", "")
        assert (read.limit, read.offset) == (question.get("limit", 20), question.get("offset", 0))
        assert len(read.hits) == min(read.limit, max(0, read.total - read.offset))
        for hit, raw in zip(read.hits, response.json()["hits"], strict=True):
            expected = ["id", "score", "product"] + (["explain"] if explain else [])
            assert list(raw) == expected
            assert hit.product["id"] == hit.id
    assert _same(posted.json()) == _same(got.json())


def test_misspelt_words_are_corrected_unless_asked_for_as_typed(demo: TestClient) -> None:
    address = "/v1/indexes/demo/search"
    corrected = demo.get(address, params={"query": "wide slipers"}).json()
    assert corrected["corrected_query"] == "wide slippers"
    assert corrected["query"] == "wide slipers"
    for answer in (
        demo.get(address, params={"query": "wide slipers", "as_typed": "true"}),
        demo.post(address, json={"query": "wide slipers", "as_typed": True}),
    ):
        assert answer.json()["corrected_query"] is None
        assert answer.json()["hits"] != corrected["hits"]


def test_the_answer_is_that_of_the_service(demo: TestClient) -> None:
    condition = {"field": "price", "gte": 50}
    query = Query("jacket", 7, 3, parse_filter_text(json.dumps(condition)))
    result = service_of(demo).search("demo", query).result
    body = demo.post(
        DEMO, json={"query": "jacket", "limit": 7, "offset": 3, "filters": condition}
    ).content
    assert [hit["id"] for hit in orjson.loads(body)["hits"]] == [hit.id for hit in result.hits]
    assert all(b'"product":' + hit.product + b"}" in body for hit in result.hits)


def test_a_broken_filter_is_the_same_mistake_by_get_and_post(demo: TestClient) -> None:
    posted = post(demo, {"filters": {"field": "nope", "eq": 1}}, DEMO)
    got = demo.get(DEMO, params={"filters": '{"field": "nope", "eq": 1}'})
    assert problem(posted, 400) == problem(got, 400)


# What a request can get wrong: the body, and what the answer must name.
MISTAKES: list[tuple[object, tuple[str, ...]]] = [
    ({"query": "x" * 513}, ("query", "xxx", "at most 512 characters")),
    ({"query": 5}, ("query", "5", "valid string")),
    ({"query": None}, ("query", "None", "valid string")),
    ({"query": "\ud800"}, ("query", "\\ud800", "string")),
    ({"limit": 1001}, ("limit", "1001", "less than or equal to 1000")),
    ({"limit": -1}, ("limit", "-1", "greater than or equal to 0")),
    ({"limit": "10"}, ("limit", "'10'", "valid integer")),
    ({"limit": True}, ("limit", "True", "valid integer")),
    ({"limit": 1.5}, ("limit", "1.5", "valid integer")),
    ({"offset": -1}, ("offset", "-1", "greater than or equal to 0")),
    ({"offset": 1_000_001}, ("offset", "1000001", "less than or equal to 1000000")),
    ({"offset": 10**300}, ("offset", "1000", "less than or equal to 1000000")),
    ({"explain": "yes"}, ("explain", "'yes'", "valid boolean")),
    ({"explain": 1}, ("explain", "1", "valid boolean")),
    ({"size": 3}, ("size: unknown", "expected one of query")),
    ({"limit": 1001, "query": 5}, ("limit", "query", "1001", "5")),
    ([], ("body", "[]", "JSON object")),
    ("shoe", ("body", "'shoe'", "JSON object")),
    (b"", ("body", "None", "required")),
    (b"{", ("body", "expected JSON", "character 1")),
    (b'{"query": "shoe"', ("body", "expected JSON", "character 16")),
    (b"\xff\xfe\xfd", ("pars",)),
    (b"[" * 100_000, ("pars",)),
    (b'{"limit": ' + b"9" * 5_000 + b"}", ("pars",)),
    ({"filters": []}, ("filters", "[]", "at least one filter")),
    ({"filters": 5}, ("filters", "5", "an object such as")),
    ({"filters": "brand HP"}, ("filters, character 7", "'HP'", "a comparison after 'brand'")),
    ({"filters": "price:cheap"}, ("filters, character 1", "'cheap'", "a number")),
    ({"filters": ["brand:HP", "price > "]}, ("filters[1], character 9", "the end", "a number")),
    ({"filters": {}}, ("filters", "[]", "'field' with a condition")),
    ({"filters": {"field": "price"}}, ("filters", "'price'", "expected exactly one of eq")),
    ({"filters": {"field": 5, "eq": 1}}, ("filters.field", "5", "column's name")),
    ({"filters": {"field": "prize", "gt": 1}}, ("'prize'", "price")),
    ({"filters": {"field": "price", "eq": "HP"}}, ("'price'", "number", "'HP'")),
    ({"filters": {"field": "brand", "gt": 5}}, ("'brand'", "text column", "number")),
    ({"filters": {"field": "price", "gt": "5"}}, ("filters.gt", "'5'", "a number")),
    ({"filters": {"field": "price", "gt": float("nan")}}, ("filters.gt", "nan", "finite")),
    ({"filters": {"field": "price", "lt": float("inf")}}, ("filters.lt", "inf", "finite")),
    ({"filters": {"field": "price", "eq": 10**400}}, ("filters.eq", "1000", "finite")),
    ({"filters": {"field": "price", "any_of": [1, 10**400]}}, ("any_of[1]", "finite")),
    ({"filters": {"field": "brand", "eq": "\udfff"}}, ("filters.eq", "\\udfff", "surrogates")),
    ({"filters": {"field": "\ud800", "eq": "x"}}, ("\\ud800", "unknown field")),
    ({"filters": {"\ud800": 1}}, ("\\ud800", "expected")),
    ({"filters": {"field": "brand", "any_of": []}}, ("any_of", "[]", "1 to 1000 values")),
    ({"filters": {"field": "brand", "any_of": [[]]}}, ("any_of[0]", "[]", "text, number")),
    ({"filters": {"and": [{"not": {"or": 5}}]}}, ("filters.and[0].not.or", "5", "list")),
]


@pytest.mark.parametrize(("body", "words"), MISTAKES)
def test_a_mistake_is_answered_with_its_place_its_value_and_what_was_expected(
    shop: TestClient, body: object, words: tuple[str, ...]
) -> None:
    detail = problem(post(shop, body), 400)
    for word in words:
        assert word in detail
    assert len(detail) < 1_000


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"query": "x" * 513}, ("query.query", "at most 512")),
        ({"limit": "1001"}, ("query.limit", "'1001'", "1000")),
        ({"limit": "ten"}, ("query.limit", "'ten'", "integer")),
        ({"offset": "-1"}, ("query.offset", "'-1'", "0")),
        ({"explain": "perhaps"}, ("query.explain", "'perhaps'", "boolean")),
        ({"page": "2"}, ("query.page: unknown", "expected one of query")),
        ({"filters": "{"}, ("filters", "'{'", "expected JSON such as")),
        ({"filters": '{"field": "price", "gt": NaN}'}, ("filters", "NaN", "expected JSON")),
        ({"filters": '{"field": "price", "gt": 1e999}'}, ("filters",)),
        ({"filters": "[" * 5_000}, ("filters", "[[[", "JSON")),
    ],
)
def test_mistakes_in_a_query_string_are_named_as_well(
    shop: TestClient, parameters: dict[str, str], words: tuple[str, ...]
) -> None:
    detail = problem(shop.get(SEARCH, params=parameters), 400)
    for word in words:
        assert word in detail
    assert len(detail) < 1_000


def test_many_mistakes_and_long_names_do_not_make_a_long_answer(shop: TestClient) -> None:
    detail = problem(post(shop, {"k" * 500 + str(n): n for n in range(300)}), 400)
    assert "and 295 more" in detail
    assert len(detail) < 1_500
    field = "f" * 100_000
    detail = problem(post(shop, {"filters": {"field": field, "eq": 1}}), 400)
    assert "unknown field 'fff" in detail
    assert len(detail) < 1_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_while_it_arrives(
    shop: TestClient, *, chunked: bool
) -> None:
    body = b'{"query": "' + b"x" * MAX_BODY_BYTES + b'"}'
    pieces = (body[at : at + 10_000] for at in range(0, len(body), 10_000))
    response = shop.post(
        SEARCH,
        content=pieces if chunked else body,
        headers={"Content-Type": "application/json"},
    )
    assert "262,144 bytes" in problem(response, 413)


def test_the_documentation_needs_no_other_host(shop: TestClient) -> None:
    page = shop.get("/docs").text
    assert "://" not in page.replace("http://testserver", "")
    for path in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert shop.get(path).status_code == 200, path


def test_a_wrong_method_is_405_and_an_unknown_route_404(shop: TestClient) -> None:
    assert shop.put(SEARCH).status_code == 405
    assert shop.head("/v1/indexes").status_code == 405
    assert shop.get("/v1/nothing").status_code == 404


def test_a_body_that_is_not_declared_as_json_is_refused(shop: TestClient) -> None:
    response = shop.post(SEARCH, content='{"query": "x"}', headers={"Content-Type": "text/plain"})
    assert "JSON object" in problem(response, 400)


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**300, 10**320),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=8),
    st.text(st.characters(categories=["Cs"]), min_size=1, max_size=1),
)
_fields = st.sampled_from(["price", "brand", "product_type", "attributes.colour_family"])
_OPERATORS = ("eq", "any_of", "exists", "gt", "gte", "lt", "lte")
_operands = _scalars | st.lists(_scalars, max_size=3)


def _condition(field: object, operator: str, operand: object) -> dict[str, object]:
    return {"field": field, operator: operand}


_sensible = st.builds(_condition, _fields, st.sampled_from(_OPERATORS), _operands)
_conditions = _sensible | st.builds(_condition, _scalars, st.sampled_from(_OPERATORS), _operands)
_filters = st.recursive(
    _conditions | _scalars,
    lambda inner: st.dictionaries(
        st.sampled_from(["and", "or", "not"]), inner | st.lists(inner, max_size=3), max_size=2
    ),
    max_leaves=6,
)
_keys = st.sampled_from((*SearchRequest.model_fields, "field", *_OPERATORS, "and", "other"))
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)
_bodies = st.one_of(
    _json,
    st.binary(max_size=40),
    st.fixed_dictionaries(
        {},
        optional={
            "query": st.text(max_size=30),
            "limit": st.integers(0, 30),
            "offset": st.integers(0, 3_000),
            "filters": _filters,
            "explain": st.booleans(),
        },
    ),
)


@given(_bodies | st.fixed_dictionaries({"filters": _sensible}))
@settings(max_examples=400, deadline=None)
def test_whatever_is_posted_the_service_answers_or_says_what_is_wrong(
    demo: TestClient, body: object
) -> None:
    response = post(demo, body, DEMO)
    if response.status_code == 200:
        SearchResponse.model_validate_json(response.content, strict=True)
    else:
        problem(response, 400)


@given(st.text(min_size=1, max_size=60) | _filters.map(json.dumps), st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_whatever_is_in_a_query_string_the_service_answers_or_says_what_is_wrong(
    demo: TestClient, filters: str, query: str
) -> None:
    response = demo.get(DEMO, params={"filters": filters, "query": query})
    assert response.status_code in {200, 400}


# Not found.


@pytest.mark.parametrize(
    "path",
    [
        "/v1/indexes/nope/search",
        "/v1/indexes/SHOP/search",
        "/v1/indexes/%2e%2e%2fshop/search",
        "/v1/indexes/nope/products/c",
        "/v1/indexes/shop/products/nope",
        "/v1/indexes/shop/products/",
        "/v1/indexes/shop/products/%FF",
        "/v1/indexes/shop/products/%00",
        "/v1/nothing",
        "/nothing",
        "/..%2f..%2fapp.py",
        "/%2e%2e/app.py",
        "/%2fetc/passwd",
        "/%00",
        "/" + "x" * 5_000,
    ],
)
def test_what_is_not_there_is_a_404(shop: TestClient, path: str) -> None:
    problem(shop.get(path), 404)


def test_an_unknown_index_is_named_with_those_that_there_are(shop: TestClient) -> None:
    detail = problem(post(shop, {}, "/v1/indexes/nope/search"), 404)
    assert detail == "no index 'nope' is served here; there is: shop"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", SEARCH, "GET, POST"),
        ("GET", "/v1/indexes/shop/products", "PATCH"),
        ("POST", "/v1/indexes/shop/synonyms", "GET, PUT, DELETE"),
        ("TRACE", "/v1/indexes/shop/products/c", "GET"),
        ("POST", "/readyz", "GET, HEAD"),
        ("PUT", "/", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    shop: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = shop.request(method, path)
    problem(answer, 405)
    assert answer.headers["allow"] == allowed


def test_errors_are_documented_under_the_type_that_they_are_sent_with(shop: TestClient) -> None:
    document = shop.get("/openapi.json").json()
    described = [
        (status, response["content"])
        for path in document["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if "content" in response
    ]
    assert {status for status, content in described if PROBLEM in content} >= {"400", "404"}
    for status, content in described:
        assert len(content) == 1
        assert (PROBLEM in content) == ("Problem" in str(content)), status


# Products and indexes.


@pytest.mark.parametrize("product_id", [shoe["id"] for shoe in SHOES])
def test_a_product_is_answered_as_it_is_stored(shop: TestClient, product_id: str) -> None:
    response = shop.get(f"/v1/indexes/shop/products/{quote(product_id, safe='')}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.content == service_of(shop).product("shop", product_id)
    assert response.json()["id"] == product_id


def test_a_slash_in_an_id_may_be_written_as_such(shop: TestClient) -> None:
    assert shop.get("/v1/indexes/shop/products/a/b").json()["title"] == "Red shoe"


def test_the_indexes_are_listed_with_what_they_can_be_filtered_by(
    shop: TestClient, build: Build
) -> None:
    build([{"id": "1", "title": "Lamp", "voltage": 12}], "lamps")
    eventually(lambda: len(service_of(shop).indexes()) == 2)
    body = shop.get("/v1/indexes")
    listed = IndexList.model_validate_json(body.content, strict=True).indexes
    assert [info.index for info in listed] == ["lamps", "shop"]
    lamps, shoes = listed
    assert (lamps.products, lamps.fields, lamps.embedder) == (
        1,
        {"id": "text", **STANDARD, "attributes.voltage": "number"},
        "hashing-64",
    )
    assert (shoes.products, shoes.semantic) == (3, True)
    assert shoes.generation == service_of(shop).snapshot("shop").generation
    for name in shoes.fields:
        answer = post(shop, {"filters": {"field": name, "exists": True}})
        used = name not in STANDARD or name in {"price", "effective_price", "brand", "currency"}
        assert (answer.json()["total"] > 0) == used, name


# Operation.


def test_the_process_is_alive_even_with_nothing_to_serve(make_settings: MakeSettings) -> None:
    with client_of(make_settings()) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/v1/indexes").json() == {"indexes": []}
        assert "there is: none yet" in problem(client.get(SEARCH), 404)


def test_probes_may_ask_for_the_head_only(serve: Serve, make_settings: MakeSettings) -> None:
    with client_of(make_settings()) as client:
        assert client.head("/healthz").status_code == 200
        assert client.head("/readyz").status_code == 503
    with serve() as client:
        response = client.head("/readyz")
        assert (response.status_code, response.content) == (200, b"")


def test_readiness_follows_what_is_served(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    def ready(client: TestClient) -> tuple[int, bool, dict[str, str]]:
        response = client.get("/readyz")
        read = Readiness.model_validate_json(response.content, strict=True)
        return response.status_code, read.ready, read.indexes

    with client_of(make_settings()) as client:
        assert ready(client) == (503, False, {})
        first = build(SHOES).generation
        eventually(lambda: ready(client) == (200, True, {"shop": "ok"}))
        second = build(SHOES[:2], force=True).generation
    # Only now: to cut a file that is mapped and read from is a bus error.
    broken = layout.generation_dir(second) / "lexical.safetensors"
    content = broken.read_bytes()
    broken.write_bytes(content[:-1])
    with client_of(make_settings()) as client:
        status, is_ready, indexes = ready(client)
        assert (status, is_ready) == (200, True)
        assert indexes["shop"].startswith(
            f"serving {first}; refused {second}: generation {second} is damaged: lexical.safe"
        )
        assert counts(client, "searchsvc_generation_refused") == {("shop",): 1}
        assert str(layout.root) not in indexes["shop"]
        broken.write_bytes(content)
        eventually(lambda: ready(client) == (200, True, {"shop": "ok"}))
        assert counts(client, "searchsvc_generation_refused") == {("shop",): 0}


def test_a_damaged_pointer_shows_in_readiness(shop: TestClient, layout: IndexLayout) -> None:
    layout.current_file.write_text("?")
    eventually(lambda: shop.get("/readyz").json()["indexes"]["shop"] != "ok")
    response = shop.get("/readyz")
    assert response.status_code == 200
    assert "refused CURRENT: CURRENT of index 'shop' holds '?'" in response.text


def test_broken_at_the_start_with_nothing_else_is_503_everywhere_but_alive(
    build: Build, layout: IndexLayout, make_settings: MakeSettings
) -> None:
    only = build(SHOES).generation
    (layout.generation_dir(only) / "products.bin").unlink()
    with client_of(make_settings()) as client:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert f"serving nothing; refused {only}" in response.json()["indexes"]["shop"]
        for path in (SEARCH, "/v1/indexes/shop/products/c"):
            answer = client.get(path)
            assert "no generation that can be opened" in problem(answer, 503)
            assert answer.headers["Retry-After"] == "1"
        (info,) = client.get("/v1/indexes").json()["indexes"]
        assert info == {
            "index": "shop",
            "generation": None,
            "products": 0,
            "embedder": None,
            "semantic": False,
            "fields": {},
        }
        assert counts(client, "searchsvc_generation") == {("shop",): 0}
        assert client.get("/healthz").status_code == 200


def test_without_its_model_an_index_is_ready_and_says_that_it_has_words_only(
    build: Build, make_settings: MakeSettings
) -> None:
    class Other(HashingEmbedder):
        name = "not-installed"  # type: ignore[assignment]

    build(SHOES, embedder=Other(64))
    with client_of(make_settings()) as client:
        response = client.get("/readyz")
        assert response.status_code == 200
        assert "words only" in response.json()["indexes"]["shop"]
        assert post(client, {"query": "shoe"}).json()["degraded"]
        assert counts(client, "searchsvc_degraded_total") == {("shop", "no_model"): 1}


def test_metrics_count_what_happens(shop: TestClient) -> None:
    for query in ("shoe", "", "qqqq"):
        assert post(shop, {"query": query}).status_code == 200
    post(shop, {"limit": -1})
    post(shop, {}, "/v1/indexes/nope/search")
    shop.get("/v1/indexes/shop/products/c")
    response = shop.get("/metrics")
    assert response.headers["Content-Type"] == CONTENT_TYPE
    requests = counts(shop, "searchsvc_requests_total")
    search = "/v1/indexes/{index}/search"
    assert requests[search, "200"] == 3
    assert requests[search, "400"] == 1
    assert requests[search, "404"] == 1
    assert requests["/v1/indexes/{index}/products/{product_id:path}", "200"] == 1
    assert requests["/metrics", "200"] == 1
    assert counts(shop, "searchsvc_search_seconds_count") == {("shop",): 3}
    assert counts(shop, "searchsvc_stage_seconds_count")["lexical",] == 3
    assert counts(shop, "searchsvc_unmatched_queries_total") == {("shop",): 1}
    assert counts(shop, "searchsvc_products") == {("shop",): 3}
    assert counts(shop, "searchsvc_generation") == {("shop",): 1}


def test_labels_do_not_grow_with_what_is_asked_for(shop: TestClient) -> None:
    draw = random.Random(7)  # noqa: S311 - not for secrets
    shop.get("/")
    shop.get(SEARCH)
    before = {labels[0] for labels in counts(shop, "searchsvc_requests_total")}
    series = len(shop.get("/metrics").text.splitlines())
    for _ in range(100):
        word = "".join(draw.choices(string.ascii_letters + "/%{}", k=12))
        shop.get("/" + quote(word))
        shop.get(f"/v1/indexes/{quote(word, safe='')}/search")
        shop.get(f"/v1/indexes/shop/products/{quote(word, safe='')}")
    after = {labels[0] for labels in counts(shop, "searchsvc_requests_total")}
    assert after - before <= {
        "other",
        "/metrics",
        "/v1/indexes/{index}/products/{product_id:path}",
    }
    of_a_route = 20  # its histogram and its statuses
    assert len(shop.get("/metrics").text.splitlines()) < series + 3 * of_a_route


def test_metrics_forget_an_index_that_is_gone(shop: TestClient, layout: IndexLayout) -> None:
    shutil.rmtree(layout.root)
    eventually(lambda: counts(shop, "searchsvc_products") == {})
    assert counts(shop, "searchsvc_generation") == {}


def test_where_processes_share_their_metrics_an_index_that_is_gone_has_no_products(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Labels cannot be removed there; prometheus_client warns, and warnings are errors here.
    monkeypatch.setenv(MULTIPROCESS_VARIABLE, str(tmp_path))
    metrics = Metrics()
    metrics.dropped("shop")
    assert metrics.registry.get_sample_value("searchsvc_products", {"index": "shop"}) == 0


# Too much, too late, unexpected.


class Gate:
    """Searches that stand still until they are let go."""

    def __init__(self, service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.inside = 0
        self._lock = threading.Lock()
        search = service.search

        def blocked(index: str, query: Query, shopper: Shopper) -> Any:
            with self._lock:
                self.inside += 1
            assert self.open.wait(30)
            return search(index, query, shopper)

        monkeypatch.setattr(service, "search", blocked)


@pytest.mark.parametrize("waiting", [0, 1, 3])
def test_more_than_may_wait_are_refused_and_told_when_to_come_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    with serve(max_concurrent=1, max_waiting=waiting, max_wait_ms=60_000) as client:
        gate = Gate(service_of(client), monkeypatch)
        permits = client.app.state.context.permits  # type: ignore[attr-defined]
        with ThreadPoolExecutor(8) as pool:
            admitted = [pool.submit(client.get, SEARCH)]
            eventually(lambda: gate.inside == 1)
            for number in range(1, waiting + 1):
                admitted.append(pool.submit(client.get, SEARCH))
                eventually(lambda n=number: permits.waiting == n)  # type: ignore[misc]
            try:
                for _ in range(3):
                    refused = client.get(SEARCH)
                    detail = problem(refused, 503)
                    assert f"{waiting} requests are waiting" in detail
                    assert refused.headers["Retry-After"] in {"1", "2", "3"}
                # What needs no search is answered all the same.
                assert client.get("/healthz").status_code == 200
                assert client.get("/v1/indexes/shop/products/c").status_code == 200
            finally:
                gate.open.set()
            assert {future.result().status_code for future in admitted} == {200}
        assert counts(client, "searchsvc_overloaded_total") == {(): 3}
        assert counts(client, "searchsvc_requests_total")["/v1/indexes/{index}/search", "503"] == 3
        assert client.get(SEARCH).status_code == 200


class Slow(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__(64)
        self.wake = threading.Event()

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.wake.wait(30)
        return super().embed_query(text)


def _replace_embedder(client: TestClient, embedder: HashingEmbedder, timeout_ms: float) -> None:
    """Put `embedder` where the service keeps the one that it has opened."""
    embedders = service_of(client)._embedders  # noqa: SLF001 - no setting makes a model slow
    bounded = BoundedEmbedder(embedder, embedders._pool, timeout_ms)  # noqa: SLF001
    embedders._opened[embedder.fingerprint] = bounded  # noqa: SLF001


def test_a_model_that_is_late_costs_only_the_meaning(serve: Serve, build: Build) -> None:
    slow = Slow()
    with serve() as client:
        _replace_embedder(client, slow, timeout_ms=5)
        second = build(SHOES[:2], force=True).generation
        eventually(lambda: service_of(client).snapshot("shop").generation == second)
        body = post(client, {"query": "shoe"}).json()
        assert body["degraded"] == ["semantic: no query vector within 5 ms"]
        assert body["total"] == 2
        assert body["degraded_reasons"] == ["model_slow"]
        assert counts(client, "searchsvc_degraded_total") == {("shop", "model_slow"): 1}
        slow.wake.set()


def test_a_model_that_fails_costs_only_the_meaning(serve: Serve, build: Build) -> None:
    class Failing(HashingEmbedder):
        def embed_query(self, text: str) -> NDArray[np.float32]:
            raise RuntimeError(f"/secret: {text}")

    with serve() as client:
        _replace_embedder(client, Failing(64), timeout_ms=60_000)
        second = build(SHOES[:2], force=True).generation
        eventually(lambda: service_of(client).snapshot("shop").generation == second)
        response = post(client, {"query": "shoe", "explain": True})
        assert response.json()["degraded"] == [
            "semantic: the embedding model failed (RuntimeError)"
        ]
        assert "secret" not in response.text
        assert {hit["explain"]["similarity"] for hit in response.json()["hits"]} == {None}


@pytest.mark.parametrize("kind", [RuntimeError, EmbeddingUnavailableError, OSError])
def test_what_nobody_expected_is_a_500_without_details_logged_and_counted(
    shop: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: type[Exception],
) -> None:
    def fail(*_: object) -> None:
        raise kind("secret of /srv/shop")

    monkeypatch.setattr(service_of(shop), "search", fail)
    with caplog.at_level(logging.ERROR):
        response = shop.get(SEARCH)
    assert problem(response, 500) == "the service's log has the details"
    assert "secret" not in response.text
    assert f"GET {SEARCH} failed" in caplog.text
    assert "secret of /srv/shop" in caplog.text
    assert counts(shop, "searchsvc_requests_total") == {("/v1/indexes/{index}/search", "500"): 1}


# Documentation, pictures, page.


def test_every_route_is_documented_with_what_it_answers(shop: TestClient) -> None:
    document = shop.get("/openapi.json").json()
    expected = {
        (SEARCH.replace("shop", "{index}"), "get"),
        (SEARCH.replace("shop", "{index}"), "post"),
        ("/v1/indexes/{index}/products", "patch"),
        ("/v1/indexes/{index}/products/{product_id}", "get"),
        ("/v1/indexes/{index}/products/{product_id}/similar", "get"),
        ("/v1/indexes", "get"),
        *(
            (f"/v1/indexes/{{index}}/{name}", method)
            for name in ("synonyms", "ranking", "suggestions", "segments", "experiment")
            for method in ("get", "put", "delete")
        ),
        ("/v1/indexes/{index}/segments/names", "get"),
        ("/v1/indexes/{index}/preview", "post"),
        ("/v1/indexes/{index}/suggest", "get"),
        ("/v1/events", "post"),
        ("/v1/users/{token}", "get"),
        ("/v1/users/{token}", "delete"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    operations = {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == expected
    for (path, _), operation in operations.items():
        assert operation["summary"]
        assert operation["description"]
        assert "422" not in operation["responses"]  # never sent
        if path.startswith("/v1"):
            assert {"200", "400", "404", "503"} <= set(operation["responses"])
    assert "503" in operations["/readyz", "get"]["responses"]


def test_the_examples_of_the_documentation_are_answered(demo: TestClient) -> None:
    document = demo.get("/openapi.json").json()
    examples = document["components"]["schemas"]["SearchRequest"]["examples"]
    assert len(examples) >= 2
    for example in examples:
        response = demo.post(DEMO, json=example)
        assert response.status_code == 200, response.text
        assert response.json()["total"] > 0


def test_the_documented_answer_has_the_keys_of_an_answer(shop: TestClient) -> None:
    schemas = shop.get("/openapi.json").json()["components"]["schemas"]
    facet = {"field": "price", "ranges": [{"from": 15, "to": 25}]}
    body = post(
        shop,
        {
            "query": "shoe",
            "explain": True,
            "facets": [facet],
            "group_by": {"field": "brand", "others": 1},
            "highlight": ["title"],
            "snippets": {"title": 1},
        },
    ).json()
    hit = body["hits"][0]
    found = {
        "SearchResponse": body,
        "SearchHit": hit,
        "HitExplanation": hit["explain"],
        "HitGroup": hit["group"],
        "Highlight": hit["highlights"]["title"],
        "CountedFacet": body["facets"][0],
        "CountedValue": body["facets"][0]["values"][0],
        "FacetStatistics": body["facets"][0]["statistics"],
        "CountedRange": body["facets"][0]["ranges"][0],
    }
    for name, part in found.items():
        assert set(part) == set(schemas[name]["properties"]), name
    assert set(hit["snippets"]["title"]) == set(schemas["Highlight"]["properties"])


def test_the_documentation_page_is_there(shop: TestClient) -> None:
    assert "openapi.json" in shop.get("/docs").text


def test_a_picture_of_the_sample_is_drawn(shop: TestClient) -> None:
    response = shop.get("/sample/image/jacket/1f3A5f.svg")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/svg+xml"
    assert "max-age" in response.headers["Cache-Control"]
    assert response.content == product_image("jacket", "1f3A5f")


@pytest.mark.parametrize(
    ("kind", "colour"),
    [
        ("spaceship", "1f3a5f"),
        ("jacket", "<script>alert(1)</script>"),
        ("jacket", 'red" onload="alert(1)'),
        ("<svg>", "1f3a5f"),
        ("..", "1f3a5f"),
        ("jacket", "../../../app"),
        ("jacket", "red;x:url(http://example.org)"),
        ("jacket", ""),
        ("jacket", "1f3a5"),
        ("jacket", "1f3a5f0"),
        ("jacket", "1f3a5f\n"),
        ("jacket", "\x00"),
        ("", ""),
    ],
)
def test_a_picture_that_nobody_drew_is_a_404(shop: TestClient, kind: str, colour: str) -> None:
    path = f"/sample/image/{quote(kind, safe='')}/{quote(colour, safe='')}.svg"
    problem(shop.get(path), 404)


def test_every_picture_of_the_sample_catalogue_is_drawn(demo: TestClient) -> None:
    hits = demo.get(DEMO, params={"limit": 1_000}).json()["hits"]
    links = {hit["product"]["image_link"] for hit in hits}
    assert len(links) > 10
    for link in links:
        assert demo.get(link[link.index("/sample/") :]).status_code == 200


@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_the_page_is_revalidated_and_not_framed(shop: TestClient, path: str) -> None:
    response = shop.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    again = shop.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_environment_configures_the_application(
    build: Build, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(SHOES)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    with TestClient(app_from_environment()) as client:
        assert client.get(SEARCH).json()["total"] == 3
        assert gc.get_freeze_count() > 0
        # What the garbage collector passes over must go by itself when it is replaced.
        replaced = weakref.ref(service_of(client).snapshot("shop").products)
        second = build(SHOES[:2], force=True).generation
        eventually(lambda: client.get(SEARCH).json()["generation"] == second)
        eventually(lambda: replaced() is None)
    gc.unfreeze()


@given(limit=st.integers(0, 5), offset=st.integers(0, 5))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_total_does_not_depend_on_the_page(shop: TestClient, limit: int, offset: int) -> None:
    body = post(shop, {"limit": limit, "offset": offset}).json()
    assert body["total"] == 3
    assert [hit["id"] for hit in body["hits"]] == ["a/b", "c", "schön 1"][offset : offset + limit]

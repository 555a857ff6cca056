"""The direct way of a search answers as the documented way does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from searchsvc.http.app import create_app
from searchsvc.http.direct import DirectSearch
from searchsvc.http.guard import MAX_BODY_BYTES
from searchsvc.settings import Settings

DEMO = "/v1/indexes/demo/search"
DIRECT, DOCUMENTED = "application/json", "application/searchsvc+json"
OF_ITS_OWN = {"query_id", "took_ms", "request_id", "x-request-id", "content-length"}
"""What differs between two answers to the same question."""


@pytest.fixture(scope="module")
def demo(sample_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    service = Settings(
        data_dir=sample_data_dir,
        models_dir=tmp_path_factory.mktemp("models"),
        embed_timeout_ms=60_000,
    )
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, body: bytes, kind: str, path: str = DEMO) -> tuple[int, Any, Any]:
    response = client.post(path, content=body, headers={"content-type": kind})
    headers = {k: v for k, v in response.headers.items() if k not in OF_ITS_OWN}
    answer = response.json()
    return response.status_code, headers, {k: v for k, v in answer.items() if k not in OF_ITS_OWN}


def deviations(client: TestClient) -> int:
    """How many requests have gone the documented way so far."""
    return DETOURS[id(client.app)]


DETOURS: dict[int, int] = {}


@pytest.fixture(autouse=True)
def _count_detours(demo: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    (route,) = (it for it in demo.app.routes if isinstance(it, DirectSearch))  # type: ignore[attr-defined]
    documented = route._documented  # noqa: SLF001 - which way was taken is not to be seen outside
    DETOURS[id(demo.app)] = 0

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        DETOURS[id(demo.app)] += 1
        await documented(scope, receive, send)

    monkeypatch.setattr(route, "_documented", counted)


ORDINARY: list[bytes] = [
    orjson.dumps(body)
    for body in (
        {},
        {"query": "jacket", "limit": 3},
        {"query": "jacket", "facets": ["brand", {"field": "price"}], "highlight": ["title"]},
        {"query": "jaket", "filters": "price < 150", "sort": "price", "explain": False},
        {"query": "boots", "user": {"consent": True, "context": {"country": "DE"}}},
        {"query": "boots", "filters": {"field": "price", "lt": 1 << 60}},
        # What only the core can refuse is refused by the same table.
        {"query": "boots", "filters": "nothing = here"},
        {"query": "boots", "sort": "upwards"},
        {"query": "boots", "facets": ["nothing"]},
    )
]
UNUSUAL: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b'"jacket"',
    b"{",
    b'{"query": NaN}',
    b'{"sort_relevance": NaN}',
    b'{"query": "\\ud800"}',
    b'{"query": "\xff"}',
    '{"query": "jacket", "limit": 2}'.encode("utf-16"),
    b'{"query": "jacket", "limit": "10"}',
    b'{"query": "jacket", "limit": -1}',
    b'{"query": "jacket", "limit": 36893488147419103232}',
    b'{"query": "jacket", "limt": 10}',
    b'{"query": "jacket", "user": {"consent": "yes"}}',
    b"[" * 2_000,
    b'{"filters": {"field": "price", "lt": 1180591620717411303424}, "limit": "3"}',
]


@pytest.mark.parametrize("body", ORDINARY)
def test_an_ordinary_request_is_answered_directly_and_the_same(
    demo: TestClient, body: bytes
) -> None:
    direct = ask(demo, body, DIRECT)
    assert deviations(demo) == 0
    assert direct == ask(demo, body, DOCUMENTED)


@pytest.mark.parametrize("body", UNUSUAL)
def test_an_unusual_body_is_answered_the_same_way_as_ever(demo: TestClient, body: bytes) -> None:
    direct = ask(demo, body, DIRECT)
    assert deviations(demo) == 1
    assert direct == ask(demo, body, DOCUMENTED)


@pytest.mark.parametrize(
    ("kind", "directly"),
    [
        ("application/json; charset=utf-8", True),
        ("Application/JSON", True),
        ("application/json; charset=latin-1", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_what_is_not_labelled_as_usual_goes_the_documented_way(
    demo: TestClient, kind: str, *, directly: bool
) -> None:
    ask(demo, ORDINARY[1], kind)
    assert deviations(demo) == (0 if directly else 1)


@pytest.mark.parametrize(
    "path",
    ["/v1/indexes/shop/search", "/v1/indexes//search", "/v1/indexes/a/b/search", DEMO + "/"],
)
def test_other_paths_are_answered_as_ever(demo: TestClient, path: str) -> None:
    status, _, answer = ask(demo, ORDINARY[1], DIRECT, path)
    assert (status, answer) == ask(demo, ORDINARY[1], DOCUMENTED, path)[::2]
    assert status in {404, 405, 200}


def test_a_body_in_pieces_is_put_together(demo: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (ORDINARY[1][:5], b"", ORDINARY[1][5:])

    response = demo.post(DEMO, content=pieces(), headers={"content-type": DIRECT})
    assert len(response.json()["hits"]) == 3
    assert deviations(demo) == 0


def test_a_body_that_is_too_large_is_refused_with_the_same_words(demo: TestClient) -> None:
    body = orjson.dumps({"query": "x" * MAX_BODY_BYTES})
    direct = ask(demo, body, DIRECT)
    assert direct[0] == 413
    assert direct == ask(demo, body, DOCUMENTED)


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.disconnect"}],
        [
            {"type": "http.request", "body": b'{"que', "more_body": True},
            {"type": "http.disconnect"},
        ],
    ],
)
def test_a_client_that_leaves_is_not_answered(
    demo: TestClient, messages: list[dict[str, Any]]
) -> None:
    sent: list[Any] = []
    left = iter([*messages, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(left)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": DEMO,
        "raw_path": DEMO.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
    }
    asyncio.run(demo.app(scope, receive, send))
    assert b'"hits"' not in b"".join(message.get("body", b"") for message in sent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["query", "limit", "offset", "filters", "sort", "facets", "highlight", "fields", "user"]
)
PLAUSIBLE = st.sampled_from(
    ["jacket", 3, 0, True, [], ["brand"], {"consent": True}, "price", "price < 90", None]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.dictionaries(FIELDS, PLAUSIBLE | JSON, max_size=4))
def test_whatever_is_asked_both_ways_give_the_same_answer(
    demo: TestClient, body: dict[str, Any]
) -> None:
    text = json.dumps(body).encode()
    assert ask(demo, text, DIRECT) == ask(demo, text, DOCUMENTED)

"""Whole requests: any method, path, headers and body get an answer of a documented shape.

The first line is the method, the path and the query string; headers follow, and behind an empty
line the body, as in HTTP. Below ``/1/`` an error is as Algolia's clients read it, and a problem
document everywhere else.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from searchsvc.http.app import create_app
from tests.fuzz.shop import KEY, settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

SEEDS = (
    (
        b'POST /1/indexes/*/queries\nx-algolia-api-key: x\n\n{"requests": [{"indexName": "shop", '
        b'"query": "red", "facets": ["brand"]}, {"indexName": "shop", "params": "query=desk"}]}'
    ),
    (
        b'POST /1/indexes/*/objects\n\n{"requests": [{"indexName": "shop", "objectID": "p1", '
        b'"attributesToRetrieve": ["title", "attributes.rating"]}]}'
    ),
    b'POST /1/indexes/shop/query\ncontent-type: text/plain\n\n{"params": "query=red&page=0"}',
    b'POST /1/indexes/shop/facets/brand/query\n\n{"params": "facetQuery=a"}',
    b"GET /1/indexes/shop?query=red&hitsPerPage=3\n\n",
    b"GET /1/indexes/shop/p1?attributesToRetrieve=title\n\n",
    b"GET /1/indexes/shop_price_asc/settings\n\n",
    (
        b'POST /1/events\n\n{"events": [{"eventType": "view", "eventName": "x", "index": "shop", '
        b'"userToken": "u", "objectIDs": ["p1"]}]}'
    ),
    b"PATCH /1/indexes/shop/batch\n\n",
    (
        b'POST /v1/indexes/shop/search\ncontent-type: application/json\n\n{"query": '
        b'"red", "facets": '
        b'["brand"], "group_by": "item_group_id", "highlight": ["title"], "sort": "price"}'
    ),
    b"GET /v1/indexes/shop/search?query=red&filters=brand:HP&sort=price&explain=true\n\n",
    b"GET /v1/indexes/shop/suggest?q=re\n\n",
    b"GET /v1/indexes/shop/products/p1/similar?limit=3\n\n",
    b'GET /v1/indexes/shop/synonyms\nif-none-match: W/"abc", *\n\n',
    b"PUT /v1/indexes/shop/synonyms\nauthorization: Bearer " + KEY.encode() + b"\nif-match: "
    b'"none"\n\n{"sets": [["a", "b"]]}',
    b"HEAD /readyz\n\n",
    b"HEAD /\naccept-encoding: gzip\nrange: bytes=0-5\n\n",
    b"GET /sample/image/shoe/ff0000.svg\n\n",
    b"OPTIONS /v1/events\norigin: https://shop.example\naccess-control-request-method: POST\n\n",
    b"GET /%2e%2e/%2e%2e/etc/passwd\n\n",
)
_LEAKS = re.compile(rb"Traceback|site-packages|searchsvc-fuzz|SELECT .* FROM|sqlalchemy")
_FAILED = 400
_NOT_FUZZED = ("/v1/users", "/1/usertokens")  # wait a second for other processes


def target(data: bytes) -> None:
    """Send the request in `data`."""
    scope, body = _request(data)
    if scope is None or scope["path"].startswith(_NOT_FUZZED):
        return
    status, headers, answer = _loop().run_until_complete(_ask(_app(), scope, body))
    sent = f"{scope['method']} {scope['path']}"
    assert status != 500, f"{sent}: {answer!r}"
    if status < _FAILED or scope["method"] == "HEAD":
        return
    leak = _LEAKS.search(answer)
    assert leak is None or leak[0] in data, f"{sent} leaks {leak[0]!r}: {answer!r}"
    kind = headers[b"content-type"]
    if scope["path"].startswith("/1/"):
        assert kind == b"application/json", f"{sent}: {status} {kind!r} {answer!r}"
        assert orjson.loads(answer).keys() >= {"message", "status"}
    elif kind == b"application/problem+json":
        assert orjson.loads(answer).keys() >= {"type", "title", "status", "detail"}
    else:
        assert scope["path"] == "/readyz" or status == 400, f"{sent}: {status} {kind!r}"


def _request(data: bytes) -> tuple[dict[str, Any] | None, bytes]:
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, url = first.partition(b" ")
    raw_path, _, query = url.partition(b"?")
    if not re.fullmatch(rb"[A-Z]{1,10}", method) or not raw_path.startswith(b"/"):
        return None, b""  # no server passes it on
    raw_path = bytes(byte for byte in raw_path if 0x20 < byte < 0x7F)
    pairs = [line.partition(b":")[::2] for line in lines[:20]]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method.decode(),
        "scheme": "http",
        "path": unquote(raw_path.decode()),
        "raw_path": raw_path,
        "query_string": bytes(byte for byte in query if 0x20 < byte < 0x7F),
        "root_path": "",
        "headers": [(name.strip().lower(), value.strip()) for name, value in pairs if name],
        "client": ("127.0.0.1", 5),
        "server": ("testserver", 80),
    }, body


async def _ask(
    app: ASGIApp, scope: dict[str, Any], body: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not given:
            await asyncio.Event().wait()  # for a client that stays
        return given.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    await asyncio.wait_for(app(scope, receive, send), 30)
    start, *rest = sent
    return (
        start["status"],
        dict(start["headers"]),
        b"".join(part.get("body", b"") for part in rest),
    )


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


@functools.cache
def _app() -> ASGIApp:
    app = create_app(settings())
    lifespan = app.router.lifespan_context(app)
    _loop().run_until_complete(lifespan.__aenter__())
    atexit.register(lambda: _loop().run_until_complete(lifespan.__aexit__(None, None, None)))
    return app

"""Bodies that are too large, too late or compressed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from searchsvc.edge import Edge
from searchsvc.http.guard import Guard

EDGE = Edge(
    max_body_kib=1,
    max_events_kib=2,
    max_changes_kib=3,
    body_timeout_s=0.05,
    changes_timeout_s=0.3,
)


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def read(
    path: str,
    parts: Sequence[Message | float],
    headers: Sequence[tuple[bytes, bytes]] = (),
    kind: str = "http",
) -> bytes:
    """What an application reads of a body in `parts`; a number is a pause in seconds."""
    left = list(parts)
    found: list[bytes] = []

    async def receive() -> Message:
        message = left.pop(0)
        if isinstance(message, float):
            await asyncio.sleep(message)
            return await receive()
        return message

    async def application(_: Scope, receive: Receive, __: Send) -> None:
        more = True
        while more:
            message = await receive()
            found.append(message["body"])
            more = message["more_body"]
        if left:
            assert (await receive())["type"] == "http.disconnect"

    async def send(_: Message) -> None:
        raise AssertionError

    scope = {"type": kind, "path": path, "headers": list(headers)}
    asyncio.run(Guard(application, EDGE)(scope, receive, send))
    return b"".join(found)


@pytest.mark.parametrize(
    ("path", "kib", "setting"),
    [
        ("/v1/indexes/shop/search", 1, "SEARCHSVC_MAX_BODY_KIB"),
        ("/v1/events", 2, "SEARCHSVC_MAX_EVENTS_KIB"),
        ("/1/events", 2, "SEARCHSVC_MAX_EVENTS_KIB"),
        ("/v1/indexes/shop/products", 3, "SEARCHSVC_MAX_CHANGES_KIB"),
    ],
)
def test_a_limit_is_exact_and_named(path: str, kib: int, setting: str) -> None:
    body = b"x" * (kib * 1_024)
    assert read(path, [part(body)]) == body
    assert read(path, [part(body[:9], more=True), part(body[9:])]) == body
    length = (b"content-length", str(len(body) + 1).encode())
    for parts, headers in (
        ([], [length]),  # refused before it is read
        ([part(body + b"x")], []),
        ([part(body, more=True), part(b"x")], []),
    ):
        with pytest.raises(HTTPException, match=setting) as caught:
            read(path, parts, headers)
        assert caught.value.status_code == 413
        assert f"{len(body):,} bytes" in caught.value.detail


def test_a_body_has_its_time_as_a_whole(  # its parts may not start it anew
) -> None:
    dripping: list[Message | float] = [0.02, part(b"a", more=True)] * 5
    with pytest.raises(HTTPException, match=r"within 0\.05 seconds") as caught:
        read("/v1/events", [*dripping, part(b"a")])
    assert caught.value.status_code == 408
    assert caught.value.headers == {"Connection": "close"}
    assert read("/v1/indexes/shop/products", [*dripping, part(b"a")]) == b"aaaaaa"


def test_after_the_body_an_application_may_wait_for_the_end_of_the_connection() -> None:
    assert read("/v1/events", [part(b"a"), 0.1, {"type": "http.disconnect"}]) == b"a"


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate, gzip"])
def test_a_compressed_body_is_refused(coding: bytes) -> None:
    with pytest.raises(HTTPException) as caught:
        read("/v1/events", [part(b"a")], [(b"content-encoding", coding)])
    assert caught.value.status_code == 415
    assert caught.value.headers == {"Accept-Encoding": "identity"}
    assert read("/v1/events", [part(b"a")], [(b"content-encoding", b"identity")]) == b"a"


def test_what_is_no_http_request_is_passed_on() -> None:
    assert read("/v1/events", [part(b"x" * 9_999)], kind="lifespan")

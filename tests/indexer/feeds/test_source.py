from __future__ import annotations

import gzip
import io
import os
import socket
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx2
import pytest

from indexer.errors import FeedTruncatedError, FeedUnreadableError
from indexer.feeds import download
from indexer.feeds.download import (
    MAX_REDIRECTS,
    Validators,
    _is_inside,
    _redirected,
    _TimeLimit,
)
from indexer.feeds.reader import FeedFormat, FeedOptions, open_feed
from indexer.feeds.source import open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from .conftest import Server

FEED = b"id,title\n1,Sofa\n2,Lamp\n"
OPTIONS = FeedOptions()
Read = "Callable[[str, FeedOptions], Outcome]"


def test_a_file_tells_its_size_and_what_was_read_of_it(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv.gz"
    path.write_bytes(gzip.compress(FEED))
    with open_feed(str(path), OPTIONS) as feed:
        assert feed is not None
        assert (feed.format, feed.position) == (FeedFormat.CSV, 0)
        positions = [feed.position for _ in feed]
        assert positions == [2, 3]
        assert feed.bytes_read == feed.total_bytes == path.stat().st_size
        assert list(feed) == []


@pytest.mark.parametrize("name", ["absent.csv", ".", "nul\0.csv"])
def test_a_path_that_cannot_be_opened_is_unreadable(
    tmp_path: Path, name: str, read_location: Read
) -> None:
    outcome = read_location(f"{tmp_path}/{name}", OPTIONS)
    assert isinstance(outcome.error, FeedUnreadableError)
    assert "check the path" in str(outcome.error)


def test_a_file_that_fails_while_it_is_read_is_unreadable(
    monkeypatch: pytest.MonkeyPatch, read_location: Read
) -> None:
    def fail(_size: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(read=fail)))
    outcome = read_location("-", OPTIONS)
    assert "standard input" in str(outcome.error)
    assert "Input/output error" in str(outcome.error)


@pytest.mark.parametrize("gzipped", [False, True])
def test_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, read_location: Read, *, gzipped: bool
) -> None:
    data = gzip.compress(FEED) if gzipped else FEED
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert read_location("-", OPTIONS).ids == ["1", "2"]


def test_another_scheme_is_refused(read_location: Read) -> None:
    assert "expected a path" in str(read_location("ftp://shop.example/feed.csv", OPTIONS).error)


def test_a_download_is_read_with_its_validators_size_and_media_type(server: Server) -> None:
    body = gzip.compress(FEED)
    known = Validators('"v1"', "yesterday")
    headers = {"ETag": known.etag, "Last-Modified": known.last_modified}
    requests = server.answer("/feed", body, Content_Type="text/csv", **headers)
    with open_feed(f"{server.url}/feed", OPTIONS) as feed:
        assert feed is not None
        assert feed.validators == known
        assert feed.total_bytes == len(body)
        assert len(list(feed)) == 2
        assert feed.bytes_read == len(body)
    assert requests[0]["accept-encoding"] == "gzip"
    assert not requests[0].keys() & {"if-none-match", "if-modified-since"}


def test_a_body_compressed_for_the_transfer_is_read(server: Server, read_location: Read) -> None:
    server.answer("/feed.csv", gzip.compress(FEED), Content_Encoding="gzip")
    server.answer("/feed.csv.gz", gzip.compress(gzip.compress(FEED)), Content_Encoding="gzip")
    server.answer("/br.csv", FEED, Content_Encoding="br")
    assert read_location(f"{server.url}/feed.csv", OPTIONS).ids == ["1", "2"]
    assert read_location(f"{server.url}/feed.csv.gz", OPTIONS).ids == ["1", "2"]
    assert "Content-Encoding 'br'" in str(read_location(f"{server.url}/br.csv", OPTIONS).error)


def test_a_feed_that_has_not_changed_is_none(server: Server) -> None:
    requests = server.answer("/feed.csv", status=304)
    known = Validators('"v1"', "Mon, 01 Jan 2026 00:00:00 GMT")
    with open_feed(f"{server.url}/feed.csv", OPTIONS, known) as feed:
        assert feed is None
    assert requests[0]["if-none-match"] == known.etag
    assert requests[0]["if-modified-since"] == known.last_modified


def test_not_modified_without_a_condition_is_a_failure(
    server: Server, read_location: Read
) -> None:
    server.answer("/feed.csv", status=304)
    assert "304" in str(read_location(f"{server.url}/feed.csv", OPTIONS).error)


@pytest.mark.parametrize("status", [204, 206, 401, 404, 500])
def test_every_other_status_is_a_failure(server: Server, status: int, read_location: Read) -> None:
    server.answer("/feed.csv", b"", status)
    outcome = read_location(f"{server.url}/feed.csv?token=secret", OPTIONS)
    assert isinstance(outcome.error, FeedUnreadableError)
    assert f"answered {status}" in str(outcome.error)
    assert "secret" not in str(outcome.error)


def test_a_password_is_sent_but_not_shown(server: Server, read_location: Read) -> None:
    requests = server.answer("/feed.csv", b"", 403)
    outcome = read_location(f"{server.url}/feed.csv".replace("//", "//me:secret@"), OPTIONS)
    assert requests[0]["authorization"].startswith("Basic ")
    assert "secret" not in str(outcome.error)


def test_a_short_body_gives_its_complete_records_and_is_truncated(
    server: Server, read_location: Read
) -> None:
    server.answer("/feed.csv", FEED + b"3,Ch", Content_Length="1000")
    outcome = read_location(f"{server.url}/feed.csv", OPTIONS)
    assert outcome.ids == ["1", "2"]
    assert isinstance(outcome.error, FeedTruncatedError)


def test_a_body_larger_than_the_limit_is_refused(server: Server, read_location: Read) -> None:
    row = b"1,Sofa\n"
    server.answer("/feed.csv", b"id,title\n" + row * 100_000)
    outcome = read_location(f"{server.url}/feed.csv", FeedOptions(max_bytes=500_000))
    assert isinstance(outcome.error, FeedUnreadableError)
    assert "larger than 500,000 bytes" in str(outcome.error)
    assert 0 < len(outcome.products) <= 500_000 // len(row)


def test_redirects_are_followed_a_few_times(server: Server, read_location: Read) -> None:
    server.answer("/0", FEED, Content_Type="text/csv")
    for step in range(1, MAX_REDIRECTS + 2):
        server.answer(f"/{step}", b"x" * 100, 302, Location=f"/{step - 1}")
    assert read_location(f"{server.url}/{MAX_REDIRECTS}", OPTIONS).ids == ["1", "2"]
    outcome = read_location(f"{server.url}/{MAX_REDIRECTS + 1}", OPTIONS)
    assert "redirects more than 5 times" in str(outcome.error)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/", "http://[", "https:///"])
def test_a_redirect_to_something_else_is_refused(
    server: Server, target: str, read_location: Read
) -> None:
    server.answer("/feed", b"", 302, Location=target)
    outcome = read_location(f"{server.url}/feed", OPTIONS)
    assert isinstance(outcome.error, FeedUnreadableError)
    assert "cannot be fetched" in str(outcome.error)


@pytest.mark.parametrize("url", ["http://", "http://[/feed", "http://127.0.0.1:x/", "http://a b/"])
def test_a_malformed_url_is_unreadable(url: str, read_location: Read) -> None:
    assert isinstance(read_location(url, OPTIONS).error, FeedUnreadableError)


def test_a_server_that_is_not_there_is_unreadable(read_location: Read) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening
        outcome = read_location(f"http://127.0.0.1:{unused.getsockname()[1]}/f", OPTIONS)
    assert isinstance(outcome.error, FeedUnreadableError)


def drip(server: Server, start: bytes, piece: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while not server.is_closing.wait(0.02):
            handler.wfile.write(piece)

    return respond


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (OK, b"X-More: x\r\n"),
        (OK + b"Content-Length: 999999\r\n\r\n" + FEED, b"3,x\n"),
        (OK + b"\r\n" + FEED, b"3,x\n"),
        (OK + b"\r\n" + FEED, b""),
    ],
    ids=["headers", "body", "body without length", "silence"],
)
def test_the_whole_download_has_a_time_limit_however_it_drips(
    server: Server, start: bytes, piece: bytes, read_location: Read
) -> None:
    server.routes["/feed.csv"] = drip(server, start, piece)
    outcome = read_location(f"{server.url}/feed.csv", FeedOptions(timeout_seconds=0.3))
    assert isinstance(outcome.error, FeedUnreadableError)
    assert "within 0.3 seconds" in str(outcome.error)


def test_a_redirect_must_not_give_up_encryption() -> None:
    response = httpx2.Response(302)
    response.next_request = httpx2.Request("GET", "http://shop.example/feed.csv")
    with pytest.raises(httpx2.UnsupportedProtocol, match="from https to http"):
        _redirected(httpx2.Request("GET", "https://shop.example/feed.csv"), response)


def test_a_server_outside_must_not_redirect_inside(
    server: Server, read_location: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds: list[bool] = []
    monkeypatch.setattr(download, "_is_inside", lambda _: kinds.pop(0))
    inner = server.answer("/inner", FEED, Content_Type="text/csv")
    server.answer("/feed", b"", 302, Location="/inner")
    kinds += [False, True]
    outcome = read_location(f"{server.url}/feed", OPTIONS)
    assert isinstance(outcome.error, FeedUnreadableError)
    assert "redirects to 127.0.0.1, which is inside of this network" in str(outcome.error)
    assert "give the URL that it redirects to" in str(outcome.error)
    assert inner == []
    for allowed in ([True, True], [True, False], [False, False]):
        kinds += allowed
        assert read_location(f"{server.url}/feed", OPTIONS).ids == ["1", "2"]
        assert kinds == []


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("192.168.0.9", True),
        ("100.64.0.1", True),
        ("0.1.2.3", True),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2606:4700::1111", False),
    ],
)
def test_what_is_inside_of_a_network(address: str, *, is_inside: bool) -> None:
    assert _is_inside(address) is is_inside


def test_a_connection_that_is_closed_again_leads_nowhere() -> None:
    def gone(_name: str) -> None:
        raise OSError(107, "not connected")

    reach = download._Reach("a feed")  # noqa: SLF001 - a connection reset at the right moment
    stream = SimpleNamespace(get_extra_info=gone)
    reach.watch("connection.connect_tcp.complete", {"return_value": stream})


def test_a_connection_made_when_time_is_up_is_cut() -> None:
    limit = _TimeLimit(0.0)
    ours, theirs = socket.socketpair()
    with ours, theirs, limit:
        limit._timer.join()  # noqa: SLF001 - instead of waiting for some time
        stream = SimpleNamespace(get_extra_info=lambda _name: ours)
        limit.watch("connection.connect_tcp.complete", {"return_value": stream})
        assert theirs.recv(1) == b""


def test_a_redirect_that_comes_too_late_is_not_followed(
    server: Server, read_location: Read
) -> None:
    def wait_and_redirect(handler: BaseHTTPRequestHandler) -> None:
        server.is_closing.wait(0.02)
        handler.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: /feed.csv\r\n\r\n")

    server.routes["/feed.csv"] = wait_and_redirect
    outcome = read_location(f"{server.url}/feed.csv", FeedOptions(timeout_seconds=0.05))
    assert isinstance(outcome.error, FeedUnreadableError)


def test_a_file_of_the_same_size_and_time_has_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b"{}\n")
    with open_source(str(path), Validators(), 1) as source:
        assert source is not None
        version = source.validators
    assert version != Validators()
    with open_source(str(path), version, 1) as source:
        assert source is None
    os.utime(path, (1, 1))
    with open_source(str(path), version, 1) as source:
        assert source is not None
        assert b"".join(source.read(10)) == b"{}\n"


def test_a_pipe_has_no_version(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"{}\n",))
    writer.start()
    with open_source(str(path), Validators("0-0"), 1) as source:
        assert source is not None
        assert (source.validators, source.total_bytes) == (Validators(), None)
        assert b"".join(source.read(10)) == b"{}\n"
    writer.join()

"""The download of a feed over HTTP."""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any

import httpx2

from indexer.errors import FeedError, FeedTruncatedError, FeedUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_REDIRECTS = 5

_MAX_SILENCE_SECONDS = 60.0
_ACCEPTED_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip"})


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said about a feed's version, to ask later whether it has changed."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """A feed on its way.

    Attributes:
        chunks: the body as sent, gzip not undone.
        validators: of this version.
        media_type: the Content-Type.
        total_bytes: the Content-Length, if the server told.
    """

    chunks: Iterator[bytes]
    validators: Validators
    media_type: str
    total_bytes: int | None


def public_name(url: str) -> str:
    """The URL as messages show it: without password and query, which may hold secrets."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return "the feed's URL"
    return str(parsed.copy_with(userinfo=b"", query=None, fragment=None))


@contextmanager
def download(
    url: str, validators: Validators, timeout_seconds: float
) -> Iterator[Download | None]:
    """Fetch a feed with a GET request; None if it has not changed since `validators`.

    Args:
        url: http or https.
        validators: of the version that the caller has; empty ones fetch it anyway.
        timeout_seconds: from the start to the last byte, the time that the caller takes between
            two chunks included.

    Raises:
        FeedUnreadableError: the server cannot be reached, answers anything but the feed, is
            outside and redirects to inside of this network, or time is up; also from the chunks.
        FeedTruncatedError: from the chunks, when the connection ends before the feed does.
    """
    limit = _TimeLimit(timeout_seconds)
    silence = min(timeout_seconds, _MAX_SILENCE_SECONDS)
    with limit, httpx2.Client(timeout=silence) as client:
        response = _get(client, url, validators, limit)
        try:
            if response.status_code == httpx2.codes.NOT_MODIFIED:
                yield None
            else:
                yield Download(
                    chunks=_body(response, public_name(url), limit),
                    validators=Validators(
                        etag=response.headers.get("etag", ""),
                        last_modified=response.headers.get("last-modified", ""),
                    ),
                    media_type=response.headers.get("content-type", ""),
                    total_bytes=_content_length(response),
                )
        finally:
            response.close()


class _Reach:
    """Keeps a server outside of this network from having us ask one inside of it.

    It goes by the addresses that connections are made to, not by names, which their owner may let
    stand for anything. A proxy that is asked instead is the first that a connection is made to.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_inside: bool | None = None

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Look at a new connection, before anything is sent.

        Raises:
            FeedUnreadableError: it leads inside, and the first one did not.
        """
        if not event.endswith(".connect_tcp.complete"):
            return
        try:
            address = str(info["return_value"].get_extra_info("server_addr")[0])
        except OSError:  # it is closed again: nothing is sent there
            return
        is_inside = _is_inside(address)
        if self._is_inside is None:
            self._is_inside = is_inside
        if is_inside and not self._is_inside:
            info["return_value"].close()
            raise FeedUnreadableError(
                f"{self._name} redirects to {address}, which is inside of this network, and is "
                "itself outside of it; if that is where the feed should come from, give the URL "
                "that it redirects to"
            )


def _is_inside(address: str) -> bool:
    """Whether an address is not one of the internet: loopback, private, link-local, reserved."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return not parsed.is_global


class _TimeLimit:
    """Cuts all connections of a download when its time is up, whatever they wait for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._lock = Lock()
        self._sockets: list[socket.socket] = []
        self._timer = Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_exception: object) -> None:
        self._timer.cancel()
        self._sockets.clear()

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Note a new connection; the client calls this for every step of a request."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._lock:
                self._sockets.append(info["return_value"].get_extra_info("socket"))
                if self.is_over:
                    self._cut()

    def _expire(self) -> None:
        with self._lock:
            self.is_over = True
            self._cut()

    def _cut(self) -> None:
        for connection in self._sockets:
            # Not the TLS socket's own method, which would reset its state under the reader.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _get(
    client: httpx2.Client, url: str, validators: Validators, limit: _TimeLimit
) -> httpx2.Response:
    """The answer to the request, after redirects; its body is still to come."""
    headers = {"Accept-Encoding": "gzip", "Accept": "*/*"}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    reach = _Reach(public_name(url))

    def watch(event: str, info: Mapping[str, Any]) -> None:
        reach.watch(event, info)
        limit.watch(event, info)

    try:
        request = client.build_request("GET", url, headers=headers, extensions={"trace": watch})
        for _ in range(MAX_REDIRECTS + 1):
            response = client.send(request, stream=True, follow_redirects=False)
            if not response.has_redirect_location:
                return _checked(
                    response, public_name(url), is_conditional=validators != Validators()
                )
            response.close()  # its body may be of any size
            request = _redirected(request, response)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        raise _failure(error, public_name(url), limit) from error
    raise FeedUnreadableError(
        f"{public_name(url)} redirects more than {MAX_REDIRECTS} times; give the final URL"
    )


def _redirected(request: httpx2.Request, response: httpx2.Response) -> httpx2.Request:
    following = response.next_request
    if following is None or following.url.scheme not in {"http", "https"}:
        raise httpx2.UnsupportedProtocol("it redirects to something else than http or https")
    if request.url.scheme == "https" and following.url.scheme == "http":
        raise httpx2.UnsupportedProtocol("it redirects from https to http")
    return following


def _checked(response: httpx2.Response, name: str, *, is_conditional: bool) -> httpx2.Response:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    status = response.status_code
    is_expected = status == httpx2.codes.OK or (
        status == httpx2.codes.NOT_MODIFIED and is_conditional
    )
    if is_expected and encoding in _ACCEPTED_ENCODINGS:
        return response
    response.close()
    if is_expected:
        raise FeedUnreadableError(
            f"{name} is sent with Content-Encoding {encoding!r}, expected gzip or none"
        )
    raise FeedUnreadableError(
        f"{name} answered {status} {response.reason_phrase}, expected 200 OK; "
        "check the URL and its credentials"
    )


def _body(response: httpx2.Response, name: str, limit: _TimeLimit) -> Iterator[bytes]:
    try:
        yield from response.iter_raw()
    except httpx2.HTTPError as error:
        raise _failure(error, name, limit, is_body=True) from error
    if limit.is_over:  # a body without a length ends wherever it is cut
        raise _failure(httpx2.ReadTimeout(""), name, limit)


def _failure(
    error: Exception, name: str, limit: _TimeLimit, *, is_body: bool = False
) -> FeedError:
    if limit.is_over or isinstance(error, httpx2.TimeoutException):
        return FeedUnreadableError(
            f"{name} was not fetched within {limit.seconds:g} seconds, or sent nothing for "
            f"{_MAX_SILENCE_SECONDS:g}; raise it with --timeout or try again later"
        )
    if is_body:
        return FeedTruncatedError(
            f"{name} was cut off ({error}); fetch the feed again, or use --force to take what "
            "was read"
        )
    return FeedUnreadableError(f"{name} cannot be fetched: {error}; check the URL and the server")


def _content_length(response: httpx2.Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() else None

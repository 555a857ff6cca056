"""The headers that tell a browser what an answer may not be used for.

What comes from here is data, the storefront's pages with their files, pictures, or the
documentation of the API, and each says for itself what it needs. Data needs nothing: if a browser
is made to show it as a page, it may load nothing, run nothing and stand in no frame. Pages load
and run their own files only; their pictures are an exception, since a feed may name any host's.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src * data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Of the storefront's pages; `img-src` is open since products' pictures are anywhere."""
PICTURE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
)
"""Of pictures, which as SVG could run scripts when they are opened by themselves."""
_DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_DOCUMENTATION_POLICY: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src 'self' data:; worker-src blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_DOCUMENTATION = ("/docs", "/redoc")
_PAGES = b"text/html"
_SHARED = ("/v1/", "/1/", "/sample/")  # what pages of other origins are for
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Within this origin a page may see whence it was called, so that keys for certain pages work.
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", _DATA_POLICY.encode()),
    (b"cache-control", b"no-store"),  # an answer depends on its key, and may on the shopper
)
_OF_PAGES = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_SECURE = (b"strict-transport-security", b"max-age=31536000")
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """Middleware that adds what a route has not said of its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith(_DOCUMENTATION):
            send = _Documentation(send).send

        defaults = _defaults(path, is_secure=scope["scheme"] == "https")

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                is_page = given.get(b"content-type", b"").startswith(_PAGES)
                wanted = (*defaults, *_OF_PAGES) if is_page else defaults
                lacking = [header for header in wanted if header[0] not in given]
                message["headers"] = [*message["headers"], *lacking]
            await send(message)

        await self._app(scope, receive, labelled)


def _defaults(path: str, *, is_secure: bool) -> tuple[tuple[bytes, bytes], ...]:
    """What an answer has that does not say otherwise."""
    shared = b"cross-origin" if path.startswith(_SHARED) else b"same-origin"
    defaults = (*_ALWAYS, (b"cross-origin-resource-policy", shared))
    return (*defaults, _SECURE) if is_secure else defaults


class _Documentation:
    """Waits for a page of the documentation, to permit the scripts that it has, and no others.

    The page is made by the framework, with a script that sets it up; its text changes with the
    framework's version, so that its digest is taken from the page itself.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """Send a part of the answer, or keep its start until the page is there."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            scripts = "".join(
                f" 'sha256-{b64encode(sha256(script).digest()).decode()}'"
                for script in _INLINE.findall(message.get("body", b""))
            )
            policy = _DOCUMENTATION_POLICY.format(scripts=scripts)
            MutableHeaders(scope=self._start)["Content-Security-Policy"] = policy
            await self._send(self._start)
            self._start = None
        await self._send(message)

"""Referrers: patterns of the addresses of pages that may send a key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from searchsvc.errors import BadKeyError

_PATTERN: Final = re.compile(
    r"(?:(https?)://)?(\*\.)?([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/.*)?",
    re.IGNORECASE | re.DOTALL,
)
_MAX_CHARACTERS: Final = 500
_ANY_PATH: Final = "/*"
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Referrer:
    """Pages of one host.

    Host and path are compared each by itself: a pattern for one host never fits the address of
    another, whatever that has in its path.

    Attributes:
        scheme: of their addresses; ``None`` for both.
        host: theirs.
        below: whether the hosts below `host` are meant instead.
        port: theirs; ``None`` for any.
        path: a pattern (`fnmatch`) of their paths.
    """

    scheme: str | None
    host: str
    below: bool
    port: int | None
    path: str

    @classmethod
    def parse(cls, text: str) -> Referrer:
        """The pattern `text`: ``shop.example``, ``*.shop.example``, ``https://shop.example/de/*``.

        Without a path all pages of the host are meant, without a port those at any.

        Raises:
            BadKeyError: it is none.
        """
        match = _PATTERN.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
        if match is None:
            raise BadKeyError(
                f"referrer: found {text[:80]!r}, expected a host such as shop.example, "
                "*.shop.example for those below it, or https://shop.example/de/*"
            )
        scheme, below, host, _, port, path = match.groups()
        return cls(
            scheme.lower() if scheme else None,
            host.lower().strip("[]"),
            below is not None,
            int(port[1:]) if port else None,
            path if path and path != "/" else _ANY_PATH,
        )

    @property
    def has_path(self) -> bool:
        """Whether only some pages of the host are meant.

        Other origins are told the pages' host alone under the policy that browsers have by
        default (``strict-origin-when-cross-origin``), so that none of them is.
        """
        return self.path != _ANY_PATH

    def fits(self, address: str) -> bool:
        """Whether the page at `address`, as a browser names it, is one of them."""
        try:
            page = urlsplit(address[: 8 * _MAX_CHARACTERS])
            host = (page.hostname or "").lower()
            port = page.port or _PORTS.get(page.scheme)
        except ValueError:
            return False
        if page.scheme not in _PORTS or self.scheme not in (None, page.scheme):
            return False
        if self.port not in (None, port):
            return False
        named = host.endswith(f".{self.host}") if self.below else host == self.host
        return named and fnmatchcase(page.path or "/", self.path)

"""A draft: what is asked of a new key, and the key that comes of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from searchsvc.errors import BadKeyError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.referrers import Referrer
from searchsvc.keys.role import Role
from searchsvc.keys.secret import Secret

MAX_TITLE: Final = 200
MAX_RATE: Final = 1e6

_INDEX = re.compile(r"[A-Za-z0-9_.*?\[\]!-]{1,200}")
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?|\*")


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """What is asked of a key; see `ApiKey`."""

    roles: frozenset[Role]
    title: str = ""
    indexes: tuple[str, ...] = ()
    referrers: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    expires_ms: int | None = None
    rate: float | None = None
    rate_per_address: float | None = None

    def key(self, now_ms: int) -> tuple[ApiKey, Secret]:
        """The key, and the secret that nobody but its holder is going to have.

        Args:
            now_ms: the time, in milliseconds since 1970.

        Raises:
            BadKeyError: it would be no use, or not what its maker believes.
        """
        self._check(now_ms)
        secret = Secret.new()
        key = ApiKey(
            id=secret.id,
            digest=secret.digest,
            roles=self.roles,
            title=self.title,
            created_ms=now_ms,
            indexes=self.indexes,
            referrers=self.referrers,
            origins=tuple(origin.lower().rstrip("/") for origin in self.origins),
            expires_ms=self.expires_ms,
            rate=self.rate,
            rate_per_address=self.rate_per_address,
        )
        return key, secret

    def _check(self, now_ms: int) -> None:
        if not self.roles:
            raise BadKeyError(f"a key needs a role; expected one or more of {', '.join(Role)}")
        if len(self.title) > MAX_TITLE or not self.title.isprintable():
            raise BadKeyError(f"title: expected at most {MAX_TITLE} printable characters")
        if self.expires_ms is not None and self.expires_ms <= now_ms:
            raise BadKeyError("the key would have expired already; give a time to come")
        self._check_patterns()
        for rate in (self.rate, self.rate_per_address):
            if rate is not None and not 0 <= rate <= MAX_RATE:
                raise BadKeyError(
                    f"rate: found {rate:g}, expected requests per second up to {MAX_RATE:,.0f}, "
                    "or 0 for no bound"
                )

    def _check_patterns(self) -> None:
        for pattern in self.indexes:
            if not _INDEX.fullmatch(pattern):
                raise BadKeyError(
                    f"index: found {pattern[:80]!r}, expected a name or a pattern such as shop-*"
                )
        for pattern in self.referrers:
            Referrer.parse(pattern)
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin.lower().rstrip("/")):
                raise BadKeyError(
                    f"origin: found {origin[:80]!r}, expected one such as https://shop.example, "
                    "or * for all"
                )

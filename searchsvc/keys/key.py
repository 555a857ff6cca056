"""An API key as it is stored: everything about it but its secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.keys.role import Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key.

    Attributes:
        id: names it in lists, logs and the audit log; says nothing of the secret.
        digest: SHA-256 of the secret, 32 bytes. A secret has more than 64 characters, so that
            HMAC-SHA256 takes this digest for its key (RFC 2104, 2): scoped keys that were derived
            from the secret can be checked without it.
        roles: what it may do.
        title: for people.
        created_ms: when it was made, in milliseconds since 1970.
        indexes: patterns of names (`fnmatch`) of the indexes that it is for; none for all.
        referrers: patterns of the addresses of pages that may send it; none for all.
        origins: of pages whose scripts may read what it is answered (CORS); none for all.
        expires_ms: it holds before then; ``None`` for ever.
        revoked_ms: it holds no more since then.
        rate: requests per second with it; ``None`` as the service is set, 0 without bound.
        rate_per_address: requests per second of each address that sends it; likewise.
    """

    id: str
    digest: bytes
    roles: frozenset[Role]
    title: str
    created_ms: int
    indexes: tuple[str, ...] = ()
    referrers: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    expires_ms: int | None = None
    revoked_ms: int | None = None
    rate: float | None = None
    rate_per_address: float | None = None

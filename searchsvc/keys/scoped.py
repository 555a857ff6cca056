"""Scoped keys: a key narrowed by whoever holds it, without asking the service.

::

    base64(hex(HMAC-SHA256(secret, parameters)) + parameters)

This is the form that Algolia's clients give their secured keys, so that these can make ours. The
parameters are those of a URL: ``filters``, ``restrictIndices``, ``restrictSources``,
``userToken`` and ``validUntil``. What else a client may put there would not be enforced, and a
key with it does not hold.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

import orjson

from searchsvc.errors import (
    BadFilterError,
    BadKeyError,
    ForbiddenError,
    NotPermittedError,
)
from searchsvc.events.token import parse_token
from searchsvc.keys.role import Role
from searchsvc.keys.secret import SECRET, digest_of
from searchsvc.query.filters import parse_filter_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from searchsvc.keys.key import ApiKey
    from searchsvc.query.filters import Filter

Network = IPv4Network | IPv6Network

MAX_CHARACTERS: Final = 8_192
"""Of a scoped key; a longer one is refused before it is looked at."""
PARENT_ROLES: Final = frozenset({Role.SEARCH, Role.EVENTS})
"""A key with any other role cannot be narrowed: filters and users mean nothing there."""
UNKNOWN: Final = (
    "the key is not known here, or it was revoked; 'searchsvc keys list' shows those that hold"
)

_SIGNATURE_DIGITS = 64
_SIGNATURE = re.compile(rb"[0-9a-f]{64}")
_INDEX_PATTERN = re.compile(r"[A-Za-z0-9_.*-]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_MAX_PARTS = 1_000
_MS = 1_000


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What a scoped key may do less than its parent; nothing of it ever widens anything.

    Attributes:
        filters: which products exist for it, as the string grammar or JSON has it.
        user: the token of the only user that it may name.
        indexes: patterns of names of the indexes that it is for; none for its parent's.
        valid_until: seconds since 1970 at which it ceases to hold.
        sources: networks of the addresses that may send it; none for all.
        scope: `filters`, parsed.
    """

    filters: str | None = None
    user: str | None = None
    indexes: tuple[str, ...] = ()
    valid_until: int | None = None
    sources: tuple[Network, ...] = ()
    scope: Filter | None = field(init=False)

    def __post_init__(self) -> None:
        """Check them.

        Raises:
            BadKeyError: one of them is malformed, and could not be enforced.
        """
        object.__setattr__(self, "scope", _scope(self.filters))
        if self.user is not None:
            try:
                parse_token(self.user)
            except ValueError as error:
                raise BadKeyError(f"userToken: {error}") from None
        for pattern in self.indexes:
            if not _INDEX_PATTERN.fullmatch(pattern):
                raise BadKeyError(
                    f"restrictIndices: found {pattern[:80]!r}, expected names of indexes, in "
                    "which * stands for any characters"
                )

    def holds_at(self, now_ms: int) -> bool:
        """Whether its time is not over, in milliseconds since 1970."""
        return self.valid_until is None or now_ms < self.valid_until * _MS

    def admits(self, address: str | None) -> bool:
        """Whether it may be sent from `address`; from an unknown one only without `sources`."""
        if not self.sources:
            return True
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        return any(_plain(found) in network for network in self.sources)

    def parameters(self) -> str:
        """What the stock clients write for them."""
        found: dict[str, str] = {}
        if self.filters is not None:
            found["filters"] = self.filters
        if self.indexes:
            found["restrictIndices"] = ",".join(self.indexes)
        if self.sources:
            found["restrictSources"] = ",".join(map(str, self.sources))
        if self.user is not None:
            found["userToken"] = self.user
        if self.valid_until is not None:
            found["validUntil"] = str(self.valid_until)
        return urlencode(found, quote_via=quote)


def derive(secret: str, restrictions: Restrictions) -> str:
    """A scoped key of the key with `secret`; the service need not be asked.

    Raises:
        BadKeyError: `secret` is none: scoped keys of scoped keys do not exist.
    """
    if not SECRET.fullmatch(secret):
        raise BadKeyError(
            "found no secret to derive a key from, expected the one that 'searchsvc keys create' "
            "printed: ssk_, 12 digits, _ and 64 digits. A scoped key cannot be narrowed again."
        )
    parameters = restrictions.parameters().encode()
    signature = hmac.digest(digest_of(secret), parameters, "sha256").hex().encode()
    text = base64.b64encode(signature + parameters).decode()
    if len(text) > MAX_CHARACTERS:
        raise BadKeyError(
            f"the key would have {len(text):,} characters, expected at most {MAX_CHARACTERS:,}; "
            "use a shorter filter"
        )
    return text


def open_scoped(text: str, keys: Iterable[ApiKey]) -> tuple[ApiKey, Restrictions]:
    """Of which of `keys` the scoped key `text` was derived, and what it may do.

    Whether the parent holds, and its and the restrictions' times and addresses, is left to whoever
    asks. It costs an HMAC for each of `keys`.

    Raises:
        NotPermittedError: it was derived of none of them, or is no scoped key at all.
        ForbiddenError: it was, but it is malformed or has what cannot be enforced.
    """
    signature, parameters = _parts(text)
    for key in keys:
        if hmac.compare_digest(hmac.digest(key.digest, parameters, "sha256"), signature):
            return key, _restrictions(parameters, key)
    raise NotPermittedError(UNKNOWN)


def _parts(text: str) -> tuple[bytes, bytes]:
    """The signature, 32 bytes, and the parameters.

    Raises:
        NotPermittedError: it is no scoped key.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotPermittedError(
            f"the key has {len(text):,} characters, expected at most {MAX_CHARACTERS:,}; derive a "
            "scoped key with a shorter filter"
        )
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotPermittedError(UNKNOWN) from None
    signature = decoded[:_SIGNATURE_DIGITS]
    if not _SIGNATURE.fullmatch(signature):
        raise NotPermittedError(UNKNOWN)
    return bytes.fromhex(signature.decode()), decoded[_SIGNATURE_DIGITS:]


def _restrictions(parameters: bytes, key: ApiKey) -> Restrictions:
    """Those that a signature stands for.

    Raises:
        ForbiddenError: they cannot be enforced.
    """
    if not key.roles <= PARENT_ROLES:
        raise ForbiddenError(
            "scoped keys can be derived only of keys with no other roles than search and events"
        )
    try:
        return _parsed(parameters)
    except (BadKeyError, BadFilterError) as error:
        raise ForbiddenError(f"the scoped key does not hold: {error}") from error


def _parsed(parameters: bytes) -> Restrictions:
    try:
        pairs = parse_qsl(
            parameters.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(parameters),
            errors="strict",
            max_num_fields=len(_READERS) + 1,
        )
    except ValueError:
        raise BadKeyError("its parameters are malformed, expected those of a URL") from None
    given: dict[str, object] = {}
    for name, value in pairs:
        reader = _READERS.get(name)
        if reader is None:
            raise BadKeyError(
                f"it has the parameter {name[:80]!r}, which is not enforced here; expected only "
                f"{', '.join(_READERS)}"
            )
        attribute, read = reader
        if attribute in given:
            raise BadKeyError(f"{name}: found twice")
        if not value.strip():
            raise BadKeyError(f"{name}: found nothing; leave it out where nothing is meant")
        given[attribute] = read(value)
    return Restrictions(**given)  # type: ignore[arg-type] # each by its reader


def read_sources(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks that `texts` name, such as ``192.0.2.0/24`` or a single address.

    Raises:
        BadKeyError: one of them is no network.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError:
            raise BadKeyError(
                f"restrictSources: found {text[:80]!r}, expected an address or a network such as "
                "192.0.2.0/24"
            ) from None
    return tuple(found)


def _listed(text: str) -> Sequence[str]:
    """The parts of a list: with commas, or as JSON, as older clients write it."""
    if not text.startswith("["):
        return [part.strip() for part in text.split(",", _MAX_PARTS)]
    try:
        parts = orjson.loads(text)
    except orjson.JSONDecodeError:
        parts = None
    if not isinstance(parts, list) or not parts or not all(isinstance(it, str) for it in parts):
        raise BadKeyError("found a malformed list, expected names with commas between them")
    return parts


def _seconds(text: str) -> int:
    if not _SECONDS.fullmatch(text):
        raise BadKeyError(f"validUntil: found {text[:80]!r}, expected seconds since 1970")
    return int(text)


def _scope(filters: str | None) -> Filter | None:
    if filters is None:
        return None
    scope = parse_filter_text(filters)
    if scope is None:
        raise BadKeyError("filters: found nothing; leave it out where nothing is meant")
    return scope


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address, without the wrapping that a socket for both families gives it."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "filters": ("filters", str),
    "restrictIndices": ("indexes", lambda text: tuple(_listed(text))),
    "restrictSources": ("sources", lambda text: read_sources(_listed(text))),
    "userToken": ("user", str),
    "validUntil": ("valid_until", _seconds),
}
"""The attribute of `Restrictions` of each parameter, and how it is read."""

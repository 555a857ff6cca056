"""Scoped keys and user tokens: a text that is none is refused, whatever it is made of."""

from __future__ import annotations

import base64
import hmac

from searchsvc.errors import ForbiddenError, NotPermittedError
from searchsvc.events.token import parse_token
from searchsvc.keys.key import ApiKey
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import open_scoped
from searchsvc.keys.secret import digest_of

_SECRET = "ssk_0123456789ab_" + 64 * "c"
_DIGEST = digest_of(_SECRET)
_KEYS = [ApiKey("0123456789ab", _DIGEST, frozenset({Role.SEARCH}), "storefront", 0)]
SEEDS = (
    b"\x00filters=brand%3AHP&userToken=u&validUntil=1800000000&restrictIndices=shop,a*",
    b"\x00restrictSources=192.0.2.0%2F24,::1",
    b"\x00filters=%7B%22field%22%3A%22brand%22%7D",
    b"\x01" + base64.b64encode(b"0" * 64 + b"filters=x"),
    b"\x01" + _SECRET.encode(),
)


def target(data: bytes) -> None:
    """Open a key with the parameters behind the first byte, or the text itself as a key."""
    if data[:1] == b"\x01":
        text = data[1:].decode("utf-8", "replace")
    else:
        signature = hmac.digest(_DIGEST, data[1:], "sha256").hex().encode()
        text = base64.b64encode(signature + data[1:]).decode()
    try:
        _, restrictions = open_scoped(text, _KEYS)
        restrictions.admits("192.0.2.1")
        restrictions.holds_at(1)
        parse_token(text)
    except (NotPermittedError, ForbiddenError, ValueError):
        return  # as it is documented

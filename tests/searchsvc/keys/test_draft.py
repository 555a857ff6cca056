"""What is asked of a new key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from searchsvc.errors import BadKeyError
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.role import Role

NOW = 1_000_000
DRAFT = KeyDraft(
    roles=frozenset({Role.SEARCH}),
    title="storefront",
    indexes=("shop-*", "demo"),
    referrers=("shop.example",),
    origins=("https://Shop.example/", "http://localhost:5173", "http://[::1]:80", "*"),
    expires_ms=NOW + 1,
    rate=20.5,
    rate_per_address=0.0,
)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"roles": frozenset()}, "needs a role; expected one or more of search, events"),
    ({"title": "x" * 201}, "title: expected at most 200"),
    ({"title": "a\nb"}, "printable"),
    ({"indexes": ("a b",)}, "index: found 'a b'"),
    ({"indexes": ("",)}, "index: found ''"),
    ({"referrers": ("https://shop*.example",)}, "referrer: found"),
    ({"origins": ("shop.example",)}, "origin: found 'shop.example', expected one such as"),
    ({"origins": ("https://shop.example/de",)}, "origin: found"),
    ({"expires_ms": NOW}, "expired already"),
    ({"rate": -1.0}, "rate: found -1"),
    ({"rate": float("nan")}, "rate: found nan"),
    ({"rate_per_address": float("inf")}, "rate: found inf"),
]


def test_a_key_is_what_was_asked_for_and_knows_its_secret_by_the_digest() -> None:
    key, secret = DRAFT.key(NOW)
    assert (key.id, key.digest, key.created_ms) == (secret.id, secret.digest, NOW)
    for name in ("roles", "title", "indexes", "referrers", "expires_ms", "rate"):
        assert getattr(key, name) == getattr(DRAFT, name)
    assert key.rate_per_address == 0.0
    assert key.origins == ("https://shop.example", "http://localhost:5173", "http://[::1]:80", "*")
    assert secret.text not in repr(key)


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_would_be_no_use_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadKeyError, match=message):
        replace(DRAFT, **change).key(NOW)

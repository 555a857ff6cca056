"""Patterns of the pages that may send a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import BadKeyError
from searchsvc.keys.referrers import Referrer

FITS = [
    ("shop.example", "https://shop.example/"),
    ("shop.example", "http://shop.example"),
    ("shop.example", "https://SHOP.example:8443/de/sofas?page=2#top"),
    ("Shop.Example", "https://shop.example/"),
    ("https://shop.example", "https://shop.example/de"),
    ("https://shop.example/", "https://shop.example/de"),
    ("https://shop.example:443", "https://shop.example/de"),
    ("http://shop.example:80", "http://shop.example/"),
    ("shop.example:8000", "http://shop.example:8000/"),
    ("*.shop.example", "https://www.shop.example/"),
    ("*.shop.example", "https://a.b.shop.example/"),
    ("shop.example/de/*", "https://shop.example/de/sofas"),
    ("shop.example/de", "https://shop.example/de?page=2"),
    ("[::1]:8000", "http://[::1]:8000/"),
    ("localhost", "http://localhost:5173/"),
]
FITS_NOT = [
    ("shop.example", "https://shop.example.evil.example/"),
    ("shop.example", "https://evil.example/shop.example/"),
    ("shop.example", "https://evil.example/?https://shop.example/"),
    ("shop.example", "https://shop.example@evil.example/"),
    ("shop.example", "https://evilshop.example/"),
    ("shop.example", "https://www.shop.example/"),
    ("*.shop.example", "https://shop.example/"),
    ("*.shop.example", "https://evilshop.example/"),
    ("*.shop.example", "https://evil.example/x.shop.example/"),
    ("https://shop.example", "http://shop.example/"),
    ("shop.example:8000", "http://shop.example/"),
    ("shop.example/de/*", "https://shop.example/en/de/"),
    ("shop.example/de", "https://shop.example/de/sofas"),
    ("shop.example", "ftp://shop.example/"),
    ("shop.example", "shop.example"),
    ("shop.example", "https://shop.example:99999999/"),
    ("shop.example", "https://["),
    ("shop.example", ""),
]


@pytest.mark.parametrize(("pattern", "address"), FITS)
def test_pages_of_the_host_fit(pattern: str, address: str) -> None:
    assert Referrer.parse(pattern).fits(address)


@pytest.mark.parametrize(("pattern", "address"), FITS_NOT)
def test_other_pages_do_not_fit(pattern: str, address: str) -> None:
    assert not Referrer.parse(pattern).fits(address)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "https://",
        "shop*.example",
        "*shop.example",
        "ftp://shop.example",
        "a b",
        "x" * 501,
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadKeyError, match="referrer: found"):
        Referrer.parse(pattern)


@given(st.text(max_size=60))
def test_no_address_breaks_a_pattern_or_names_another_host(path: str) -> None:
    pattern = Referrer.parse("shop.example")
    assert not pattern.fits(f"https://evil.example/{path}")
    assert not pattern.fits(f"https://evil.example?{path}")
    pattern.fits(path)

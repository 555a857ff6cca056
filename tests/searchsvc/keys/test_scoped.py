"""Scoped keys: those of the stock Python client hold, and nothing that is not enforced does."""

from __future__ import annotations

import base64
import hmac
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

import pytest
from algoliasearch.search.client import SearchClientSync
from algoliasearch.search.models import SecuredApiKeyRestrictions
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.errors import BadFilterError, BadKeyError, ForbiddenError, NotPermittedError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import MAX_CHARACTERS, Restrictions, derive, open_scoped, read_sources
from searchsvc.keys.secret import Secret
from searchsvc.query.filters import parse_filter_text

SECRETS = [Secret.new() for _ in range(5)]


def key_of(secret: Secret, *roles: Role) -> ApiKey:
    return ApiKey(secret.id, secret.digest, frozenset(roles or {Role.SEARCH}), "", 0)


KEYS = [key_of(secret) for secret in SECRETS]
SECRET, KEY = SECRETS[3], KEYS[3]


def stock(restrictions: dict[str, Any] | SecuredApiKeyRestrictions | None) -> str:
    """What the stock client makes."""
    client = SearchClientSync("app", SECRET.text)
    made: str = client.generate_secured_api_key(SECRET.text, restrictions)
    return made


def signed(parameters: str | bytes) -> str:
    """A scoped key with any parameters, well-formed or not."""
    raw = parameters.encode() if isinstance(parameters, str) else parameters
    signature = hmac.new(SECRET.text.encode(), raw, "sha256").hexdigest()
    return base64.b64encode(signature.encode() + raw).decode()


def opened(text: str) -> Restrictions:
    key, restrictions = open_scoped(text, KEYS)
    assert key is KEY
    return restrictions


# What the stock clients make


def test_the_restrictions_of_the_stock_client_are_understood() -> None:
    made = stock(
        {
            "filters": 'tenant:"A + B & Söhne" AND price > 10',
            "userToken": "user-42",
            "restrictIndices": ["shop-*", "demo"],
            "restrictSources": "192.0.2.0/24",
            "validUntil": 1_800_000_000,
        }
    )
    assert opened(made) == Restrictions(
        filters='tenant:"A + B & Söhne" AND price > 10',
        user="user-42",
        indexes=("shop-*", "demo"),
        valid_until=1_800_000_000,
        sources=(ip_network("192.0.2.0/24"),),
    )
    assert opened(made).scope == parse_filter_text('tenant:"A + B & Söhne" AND price > 10')


def test_the_restrictions_of_its_own_type_are_understood() -> None:
    named = {"filters": "brand:Acme", "userToken": "u1", "validUntil": 5}
    made = stock(SecuredApiKeyRestrictions.from_dict(named))
    assert opened(made) == Restrictions(filters="brand:Acme", user="u1", valid_until=5)


def test_a_filter_among_its_search_parameters_counts() -> None:
    made = stock({"searchParams": {"filters": "brand:Acme"}})
    assert opened(made) == Restrictions(filters="brand:Acme")


def test_a_key_without_restrictions_is_its_parent() -> None:
    assert opened(stock(None)) == Restrictions()
    assert opened(signed("")) == Restrictions()


tokens = st.from_regex(r"[A-Za-z0-9_=/+.-]{1,129}", fullmatch=True)
names = st.from_regex(r"[A-Za-z0-9_.*-]{1,20}", fullmatch=True)
values = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters='"\\'))
networks = st.ip_addresses().map(ip_network)
restrictions_given = st.builds(
    Restrictions,
    filters=st.none() | values.map(lambda value: f'brand:"x{value}"'),
    user=st.none() | tokens,
    indexes=st.lists(names, max_size=3).map(tuple),
    valid_until=st.none() | st.integers(0, 10**12 - 1),
    sources=st.lists(networks, max_size=3).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(restrictions_given)
def test_what_is_derived_is_what_the_stock_client_makes_and_is_read_back(
    given_restrictions: Restrictions,
) -> None:
    text = derive(SECRET.text, given_restrictions)
    wanted = {
        "filters": given_restrictions.filters,
        "userToken": given_restrictions.user,
        "restrictIndices": list(given_restrictions.indexes) or None,
        "restrictSources": ",".join(map(str, given_restrictions.sources)) or None,
        "validUntil": given_restrictions.valid_until,
    }
    assert text == stock({name: value for name, value in wanted.items() if value is not None})
    assert opened(text) == given_restrictions


def test_lists_may_be_json_as_older_clients_write_them() -> None:
    assert opened(signed("restrictIndices=" + quote('["a","b-*"]'))).indexes == ("a", "b-*")


# What does not hold


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 100,
        "ä" * 100,
        "AAAA",
        "=" * 88,
        SECRET.text,
        base64.b64encode(b"g" * 64).decode(),
        base64.b64encode(b"A" * 64).decode(),
        base64.b64encode(b"0" * 64 + b"filters=brand%3AAcme").decode(),
        "A" * MAX_CHARACTERS,
    ],
)
def test_what_nobody_signed_is_unknown(text: str) -> None:
    with pytest.raises(NotPermittedError, match="not known here, or it was revoked"):
        open_scoped(text, KEYS)


def test_a_key_of_an_unknown_parent_is_unknown() -> None:
    text = derive(Secret.new().text, Restrictions(user="u1"))
    with pytest.raises(NotPermittedError, match="not known here"):
        open_scoped(text, KEYS)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_key_that_was_changed_anywhere_does_not_hold(data: st.DataObject) -> None:
    made = base64.b64decode(stock({"filters": "brand:Acme", "userToken": "u1"}))
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != made[at]))
    changed = made[:at] + bytes([other]) + made[at + 1 :]
    with pytest.raises(NotPermittedError):
        open_scoped(base64.b64encode(changed).decode(), KEYS)


UNENFORCED = [
    ("hitsPerPage=5", "the parameter 'hitsPerPage', which is not enforced here; expected only"),
    ("filters=a%3Ab&facetFilters=c%3Ad", "the parameter 'facetFilters'"),
    ("referers=shop.example", "the parameter 'referers'"),
    ("Filters=a%3Ab", "the parameter 'Filters'"),
    ("filters=a%3Ab&filters=c%3Ad", "filters: found twice"),
    ("filters=", "filters: found nothing"),
    ("filters=%20", "filters: found nothing"),
    ("userToken=", "userToken: found nothing"),
    ("restrictIndices=", "restrictIndices: found nothing"),
    ("filters=a%20AND", "filters"),
    ("filters=" + quote('{"field": "a"'), "expected JSON"),
    ("userToken=" + quote("a@shop.example"), "userToken: found an e-mail address"),
    ("userToken=a%20b", "userToken: expected 1 to 129"),
    ("restrictIndices=shop%5B12%5D", "restrictIndices: found 'shop"),
    ("restrictIndices=a%2C%2Cb", "restrictIndices: found ''"),
    ("restrictIndices=" + quote("[1]"), "malformed list"),
    ("restrictIndices=" + quote("[]"), "malformed list"),
    ("restrictIndices=" + quote('["a"'), "malformed list"),
    ("restrictSources=everywhere", "restrictSources: found 'everywhere', expected an address"),
    ("restrictSources=192.0.2.0%2F33", "restrictSources"),
    ("validUntil=soon", "validUntil: found 'soon', expected seconds"),
    ("validUntil=-1", "validUntil"),
    ("validUntil=1.5", "validUntil"),
    ("validUntil=%D9%A1", "validUntil"),
    ("filters", "malformed"),
    ("filters=%FF", "malformed"),
    (b"filters=\xc3\xa4%3Ab", "malformed"),
    ("&".join(f"a{number}=1" for number in range(9)), "malformed"),
]


@pytest.mark.parametrize(("parameters", "message"), UNENFORCED, ids=repr)
def test_what_cannot_be_enforced_is_refused_and_named(
    parameters: str | bytes, message: str
) -> None:
    with pytest.raises(ForbiddenError, match="the scoped key does not hold: ") as caught:
        open_scoped(signed(parameters), KEYS)
    assert message in str(caught.value)


@pytest.mark.parametrize("role", [Role.INDEX, Role.METRICS, Role.ADMIN])
def test_keys_with_other_roles_have_no_scoped_keys(role: Role) -> None:
    parent = key_of(SECRET, Role.SEARCH, role)
    with pytest.raises(ForbiddenError, match="only of keys with no other roles"):
        open_scoped(stock({"filters": "brand:Acme"}), [parent])


def test_a_scoped_key_cannot_be_narrowed_again() -> None:
    first = derive(SECRET.text, Restrictions(user="u1"))
    with pytest.raises(BadKeyError, match="cannot be narrowed again"):
        derive(first, Restrictions(user="u2"))
    second = SearchClientSync("app", "k").generate_secured_api_key(first, {"userToken": "u2"})
    with pytest.raises(NotPermittedError):
        open_scoped(second, KEYS)


def test_a_key_that_is_too_long_is_told_so_and_not_looked_at() -> None:
    text = base64.b64encode(b"0" * 64 + b"filters=" + b"a" * MAX_CHARACTERS).decode()
    with pytest.raises(NotPermittedError, match=r"has 11,020 characters, expected at most 8,192"):
        open_scoped(text, [])
    with pytest.raises(NotPermittedError, match="not known here"):
        open_scoped(text[:MAX_CHARACTERS], [])


def test_a_key_that_would_be_too_long_is_not_made() -> None:
    with pytest.raises(BadKeyError, match="expected at most 8,192; use a shorter filter"):
        derive(SECRET.text, Restrictions(filters=f'brand:"{"x" * 7_000}"'))


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": " "},
        {"filters": ""},
        {"user": "a b"},
        {"indexes": ("a,b",)},
        {"indexes": ("shop?",)},
    ],
)
def test_what_could_not_be_enforced_is_not_made_either(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadKeyError, match="found|expected"):
        Restrictions(**wrong)


def test_a_malformed_filter_is_not_made() -> None:
    with pytest.raises(BadFilterError):
        Restrictions(filters="brand:")


# Time and addresses


def test_it_holds_before_its_time_is_over_and_no_longer() -> None:
    until = Restrictions(valid_until=100)
    assert until.holds_at(99_999)
    assert not until.holds_at(100_000)
    assert Restrictions().holds_at(2**60)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("192.0.2.1", True),
        ("::ffff:192.0.2.1", True),
        ("192.0.3.1", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("testclient", False),
        ("", False),
        (None, False),
    ],
)
def test_only_its_sources_may_send_it(address: str | None, *, admitted: bool) -> None:
    sources = read_sources(["192.0.2.7/24", " 2001:db8::/32"])
    assert Restrictions(sources=sources).admits(address) is admitted
    assert Restrictions().admits(address)

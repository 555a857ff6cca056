"""Secured keys that the stock JavaScript clients make are scoped keys here."""

from __future__ import annotations

import json
import subprocess
from ipaddress import ip_network
from typing import Any

import pytest

from searchsvc.keys.key import ApiKey
from searchsvc.keys.role import Role
from searchsvc.keys.scoped import Restrictions, derive, open_scoped
from searchsvc.keys.secret import Secret
from tests.conformance.toolchain import HERE, program

SECRET = Secret.new()
KEY = ApiKey(SECRET.id, SECRET.digest, frozenset({Role.SEARCH}), "", 0)
GIVEN: dict[str, Any] = {
    "filters": 'tenant:"Söhne & Co + 1" AND price > 10',
    "userToken": "user-42",
    "restrictIndices": ["shop-*", "demo"],
    "restrictSources": "192.0.2.0/24",
    "validUntil": 1_800_000_000,
}
MEANT = Restrictions(
    filters='tenant:"Söhne & Co + 1" AND price > 10',
    user="user-42",
    indexes=("shop-*", "demo"),
    valid_until=1_800_000_000,
    sources=(ip_network("192.0.2.0/24"),),
)
MAKERS = {
    "algoliasearch": """
        import { algoliasearch } from "algoliasearch";
        const make = (parentApiKey, restrictions) =>
          algoliasearch("app", parentApiKey).generateSecuredApiKey({ parentApiKey, restrictions });
    """,
    "algoliasearch4": """
        import algoliasearch4 from "algoliasearch4";
        const make = (parentApiKey, restrictions) =>
          algoliasearch4("app", parentApiKey).generateSecuredApiKey(parentApiKey, restrictions);
    """,
}
PRINT = "console.log(make(process.env.PARENT, JSON.parse(process.env.RESTRICTIONS)));"


def made(client: str, restrictions: dict[str, Any]) -> str:
    done = subprocess.run(
        [program("node"), "--input-type=module", "--eval", MAKERS[client] + PRINT],
        cwd=HERE,
        env={"PARENT": SECRET.text, "RESTRICTIONS": json.dumps(restrictions)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("client", MAKERS)
def test_what_a_stock_client_makes_is_understood(client: str) -> None:
    key, restrictions = open_scoped(made(client, GIVEN), [KEY])
    assert key is KEY
    assert restrictions == MEANT


@pytest.mark.usefixtures("installed")
def test_what_is_derived_here_is_what_the_current_client_makes() -> None:
    """But for the marks that JavaScript does not escape, which no restriction of ours needs."""
    plain = {"filters": "brand:Acme", "restrictIndices": "shop-*", "userToken": "u1"}
    meant = Restrictions(filters="brand:Acme", indexes=("shop-*",), user="u1")
    text = made("algoliasearch", plain)
    assert open_scoped(text, [KEY])[1] == open_scoped(derive(SECRET.text, meant), [KEY])[1]

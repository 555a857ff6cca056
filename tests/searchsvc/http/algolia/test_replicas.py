"""Names of indexes that ask for another order."""

from __future__ import annotations

import pytest

from searchsvc.http.algolia.replicas import Replica, read_replica

INDEXES = {"shop", "shop_old", "a_price_asc"}


@pytest.mark.parametrize(
    ("name", "replica"),
    [
        ("shop", Replica("shop")),
        ("shop_old", Replica("shop_old")),
        ("a_price_asc", Replica("a_price_asc")),
        ("shop:price:asc", Replica("shop", "price:asc")),
        ("shop:-rating,price", Replica("shop", "-rating,price")),
        ("shop/sort/price:desc", Replica("shop", "price:desc")),
        ("shop_price_asc", Replica("shop", "price:asc", is_guess=True)),
        ("shop_sale_price_desc", Replica("shop", "sale_price:desc", is_guess=True)),
        ("shop_bestselling", Replica("shop", "bestselling", is_guess=True)),
        ("shop_newest", Replica("shop", "newest", is_guess=True)),
        ("shop_old_price_asc", Replica("shop_old", "price:asc", is_guess=True)),
        ("shop_old_newest", Replica("shop_old", "newest", is_guess=True)),
        ("foo", None),
        ("foo:price:asc", None),
        ("shop:", None),
        ("shop_", None),
        ("shop_asc", None),
        ("shop__asc", None),
        ("shop_query_suggestions", None),
        ("", None),
    ],
)
def test_a_name_is_an_index_and_an_order(name: str, replica: Replica | None) -> None:
    assert read_replica(name, INDEXES) == replica

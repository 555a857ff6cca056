"""What fields are worth in shops where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from searchsvc.learning.learn import learn
from tests.searchsvc.learning.shop import Shoppers, purchases, shuffled

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.learned.model import TraitField
    from searchsvc.state.interactions import Interactions


def fields(given: Interactions, shop: Snapshot) -> dict[str, TraitField]:
    return {field.name: field for field in learn(given, shop, 0).fields}


def used(given: Interactions, shop: Snapshot) -> set[str]:
    return {name for name, field in fields(given, shop).items() if field.in_use}


def test_what_shoppers_choose_by_is_found_in_the_order_of_its_worth(shop: Snapshot) -> None:
    found = fields(purchases(Shoppers(count=300, brand=3.0, colour=1.5)), shop)
    assert found["brand"].in_use
    assert found["color"].in_use
    assert found["brand"].weight > found["color"].weight > 0
    assert found["id"].weight < found["color"].weight


def test_buying_again_is_found_where_shoppers_do(shop: Snapshot) -> None:
    found = fields(purchases(Shoppers(again=4.0)), shop)
    assert found["id"].in_use
    assert found["id"].weight > 1


def test_buying_again_is_worth_nothing_where_products_are_bought_once(shop: Snapshot) -> None:
    found = fields(purchases(Shoppers(brand=3.0, once=True)), shop)
    assert found["brand"].in_use
    assert not found["id"].in_use
    assert found["id"].weight == pytest.approx(0, abs=0.1)


def test_shops_without_tastes_are_as_seldom_misled_as_is_promised(shop: Snapshot) -> None:
    misled = [seed for seed in range(25) if used(purchases(Shoppers(count=100), seed), shop)]
    assert len(misled) <= 2  # one in forty is expected


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_shoppers_leave_nothing_in_use(shop: Snapshot, seed: int) -> None:
    given = purchases(Shoppers(count=150, orders=6, brand=3.0, again=2.0))
    assert "brand" in used(given, shop)
    assert used(shuffled(given, seed), shop) == set()


def test_a_season_that_all_shoppers_share_is_no_taste(shop: Snapshot) -> None:
    given = purchases(Shoppers(count=150))
    # From the middle on the shop sells the later half of its products only.
    late = given.times_ms > np.median(given.times_ms)
    products = given.products // 2 + np.where(late, len(given.product_ids) // 2, 0)
    seasonal = type(given)(
        given.users,
        products.astype(np.int32),
        given.kinds,
        given.times_ms,
        given.quantities,
        given.user_keys,
        given.product_ids,
    )
    assert used(seasonal, shop) == set()


def test_a_few_shoppers_prove_nothing(shop: Snapshot) -> None:
    few = fields(purchases(Shoppers(count=19, orders=40, brand=4.0)), shop)
    assert not any(field.in_use for field in few.values())
    assert all(field.weight == 0 for field in few.values())
    assert "brand" in used(purchases(Shoppers(count=60, orders=20, brand=4.0)), shop)

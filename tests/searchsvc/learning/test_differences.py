"""Differences between groups: what is told is certain, and never of a few people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from searchsvc.learning import holdings as holdings_module
from searchsvc.learning.differences import (
    LEAST_PEOPLE,
    LEAST_PURCHASES,
    LEAST_RATIO,
    differences,
    is_large_enough,
)
from searchsvc.learning.evidence import Evidence
from searchsvc.learning.holdings import Holdings
from searchsvc.learning.learn import learn
from tests.searchsvc.learning.shop import BRANDS, RECORDS, Shoppers, purchases

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot
    from searchsvc.state.interactions import Interactions

IN_GROUPS = Shoppers(count=180, brand=2.5, groups=3)


def holdings(given: Interactions, shop: Snapshot) -> Holdings:
    evidence = Evidence.of(given, shop)
    return Holdings.of(learn(given, shop, 0), evidence.pairs(math.inf), len(given.user_keys))


def group(count: int, of: int = 3, number: int = 0) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.arange(count) % of == number


def test_holdings_are_what_counting_by_hand_gives(shop: Snapshot) -> None:
    given = purchases(Shoppers(count=12, orders=3))
    found = holdings(given, shop)
    table: dict[tuple[int, str], int] = {}
    for user, product in zip(given.users.tolist(), given.products.tolist(), strict=True):
        record = next(it for it in RECORDS if it["id"] == given.product_ids[product])
        table[user, record["brand"]] = table.get((user, record["brand"]), 0) + 1
    counted = {
        (user, found.model.values[trait]): count
        for user, trait, count in zip(
            found.users.tolist(), found.traits.tolist(), found.counts.tolist(), strict=True
        )
        if found.model.values[trait] in BRANDS
    }
    assert counted == table
    np.testing.assert_allclose(found.totals, 6)  # every product has every field
    np.testing.assert_allclose(found.purchases, 6)


@pytest.mark.parametrize("at_once", [1, 7, 30])
def test_holdings_are_the_same_in_any_blocks(
    shop: Snapshot, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    given = purchases(Shoppers(count=12, orders=3))
    whole = holdings(given, shop)
    monkeypatch.setattr(holdings_module, "_AT_ONCE", at_once)
    parts = holdings(given, shop)
    for name in ("users", "traits", "counts", "totals", "purchases"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name))


def test_the_brand_of_a_group_is_found_with_its_ratio(shop: Snapshot) -> None:
    given = purchases(IN_GROUPS)
    found = holdings(given, shop)
    inside = group(180)
    first = differences(found, inside)[0]
    assert (first.field, first.value) == ("brand", "Acme")
    acme = np.array([RECORDS[int(it[1:])]["brand"] == "Acme" for it in given.product_ids])
    bought, theirs = acme[given.products], inside[given.users]
    expected = bought[theirs].mean() / bought[~theirs].mean()
    assert first.ratio == pytest.approx(expected, rel=0.05)
    assert LEAST_RATIO < first.low < first.ratio < first.high
    # A group buys at most three of one product by one person that count.
    assert first.purchases <= int(bought[theirs].sum())
    assert first.people <= 60
    assert "Bolt" not in {it.value for it in differences(found, inside)}


def test_what_no_product_says_by_itself_is_left_out(shop: Snapshot) -> None:
    found = differences(holdings(purchases(Shoppers(again=5.0, groups=3)), shop), group(200))
    assert not {"id", "item_group_id"} & {it.field for it in found}


def test_groups_without_differences_are_as_seldom_told_of_as_is_promised(shop: Snapshot) -> None:
    found = holdings(purchases(Shoppers(count=200)), shop)
    random = np.random.default_rng(4)
    told = sum(bool(differences(found, random.random(200) < 0.4)) for _ in range(60))
    assert told <= 4


def test_nothing_is_told_of_a_few_people_or_purchases(shop: Snapshot) -> None:
    found = holdings(purchases(Shoppers(count=120, brand=4.0, groups=2)), shop)
    few = np.arange(120) < LEAST_PEOPLE - 1
    assert not is_large_enough(found, few)
    assert differences(found, few) == []
    poor = holdings(purchases(Shoppers(count=120, orders=1, brand=4.0, groups=2)), shop)
    half = group(120, 2)
    assert poor.purchases[half].sum() < LEAST_PURCHASES
    assert differences(poor, half) == []
    everybody = np.ones(120, np.bool_)
    assert is_large_enough(found, everybody)
    assert differences(found, everybody) == []  # there are no others to compare with


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_of_twenty_people_at_least(shop: Snapshot, seed: int) -> None:
    found = holdings(purchases(Shoppers(count=90, brand=3.0, colour=2.0, groups=3), seed), shop)
    told = differences(found, group(90))
    assert told
    assert all(it.people >= LEAST_PEOPLE for it in told)

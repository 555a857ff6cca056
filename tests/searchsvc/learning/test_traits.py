"""Traits: each product has those that its record says, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.snapshot import open_snapshot
from searchsvc.learning.bands import BANDS, band_edges, band_names, bands_of
from searchsvc.learning.choices import MOST_COLUMNS, category_column, chosen_columns
from searchsvc.learning.titles import title_words
from searchsvc.learning.traits import trait_table
from tests.searchsvc.learning.shop import RECORDS

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from searchsvc.learning.traits import TraitTable
    from tests.conftest import Build


def traits_of(table: TraitTable, row: int) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for trait in table.traits[table.starts[row] : table.starts[row + 1]].tolist():
        name = table.kinds[table.field_of[trait]].name
        assert table.values[trait] not in found.setdefault(name, set())
        found[name].add(table.values[trait])
    return found


def test_products_have_the_traits_of_their_records(shop: Snapshot) -> None:
    table = trait_table(shop, np.zeros(len(RECORDS)))
    for row, record in enumerate(RECORDS):
        found = traits_of(table, row)
        assert found["id"] == {record["id"]}
        assert found["brand"] == {record["brand"]}
        assert found["color"] == {record["color"]}
        assert found["product_type"] == {"Clothes", record["product_type"]}
        assert found["words"] == {record["title"].split()[0]}
        assert len(found["price"]) == 1
        assert set(found) == {"id", "brand", "color", "product_type", "words", "price"}


def test_the_parts_of_a_field_add_up_to_one_and_its_shares_to_all_that_is_sold(
    shop: Snapshot,
) -> None:
    sold = np.random.default_rng(1).exponential(3, len(RECORDS))
    table = trait_table(shop, sold)
    for row in range(len(RECORDS)):
        part = slice(table.starts[row], table.starts[row + 1])
        sums = np.bincount(table.field_of[table.traits[part]], weights=table.parts[part])
        np.testing.assert_allclose(sums, 1, rtol=1e-6)
    assert np.all(np.diff(table.field_of) >= 0)
    assert np.all((table.shares > 0) & (table.shares <= 1))
    for place, kind in enumerate(table.kinds):
        values_each = 2 if kind.name == "product_type" else 1
        total = table.shares[table.field_of == place].sum()
        assert total == pytest.approx(values_each, rel=1e-5)


def test_a_share_is_that_of_the_sales_and_a_little_of_the_catalogue(shop: Snapshot) -> None:
    acme = np.array([record["brand"] == "Acme" for record in RECORDS])
    table = trait_table(shop, np.where(acme, 1_000.0, 0.0))
    shares = dict(zip(table.values, table.shares.tolist(), strict=True))
    even = 0.05 / 1.05  # of the shares are those of the catalogue
    assert shares["Acme"] == pytest.approx((1 - even) + even / 6)
    assert shares["Bolt"] == pytest.approx(even / 6)
    nothing_sold = trait_table(shop, np.zeros(len(RECORDS)))
    assert dict(zip(nothing_sold.values, nothing_sold.shares.tolist(), strict=True))[
        "Bolt"
    ] == pytest.approx(1 / 6)


def test_columns_that_say_nothing_of_taste_are_not_chosen(
    build: Build, layout: IndexLayout
) -> None:
    records: list[dict[str, Any]] = [
        {
            "id": f"{number:03}",
            "title": "Lamp",
            "brand": "Acme",  # all the same
            "material": "oak" if number % 2 else "ash",
            "condition": "new" if number % 2 else "used",
            "serial": f"s{number}",  # each another
            "rare": "x" if number == 1 else "y" if number == 2 else None,
            "shade": "warm" if number % 3 else "cold",
            "item_group_id": f"g{number // 2}",
            "price": "9.99 EUR",
        }
        for number in range(300)
    ]
    build([{k: v for k, v in record.items() if v is not None} for record in records])
    snapshot = open_snapshot(layout)
    assert chosen_columns(snapshot.columns) == ["attributes.shade", "material"]
    assert category_column(snapshot.columns) is None
    table = trait_table(snapshot, np.ones(300))
    # One brand, one price and one word for all tell nothing.
    names = [kind.name for kind in table.kinds]
    assert names == ["id", "item_group_id", "attributes.shade", "material"]
    assert len(table.band_edges) == 0
    narrow = {kind.name for kind in table.kinds if not kind.signed}
    assert narrow == {"id", "item_group_id"}


def test_of_many_columns_those_that_most_products_have_are_chosen(
    build: Build, layout: IndexLayout
) -> None:
    build(
        {
            "id": f"{number:03}",
            "title": f"Thing {number}",
            **{f"c{c:02}": f"v{number % 2}" for c in range(MOST_COLUMNS + 5) if number % 40 >= c},
        }
        for number in range(80)
    )
    expected = [f"attributes.c{c:02}" for c in range(MOST_COLUMNS)]
    assert chosen_columns(open_snapshot(layout).columns) == expected


def test_google_s_categories_stand_in_for_the_shop_s(build: Build, layout: IndexLayout) -> None:
    build(
        {"id": str(number), "title": "Thing", "google_product_category": f"A > B{number % 2}"}
        for number in range(6)
    )
    snapshot = open_snapshot(layout)
    assert category_column(snapshot.columns) == "google_product_category"
    table = trait_table(snapshot, np.zeros(6))
    assert traits_of(table, 3)["google_product_category"] == {"A", "A > B1"}


def test_words_are_those_that_some_titles_share(build: Build, layout: IndexLayout) -> None:
    titles = [
        "Red light of the house",
        "Blue lights for the house",
        "A light, of 3 bulbs",
        "Lights 3 blue",
        "Red lamp 3",
        "Red red chair",
        *(f"Thing{number} of {number}" for number in range(14)),
    ]
    build({"id": f"{n:02}", "title": title} for n, title in enumerate(titles))
    rows, codes, words = title_words(open_snapshot(layout))
    found: dict[str, set[int]] = {word: set() for word in words}
    for row, code in zip(rows.tolist(), codes.tolist(), strict=True):
        found[words[code]].add(row)
    # "light" in its two forms alike often: the first by its letters; "blue" is in two titles only.
    assert found == {"light": {0, 1, 2, 3}, "red": {0, 4, 5}}


def test_a_catalogue_without_words_has_none(build: Build, layout: IndexLayout) -> None:
    build([{"id": "1", "title": "!!!"}, {"id": "2", "title": "???"}], force=True)
    rows, codes, words = title_words(open_snapshot(layout))
    assert (len(rows), len(codes), words) == (0, 0, [])


PRICES = st.lists(st.tuples(st.integers(1, 30), st.floats(0.01, 10)), min_size=1, max_size=40).map(
    lambda pairs: (np.array([float(p) for p, _ in pairs]), np.array([w for _, w in pairs]))
)


@given(PRICES)
def test_bands_are_in_the_order_of_prices_and_none_is_empty(
    prices_and_sold: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
) -> None:
    prices, sold = prices_and_sold
    edges = band_edges(prices, sold)
    bands = bands_of(prices, edges)
    assert set(bands.tolist()) == set(range(len(edges) + 1))
    assert len(edges) < len(BANDS)
    order = np.argsort(prices, kind="stable")
    assert np.all(np.diff(bands[order]) >= 0)
    assert np.all(np.diff(edges) > 0)


def test_bands_of_many_prices_sell_alike() -> None:
    random = np.random.default_rng(2)
    prices, sold = random.random(10_000), random.random(10_000)
    bands = bands_of(prices, band_edges(prices, sold))
    np.testing.assert_allclose(np.bincount(bands, weights=sold) / sold.sum(), 0.2, atol=0.001)
    assert len(band_edges(np.empty(0), np.empty(0))) == 0


def test_fewer_bands_are_spread_over_the_names() -> None:
    assert band_names(5) == list(BANDS)
    assert band_names(2) == ["lowest", "highest"]
    assert band_names(3) == ["lowest", "middle", "highest"]
    assert len(set(band_names(4))) == 4

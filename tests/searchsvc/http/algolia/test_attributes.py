"""Names that a page knows columns by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.errors import BadFilterError
from searchsvc.http.algolia.attributes import Attribute, Attributes
from searchsvc.query.query import MAX_FACETS
from searchsvc.results.presence import Presence
from tests.searchsvc.http.algolia.conftest import publish


def wanted(attributes: Attributes, *names: str) -> list[Attribute]:
    """What a list of facets names in an answer with every product."""
    snapshot = attributes.snapshot
    every = np.arange(len(snapshot.products))
    return attributes.wanted(names, lambda: Presence.of(snapshot).count(every))


@pytest.mark.parametrize(
    ("name", "field", "level"),
    [
        ("brand", "brand", None),
        ("attributes.seats", "attributes.seats", None),
        ("seats", "attributes.seats", None),
        ("rating", "rating", None),
        ("product_type", "product_type", None),
        ("categories", "product_type", None),
        ("product_type.lvl1", "product_type", 1),
        ("categories.lvl0", "product_type", 0),
        ("hierarchicalCategories.lvl12", "product_type", 12),
        ("brand.lvl0", "product_type", 0),  # no path: any name with a level means categories
        ("google_product_category.lvl0", "google_product_category", 0),
    ],
)
def test_an_attribute_is_a_column(
    attributes: Attributes, name: str, field: str, level: int | None
) -> None:
    found = attributes.find(name)
    assert found is not None
    assert (found.name, found.field, found.level) == (name, field, level)


@pytest.mark.parametrize("name", ["nope", "", "categories.lvl", "categories.lvlx", "attributes."])
def test_what_is_no_column_is_none(attributes: Attributes, name: str) -> None:
    assert attributes.find(name) is None


def test_an_unknown_attribute_is_refused_with_those_that_are_spelt_like_it(
    attributes: Attributes,
) -> None:
    with pytest.raises(BadFilterError, match=r"filters: unknown attribute 'seat'.*seats"):
        attributes.require("seat", "filters")


def test_facets_are_found_by_name_without_modifiers_and_once(attributes: Attributes) -> None:
    names = ("searchable(brand)", "filterOnly(color)", "brand", "nope", "afterDistinct(seats)")
    assert [found.name for found in wanted(attributes, *names)] == ["brand", "color", "seats"]


def test_an_asterisk_names_what_products_have(attributes: Attributes) -> None:
    names = [found.name for found in wanted(attributes, "*")]
    assert {"brand", "color", "price", "rating", "seats", "outdoor", "style"} <= set(names)
    assert [name for name in names if name.startswith("categories")] == [
        "categories.lvl0", "categories.lvl1", "categories.lvl2",
    ]  # fmt: skip
    assert "item_group_id" not in names
    assert "google_product_category.lvl1" in names
    assert "google_product_category.lvl2" not in names
    assert "pattern" not in names  # nobody has one
    assert len(names) == len(set(names)) <= MAX_FACETS
    assert wanted(attributes, "*", "brand")[0].name == "brand"


def test_an_asterisk_names_an_attribute_that_is_a_standard_column_once(tmp_path: Path) -> None:
    records = [
        {"id": f"p{n}", "title": "x", "rating": n % 5, "attributes": {"brand": f"maker {n % 2}"}}
        for n in range(20)
    ]
    for record in records:
        record["brand"] = "shop"
    publish(tmp_path, records, "twice")
    attributes = Attributes(open_snapshot(IndexLayout.of(tmp_path, "twice")))
    names = [found.name for found in wanted(attributes, "*")]
    assert [name for name in names if "rating" in name] == ["rating"]
    assert {"brand", "attributes.brand"} <= set(names)  # not the same


def test_a_standard_column_without_values_gives_way_to_the_shops_own(
    attributes: Attributes,
) -> None:
    found = attributes.find("review_count")  # a text in this shop, so that no number is known
    assert found is not None
    assert found.field == "attributes.review_count"
    assert "review_count" in [found.name for found in wanted(attributes, "*")]
    empty = attributes.find("pattern")
    assert empty is not None
    assert empty.field == "pattern"  # there is no other


def test_an_asterisk_names_the_most_frequent_of_many(tmp_path: Path) -> None:
    records = [
        {"id": f"p{n}", "title": "x", **{f"a{m:02}": "y" for m in range(n)}} for n in range(70)
    ]
    publish(tmp_path, records, "many")
    attributes = Attributes(open_snapshot(IndexLayout.of(tmp_path, "many")))
    names = [found.name for found in wanted(attributes, "*")]
    assert names == [f"a{n:02}" for n in range(MAX_FACETS)]


def test_an_asterisk_names_nothing_of_too_many_values(tmp_path: Path) -> None:
    records = [
        {"id": f"p{n}", "title": "x", "serial": f"s{n}", "batch": f"b{n % 1000}"}
        for n in range(1_001)
    ]
    publish(tmp_path, records, "shop")
    attributes = Attributes(open_snapshot(IndexLayout.of(tmp_path, "shop")))
    assert [found.name for found in wanted(attributes, "*")] == ["batch"]


def test_an_asterisk_names_what_the_products_of_the_answer_have(attributes: Attributes) -> None:
    present = {"brand": 2, "attributes.seats": 3, "attributes.nope": 9}
    names = [found.name for found in attributes.wanted(("*",), lambda: present)]
    assert names == ["seats", "brand"]


def test_prices_are_offered_however_many_there_are(tmp_path: Path) -> None:
    records = [{"id": f"p{n}", "title": "x", "price": f"{n + 1}.00 EUR"} for n in range(1_100)]
    publish(tmp_path, records, "shop")
    snapshot = open_snapshot(IndexLayout.of(tmp_path, "shop"))
    attributes = Attributes(snapshot)
    present = Presence.of(snapshot).count(np.arange(1_100))
    names = [found.name for found in attributes.wanted(("*",), lambda: present)]
    assert names == ["price"]  # which is what is paid; of the currency there is no choice

"""Products in the form of pages that were written for Algolia."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from indexer.product import Location, Price, Product
from searchsvc.http.algolia.record import read_record, select

SOFA = Product(
    id="a/1",
    title="Sofa",
    price=Price(39900, "EUR"),
    sale_price=Price(34950, "EUR"),
    product_types=("Furniture > Sofas", "Furniture > Seating > Sofas", "Sale"),
    locations=(Location(48.85, 2.35),),
    attributes={
        "seats": 3.0, "style": ("cosy", "modern"), "title": "another", "currency": "gold",
        "categories": "mine", "_tags": ("new",), "_geoloc": "here", "a.b": "dotted",
    },
)  # fmt: skip


@pytest.fixture
def record() -> dict[str, Any]:
    return read_record(SOFA.to_json())


def test_a_record_is_flat(record: dict[str, Any]) -> None:
    assert record["objectID"] == record["id"] == "a/1"
    assert (record["price"], record["sale_price"], record["effective_price"]) == (
        399,
        349.5,
        349.5,
    )
    assert record["currency"] == "EUR"
    assert record["seats"] == 3
    assert record["style"] == ["cosy", "modern"]
    assert record["_tags"] == ["new"]
    assert record["_geoloc"] == [{"lat": 48.85, "lng": 2.35}]
    assert record["attributes"] == orjson.loads(SOFA.to_json())["attributes"]


def test_what_is_not_on_sale_is_sold_at_its_price() -> None:
    record = read_record(Product(id="x", title="X", price=Price(500, "JPY")).to_json())
    assert (record["price"], record["effective_price"], record["currency"]) == (500, 500, "JPY")
    assert "sale_price" not in record
    bare = read_record(Product(id="x", title="X").to_json())
    assert bare == {"objectID": "x", "id": "x", "title": "X"}


def test_the_shops_attributes_replace_nothing(record: dict[str, Any]) -> None:
    assert record["title"] == "Sofa"
    assert record["currency"] == "EUR"
    assert record["_geoloc"] != "here"


def test_categories_are_paths_by_level(record: dict[str, Any]) -> None:
    assert record["categories"] == {
        "lvl0": ["Furniture", "Sale"],
        "lvl1": ["Furniture > Sofas", "Furniture > Seating"],
        "lvl2": "Furniture > Seating > Sofas",
    }


@pytest.mark.parametrize(
    ("wanted", "selected"),
    [
        ([], {}),
        (["title", "nope", "nope.deeper"], {"title": "Sofa"}),
        (["categories.lvl2"], {"categories": {"lvl2": "Furniture > Seating > Sofas"}}),
        (["categories.lvl9", "title.x"], {}),
        (["attributes.a.b", "a.b"], {"attributes": {"a.b": "dotted"}, "a.b": "dotted"}),
        (
            ["attributes.seats", "attributes.title"],
            {"attributes": {"seats": 3, "title": "another"}},
        ),
        (["title", "-title", "price"], {"price": 399}),
    ],
)
def test_what_is_asked_for_is_selected(
    record: dict[str, Any], wanted: list[str], selected: dict[str, Any]
) -> None:
    assert select(record, wanted) == {"objectID": "a/1", **selected}


@pytest.mark.parametrize("wanted", [["*"], ["*", "title"], ["-nope"], ["*", "-title.x"]])
def test_all_is_selected(record: dict[str, Any], wanted: list[str]) -> None:
    assert select(record, wanted) == record


def test_what_is_excluded_is_left_out_of_the_copy_only(record: dict[str, Any]) -> None:
    before = orjson.dumps(record)
    selected = select(record, ["*", "-price", "-categories.lvl0", "-objectID"])
    assert "price" not in selected
    assert set(selected["categories"]) == {"lvl1", "lvl2"}
    assert selected["objectID"] == "a/1"
    assert orjson.dumps(record) == before

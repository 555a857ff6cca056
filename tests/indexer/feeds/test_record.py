from __future__ import annotations

from dataclasses import fields

import orjson
import pytest

from indexer.feeds.names import FieldNames
from indexer.feeds.raw import RawRecord
from indexer.feeds.record import RecordParser, _Fields
from indexer.product import Availability, Price, Product, Rejection

PARSER = RecordParser(FieldNames({}), None, is_typed=True)
FULL = {
    "id": "A1", "title": "Red sofa", "description": "Soft.", "link": "https://s.example/a1",
    "image_link": "https://s.example/a1.jpg", "additional_image_link": ["/b.jpg", "/c.jpg"],
    "availability": "in stock", "availability_date": "2026-01-01", "price": "399.00 EUR",
    "sale_price": "349.00 EUR", "sale_price_effective_date": "2026-01-01/2026-02-01",
    "unit_pricing_measure": "1 ct", "unit_pricing_base_measure": "1 ct", "brand": "Fjord",
    "gtin": "4006381333931", "mpn": "F-1", "condition": "New", "item_group_id": "A",
    "item_group_title": "Sofa", "color": "red", "size": "L", "size_type": "regular",
    "size_system": "EU", "gender": "unisex", "age_group": "adult", "material": "wool",
    "pattern": "plain", "product_type": ["Home>Sofas", "Sale"], "google_product_category": 436,
    "product_highlight": ["Soft", "Red"], "multipack": 2, "is_bundle": "no",
    "identifier_exists": True, "energy_efficiency_class": "A", "custom_label_3": "late",
    "custom_label_0": "first", "weight_kg": 40, "attributes": {"seats": 3, "washable": True},
    "location": "48.85,2.35",
    "product_detail": {"attribute_name": "Leg Height", "attribute_value": "12 cm"},
}  # fmt: skip


def parse(**changes: object) -> Product | Rejection:
    record = {"id": "A1", "title": "Red sofa"} | changes
    return PARSER.parse(RawRecord(7, record))  # type: ignore[arg-type]


def test_every_google_attribute_has_its_place() -> None:
    product = PARSER.parse(RawRecord(1, FULL))  # type: ignore[arg-type]
    assert isinstance(product, Product)
    assert product.price == Price(39900, "EUR")
    assert product.sale_price == Price(34900, "EUR")
    assert product.availability is Availability.IN_STOCK
    assert product.condition == "new"
    assert product.product_types == ("Home > Sofas", "Sale")
    assert product.google_product_category == "436"
    assert product.additional_image_links == ("/b.jpg", "/c.jpg")
    assert product.custom_labels == ("first", "late")
    assert (product.multipack, product.is_bundle, product.identifier_exists) == (2, False, True)
    assert product.attributes == {
        "weight_kg": 40, "seats": 3, "washable": True, "leg_height": "12 cm",
    }  # fmt: skip
    assert all(getattr(product, field.name) not in ("", (), None) for field in fields(Product))


def test_the_public_json_of_a_product_is_a_record_of_it() -> None:
    product = PARSER.parse(RawRecord(1, FULL))  # type: ignore[arg-type]
    assert isinstance(product, Product)
    assert PARSER.parse(RawRecord(1, orjson.loads(product.to_json()))) == product


def test_the_border_knows_every_field_of_a_product() -> None:
    known = set(_Fields.__annotations__) | {"attributes"}
    assert {field.name for field in fields(Product)} <= known


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("id", None, "id is required"),
        ("id", "", "id is required"),
        ("id", " ", "expected an id"),
        ("id", True, "expected the id as a text"),
        ("id", "x" * 201, "200 bytes"),
        ("title", None, "title is required"),
        ("title", "<br>", "expected a title"),
        ("title", {"en": "Sofa"}, "expected a text"),
        ("price", "cheap", "15.00 USD"),
        ("price", "15.00", "currency"),
        ("price", ["1 EUR", "2 EUR"], "one value"),
        ("sale_price", "-1 EUR", "not negative"),
        ("availability", "perhaps", "in_stock"),
        ("link", "ftp://a", "http"),
        ("image_link", "javascript:alert(1)", "http"),
        ("additional_image_links", ["/ok", "data:x"], "http"),
        ("multipack", "two", "whole number"),
        ("is_bundle", "maybe", "yes or no"),
        ("attributes", "text", "an object"),
        ("product_detail", "text", "section:name:value"),
        ("n" * 101, "x", "100 characters"),
        ("height", float("nan"), "finite"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_was_expected(
    field: str, value: object, reason: str
) -> None:
    rejection = parse(**{field: value})
    assert isinstance(rejection, Rejection)
    assert (rejection.position, rejection.field) == (7, field)
    assert reason in rejection.reason
    assert rejection.product_id == ("" if field == "id" else "A1")


def test_a_rejection_shows_the_value_shortened() -> None:
    rejection = parse(price="9" * 1000)
    assert isinstance(rejection, Rejection)
    assert rejection.value == "9" * 199 + "…"
    listed = parse(price=[1, 2])
    assert isinstance(listed, Rejection)
    assert listed.value == "[1,2]"


def test_the_id_is_known_even_when_an_earlier_field_fails() -> None:
    rejection = PARSER.parse(RawRecord(1, {"bad": float("inf"), "id": 5, "title": "x"}))
    assert isinstance(rejection, Rejection)
    assert rejection.product_id == "5"


def test_one_price_in_a_list_is_a_price() -> None:
    product = parse(price=["5 EUR", "5 EUR"])
    assert isinstance(product, Product)
    assert product.price == Price(500, "EUR")


def test_googles_prefixed_name_goes_before_the_plain_one_and_a_mapping_before_both() -> None:
    record = {"title": "plain", "g:title": "google", "Name": "mapped", "id": "1"}
    first = PARSER.parse(RawRecord(1, dict(record)))
    mapped = RecordParser(FieldNames({"name": "title"}), None, is_typed=True)
    second = mapped.parse(RawRecord(1, dict(record)))
    reverse = PARSER.parse(RawRecord(1, dict(reversed(record.items()))))
    assert isinstance(first, Product)
    assert isinstance(second, Product)
    assert isinstance(reverse, Product)
    assert (first.title, second.title, reverse.title) == ("google", "mapped", "google")


def test_custom_labels_come_in_googles_order_before_a_list_of_them() -> None:
    product = parse(custom_labels=["more"], custom_label_4="last", custom_label_1="first")
    assert isinstance(product, Product)
    assert product.custom_labels == ("first", "last", "more")


def test_blank_fields_are_absent() -> None:
    blank: dict[str, object] = dict.fromkeys(FULL, "") | {"id": "A1", "title": "Red sofa"}
    assert parse(**blank) == parse(
        **dict.fromkeys(blank, None) | {"id": "A1", "title": "Red sofa"}
    )
    assert parse(**blank) == Product(id="A1", title="Red sofa")
    spaces = dict.fromkeys(FULL.keys() - {"attributes", "product_detail"}, " ")
    assert parse(**spaces | {"id": "A1", "title": "Red sofa"}) == Product(
        id="A1", title="Red sofa"
    )

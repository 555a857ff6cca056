from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.feeds.alteration import ChangeParser
from indexer.feeds.change import Change, Deletion, Operation, Update, Upsert
from indexer.feeds.names import FieldNames
from indexer.feeds.raw import RawRecord
from indexer.feeds.record import RecordParser
from indexer.product import Availability, Location, Price, Product, Rejection

FULL: dict[str, Any] = {
    "id": "a1",
    "title": "Red shoe",
    "brand": "Acme",
    "price": "49.95 EUR",
    "sale_price": "39.95 EUR",
    "availability": "in stock",
    "custom_label_0": "summer",
    "location": "48.1,2.3",
    "attributes": {"heel": "flat", "dims": {"w": 2, "h": 3}, "lining": "wool"},
}


def parse(
    fields: dict[str, Any],
    *,
    mode: Operation = Operation.UPDATE,
    typed: bool = True,
    mapping: dict[str, str] | None = None,
) -> Change | Rejection:
    return ChangeParser(FieldNames(mapping or {}), None, mode, is_typed=typed).parse(
        RawRecord(7, fields)
    )


def full(fields: dict[str, Any] | None = None) -> Product:
    parsed = RecordParser(FieldNames({}), None, is_typed=True).parse(RawRecord(1, fields or FULL))
    assert isinstance(parsed, Product)
    return parsed


def updated(fields: dict[str, Any], *, typed: bool = True) -> Product:
    change = parse({"id": "a1", **fields}, typed=typed)
    assert isinstance(change, Update), change
    return change.apply(full())


def reason(answer: Change | Rejection) -> tuple[str, str]:
    assert isinstance(answer, Rejection)
    assert answer.position == 7
    return answer.field, answer.reason


def test_an_upsert_is_what_a_feed_would_make_of_the_record() -> None:
    assert parse({"op": "upsert", **FULL}) == Upsert(7, full())
    assert parse(FULL, mode=Operation.UPSERT) == Upsert(7, full())
    assert parse({"op": "upsert", **FULL}) != Upsert(7, full(FULL | {"brand": "B"}))


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    product = updated({"price": "10 EUR", "availability": "out of stock"})
    assert product.price == Price(1000, "EUR")
    assert product.availability is Availability.OUT_OF_STOCK
    unchanged = FULL | {"price": "10 EUR", "availability": "out of stock"}
    assert product == full(unchanged)


@pytest.mark.parametrize("blank", [None, ""])
def test_null_removes_a_field(blank: object) -> None:
    assert updated({"sale_price": blank, "brand": blank}) == full(
        {k: v for k, v in FULL.items() if k not in ("sale_price", "brand")}
    )


def test_where_a_format_has_no_null_a_blank_field_is_left_alone() -> None:
    assert updated({"sale_price": "", "brand": "Bolt"}, typed=False) == full(
        FULL | {"brand": "Bolt"}
    )


PLACED = ("brand", "price", "custom_label_0", "location", "heel", "availability", "link")


@pytest.mark.parametrize("blank", ["", " ", "\t ", "\u00a0", "\u200b", "\ufeff", None])
def test_without_null_white_space_is_blank_whatever_the_field(blank: str | None) -> None:
    record = dict.fromkeys([*PLACED, "title", "latitude", "longitude", "op", "delete"], blank)
    assert updated(record, typed=False) == full()


@pytest.mark.parametrize(
    "record",
    [
        {"brand": "<p></p>"},
        {"brand": [" ", ""]},
        {"product_type": " > "},
        {"additional_image_link": ", ,"},
        {"custom_label_0": "&nbsp;"},
        {"location": "<br>"},
        {"heel": "<br>"},
        {"dims": {"w": "", "h": [" "]}},
        {"attributes": {"heel": ""}},
    ],
)
def test_without_null_a_value_that_says_nothing_leaves_the_field_alone(
    record: dict[str, Any],
) -> None:
    before = full(FULL | {"product_type": "A > B", "additional_image_link": "/a.png"})
    change = parse({"id": "a1", **record}, typed=False)
    assert isinstance(change, Update), change
    assert change.apply(before) == before


NOTHING = ["", " ", "\u200b", "<p></p>", "&nbsp;", [], [None], [""], [" ", ["<br>"]], {}]


@pytest.mark.parametrize("nothing", [None, *NOTHING])
def test_a_value_that_says_nothing_removes_an_attribute(nothing: object) -> None:
    expected = {"heel": "flat", "lining": "wool"}
    assert dict(updated({"attributes": {"dims": nothing}}).attributes) == expected
    assert dict(updated({"dims": nothing}).attributes) == expected
    assert dict(updated({"attributes": {"dims": {"w": nothing}}}).attributes) == expected | {
        "dims.h": 3
    }


@pytest.mark.parametrize("nothing", [None, *NOTHING])
def test_a_location_that_says_nothing_removes_places_and_attribute(nothing: object) -> None:
    placed = full({**FULL, "attributes": {"location": "shelf 4", "location.row": 2, "x": 1}})
    change = parse({"id": "a1", "location": nothing})
    assert isinstance(change, Update)
    after = change.apply(placed)
    assert after.locations == ()
    assert dict(after.attributes) == {"x": 1}


@pytest.mark.parametrize("nothing", [value for value in NOTHING if value != {}])
def test_a_value_that_says_nothing_removes_a_field(nothing: object) -> None:
    left = {name: FULL[name] for name in FULL if name not in ("brand", "custom_label_0")}
    record = {"brand": nothing, "custom_label_0": nothing, "product_type": nothing}
    assert updated(record) == full(left)


EVERY: dict[str, Any] = {
    **dict.fromkeys((field.name for field in fields(Product)), "x"),
    **dict.fromkeys(("price", "sale_price"), "5 EUR"),
    **dict.fromkeys(("is_bundle", "identifier_exists"), "no"),
    "availability": "in stock",
    "multipack": "3",
    "locations": "48.1,2.3",
    "attributes": {"heel": "flat"},
}


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"id", "title", "attributes"}))
@pytest.mark.parametrize("nothing", ["", " ", "\u200b\n", [], [""], [" "]])
def test_every_field_is_removed_in_json_and_left_alone_elsewhere(
    name: str, nothing: object
) -> None:
    before = full(EVERY)
    assert getattr(before, name) not in ("", (), None)
    in_json = parse({"id": "x", name: nothing})
    elsewhere = parse({"id": "x", name: nothing}, typed=False)
    assert isinstance(in_json, Update), in_json
    assert isinstance(elsewhere, Update), elsewhere
    assert in_json.apply(before) == full({key: EVERY[key] for key in EVERY if key != name})
    assert elsewhere.apply(before) == before


def test_an_object_is_no_value_of_a_field_even_if_it_is_empty() -> None:
    assert reason(parse({"id": "a1", "product_type": {}}))[0] == "product_types"


@pytest.mark.parametrize("value", ["L", 5, ["L", "XL"], [{"h": 5}]])
def test_a_value_replaces_what_was_flattened_below_its_name(value: object) -> None:
    stated = FULL | {"attributes": FULL["attributes"] | {"dims": value}}
    assert updated({"attributes": {"dims": value}}) == full(stated)
    assert updated({"dims": value}) == full(stated)


def test_what_a_record_states_below_a_name_stays() -> None:
    product = updated({"attributes": {"dims": "L", "dims.w": 9}})
    assert dict(product.attributes) == {
        "heel": "flat",
        "lining": "wool",
        "dims": "L",
        "dims.w": 9,
    }


def test_a_column_leaves_the_columns_behind_its_dot_alone() -> None:
    attributes = dict(updated({"dims": "L"}, typed=False).attributes)
    assert attributes == {**full().attributes, "dims": "L"}


def test_an_object_without_members_changes_no_attributes() -> None:
    assert updated({"attributes": {}}) == full()


def test_a_location_changes_what_it_says_beside_places_name_by_name() -> None:
    before = full(FULL | {"attributes": {"location": {"shop": "Lyon", "row": 2}}})
    for location, places, attributes in (
        ({"row": None}, before.locations, {"location.shop": "Lyon"}),
        ({"lat": 1, "lng": 2, "row": []}, (Location(1, 2),), {"location.shop": "Lyon"}),
        ("1,2", (Location(1, 2),), dict(before.attributes)),
        ("shelf 4", before.locations, {"location": "shelf 4"}),
    ):
        change = parse({"id": "a1", "location": location})
        assert isinstance(change, Update)
        after = change.apply(before)
        assert (after.locations, dict(after.attributes)) == (places, attributes)


def test_attributes_change_name_by_name() -> None:
    product = updated(
        {"attributes": {"heel": "high", "lining": None, "dims": {"h": None, "d": 4}}, "sole": "x"}
    )
    assert dict(product.attributes) == {"heel": "high", "dims.w": 2, "dims.d": 4, "sole": "x"}


def test_a_removed_name_takes_those_behind_its_dot_along() -> None:
    assert dict(updated({"dims": None}).attributes) == {"heel": "flat", "lining": "wool"}
    assert dict(updated({"attributes": {"dims": None}}).attributes) == {
        "heel": "flat",
        "lining": "wool",
    }


def test_all_attributes_are_removed_by_null_before_new_ones_are_added() -> None:
    assert dict(updated({"attributes": None}).attributes) == {}
    assert dict(updated({"attributes": None, "g:sole": "x"}).attributes) == {"sole": "x"}


def test_an_object_of_removals_alone_states_nothing() -> None:
    assert dict(updated({"attributes": {"dims": {"w": None, "h": None}}}).attributes) == {
        "heel": "flat",
        "lining": "wool",
    }


def test_a_custom_label_replaces_all_of_them() -> None:
    assert updated({"custom_label_2": "winter"}).custom_labels == ("winter",)
    assert updated({"custom_label_0": None}).custom_labels == ()


def test_places_are_replaced_and_removed_as_a_whole() -> None:
    assert updated({"latitude": 1, "longitude": 2}).locations == (Location(1, 2),)
    assert updated({"latitude": None}).locations == ()
    assert updated({"location": None}).locations == ()


def test_a_location_that_is_no_place_is_an_attribute_and_leaves_the_places_alone() -> None:
    product = updated({"location": "shelf 4"})
    assert product.locations == (Location(48.1, 2.3),)
    assert product.attributes["location"] == "shelf 4"


def test_a_title_can_be_changed_but_not_removed() -> None:
    assert updated({"title": "Blue shoe"}).title == "Blue shoe"
    assert reason(parse({"id": "a1", "title": None}))[0] == "title"


def test_details_are_added_to_attributes_but_cannot_be_removed_as_a_whole() -> None:
    assert updated({"product_detail": "General:Heel:high"}).attributes["heel"] == "high"
    for nothing in (None, " ", [], {}):
        assert reason(parse({"id": "a1", "product_detail": nothing}))[0] == "product_detail"


@pytest.mark.parametrize(
    "record",
    [{"id": "a1", "op": "delete"}, {"id": "a1", "delete": True}, {"id": "a1", "delete": "yes"}],
)
def test_a_deletion_needs_the_id_only(record: dict[str, Any]) -> None:
    assert parse(record) == Deletion(7, "a1")
    assert parse(record, mode=Operation.UPSERT) == Deletion(7, "a1")


def test_delete_false_is_no_deletion() -> None:
    assert isinstance(parse({"id": "a1", "delete": False, "brand": "B"}), Update)
    assert isinstance(parse({"id": "a1", "delete": "", "op": "", "brand": "B"}), Update)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"id": "a1", "op": "remove"}, "op"),
        ({"id": "a1", "op": "update", "delete": True}, "op"),
        ({"id": "a1", "delete": "perhaps"}, "delete"),
        ({"delete": True}, "id"),
        ({"id": "x" * 201, "delete": True}, "id"),
        ({"brand": "B"}, "id"),
        ({"id": "a1", "price": "cheap"}, "price"),
        ({"id": "a1", "attributes": {"": None}}, "attributes"),
        ({"id": "a1", "x" * 101: "long"}, "x" * 101),
        ({"id": "a1", "op": "upsert"}, "title"),
    ],
)
def test_what_cannot_be_told_is_a_rejection(record: dict[str, Any], field: str) -> None:
    answer = parse(record)
    assert reason(answer)[0] == field
    if record.get("id") == "a1":
        assert isinstance(answer, Rejection)
        assert answer.product_id == "a1"


def test_the_mapping_of_the_catalogue_holds() -> None:
    mapping = {"artnr": "id", "title": "attributes.heading", "name": "title"}
    change = parse({"artnr": "a1", "title": "x"}, mapping=mapping)
    assert isinstance(change, Update)
    assert change.apply(full()).title == "Red shoe"
    assert change.apply(full()).attributes["heading"] == "x"
    renamed = parse({"artnr": "a1", "name": "y"}, mapping=mapping)
    assert isinstance(renamed, Update)
    assert renamed.apply(full()).title == "y"


JSON = st.recursive(
    # As far as JSON is read: larger whole numbers are floats.
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*FULL, "op", "delete", "latitude", "product_detail"]) | st.text(
    max_size=6
)


@given(record=st.dictionaries(NAMES, JSON), mode=st.sampled_from(Operation), typed=st.booleans())
def test_any_record_is_a_change_or_a_rejection(
    record: dict[str, Any], mode: Operation, *, typed: bool
) -> None:
    answer = parse(record, mode=mode, typed=typed)
    assert isinstance(answer, Update | Upsert | Deletion | Rejection)
    if isinstance(answer, Update):
        assert Product.from_json(answer.apply(full()).to_json()).title


@given(st.sets(st.sampled_from([name for name in FULL if name not in ("id", "title")])))
def test_an_update_by_all_stated_fields_and_null_for_the_others_is_an_upsert(
    stated: set[str],
) -> None:
    new = {"id": "a1", "title": "New", "brand": "B", "price": "1 EUR", "sole": "rubber"}
    record = dict.fromkeys(FULL) | {"attributes": None} | new
    assert updated(orjson.loads(orjson.dumps(record))) == full(new)
    kept = {name: FULL[name] for name in stated}
    assert updated(dict.fromkeys(set(FULL) - stated - {"id", "title"})) == full(
        kept | {"id": "a1", "title": FULL["title"]}
    )

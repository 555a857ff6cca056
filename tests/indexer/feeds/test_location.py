from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.feeds.location import locations, remainder, states_locations
from indexer.feeds.names import FieldNames
from indexer.feeds.raw import RawRecord
from indexer.feeds.record import RecordParser
from indexer.product import Location, Product, Rejection

PARIS, LYON = Location(48.85, 2.35), Location(45.76, 4.84)
PARSER = RecordParser(FieldNames({}), None, is_typed=True)


def parse(**changes: object) -> Product | Rejection:
    return PARSER.parse(RawRecord(7, {"id": "1", "title": "t"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"location": "48.85,2.35"}, (PARIS,)),
        ({"location": " 48.85 , 2.35 ; 45.76,4.84;"}, (PARIS, LYON)),
        ({"location": "48.85,2.35|45.76,4.84|48.85,2.35"}, (PARIS, LYON)),
        ({"location": ["48.85,2.35", "45.76,4.84"]}, (PARIS, LYON)),
        ({"location": {"lat": 48.85, "lng": 2.35}}, (PARIS,)),
        ({"location": {"Lat": "48.85", "lon": "2.35"}}, (PARIS,)),
        ({"location": [{"lat": 48.85, "lng": 2.35}, {"lat": 45.76, "lon": 4.84}]}, (PARIS, LYON)),
        ({"_geoloc": {"lat": 48.85, "lng": 2.35}}, (PARIS,)),
        ({"_geoloc": [{"lat": 48.85, "lng": 2.35}]}, (PARIS,)),
        ({"locations": [{"latitude": 48.85, "longitude": 2.35}]}, (PARIS,)),
        ({"latitude": 48.85, "longitude": 2.35}, (PARIS,)),
        ({"lat": "48.85", "g:lng": "2.35"}, (PARIS,)),
        ({"Lat": 48.85, "lon": 2.35}, (PARIS,)),
        ({"_geoloc": {"lat": 48.85, "lng": 2.35}, "lat": 1, "lon": 1}, (PARIS,)),
        ({"location": {"lat": -90, "lng": 180}}, (Location(-90.0, 180.0),)),
        ({"location": "", "_geoloc": None}, ()),
        ({"_geoloc": []}, ()),
    ],
)  # fmt: skip
def test_places_are_read_in_every_usual_spelling(
    fields: dict[str, object], expected: tuple[Location, ...]
) -> None:
    product = parse(**fields)
    assert isinstance(product, Product)
    assert product.locations == expected
    assert product.attributes == {}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"location": "91,2"}, "locations"),
        ({"location": "48.85,181"}, "locations"),
        ({"location": "48.85,2.35;Lyon"}, "locations"),
        ({"location": {"lat": "north", "lng": 2}}, "locations"),
        ({"location": {"lat": True, "lng": 2}}, "locations"),
        ({"location": {"lat": 10**18, "lng": 2}}, "locations"),
        ({"location": {"lat": float("nan"), "lng": 2}}, "locations"),
        ({"_geoloc": {"lat": 48.85}}, "locations"),
        ({"_geoloc": [48.85, 2.35]}, "locations"),
        ({"_geoloc": "Paris"}, "locations"),
        ({"latitude": 100, "longitude": 2}, "locations"),
        ({"latitude": 48.85}, "latitude"),
        ({"lng": 2.35}, "longitude"),
    ],
)
def test_a_place_that_is_none_rejects_the_record(fields: dict[str, object], field: str) -> None:
    rejection = parse(**fields)
    assert isinstance(rejection, Rejection)
    assert rejection.field == field
    assert "expected a latitude" in rejection.reason


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        ("Berlin", {"location": "Berlin"}),
        ("Aisle 5, shelf 3", {"location": "Aisle 5, shelf 3"}),
        ("12", {"location": "12"}),
        (5, {"location": 5}),
        (["Berlin", "Paris"], {"location": ("Berlin", "Paris")}),
        ({"city": "Paris", "zip": "75001"}, {"location.city": "Paris", "location.zip": "75001"}),
    ],
)
def test_a_location_without_coordinates_is_an_attribute(
    value: object, attributes: dict[str, object]
) -> None:
    product = parse(location=value)
    assert isinstance(product, Product)
    assert product.locations == ()
    assert product.attributes == attributes


def test_what_stands_beside_coordinates_stays_an_attribute() -> None:
    product = parse(location=[{"lat": 48.85, "lng": 2.35, "shop": "Paris"}, "45.76,4.84"])
    assert isinstance(product, Product)
    assert product.locations == (PARIS, LYON)
    assert product.attributes == {"location.shop": ("Paris",)}


def test_an_unusable_attribute_beside_coordinates_is_named() -> None:
    rejection = parse(location={"lat": 1, "lng": 2, "x" * 101: "y"})
    assert isinstance(rejection, Rejection)
    assert rejection.field == "location"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("0123456789.,;|-+ a"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lat", "lng", "lon", "latitude", "x"]), inner)
    ),
    max_leaves=8,
)


@given(_json)
def test_any_value_gives_places_on_the_earth_or_says_what_was_expected(value: object) -> None:
    states_locations(value)
    remainder(value)
    try:
        found = locations(value)
    except ValueError as error:
        assert "expected a latitude" in str(error)  # noqa: PT017 - any value may be right
        return
    assert all(-90 <= place.latitude <= 90 for place in found)
    assert all(-180 <= place.longitude <= 180 for place in found)

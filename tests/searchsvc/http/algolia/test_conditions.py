"""Filter parameters, as filters of the service."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.snapshot import Snapshot
from searchsvc.errors import BadFilterError
from searchsvc.http.algolia.areas import area_filter
from searchsvc.http.algolia.attributes import Attributes
from searchsvc.http.algolia.boosts import read_boosts
from searchsvc.http.algolia.conditions import (
    both,
    facet_filter,
    numeric_filter,
    tag_filter,
    text_filter,
)
from searchsvc.http.algolia.parameters import Parameters, flatten, parse_parameters
from searchsvc.http.algolia.question import ask
from searchsvc.query.filters import And, AnyOf, Between, Box, Near, Not, Or, Polygon, Spot
from searchsvc.query.query import Boost


def read(**sent: Any) -> Parameters:
    return parse_parameters(flatten(sent))


def facets(attributes: Attributes, *nested: object) -> object:
    return facet_filter(read(facetFilters=list(nested)).facet_filters, attributes)


def numbers(attributes: Attributes, *nested: object) -> object:
    return numeric_filter(read(numericFilters=list(nested)).numeric_filters, attributes)


def test_facet_filters_nest(attributes: Attributes) -> None:
    acme = AnyOf("brand", ("Acme",))
    assert facets(attributes) is None
    assert facets(attributes, "brand:Acme") == acme
    assert facets(attributes, ["brand:Acme", "brand:Foo"]) == AnyOf("brand", ("Acme", "Foo"))
    assert facets(attributes, ["brand:Acme", "color:red"], "color:-blue") == And(
        (Or((acme, AnyOf("color", ("red",)))), Not(AnyOf("color", ("blue",))))
    )


def test_a_value_may_begin_with_a_dash_or_have_colons(attributes: Attributes) -> None:
    assert facets(attributes, "color:\\-none-") == AnyOf("color", ("-none-",))
    assert facets(attributes, "color:--none-") == Not(AnyOf("color", ("-none-",)))
    assert facets(attributes, "color: a:b ") == AnyOf("color", ("a:b",))


def test_values_have_the_type_of_their_column(attributes: Attributes) -> None:
    assert facets(attributes, "seats:3") == AnyOf("attributes.seats", (3.0,))
    assert facets(attributes, "outdoor:true") == AnyOf("attributes.outdoor", (True,))
    assert facets(attributes, "temperature:\\-5") == AnyOf("attributes.temperature", (-5.0,))
    assert facets(attributes, "categories.lvl1:A > B") == AnyOf("product_type", ("A > B",))


def test_numeric_filters_are_intervals(attributes: Attributes) -> None:
    above, below = math.nextafter(10, math.inf), math.nextafter(10, -math.inf)
    for text, low, high in (
        ("price>=10", 10, math.inf),
        ("price > 10", above, math.inf),
        ("price<=10", -math.inf, 10),
        ("price<10", -math.inf, below),
        ("price=10", 10, 10),
        ("price:10", 10, 10),
        ("price:10 TO 20.5", 10, 20.5),
        ("price >= -1e3", -1000, math.inf),
    ):
        assert numbers(attributes, text) == Between("price", low, high)
    assert numbers(attributes, "price!=10") == Not(Between("price", 10, 10))
    assert numbers(attributes, ["price<10", "seats>=3"], "rating=4") == And(
        (
            Or((Between("price", -math.inf, below), Between("attributes.seats", 3, math.inf))),
            Between("rating", 4, 4),
        )
    )


def test_tags_are_values_of_their_attribute(attributes: Attributes) -> None:
    tags = read(tagFilters=["new", ["a", "-b"]]).tag_filters
    new, a, b = (AnyOf("attributes._tags", (tag,)) for tag in ("new", "a", "b"))
    assert tag_filter(tags, attributes) == And((new, Or((a, Not(b)))))


def test_a_filter_text_is_about_attributes(attributes: Attributes) -> None:
    text = 'seats >= 3 AND NOT (categories.lvl0:"Furniture" OR near(48.85, 2.35, 5 km))'
    expected = text_filter(
        text.replace("seats", "attributes.seats").replace("categories.lvl0", "product_type"),
        attributes,
    )
    assert text_filter(text, attributes) == expected
    assert isinstance(expected, And)
    assert text_filter(" ", attributes) is None


def test_both_is_the_one_that_there_is() -> None:
    one = AnyOf("brand", ("a",))
    assert both(None, None) is None
    assert both(one, None) is one
    assert both(None, one) is one
    assert both(one, one) == And((one, one))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"facetFilters": ["brand:a", "brnd:a"]}, ["facetFilters[1]", "'brnd'", "brand"]),
        ({"facetFilters": ["brand"]}, ["facetFilters[0]", "'brand'", "attribute:value"]),
        ({"facetFilters": ["seats:many"]}, ["facetFilters[0]", "'many'", "a number"]),
        ({"facetFilters": ["outdoor:1"]}, ["facetFilters[0]", "'1'", "true or false"]),
        ({"facetFilters": ["color:a"] * 201}, ["201 conditions", "at most 200"]),
        ({"facetFilters": [["color:a"] * 1_001]}, ["1001 conditions", "at most 1000"]),
        ({"numericFilters": ["price"]}, ["numericFilters[0]", "price>=10"]),
        ({"numericFilters": ["nope>1"]}, ["numericFilters[0]", "'nope'"]),
        ({"numericFilters": ["price>x"]}, ["numericFilters[0]", "'x'", "a number"]),
        ({"numericFilters": ["price:1 TO inf"]}, ["numericFilters[0]", "inf", "a number"]),
        ({"numericFilters": ["brand=1"]}, ["numericFilters[0]", "'brand'", "facetFilters"]),
        ({"filters": "nope:1"}, ["filters, character 1", "'nope'"]),
        ({"filters": "brand:("}, ["filters, character 7"]),
    ],
)
def test_a_mistake_is_answered_with_its_place(
    attributes: Attributes, sent: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(BadFilterError) as caught:
        ask(read(**sent), attributes, lambda _: {})
    for word in words:
        assert word in str(caught.value)


@given(st.text(max_size=30) | st.from_regex(r"(price|brand|seats):?[-<>=! ]*[0-9.a-zA-Z ]*"))
def test_any_text_is_a_condition_or_a_mistake(snapshot: Snapshot, text: str) -> None:
    attributes = Attributes(snapshot)
    for parse in (facet_filter, numeric_filter):
        try:
            assert parse(((text,),), attributes) is not None
        except BadFilterError as error:
            assert "Filters[0]: " in str(error)  # noqa: PT017 - most texts are mistakes


def test_areas_go_before_point_and_radius() -> None:
    around = {"aroundLatLng": "48.85,2.35", "aroundRadius": 100}
    assert area_filter(read()) is None
    assert area_filter(read(aroundLatLng="48.85,2.35")) is None
    assert area_filter(read(aroundRadius=100)) is None
    assert area_filter(read(**around)) == Near(Spot(48.85, 2.35), 100)
    box = Box(49, 2, 48, 3)
    assert area_filter(read(**around, insideBoundingBox="49,2,48,3")) == box
    assert area_filter(read(insideBoundingBox="48,3,49,2")) == box
    assert area_filter(read(insideBoundingBox="49,3,48,2")) == box
    assert area_filter(read(insideBoundingBox="48,2,49,3")) == box
    across, world = Box(49, 170, 48, -170), Box(49, -120, 48, 120)
    assert area_filter(read(insideBoundingBox="49,-170,48,170")) == across
    assert area_filter(read(insideBoundingBox="49,120,48,-120")) == world
    polygon = Polygon((Spot(1, 2), Spot(3, 4), Spot(5, 6)))
    both_kinds = read(insideBoundingBox=[[49, 2, 48, 3]], insidePolygon=[[1, 2, 3, 4, 5, 6]])
    assert area_filter(both_kinds) == Or((box, polygon))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"insideBoundingBox": "1,2,3"}, "insideBoundingBox: .*lat1,lng1,lat2,lng2"),
        ({"insideBoundingBox": "1,2,3,400"}, "insideBoundingBox: .*-180 to 180"),
        ({"insideBoundingBox": [[1, 2, 3, 4]] * 51}, "51 areas, at most 50"),
        ({"insidePolygon": [1, 2, 3]}, "insidePolygon: .*pairs"),
        ({"insidePolygon": [1, 2, 3, 4]}, "insidePolygon: found 2 corners"),
    ],
)
def test_an_impossible_area_is_refused(sent: dict[str, Any], words: str) -> None:
    with pytest.raises(BadFilterError, match=words):
        area_filter(read(**sent))


def boosts(attributes: Attributes, *sent: object) -> tuple[Boost, ...]:
    return read_boosts(read(optionalFilters=list(sent)).optional_filters, attributes)


def test_optional_filters_share_what_boosts_may_do(attributes: Attributes) -> None:
    assert boosts(attributes) == ()
    found = boosts(attributes, "brand:Acme<score=3>", ["color:red", "color:-blue"])
    assert found == (
        Boost(AnyOf("brand", ("Acme",)), 0.6, "brand:Acme"),
        Boost(AnyOf("color", ("red",)), 0.2, "color:red"),
        Boost(AnyOf("color", ("blue",)), -0.2, "color:-blue"),
    )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (["brand:a<score=0>"], r"optionalFilters\[0\].*<score=2>"),
        (["brand:a", "brand:a<score=x>"], r"optionalFilters\[1\].*<score=2>"),
        (["nope:a"], r"optionalFilters\[0\]: unknown attribute"),
        (["brand:a"] * 51, "optionalFilters: 51, expected at most 50"),
    ],
)
def test_a_wrong_optional_filter_is_refused(
    attributes: Attributes, sent: list[str], words: str
) -> None:
    with pytest.raises(BadFilterError, match=words):
        boosts(attributes, *sent)

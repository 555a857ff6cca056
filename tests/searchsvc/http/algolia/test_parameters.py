"""Parameters in every form that clients send."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import BadQueryError
from searchsvc.http.algolia.parameters import Parameters, flatten, parse_parameters
from searchsvc.http.algolia.values import texts_of
from searchsvc.query.query import Point

SENT: dict[str, Any] = {
    "query": "red sofa",
    "page": 2,
    "hitsPerPage": 7,
    "facets": ["brand", "price"],
    "facetFilters": [["brand:Acme", "brand:Foo"], "color:-blue"],
    "numericFilters": ["price>=10", ["rating>4", "stock>0"]],
    "tagFilters": "",
    "distinct": True,
    "getRankingInfo": True,
    "aroundLatLng": "48.85, 2.35",
    "aroundRadius": 5000,
    "insideBoundingBox": [[47.3, 0.2, 41.5, 3.0]],
    "attributesToRetrieve": ["title"],
    "typoTolerance": False,
}
TOO_MANY = [f"attribute_{number}" for number in range(201)]
READ = Parameters(
    query="red sofa",
    page=2,
    hitsPerPage=7,
    facets=["brand", "price"],
    facetFilters=[["brand:Acme", "brand:Foo"], ["color:-blue"]],
    numericFilters=[["price>=10"], ["rating>4", "stock>0"]],
    distinct=1,
    getRankingInfo=True,
    aroundLatLng="48.85,2.35",
    aroundRadius=5000,
    insideBoundingBox=[[47.3, 0.2, 41.5, 3.0]],
    attributesToRetrieve=["title"],
    typoTolerance="false",
)


def read(**sent: Any) -> Parameters:
    return parse_parameters(flatten(sent))


def in_url_encoding(parameters: dict[str, Any]) -> str:
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in parameters.items()
    }
    return urlencode(texts)


def test_flat_nested_and_url_encoded_parameters_are_the_same() -> None:
    assert read(**SENT) == READ
    assert read(params=SENT) == READ
    assert read(params=in_url_encoding(SENT)) == READ


def test_what_is_flat_goes_before_what_is_nested() -> None:
    found = read(query="flat", params="query=nested&page=3")
    assert (found.query, found.page) == ("flat", 3)


def test_what_is_null_empty_or_unknown_is_as_if_it_were_absent() -> None:
    assert read(
        filters=None, page="", facetFilters="", numericFilters=[], analytics=False, viewed="",
        ruleContexts=[], userToken="", params={"synonyms": True, "page": None},
    ) == Parameters()  # fmt: skip
    assert read(facetFilters=[[], ""]) == Parameters(facetFilters=[])


def test_an_empty_list_of_attributes_is_not_the_default() -> None:
    assert read(attributesToHighlight=[]).attributes_to_highlight == ()
    assert read(params="attributesToHighlight=").attributes_to_highlight == ()
    assert read(params="attributesToHighlight=%5B%5D").attributes_to_highlight == ()
    assert read().attributes_to_highlight == ("*",)


def test_texts_with_commas_are_lists() -> None:
    assert read(facets="brand, color").facets == ("brand", "color")
    assert read(facets="*").facets == ("*",)
    assert read(facetFilters="brand:A,color:b").facet_filters == (("brand:A",), ("color:b",))


@pytest.mark.parametrize(
    ("sent", "number"), [(True, 1), (False, 0), ("true", 1), ("false", 0), (3, 3), ("2", 2)]
)
def test_distinct_is_a_switch_or_a_number(sent: object, number: int) -> None:
    assert read(distinct=sent).distinct == number


def test_places_have_a_point_and_a_radius() -> None:
    assert read(aroundLatLng="-1.5,180").around_lat_lng == Point(-1.5, 180)
    assert read(aroundRadius="all").around_radius is None
    assert read(aroundRadius="250").around_radius == 250
    assert read(insidePolygon="1,2,3,4,5,6").inside_polygon == ((1, 2, 3, 4, 5, 6),)
    assert read(insidePolygon=[1, 2, 3, 4]).inside_polygon == ((1, 2, 3, 4),)


@pytest.mark.parametrize(
    ("name", "sent", "words"),
    [
        ("query", 5, ["found 5", "string"]),
        ("query", "x" * 513, ["at most 512 characters"]),
        ("page", "x", ["'x'", "integer"]),
        ("page", -1, ["-1", "greater than or equal to 0"]),
        ("page", True, ["True", "number"]),
        ("hitsPerPage", 1_001, ["1001", "less than or equal to 1000"]),
        ("facets", 5, ["found 5"]),
        ("facets", "[", ["expected a JSON list"]),
        ("facetFilters", 5, ["found 5", "a text or a list"]),
        ("facetFilters", [["a:b", ["c:d"]]], ["['c:d']", "any may hold"]),
        ("facetFilters", [{"a": "b"}], ["any may hold"]),
        ("distinct", "maybe", ["'maybe'"]),
        ("distinct", -1, ["-1"]),
        ("queryType", "prefix", ["'prefix'", "prefixLast"]),
        ("typoTolerance", "often", ["'often'", "strict"]),
        ("removeWordsIfNoResults", "some", ["'some'", "lastWords"]),
        ("sortFacetValuesBy", "size", ["'size'", "alpha"]),
        ("aroundLatLng", "somewhere", ["somewhere", "2 numbers"]),
        ("aroundLatLng", 48.5, ["48.5", "2 numbers"]),
        ("aroundLatLng", "91,0", ["91,0", "-90 to 90"]),
        ("aroundLatLng", "nan,0", ["2 numbers"]),
        ("aroundRadius", "far", ["'far'", "1 number"]),
        ("aroundRadius", 0, ["0", "at least 1"]),
        ("aroundRadius", True, ["1 number"]),
        ("insideBoundingBox", "a,b", ["coordinates"]),
        ("insideBoundingBox", 5, ["coordinates"]),
        ("insidePolygon", [["x"]], ["coordinates"]),
        ("getRankingInfo", "perhaps", ["'perhaps'", "boolean"]),
        ("attributesToRetrieve", list("ab" * 99) + TOO_MANY, ["found 203", "at most 200"]),
        ("highlightPreTag", "x" * 201, ["at most 200 characters"]),
        ("highlightPostTag", "x" * 201, ["at most 200 characters"]),
        ("snippetEllipsisText", "x" * 201, ["at most 200 characters"]),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    name: str, sent: object, words: list[str]
) -> None:
    with pytest.raises(BadQueryError) as caught:
        parse_parameters(flatten({name: sent}))
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    for word in words:
        assert word in message


def test_params_of_another_kind_are_refused() -> None:
    with pytest.raises(BadQueryError, match="params: found 5, expected an object or a text"):
        flatten({"params": 5})


def test_the_texts_of_a_record_request_are_read_alike() -> None:
    assert texts_of(None, "x") == ("*",)
    assert texts_of("a,b", "x") == ("a", "b")
    assert texts_of(["a"], "x") == ("a",)
    assert texts_of(["b", "a", "b"], "x") == ("b", "a")
    for wrong in (5, [5], "[", TOO_MANY):
        with pytest.raises(BadQueryError, match="^x: found"):
            texts_of(wrong, "x")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
NAMES = st.sampled_from([field.alias or "" for field in Parameters.model_fields.values()])


@given(st.dictionaries(NAMES | st.just("params"), ANYTHING, max_size=4))
def test_whatever_is_sent_is_read_or_refused(sent: dict[str, Any]) -> None:
    try:
        read(**sent)
    except BadQueryError as error:
        # Most of what is drawn is refused; what says who asks is not repeated.
        assert ": found " in str(error) or ": expected " in str(error)  # noqa: PT017 - both are right

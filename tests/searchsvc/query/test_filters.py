from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import BadFilterError
from searchsvc.query.filters import (
    LOCATION,
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_VALUES,
    And,
    AnyOf,
    Written,
    fields_of,
    parse_filter,
    parse_filter_text,
    without_field,
)

_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["field", "eq", "any_of", "gt", "and", "or", "not", "exists", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(_json)
def test_any_json_is_a_filter_or_a_named_error(raw: object) -> None:
    try:
        condition = parse_filter(raw)
    except BadFilterError as error:
        assert str(error).startswith("filters")  # noqa: PT017 - any JSON may be right or wrong
    else:
        if isinstance(raw, dict):
            again = parse_filter([raw])  # at another place
            assert (again, hash(again)) == (condition, hash(condition))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], r"filters: found \[\], expected at least one"),
        (5, r"filters: found 5, expected an object"),
        ([[]], r"filters\[0\]: found \[\], expected an object"),
        ({"field": 5, "eq": 1}, r"filters\.field: found 5"),
        ({"field": "a"}, "expected exactly one of eq"),
        ({"field": "a", "eq": 1, "gt": 2}, r"\['eq', 'gt'\] on field 'a'"),
        ({"field": "a", "eq": None}, r"filters\.eq: found None"),
        ({"field": "a", "any_of": []}, r"filters\.any_of: found \[\]"),
        ({"field": "a", "any_of": [[1]]}, r"filters\.any_of\[0\]: found \[1\]"),
        ({"field": "a", "gt": "9"}, r"filters\.gt: found '9', expected a number"),
        ({"field": "a", "gt": True}, r"filters\.gt: found True"),
        ({"field": "a", "exists": 1}, r"filters\.exists: found 1"),
        ({"and": {}}, r"filters\.and: found \{\}, expected a non-empty list"),
        ({"and": [{"or": [{"field": "a", "eq": []}]}]}, r"filters\.and\[0\]\.or\[0\]\.eq"),
        ({"and": [], "or": []}, r"keys \['and', 'or'\]"),
    ],
)
def test_a_malformed_filter_is_refused_at_its_place(raw: object, message: str) -> None:
    with pytest.raises(BadFilterError, match=message):
        parse_filter(raw)


def test_depth_and_size_are_limited() -> None:
    deep: Any = {"field": "a", "eq": 1}
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    parse_filter(deep)
    with pytest.raises(BadFilterError, match="nested deeper"):
        parse_filter({"not": deep})
    half: Any = {"field": "a", "any_of": list(range(MAX_VALUES // 2))}
    parse_filter({"or": [half, half]})
    with pytest.raises(BadFilterError, match="more than 1000 values"):
        parse_filter({"or": [half, half, {"field": "b", "eq": 1}]})
    with pytest.raises(BadFilterError, match="clauses"):
        parse_filter({"or": [{"field": "a", "eq": 1}] * MAX_CLAUSES})


def test_a_text_is_json_or_in_the_string_grammar() -> None:
    assert parse_filter_text('{"field": "a", "eq": 1}') == AnyOf("a", (1,))
    assert parse_filter_text(' ["a:1", {"field": "a", "eq": 1}]') == And(
        (Written("a", "1"), AnyOf("a", (1,)))
    )
    assert parse_filter_text("brand:HP") == Written("brand", "HP")
    assert parse_filter_text(" ") is None
    assert parse_filter_text(None) is None
    with pytest.raises(BadFilterError, match=r"expected JSON such as"):
        parse_filter_text('{"field": "a"')


def test_a_list_of_filters_must_hold_as_a_whole() -> None:
    assert parse_filter(["a:1"]) == Written("a", "1")
    with pytest.raises(BadFilterError, match=r"filters\[1\], character 3: expected a value"):
        parse_filter(["a:1", "b:"])
    with pytest.raises(BadFilterError, match="more than 1000 values"):
        parse_filter([" OR ".join(["a:1"] * 600)] * 2)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"near": {"latitude": 91, "longitude": 0, "within_m": 1}}, r"near\.latitude: found 91"),
        (
            {"near": {"latitude": 0, "longitude": 181, "within_m": 1}},
            r"near\.longitude: found 181",
        ),
        (
            {"near": {"latitude": 0, "longitude": 0, "within_m": -1}},
            r"near: found the distance -1",
        ),
        ({"near": {"latitude": 0, "longitude": 0}}, r"near: .*expected an object with latitude"),
        (
            {"near": {"latitude": "0", "longitude": 0, "within_m": 1}},
            r"found '0', expected a numb",
        ),
        ({"near": {"latitude": True, "longitude": 0, "within_m": 1}}, r"latitude: found True"),
        ({"box": {"north": 1, "west": 0, "south": 2, "east": 1}}, r"box: found north 1.0"),
        ({"box": []}, r"box: found \[\], expected an object with north, west"),
        ({"polygon": [[0, 0], [0, 1]]}, r"polygon: found 2 corners, expected 3"),
        ({"polygon": [[0, 0]] * 101}, r"polygon: found more than 100 corners"),
        ({"polygon": [[0, 0], [0]]}, r"polygon\[1\]: found \[0\], expected \[latitude, longitude"),
        ({"polygon": {}}, r"polygon: found \{\}, expected a list of corners"),
        ({"and": [{"polygon": [[0, 0], [0, 999]]}]}, r"and\[0\]\.polygon\[1\]\[1\]: found 999"),
    ],
)
def test_a_malformed_area_is_refused_at_its_place(raw: object, message: str) -> None:
    with pytest.raises(BadFilterError, match=message):
        parse_filter(raw)


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400])
def test_a_number_that_no_column_can_hold_is_refused(value: float) -> None:
    for operator in ("eq", "gt"):
        with pytest.raises(BadFilterError, match=rf"filters\.{operator}: .*finite number"):
            parse_filter({"field": "a", operator: value})


def test_a_text_with_surrogates_is_refused() -> None:
    with pytest.raises(BadFilterError, match=r"filters\.eq: .*without surrogates"):
        parse_filter({"field": "a", "eq": "\ud800"})


def test_the_columns_of_a_filter() -> None:
    condition = parse_filter(
        'a:1 AND (b > 2 OR NOT c:1) AND near(1, 2, 3 m) OR exists("d e") OR box(2, 1, 1, 2)'
    )
    assert fields_of(condition) == {"a", "b", "c", "d e", LOCATION}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a:1", None),
        ("b:1", "b:1"),
        ("a:1 AND b:1", "b:1"),
        ("(a:1 OR a:2) AND (NOT a:3 AND (b:1 AND c:1))", "b:1 AND c:1"),
        ("a:1 AND (a:1 OR b:1)", "a:1 OR b:1"),  # what is about something else, too, stays
        ("a:1 AND NOT (a:2 AND a > 3)", None),
        ("b:1 AND (c:1 AND d:1)", "b:1 AND (c:1 AND d:1)"),
    ],
)
def test_a_filter_without_the_conditions_on_one_field(text: str, left: str | None) -> None:
    expected = None if left is None else parse_filter(left)
    assert without_field(parse_filter(text), "a") == expected


def test_areas_are_about_the_location() -> None:
    condition = parse_filter("near(1, 2, 3 m) AND a:1")
    assert without_field(condition, LOCATION) == Written("a", "1")

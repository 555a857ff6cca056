"""The limits of a request: what they count, and what they say."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from searchsvc.errors import LimitExceededError
from searchsvc.limits import Limits, fixed_limit, limit_settings, setting_of
from searchsvc.query.filters import And, AnyOf, Between, Exists, Filter, Not, Or, parse_filter
from searchsvc.query.query import Boost, FacetRequest, Query

RED = AnyOf("color", ("red",))
BLUE = AnyOf("color", ("blue",))
CHEAP = Between("price", 0, 10)
EXCEEDED: list[tuple[str, int, Query]] = [
    ("max_query_chars", 3, Query("four")),
    ("max_hits", 9, Query("", limit=10)),
    ("max_offset", 99, Query("", offset=100)),
    ("max_facets", 1, Query("", facets=(FacetRequest("a"), FacetRequest("b")))),
    ("max_facet_values", 4, Query("", facets=(FacetRequest("a", limit=5),))),
    ("max_boosts", 1, Query("", boosts=(Boost(RED, 1), Boost(RED, 0.5)))),
    ("max_filter_clauses", 2, Query("", filter=And((RED, CHEAP)))),
    ("max_filter_clauses", 2, Query("", boosts=(Boost(And((RED, CHEAP)), 1),))),
    ("max_filter_values", 1, Query("", filter=AnyOf("color", ("red", "blue")))),
    ("max_filter_values", 1, Query("", filter=Or((RED, BLUE)))),
    ("max_filter_values", 1, Query("", filter=parse_filter("color:red AND size:9"))),
    ("max_filter_depth", 1, Query("", filter=Or((CHEAP, And((RED, CHEAP)))))),
    ("max_filter_depth", 2, Query("", filter=Not(Or((CHEAP, Not(RED)))))),
]


@pytest.mark.parametrize(("name", "limit", "query"), EXCEEDED)
def test_a_query_beyond_a_limit_is_refused_and_told_the_setting(
    name: str, limit: int, query: Query
) -> None:
    limits = replace(Limits(), **{name: limit})
    with pytest.raises(LimitExceededError, match=rf"\(SEARCHSVC_{name.upper()}\)$"):
        limits.check(query)
    replace(Limits(), **{name: limit + 1}).check(query)


def test_every_limit_of_a_query_is_tested_here() -> None:
    counted_elsewhere = {"max_searches", "max_events", "max_changes", "search_timeout_ms"}
    names = {entry.name for entry in fields(Limits)}
    assert {name for name, _, _ in EXCEEDED} == names - counted_elsewhere
    assert names == limit_settings().keys()


@pytest.mark.parametrize(
    ("condition", "clauses"),
    [
        (RED, 1),
        (And((RED, CHEAP)), 3),
        (Not(RED), 2),
        (Or((RED, BLUE)), 2),  # they are looked up at once, as a list of values is
        (Or((RED, BLUE, Exists("price"))), 3),
        (Or((RED, AnyOf("size", ("9",)))), 3),
        (And((RED, BLUE)), 3),
    ],
)
def test_alternatives_of_one_field_are_one_clause(condition: Filter, clauses: int) -> None:
    query = Query("", filter=condition)
    replace(Limits(), max_filter_clauses=clauses).check(query)
    with pytest.raises(LimitExceededError, match=f"{clauses} clauses"):
        replace(Limits(), max_filter_clauses=clauses - 1).check(query)


def test_combinations_of_one_kind_in_a_row_are_one_level() -> None:
    condition: Filter = RED
    for _ in range(30):
        condition = And((condition, CHEAP))
    replace(Limits(), max_filter_depth=1).check(Query("", filter=condition))


@pytest.mark.parametrize(
    ("place", "setting"),
    [
        (("body", "query"), "SEARCHSVC_MAX_QUERY_CHARS"),
        (("body", "limit"), "SEARCHSVC_MAX_HITS"),
        (("body", "facets", 3, "limit"), "SEARCHSVC_MAX_FACET_VALUES"),
        (("body", "facets"), "SEARCHSVC_MAX_FACETS"),
        (("hitsPerPage",), "SEARCHSVC_MAX_HITS"),
        (("body", "fields"), ""),
        ((), ""),
    ],
)
def test_a_place_of_a_request_has_its_setting(place: tuple[Any, ...], setting: str) -> None:
    assert setting_of(place) == setting


def test_only_too_much_of_something_is_about_a_limit() -> None:
    entry = {"type": "less_than_equal", "loc": ("body", "limit")}
    assert fixed_limit(entry) == " (fixed; SEARCHSVC_MAX_HITS can only lower it)"
    assert not fixed_limit({**entry, "type": "greater_than_equal"})
    assert not fixed_limit({**entry, "loc": ("body", "fields")})

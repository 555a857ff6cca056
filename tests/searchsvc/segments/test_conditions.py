"""Conditions hold where they say, whatever the facts."""

from __future__ import annotations

import operator
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.segments.profile import Profile
from tests.searchsvc.segments.shoppers import DAY, is_in, moment, names, ruled

FACTS = ("a", "b", "c")
values = st.one_of(
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, -1.5]),
    st.sampled_from(["x", "X", "Yz"]),
)
numbers = st.sampled_from([-2, -1.5, 0, 1, 2])
comparisons = st.one_of(
    st.fixed_dictionaries({"eq": values}),
    st.fixed_dictionaries({"any_of": st.lists(values, min_size=1, max_size=4)}),
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"matches": st.sampled_from(["*", "x*", "*z", "y*z", "Yz", "*yz*z"])}),
    st.fixed_dictionaries({"gt": numbers}),
    st.fixed_dictionaries({"gte": numbers}),
    st.fixed_dictionaries({"lt": numbers}),
    st.fixed_dictionaries({"gte": st.just(-1), "lte": st.sampled_from([-1, 0.5, 2])}),
)
leaves = st.builds(lambda fact, rest: {"fact": fact, **rest}, st.sampled_from(FACTS), comparisons)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda it: {"and": it}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda it: {"or": it}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda it: {"not": it}, inner),
    ),
    max_leaves=8,
)
contexts = st.dictionaries(st.sampled_from(FACTS), values)


def same(one: Any, other: Any) -> bool:
    kinds = {type(one), type(other)}
    if kinds == {str}:
        return str(one).lower() == str(other).lower()
    return (kinds == {bool} or kinds <= {int, float}) and one == other


def obviously(condition: dict[str, Any], context: dict[str, Any]) -> bool:
    """What a condition means, written down a second time without any compiling."""
    match condition:
        case {"and": parts}:
            return all(obviously(part, context) for part in parts)
        case {"or": parts}:
            return any(obviously(part, context) for part in parts)
        case {"not": part}:
            return not obviously(part, context)
        case {"fact": fact, "exists": wanted}:
            return (fact in context) is wanted
        case {"fact": fact, **rest}:
            return fact in context and compares(context[fact], rest)
    raise AssertionError(condition)


def compares(value: Any, rest: dict[str, Any]) -> bool:
    match rest:
        case {"eq": wanted}:
            return same(value, wanted)
        case {"any_of": wanted}:
            return any(same(value, it) for it in wanted)
        case {"matches": pattern}:
            regex = ".*".join(map(re.escape, pattern.split("*")))
            return isinstance(value, str) and bool(re.fullmatch(regex, value, re.IGNORECASE))
    tests = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
    return type(value) in (int, float) and all(
        tests[name](value, bound) for name, bound in rest.items()
    )


@given(conditions, contexts)
def test_conditions_hold_exactly_where_they_obviously_do(
    condition: dict[str, Any], context: dict[str, Any]
) -> None:
    assert is_in(condition, context=context) == obviously(condition, context)


@given(st.text("ab*", max_size=7), st.text("ab", max_size=9))
def test_an_asterisk_stands_for_any_characters(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    if pattern:
        assert is_in({"fact": "a", "matches": pattern}, context={"a": text}) == expected


def test_true_is_not_1_and_a_digit_is_no_number() -> None:
    assert not is_in({"fact": "a", "eq": True}, context={"a": 1})
    assert not is_in({"fact": "a", "eq": 1}, context={"a": True})
    assert not is_in({"fact": "a", "gte": 1}, context={"a": True})
    assert not is_in({"fact": "a", "eq": 1}, context={"a": "1"})
    assert is_in({"fact": "a", "eq": 1}, context={"a": 1.0})


def test_texts_are_compared_without_case() -> None:
    assert is_in({"fact": "country", "eq": "De"}, context={"country": "dE"})
    assert is_in({"fact": "city", "eq": "STRASSE"}, context={"city": "straße"})


@pytest.mark.parametrize(
    ("pattern", "hosts", "others"),
    [
        ("*.instagram.com", ["www.instagram.com", "https://l.instagram.com/?u=1"],
         ["instagram.com", "www.instagram.com.evil.example", "notinstagram.com"]),
        ("instagram.com", ["instagram.com"], ["www.instagram.com"]),
        ("*", ["a", ""], []),
    ],
)  # fmt: skip
def test_a_referrer_is_matched_by_its_host(
    pattern: str, hosts: list[str], others: list[str]
) -> None:
    condition = {"fact": "referrer", "matches": pattern}
    for referrer in hosts:
        assert is_in(condition, context={"referrer": referrer})
    for referrer in others:
        assert not is_in(condition, context={"referrer": referrer})


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - hypothesis wants it
    st.integers(0, 24),
    st.integers(0, 24),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata"]),
)
def test_hours_are_those_of_the_clocks_there(
    when: datetime, begin: int, end: int, zone: str
) -> None:
    if begin % 24 == end % 24:
        return
    now = when.replace(tzinfo=ZoneInfo("UTC"))
    hours, at = [], begin
    while at % 24 != end % 24:
        hours.append(at % 24)
        at += 1
    condition = {"hour": {"from": begin, "to": end}, "timezone": zone}
    found = is_in(condition, now_ms=moment(now.isoformat()))
    assert found == (now.astimezone(ZoneInfo(zone)).hour in hours)


def test_a_whole_day_is_every_hour() -> None:
    assert is_in({"hour": {"from": 0, "to": 24}})


def test_the_zone_of_the_document_is_that_of_times_without_one() -> None:
    condition = {"hour": {"from": 0, "to": 1}}
    now = moment("2026-07-01T22:30:00+00:00")
    for zone, expected in (("Europe/Berlin", True), ("UTC", False)):
        segments = ruled(condition, timezone=zone)
        assert bool(names(segments, now_ms=now)) is expected


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        ("2026-07-01T21:59:59+00:00", "Europe/Berlin", "wed"),
        ("2026-07-01T22:00:00+00:00", "Europe/Berlin", "thu"),
        ("2026-07-01T22:00:00+00:00", "UTC", "wed"),
        ("2026-07-05T12:00:00+00:00", "UTC", "sun"),
        ("2026-07-05T12:00:00+00:00", "Pacific/Auckland", "mon"),
    ],
)
def test_weekdays_begin_at_midnight_there(now: str, zone: str, day: str) -> None:
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    found = [it for it in days if is_in({"weekday": [it], "timezone": zone}, now_ms=moment(now))]
    assert found == [day]


@pytest.mark.parametrize(
    ("now", "inside"),
    [
        ("2026-11-30T22:59:59.999+00:00", False),
        ("2026-11-30T23:00:00+00:00", True),
        ("2026-12-24T22:59:59.999+00:00", True),
        ("2026-12-24T23:00:00+00:00", False),
    ],
)
def test_dates_begin_and_end_at_midnight_there(now: str, inside: bool) -> None:  # noqa: FBT001 - a parameter
    condition = {
        "date": {"from": "2026-12-01", "until": "2026-12-24"},
        "timezone": "Europe/Berlin",
    }
    assert is_in(condition, now_ms=moment(now)) is inside


def test_dates_may_be_open_on_either_side() -> None:
    begun, ended = {"date": {"from": "2026-01-01"}}, {"date": {"until": "2025-12-31"}}
    last = moment("2026-01-01T00:00:00+00:00") - 1
    assert [is_in(begun, now_ms=now) for now in (last, last + 1)] == [False, True]
    assert [is_in(ended, now_ms=now) for now in (last, last + 1)] == [True, False]


def test_what_is_computed_from_the_past_can_be_asked_for() -> None:
    profile = Profile(
        orders=3, spent=250.0, first_ms=0, last_ms=moment("2026-01-01T12:00:00Z") - 40 * DAY
    )
    assert is_in({"fact": "orders", "gte": 3}, profile=profile)
    assert is_in({"fact": "spent", "gt": 249.99, "lt": 250.01}, profile=profile)
    assert is_in({"fact": "days_since_last", "eq": 40}, profile=profile)
    assert not is_in({"fact": "first_visit", "eq": True}, profile=profile)
    assert not is_in({"fact": "first_visit", "exists": True})

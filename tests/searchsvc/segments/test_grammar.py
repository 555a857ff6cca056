"""The JSON form of conditions: what is refused, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from searchsvc.errors import BadLiveSettingsError
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.grammar import MAX_CONDITIONS, MAX_DEPTH
from tests.searchsvc.segments.shoppers import document, ruled

FACT = {"fact": "country", "eq": "DE"}
WHEN = r"segments\[0\]\.when"


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = FACT
    for _ in range(depth):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({}, r": found the keys \[\], expected fact, hour, .* and, or, not"),
        ({"country": "DE"}, r": found the keys \['country'\]"),
        ({"and": [FACT], "or": [FACT]}, r": found the keys \['and', 'or'\]"),
        ({"and": []}, r"\.and: found \[\], expected a non-empty list"),
        ({"or": FACT}, r"\.or: found \{.*, expected a non-empty list"),
        ({"and": [FACT, "DE"]}, r"\.and\[1\]: found 'DE', expected an object such as"),
        ({"not": {"or": [FACT, {}]}}, r"\.not\.or\[1\]: found the keys \[\]"),
        (nested(MAX_DEPTH + 1), rf"(\.not){{{MAX_DEPTH + 1}}}: nested deeper than 10; flatten"),
        ({"fact": "country"}, r": found \[\] on fact 'country', expected exactly one of eq"),
        ({"fact": "a", "eq": 1, "exists": True}, r": found \['eq', 'exists'\] on fact 'a'"),
        ({"fact": "a", "gt": 1, "eq": 1}, r": found \['eq', 'gt'\] on fact 'a'"),
        ({"fact": "", "eq": 1}, r"\.fact: found '', expected a name of 1 to 64"),
        ({"fact": 5, "eq": 1}, r"\.fact: found 5, expected a name"),
        ({"fact": "a", "eq": None}, r"\.eq: found None, expected a text, number or boolean"),
        ({"fact": "a", "eq": [1]}, r"\.eq: found \[1\], expected a text, number or boolean"),
        ({"fact": "a", "eq": ""}, r"\.eq: found '', expected 1 to 200 characters"),
        ({"fact": "a", "eq": 10**400}, r"\.eq: found 1000.*, expected a finite number"),
        ({"fact": "a", "any_of": []}, r"\.any_of: found \[\], expected a list of 1 to 1,000"),
        ({"fact": "a", "any_of": ["x", {}]}, r"\.any_of\[1\]: found \{\}, expected a text"),
        ({"fact": "a", "exists": 1}, r"\.exists: found 1, expected true or false"),
        ({"fact": "a", "matches": 5}, r"\.matches: found 5, expected a text such as"),
        ({"fact": "a", "matches": "*" * 11}, r"\.matches: .* more than 10 asterisks"),
        ({"fact": "a", "gte": "3"}, r"\.gte: found '3', expected a number"),
        ({"fact": "a", "gte": True}, r"\.gte: found True, expected a number"),
        ({"fact": "a", "gte": 10**400}, r"\.gte: found 1000.*, expected a finite number"),
        ({"fact": "a", "gt": 3, "lt": 3}, r": no number is > 3 and < 3; correct a bound"),
        ({"fact": "orders", "eq": "3"}, r"\.eq: 'orders' is a number, .* with the text '3'"),
        ({"fact": "spent", "matches": "3*"}, r"\.matches: 'spent' is a number"),
        ({"fact": "first_visit", "eq": 1}, r"\.eq: 'first_visit' is true or false, .* number 1"),
        ({"fact": "first_visit", "gt": 0}, r": 'first_visit' is true or false"),
        ({"fact": "referrer", "matches": "https://a.b/*"}, r"\.matches: .*only the host"),
        ({"hour": 5}, r"\.hour: found 5, expected an object with from, to"),
        ({"hour": {"from": 5}}, r"\.hour: found .* expected both from and to"),
        ({"hour": {"from": 5, "to": 25}}, r"\.hour\.to: found 25, .* whole number from 0 to 24"),
        ({"hour": {"from": 5.5, "to": 9}}, r"\.hour\.from: found 5\.5, expected a whole number"),
        ({"hour": {"from": True, "to": 9}}, r"\.hour\.from: found True"),
        ({"hour": {"from": 5, "to": 5}}, r"\.hour: from 5 to 5 is no time at all"),
        ({"hour": {"from": 24, "to": 0}}, r"\.hour: from 24 to 0 is no time at all"),
        ({"hour": {"from": 1, "to": 2}, "zone": "UTC"}, r": found .* object with hour, timezone"),
        ({"hour": {"from": 1, "to": 2}, "timezone": 1}, r"\.timezone: found 1, expected a name"),
        ({"weekday": ["sun"], "timezone": "X"}, r"\.timezone: no time zone 'X' is known here"),
        ({"weekday": "sun"}, r"\.weekday: found 'sun', expected a non-empty list"),
        ({"weekday": ["sun", "Monday"]}, r"\.weekday\[1\]: found 'Monday', expected one of mon"),
        ({"weekday": [["sun"]]}, r"\.weekday\[0\]: found \['sun'\]"),
        ({"date": {}}, r"\.date: found \{\}, expected from, until or both"),
        ({"date": {"from": None}}, r"\.date: found .*, expected from, until or both"),
        ({"date": {"from": 20261224}}, r"\.date\.from: found 20261224, expected a date such as"),
        ({"date": {"until": "x"}}, r"\.date\.until: 'x' is neither a date"),
        (
            {"date": {"from": "2026-12-24", "until": "2026-12-23"}},
            r"\.date: until 2026-12-23 is not after from 2026-12-24; it would never hold",
        ),
        ({"query": "rain"}, r"\.query: found 'rain', expected a non-empty list"),
        ({"query": ["rain", 5]}, r"\.query\[1\]: found 5, expected a text of at most 200"),
        ({"query": ["?!"]}, r"\.query\[0\]: '\?!' has no word that could be searched for"),
        ({"searched": ["a"] * 101}, r"\.searched: found 101 texts, expected at most 100"),
        ({"searched": ["a"], "at_least": 2}, r": found .* expected an object with searched"),
        ({"bought": "brand"}, r"\.bought, character 6: expected ':' or a comparison"),
        ({"bought": None}, r"\.bought: found None, expected an object such as"),
        ({"viewed": {"or": [{"field": 1}]}}, r"\.viewed\.or\[0\]\.field: found 1"),
        ({"bought": ["a:b", "c"]}, r"\.bought\[1\], character 2"),
        ({"bought": "a:b", "at_least": 0}, r"\.at_least: found 0, .* from 1 to 1,000"),
        ({"bought": "a:b", "within_days": 0}, r"\.within_days: found 0, expected more than 0"),
        ({"bought": "a:b", "within_days": "9"}, r"\.within_days: found '9', expected a number"),
        ({"bought": "a:b", "days": 9}, r": found .* object with at_least, bought, within_days"),
        ({"fact": "a", "hour": {"from": 1, "to": 2}}, r": found \['hour'\] on fact 'a'"),
    ],
)  # fmt: skip
def test_every_refusal_names_the_place_and_what_was_expected(when: Any, message: str) -> None:
    with pytest.raises(BadLiveSettingsError, match=f"^{WHEN}{message}"):
        ruled(when)


def test_the_limits_themselves_are_allowed() -> None:
    ruled(nested(MAX_DEPTH))
    ruled({"and": [FACT] * (MAX_CONDITIONS - 1)})
    ruled({"hour": {"from": 0, "to": 24}})
    ruled({"searched": ["a"] * 100})
    ruled({"fact": "f" * 64, "any_of": list(range(1_000))})


def test_all_conditions_of_a_document_count_together() -> None:
    half = {"and": [FACT] * (MAX_CONDITIONS // 2)}
    with pytest.raises(BadLiveSettingsError, match=r"^segments\[1\].*more than 2,000 conditions"):
        compile_segments(document({"name": "a", "when": half}, {"name": "b", "when": half}), None)


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (FACT, "country is 'DE'"),
        ({"fact": "a", "any_of": list(range(8))},
         "a is 0 or 1 or 2 or 3 or 4 or one of 3 others"),
        ({"fact": "orders", "gte": 3, "lt": 9.5}, "orders >= 3 and < 9.5"),
        ({"fact": "loyalty", "exists": False}, "not loyalty is known"),
        ({"fact": "referrer", "matches": "*.a.b"}, "referrer matches '*.a.b'"),
        ({"hour": {"from": 22, "to": 6}, "timezone": "Asia/Kolkata"},
         "it is from 22 to 6 o'clock in Asia/Kolkata"),
        ({"weekday": ["sun", "sat"]}, "it is sat, sun in UTC"),
        ({"date": {"from": "2026-12-01", "until": "2026-12-24"}},
         "the date is from 2026-12-01 until 2026-12-24"),
        ({"query": ["rain jacket"]}, "the query has 'rain jacket'"),
        ({"searched": ["a", "b"]}, "an earlier query had 'a' or 'b'"),
        ({"bought": "brand:A", "at_least": 2, "within_days": 90},
         "bought brand:A at least 2 times within 90 days"),
        ({"viewed": {"field": "brand", "eq": "A"}}, 'viewed {"field": "brand", "eq": "A"}'),
        ({"and": [FACT, {"or": [FACT, {"not": FACT}]}]},
         "(country is 'DE' and (country is 'DE' or not country is 'DE'))"),
    ],
)  # fmt: skip
def test_a_condition_says_what_it_is(when: Any, text: str) -> None:
    (segment,) = ruled(when).segments
    assert segment.written == str(segment.rule) == text

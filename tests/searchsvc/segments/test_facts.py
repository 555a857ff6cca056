"""What is known of a shopper."""

from __future__ import annotations

from typing import Any

import pytest

from searchsvc.segments.facts import COMPUTED, VISIT_MS, facts_of
from searchsvc.segments.profile import Profile
from searchsvc.segments.shopper import Shopper
from tests.searchsvc.segments.shoppers import DAY, NOW


def facts(profile: Profile | None = None, **context: Any) -> dict[str, Any]:
    return facts_of(Shopper(consent=True, context=context), profile, NOW)


def test_of_somebody_without_a_token_only_the_request_is_known() -> None:
    assert facts(country="DE", age=41, member=True) == {"country": "de", "age": 41, "member": True}


def test_of_a_known_token_without_events_the_first_visit_is_known() -> None:
    assert facts(Profile()) == {"orders": 0, "spent": 0.0, "first_visit": True}


def test_everything_computed_has_a_declared_kind() -> None:
    profile = Profile(orders=3, spent=99.5, first_ms=NOW - 10 * DAY, last_ms=NOW - 2 * DAY - 1)
    assert facts(profile) == {
        "orders": 3,
        "spent": 99.5,
        "first_visit": False,
        "days_since_first": 10,
        "days_since_last": 2,
    }
    assert facts(profile).keys() == COMPUTED.keys()


def test_a_first_visit_is_not_over_with_its_first_event() -> None:
    first = {
        ago: facts(Profile(first_ms=NOW - ago, last_ms=NOW))["first_visit"]
        for ago in (0, VISIT_MS - 1, VISIT_MS)
    }
    assert first == {0: True, VISIT_MS - 1: True, VISIT_MS: False}


def test_the_request_knows_better_than_the_events() -> None:
    known = facts(Profile(orders=1), first_visit=False, orders=12)
    assert (known["first_visit"], known["orders"]) == (False, 12)


def test_a_clock_that_is_behind_makes_no_negative_days() -> None:
    profile = Profile(first_ms=NOW + 5 * DAY, last_ms=NOW + 5 * DAY)
    assert facts(profile)["days_since_last"] == facts(profile)["days_since_first"] == 0


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://L.Instagram.com/p/1?x=2", "l.instagram.com"),
        ("http://user:pass@shop.example:8080/", "shop.example"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("instagram.com", "instagram.com"),
        ("instagram.com/p/1", "instagram.com"),
        ("//cdn.example/x", "cdn.example"),
        ("https://", ""),
        ("https://[broken", "https://[broken"),
        ("", ""),
    ],
)
def test_of_a_referrer_only_the_host_is_kept(referrer: str, host: str) -> None:
    assert facts(referrer=referrer)["referrer"] == host


def test_a_referrer_that_is_no_text_stays_what_it_is() -> None:
    assert facts(referrer=True)["referrer"] is True

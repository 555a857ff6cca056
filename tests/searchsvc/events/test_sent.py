"""Events as they are sent: what is taken, what they become, and what is refused with its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from searchsvc.errors import BadQueryError
from searchsvc.events.draft import Draft
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.events.fields import Time, parse_time
from searchsvc.events.recording import search_event
from searchsvc.events.retention import DAY_MS, Span
from searchsvc.events.sent import MAX_ITEMS_IN_ALL, SentEvents
from searchsvc.events.token import parse_token

NOW = 1_800_000_000_000
SPAN = Span.until(NOW, 365)
QUERY_ID = "0123456789abcdef" * 2


def drafts(*events: dict[str, Any], span: Span = SPAN, **common: Any) -> list[Draft]:
    body = {"consent": True, "user_token": "anon-1", "index": "shop", **common, "events": events}
    return SentEvents.model_validate_json(json.dumps(body)).drafts(span)


def click(**parts: Any) -> dict[str, Any]:
    return {"type": "click", "items": [{"id": "P1"}], **parts}


def stored(*events: dict[str, Any], span: Span = SPAN, **common: Any) -> list[Event]:
    return [one.to_event("user", one.index) for one in drafts(*events, span=span, **common)]


def test_an_event_has_all_that_was_sent_of_it() -> None:
    event = drafts(
        {
            "id": "o-1", "type": "purchase", "time": NOW - 5, "query_id": QUERY_ID,
            "currency": "EUR",
            "items": [{"id": "P1", "position": 3, "quantity": 2, "price": 9.5}, {"id": "P2"}],
        }
    )[0].to_event("user", "shop", "try/b")  # fmt: skip
    assert event == Event(
        "o-1", EventKind.PURCHASE, "shop", "user", NOW - 5, Source.API,
        (Item("P1", 3, 2, 9.5), Item("P2")), QUERY_ID, None, "EUR", "try/b",
    )  # fmt: skip


def test_what_an_event_says_goes_before_what_the_request_says() -> None:
    own = {"consent": False, "user_token": "t", "index": "i"}
    common = {"consent": True, "user_token": "all"}
    one, other = drafts(click(**own), click(), **common)
    assert (one.consent, one.token, one.index) == (False, "t", "i")
    assert (other.consent, other.token, other.index) == (True, "all", "shop")


def test_without_a_word_of_consent_there_is_none() -> None:
    (draft,) = SentEvents.model_validate_json(json.dumps({"events": [click()]})).drafts(SPAN)
    assert (draft.consent, draft.token, draft.index) == (False, "", "")


# What an event is.


def test_the_same_content_sent_again_is_the_same_event() -> None:
    events = [click(), click(items=[{"id": "P2"}]), {"type": "search", "query": "shoe"}]
    later = Span.until(NOW + 60_000, 365)
    first = [event.id for event in stored(*events)]
    assert len(set(first)) == len(events)
    assert [event.id for event in stored(*events, span=later)] == first


@pytest.mark.parametrize(
    "change",
    [
        {"items": [{"id": "P2"}]}, {"items": [{"id": "P1", "position": 1}]}, {"type": "view"},
        {"items": [{"id": "P1", "quantity": 2}]}, {"items": [{"id": "P1", "price": 1}]},
        {"query_id": QUERY_ID}, {"time": NOW - 1}, {"index": "other"},
        {"currency": "EUR"}, {"query": "x"}, {"items": [{"id": "P1"}, {"id": "P1"}]},
    ],
)  # fmt: skip
def test_any_other_content_is_another_event(change: dict[str, Any]) -> None:
    assert stored(click())[0].id != stored(click() | change)[0].id


def test_tomorrow_the_same_without_a_time_is_another_event_and_with_a_time_the_same() -> None:
    tomorrow = Span.until(NOW + DAY_MS, 365)
    assert stored(click())[0].id != stored(click(), span=tomorrow)[0].id
    timed = click(time=NOW)
    assert stored(timed)[0].id == stored(timed, span=tomorrow)[0].id


def test_a_search_is_the_same_whether_the_page_or_the_service_reports_it() -> None:
    (sent,) = stored({"type": "search", "query": "shoe", "query_id": QUERY_ID})
    recorded = search_event("shop", "user", "shoe", QUERY_ID, arm="a", time_ms=NOW)
    assert sent.id == recorded.id
    assert recorded == Event(
        recorded.id, EventKind.SEARCH, "shop", "user", NOW, Source.SERVICE,
        query_id=QUERY_ID, query="shoe", arm="a",
    )  # fmt: skip


def test_the_arm_is_no_part_of_what_an_event_is() -> None:
    (draft,) = drafts(click())
    assert draft.to_event("user", "shop").id == draft.to_event("user", "shop", "try/b").id


def test_an_order_is_the_same_whatever_else_is_said_of_it() -> None:
    bought = click(type="purchase", order_id="1042")
    (event,) = stored(bought)
    assert stored(bought | {"order_id": " 1042 ", "time": NOW - 5})[0].id == event.id
    (draft,) = drafts(bought)
    others = [
        draft.to_event("other", "shop"),
        draft.to_event("user", "other"),
        *stored(bought | {"order_id": "1043"}),
        *stored(click(type="purchase")),
    ]
    assert event.id not in {other.id for other in others}


def test_a_recorded_query_is_cut_and_has_nothing_that_a_database_refuses() -> None:
    event = search_event("shop", "user", "a\0\ud800" + "x" * 600, QUERY_ID)
    assert event.query is not None
    assert event.query.encode() == b"a?" + b"x" * 509
    assert abs(event.time_ms - datetime.now(UTC).timestamp() * 1e3) < 60_000


# What is refused.

WRONG: list[tuple[dict[str, Any], str]] = [
    (click(items=[]), "a click needs at least one item"),
    ({"type": "view"}, "a view needs at least one item"),
    ({"type": "search"}, "a search needs its query"),
    ({"type": "search", "query": "x", "items": [{"id": "P1"}]}, "a search has no items"),
    (click(type="watch"), "type"),
    (click(items=[{"id": ""}]), "items.0.id"),
    (click(items=[{"id": "a\0b"}]), "NUL"),
    (click(items=[{"id": "x" * 201}]), "items.0.id"),
    (click(items=[{"id": "P1", "position": 0}]), "items.0.position"),
    (click(items=[{"id": "P1", "position": "1"}]), "items.0.position"),
    (click(items=[{"id": "P1", "quantity": 10**9}]), "items.0.quantity"),
    (click(items=[{"id": "P1", "price": -1}]), "items.0.price"),
    (click(items=[{"id": "P1", "price": True}]), "items.0.price"),
    (click(items=[{"id": "P1", "colour": "red"}]), "unknown name 'colour', expected one of id"),
    (click(items=[{"id": "P1"}] * 101), "items"),
    (click(query_id="abc"), "query_id"),
    (click(query_id=QUERY_ID.upper()), "query_id"),
    (click(query_id=QUERY_ID + "\n"), "query_id"),
    (click(query="x" * 513), "query"),
    (click(currency="euro"), "currency"),
    (click(arm="try/b"), "unknown name 'arm'"),
    (click(order_id="7"), "order_id stands for the id of a purchase"),
    (click(type="purchase", id="a", order_id="7"), "order_id stands for the id of a purchase"),
    (click(type="purchase", order_id=" "), "order_id"),
    (click(type="purchase", order_id="7\0"), "NUL"),
    (click(time="yesterday"), "ISO 8601"),
    (click(time="2026-W01-1"), "ISO 8601"),
    (click(time=True), "ISO 8601"),
    (click(time=1.5), "ISO 8601"),
    (click(time=[]), "ISO 8601"),
    (click(consent="yes"), "consent"),
    (click() | {"user_token": "jane@shop.example"}, "e-mail"),
    (click() | {"user_token": "a b"}, "expected 1 to 129"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_a_malformed_event_is_refused_with_its_place(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=r"events\.1") as caught:
        drafts(click(), wrong)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("events", "common", "message"),
    [
        ([click(), click(time=NOW - 366 * DAY_MS)], {}, r"^events\[1\]\.time: .*365 days ago"),
        ([click(time=NOW + 2 * DAY_MS)], {}, r"^events\[0\]\.time: .*a day ahead"),
        ([click()], {"user_token": None}, r"^events\[0\]\.user_token: missing"),
        ([click()], {"index": None}, r"^events\[0\]\.index: missing"),
        (
            [click(items=[{"id": "P"}] * 100)] * (MAX_ITEMS_IN_ALL // 100 + 1),
            {},
            "10,100 items in all, expected at most 10,000",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused(
    events: list[dict[str, Any]], common: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadQueryError, match=message):
        drafts(*events, **common)


def test_there_is_at_least_one_event_and_at_most_a_thousand() -> None:
    assert len(drafts(*[click()] * 1_000)) == 1_000
    for wrong in ([], [click()] * 1_001):
        with pytest.raises(ValidationError, match="events"):
            drafts(*wrong)


# Times and tokens.


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_every_iso_time_is_read_to_the_millisecond(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    read = TypeAdapter(Time).validate_json(json.dumps(zoned.isoformat()))
    assert abs(read - zoned.timestamp() * 1e3) <= 0.5


def test_a_time_is_iso_or_milliseconds_and_without_a_zone_utc() -> None:
    assert parse_time("1970-01-01T00:00:01Z") == 1_000
    assert parse_time("1970-01-01T00:00:01") == 1_000
    assert parse_time("1970-01-01T01:00:00.250+01:00") == 250
    assert parse_time(123) == 123


@pytest.mark.parametrize("token", ["a", "anonymous-1e-2_3=/+.", "x" * 129])
def test_a_pseudonym_is_a_token(token: str) -> None:
    assert parse_token(token) == token


@pytest.mark.parametrize(
    "token", ["", "x" * 130, "a b", "a\n", "é", "a:b", "jane@shop.example", "jane%40shop.example"]
)
def test_anything_else_is_none_and_is_not_repeated(token: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_token(token)
    assert len(token) < 3 or token not in str(caught.value)

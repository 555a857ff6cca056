"""The values of an import's cells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.events.event import EventKind
from searchsvc.events.files import values
from searchsvc.events.files.values import Times, epoch_ms

MOMENT = datetime(2026, 1, 31, 18, 5, tzinfo=UTC)
MOMENT_MS = int(MOMENT.timestamp() * 1_000)
LATEST_MS = 4_000_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T18:05:00Z",
        "2026-01-31T19:05:00+01:00",
        "2026-01-31 18:05",
        "2026-01-31 18:05:00",
        "2026-01-31T18:05:00.000",
        str(MOMENT_MS // 1_000),
        str(MOMENT_MS),
        f"{MOMENT_MS // 1_000}.0",
    ],
)
def test_a_time_may_be_written_in_the_usual_ways(text: str) -> None:
    assert Times(UTC, LATEST_MS).parse(text) == MOMENT_MS


def test_numbers_of_json_are_times_as_well() -> None:
    assert Times(UTC, LATEST_MS).parse(MOMENT_MS) == MOMENT_MS
    assert Times(UTC, LATEST_MS).parse(MOMENT_MS / 1_000) == MOMENT_MS


def test_a_date_is_its_midnight_in_the_zone_of_the_file() -> None:
    times = Times(ZoneInfo("Europe/Berlin"), LATEST_MS)
    assert times.parse("2026-07-01") == epoch_ms("2026-06-30T22:00:00Z")
    assert times.parse("2026-07-01T00:00Z") == epoch_ms("2026-07-01T00:00:00Z")


@given(st.datetimes(datetime(1990, 1, 2), datetime(2090, 1, 1)))  # noqa: DTZ001 - zones are added
def test_every_time_is_read_as_it_was_written(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    found = epoch_ms(aware.isoformat())
    exact = aware - datetime(1970, 1, 1, tzinfo=UTC)
    assert timedelta(0) <= exact - timedelta(milliseconds=found) < timedelta(milliseconds=1)
    assert epoch_ms(str(found)) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a time such as"),
        ("31/01/2026", "a time such as"),
        ("yesterday", "a time such as"),
        ("12345", "a time such as"),
        ("2026-13-01", "a time such as"),
        ("1899-12-30", "after 1990"),
        ("315532800", "after 1990"),
        ("2300-01-01", "not in the future"),
        ("99999999999999", "not in the future"),
    ],
)
def test_what_is_no_plausible_time_is_refused(text: str, expected: str) -> None:
    times = Times(UTC, LATEST_MS)
    for _ in range(2):  # the last text is remembered, a refusal is not
        with pytest.raises(ValueError, match=expected):
            times.parse(text)


@pytest.mark.parametrize(
    ("given_value", "id_of_a_request"),
    [("17850", "17850"), (17850, "17850"), ("17850.0", "17850"), (17850.0, "17850"),
     (" a-1 ", "a-1"), ("1.05", "1.05"), ("x\0y", "xy")],
)  # fmt: skip
def test_a_customer_is_found_by_the_id_that_a_request_sends(
    given_value: object, id_of_a_request: str
) -> None:
    assert values.customer(given_value) == id_of_a_request


@pytest.mark.parametrize("value", ["", "  ", None, "x" * 1_001, True, ["a"], {"id": 1}])
def test_what_is_no_customer_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.customer(value)


@pytest.mark.parametrize(
    ("value", "quantity"),
    [("", 1), (None, 1), ("6", 6), (6, 6), ("6.0", 6), ("0.4", 1), ("2.6", 3), ("1000000", 10**6)],
)
def test_a_quantity_is_a_whole_number_of_at_least_one(value: object, quantity: int) -> None:
    assert values.quantity(value) == quantity


@pytest.mark.parametrize("value", ["0", "-6", -6, "six", "1000001", "nan", "inf", "1e3", "0.0"])
def test_returns_and_words_are_no_quantities(value: object) -> None:
    with pytest.raises(ValueError, match="above 0"):
        values.quantity(value)


@pytest.mark.parametrize(
    ("value", "price"),
    [
        ("4.25", (4.25, "EUR")),
        (4.25, (4.25, "EUR")),
        ("0", (0.0, "EUR")),
        ("", (None, "EUR")),
        (None, (None, "EUR")),
        ("4.25 GBP", (4.25, "GBP")),
        ("1.234,56 €", (1234.56, "EUR")),
    ],
)
def test_a_price_has_its_own_currency_or_that_of_the_row(
    value: object, price: tuple[float | None, str]
) -> None:
    assert values.price(value, "EUR") == price


def test_a_number_needs_no_currency() -> None:
    assert values.price("4.25", None) == (4.25, None)


@pytest.mark.parametrize("value", ["-4.25", "free", "nan", "1e99", "a person's id", "4.25 XYZ"])
def test_what_is_no_price_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(ValueError, match="expected a price") as caught:
        values.price(value, "EUR")
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("purchase", EventKind.PURCHASE),
        ("Transaction", EventKind.PURCHASE),
        ("addToCart", EventKind.ADD_TO_CART),
        ("add_to_cart", EventKind.ADD_TO_CART),
        ("cart", EventKind.ADD_TO_CART),
        ("page view", EventKind.VIEW),
        ("click", EventKind.CLICK),
        ("search", EventKind.SEARCH),
    ],
)
def test_kinds_have_several_names(word: str, kind: EventKind) -> None:
    assert values.kind(word) is kind


def test_a_kind_that_nobody_knows_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="search, view, click, add_to_cart, purchase"):
        values.kind("remove_from_cart")


def test_a_foreign_query_id_takes_the_form_of_ours_and_stays_the_same() -> None:
    ours = "0123456789abcdef" * 2
    assert values.query_id(ours) == ours
    assert values.query_id("") is None
    foreign = values.query_id("session-7/query-1")
    assert foreign == values.query_id("session-7/query-1") != values.query_id("session-7/query-2")
    assert foreign is not None
    assert values.query_id(foreign) == foreign


@pytest.mark.parametrize(("value", "rank"), [("", None), (None, None), ("1", 1), (24, 24)])
def test_a_position_is_counted_from_one(value: object, rank: int | None) -> None:
    assert values.position(value) == rank


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "first", "²", "9999999999"])
def test_what_is_no_position_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="from 1 to"):
        values.position(value)


@pytest.mark.parametrize("value", ["", "é" * 101])
def test_a_product_has_an_id_that_a_feed_could_have(value: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.product(value)
    assert values.product("é" * 100) == "é" * 100


def test_a_currency_is_one_of_iso_4217() -> None:
    assert values.currency("eur") == "EUR"
    assert values.currency("") is None
    with pytest.raises(ValueError, match="ISO 4217"):
        values.currency("EURO")


def test_a_search_has_a_text_which_is_cut() -> None:
    assert len(values.query("x" * 9_999)) == 512
    with pytest.raises(ValueError, match="searched for"):
        values.query(" ")

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.currencies import DECIMALS, SYMBOLS
from indexer.feeds.money import MAX_MINOR_UNITS, parse_price
from indexer.product import Price

AMOUNTS = st.integers(0, MAX_MINOR_UNITS // 1000)


@pytest.mark.parametrize(
    ("text", "minor_units", "currency"),
    [
        ("15.00 USD", 1500, "USD"),
        ("USD 15.00", 1500, "USD"),
        ("usd15", 1500, "USD"),
        ("15,00 EUR", 1500, "EUR"),
        ("15,5 EUR", 1550, "EUR"),
        ("1.234,56 EUR", 123456, "EUR"),
        ("1,234.56 USD", 123456, "USD"),
        ("1.234.567 EUR", 123456700, "EUR"),
        ("1,234 USD", 123400, "USD"),
        ("12,34,567.50 INR", 123456750, "INR"),
        ("1 234,56 €", 123456, "EUR"),
        ("1\N{NO-BREAK SPACE}234 EUR", 123400, "EUR"),
        ("1'234.50 CHF", 123450, "CHF"),
        ("15,- EUR", 1500, "EUR"),
        ("Fr. 15.\N{EN DASH}", 1500, "CHF"),
        ("US$ 15.00", 1500, "USD"),
        ("$15 USD", 1500, "USD"),
        ("4999 JPY", 4999, "JPY"),
        ("4999.00 JPY", 4999, "JPY"),
        ("1.234 KWD", 1234, "KWD"),
        ("15.9900 USD", 1599, "USD"),
        ("0.5 USD", 50, "USD"),
        ("0 USD", 0, "USD"),
    ],
)
def test_a_price_is_read_as_shops_write_it(text: str, minor_units: int, currency: str) -> None:
    assert parse_price(text) == Price(minor_units, currency)


@pytest.mark.parametrize(
    "value",
    [
        "-5 USD", "USD -5", "\N{MINUS SIGN}5 USD", "(5) USD", "abc", "NaN USD", "inf USD", "15",
        "15 XXX", "15.999 USD", "15.1234 USD", "12.5 JPY", "1.000 JPY", "1.234 EUR", "1,234 KWD",
        "1.23,45 EUR", "12,34.5 USD", "12 5 USD", "15-20 EUR", "1e5 USD", "15 EUR USD", "$15",
        "£ 5", "EUR", ".", "\N{ARABIC-INDIC DIGIT THREE} USD", "9" * 25 + " USD", "9" * 5000,
        "from 15 USD", "9999999999999999 USD", "99999999999999.99 USD", "EUR 15 USD",
        15, 1.5, True, [1], {"currency": "USD"}, {"value": 1}, {"value": True},
        {"value": "1 EUR", "currency": "USD"}, {"value": "1", "currency": "nope"},
    ],
)  # fmt: skip
def test_what_is_no_certain_price_is_refused_with_a_reason(value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_price(value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, -0.01, 19.999, 1e300])
def test_a_number_that_is_no_amount_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_price(number, "USD")


@pytest.mark.parametrize("blank", ["", "  ", {"value": " ", "currency": "USD"}])
def test_a_blank_price_is_absent(blank: object) -> None:
    assert parse_price(blank) is None


@pytest.mark.parametrize("value", ["15", "$15", "15.00", 15, 15.0, {"value": 15}, {"value": "15"}])
def test_the_default_currency_completes_an_amount(value: object) -> None:
    assert parse_price(value, "CAD") == Price(1500, "CAD")


def test_a_symbol_that_the_default_currency_does_not_have_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="several currencies"):
        parse_price("$15", "EUR")


@pytest.mark.parametrize(
    "value",
    [
        {"value": "15.00", "currency": "usd"},
        {"value": "15.00 USD", "currency": "USD"},
        {"value": "15.00 USD"},
        {"amount": 15.0, "currency": "USD"},
        {"minor_units": 1500, "currency": "USD"},
    ],
)
def test_a_price_may_be_an_object(value: object) -> None:
    assert parse_price(value) == Price(1500, "USD")


@given(AMOUNTS, st.sampled_from(sorted(DECIMALS)))
def test_every_amount_in_every_currency_survives_as_text_and_as_object(
    minor_units: int, currency: str
) -> None:
    price = Price(minor_units, currency)
    amount = Decimal(minor_units).scaleb(-DECIMALS[currency])
    assert parse_price(f"{amount:f} {currency}") == price
    assert parse_price({"value": f"{amount:f}", "currency": currency}) == price
    assert parse_price({"minor_units": minor_units, "currency": currency}) == price


@given(AMOUNTS)
def test_separators_of_thousands_do_not_change_a_price(minor_units: int) -> None:
    english = f"{Decimal(minor_units) / 100:,.2f}"
    german = english.translate({ord(","): ".", ord("."): ","})
    french = english.translate({ord(","): " ", ord("."): ","})
    expected = Price(minor_units, "EUR")
    for text in (f"{english} EUR", f"EUR {german}", f"{french} €"):
        assert parse_price(text) == expected


@given(st.text(max_size=30) | st.text("0123456789.,-'$€ USDEURJPYKWD", max_size=20))
def test_any_text_is_a_price_or_a_value_error(text: str) -> None:
    try:
        price = parse_price(text, "EUR")
    except ValueError:
        return
    assert price is None or 0 <= price.minor_units <= MAX_MINOR_UNITS


def test_every_symbol_stands_for_currencies_that_exist() -> None:
    assert {code for codes in SYMBOLS.values() for code in codes} <= set(DECIMALS)

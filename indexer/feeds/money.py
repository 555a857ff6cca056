"""Prices as feeds write them, in exact decimal arithmetic."""

from __future__ import annotations

import re
from decimal import Decimal

from indexer.currencies import DECIMALS, SYMBOLS
from indexer.feeds.raw import shown
from indexer.product import Price

MAX_MINOR_UNITS = 10**15
"""Amounts stay exact in 64-bit integers and floats alike."""

_EXPECTED = 'expected a price such as "15.00 USD"'
_MAX_LENGTH = 25  # within the 28 digits that Decimal calculates with

# Space around the number, and what separates its thousands: 1 234 567 and 1'234'567.
_SPACES = re.compile(r"(?<![0-9])\s+|\s+(?![0-9])|(?<=[0-9])[\s'\u2019](?=[0-9]{3}(?![0-9]))")
_PRICE = re.compile(
    r"(?P<before>[^0-9]*)"
    r"(?P<number>[0-9](?:[0-9.,]*[0-9])?)"
    r"(?:[.,][-\u2013\u2014]{1,2})?"  # 15,- EUR
    r"(?P<after>[^0-9]*)"
)
_MINUS_SIGNS = frozenset({"-", "\u2212", "\u2013"})

# Thousands, and India's lakhs and crores: 1,234,567 and 12,34,567.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})*,[0-9]{3}")
_AMBIGUOUS_DECIMALS = 3


def parse_price(value: object, default_currency: str | None = None) -> Price | None:
    """The price that a feed's value states; None for a blank text.

    Accepts ``15.00 USD``, ``USD 15.00``, ``1.234,56 EUR``, ``$15``, a number, and an object with
    ``value`` and ``currency`` (or ``minor_units`` and ``currency``). Separators:

    * the last of two kinds is the decimal one: ``1.234,56`` and ``1,234.56``;
    * the same one twice separates thousands: ``1.234.567``;
    * one dot is the decimal separator, as Google defines it: ``1.5``, ``1.234 KWD``;
    * one comma before exactly three digits separates thousands (``1,234 USD``), before any other
      number of digits it is the decimal separator (``15,00 EUR``);
    * ``1.234 EUR`` and ``1,234 KWD`` could be either, and a wrong guess would be a thousandfold
      error, so they are refused.

    Zeros beyond the currency's decimals are fine (``15.9900 USD``, ``4999.00 JPY``). A symbol of
    several currencies (``$``) stands for the default currency if that is one of them.

    Args:
        value: what the feed says.
        default_currency: upper-case ISO 4217 code for amounts without one.

    Raises:
        ValueError: the value is no such price; says what was expected.
    """
    if isinstance(value, str):
        return _from_text(value, default_currency) if value and not value.isspace() else None
    if isinstance(value, dict):
        return _from_object(value, default_currency)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _price(_from_number(value), _currency([], default_currency))
    raise ValueError(f"{_EXPECTED}, found {_kind(value)}")


def _from_text(text: str, default_currency: str | None) -> Price:
    compact = _SPACES.sub("", text)
    match = _PRICE.fullmatch(compact) if len(compact) <= _MAX_LENGTH else None
    if not match:
        raise ValueError(_EXPECTED)
    before, number, after = match.group("before", "number", "after")
    if before[-1:] in _MINUS_SIGNS or before[:1] in {*_MINUS_SIGNS, "("}:
        raise ValueError("expected a price that is not negative")
    currency = _currency([mark for mark in (before, after) if mark], default_currency)
    return _price(_decimal(number, DECIMALS[currency]), currency)


def _from_object(value: dict[str, object], default_currency: str | None) -> Price | None:
    mark = value.get("currency")
    stated = _currency([mark], default_currency) if isinstance(mark, str) else default_currency
    amount = value.get("value", value.get("amount"))
    if isinstance(amount, str):
        price = parse_price(amount, stated)
        if price and isinstance(mark, str) and price.currency != stated:
            raise ValueError(f"expected one currency, found {price.currency} and {stated}")
        return price
    currency = _currency([], stated)
    if isinstance(amount, (int, float)) and not isinstance(amount, bool):
        return _price(_from_number(amount), currency)
    minor_units = value.get("minor_units")
    if isinstance(minor_units, int) and not isinstance(minor_units, bool):
        return _price(Decimal(minor_units).scaleb(-DECIMALS[currency]), currency)
    raise ValueError('expected a price such as {"value": "15.00", "currency": "USD"}')


def _from_number(number: float) -> Decimal:
    # repr() is the shortest text that means this float: the text that the feed had.
    return Decimal(repr(number))


def _decimal(number: str, decimals: int) -> Decimal:
    """The amount meant by digits, dots and commas."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return Decimal(number)
    separator = number[last]
    other = "," if separator == "." else "."
    whole, fraction = number[:last], number[last + 1 :]
    if other in whole:
        return _joined(whole.replace(other, ","), fraction)
    if separator in whole:
        return _joined(number.replace(separator, ","), "")
    if len(fraction) == _AMBIGUOUS_DECIMALS and not whole.startswith("0"):
        if (separator == ".") != (decimals == _AMBIGUOUS_DECIMALS):
            raise ValueError(
                f'expected a price with {decimals} decimals such as "15.00 USD", found '
                f"{number}, which could also mean thousands"
            )
        if separator == ",":
            return _joined(number, "")
    return _joined(whole, fraction)


def _joined(whole: str, fraction: str) -> Decimal:
    if not whole.isdecimal() and not _GROUPED.fullmatch(whole):
        raise ValueError(f"{_EXPECTED}, with digits in groups of three")
    return Decimal(f"{whole.replace(',', '')}.{fraction}")


def _price(amount: Decimal, currency: str) -> Price:
    if not amount.is_finite() or amount < 0:
        raise ValueError("expected a price that is not negative")
    if amount > MAX_MINOR_UNITS or amount.scaleb(DECIMALS[currency]) > MAX_MINOR_UNITS:
        raise ValueError(f"expected a price of at most {MAX_MINOR_UNITS:,} of the smallest units")
    minor_units = amount.scaleb(DECIMALS[currency])
    if minor_units != int(minor_units):
        raise ValueError(f"expected at most {DECIMALS[currency]} decimals in {currency}")
    return Price(int(minor_units), currency)


def _currency(marks: list[str], default: str | None) -> str:
    """The one currency that all marks, codes or symbols, can stand for."""
    if not marks:
        if default is None:
            raise ValueError(f"{_EXPECTED}: a currency, in the feed or as default_currency")
        return default
    candidates = frozenset.intersection(*map(_candidates, marks))
    if len(candidates) == 1:
        return next(iter(candidates))
    if not candidates:
        raise ValueError(f"expected one currency, found {' and '.join(marks)}")
    if default in candidates:
        return default
    raise ValueError(f"expected a currency code; {marks[0]} stands for several currencies")


def _candidates(mark: str) -> frozenset[str]:
    name = mark.upper().rstrip(".")
    if name in DECIMALS:
        return frozenset({name})
    if name in SYMBOLS:
        return SYMBOLS[name]
    raise ValueError(f"{_EXPECTED}; {shown(mark)} is not a currency of ISO 4217")


def _kind(value: object) -> str:
    return {bool: "true or false", list: "a list"}.get(type(value), type(value).__name__)

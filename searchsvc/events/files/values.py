"""The values of an import's cells; a `ValueError` says what was expected, never what was found."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.currencies import DECIMALS
from indexer.feeds.money import parse_price
from indexer.feeds.values import MAX_ID_BYTES
from searchsvc.events.event import EventKind
from searchsvc.events.files.columns import key
from searchsvc.events.token import MAX_CUSTOMER
from searchsvc.query.query import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_QUANTITY = 1_000_000
MAX_POSITION = 1_000_000
EARLIEST_MS = 631_152_000_000
"""1990: a time before it is a number that was taken for one."""
_MAX_MS = 253_402_300_799_999  # the last that `datetime` has

_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")
_EPOCH_NUMBER = re.compile(r"[0-9]{9,14}(?:\.[0-9]{1,9})?")
_WHOLE_AS_DECIMAL = re.compile(r"[0-9]+\.0")  # what pandas makes of numbers beside empty cells
_QUERY_ID = re.compile(r"[0-9a-f]{32}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_MS_NUMBER = 10**11  # as seconds this would be the year 5138

_KINDS: Mapping[str, EventKind] = MappingProxyType(
    {
        word: kind
        for kind, words in {
            EventKind.SEARCH: ("search", "searched", "query"),
            EventKind.VIEW: ("view", "viewed", "pageview", "productview", "viewitem", "detail"),
            EventKind.CLICK: ("click", "clicked", "clickthrough"),
            EventKind.ADD_TO_CART: ("addtocart", "addedtocart", "cart", "addtobasket", "basket"),
            EventKind.PURCHASE: (
                "purchase", "purchased", "buy", "bought", "order", "ordered", "sale",
                "transaction", "conversion",
            ),
        }.items()
        for word in words
    }
)  # fmt: skip


def text(value: object) -> str:
    """A text or a number, as text without space around it; ``""`` for nothing."""
    if isinstance(value, str):
        return value.replace("\0", "").strip()  # PostgreSQL stores no NUL
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a text or a number")  # noqa: TRY004 - a file says what it likes
    return str(value)


def customer(value: object) -> str:
    """The id of a customer, as a request would send it: ``17850.0`` is ``17850``."""
    found = text(value)
    if not found:
        raise ValueError("expected the customer's id; without one the row belongs to nobody")
    if len(found) > MAX_CUSTOMER:
        raise ValueError(f"expected at most {MAX_CUSTOMER} characters")
    return found[:-2] if _WHOLE_AS_DECIMAL.fullmatch(found) else found


def product(value: object) -> str:
    """The id of a product, as the feed has it."""
    found = text(value)
    if not found:
        raise ValueError("expected the product's id")
    if len(found) * 4 > MAX_ID_BYTES and len(found.encode()) > MAX_ID_BYTES:
        raise ValueError(f"expected at most {MAX_ID_BYTES} bytes")
    return found


def quantity(value: object) -> int:
    """How many; at least one of what is sold by weight."""
    found = text(value)
    if found in {"", "1"}:
        return 1
    if not _NUMBER.fullmatch(found) or not 0 < (amount := float(found)) <= MAX_QUANTITY:
        raise ValueError(
            f"expected a number above 0 and up to {MAX_QUANTITY:,}; returns are left out"
        )
    return max(1, round(amount))


def position(value: object) -> int | None:
    """A rank, from 1."""
    found = text(value)
    if not found:
        return None
    if not found.isascii() or not found.isdecimal() or not 1 <= int(found[:9]) <= MAX_POSITION:
        raise ValueError(f"expected a whole number from 1 to {MAX_POSITION:,}")
    return int(found[:9])


def price(value: object, default_currency: str | None) -> tuple[float | None, str | None]:
    """The price of one in the major unit, and its currency where one is known.

    A plain number is taken as it is; what is written for people goes by `parse_price`.
    """
    found = text(value)
    if not found:
        return None, default_currency
    if _NUMBER.fullmatch(found):
        return float(found), default_currency
    try:
        parsed = parse_price(found, default_currency)
    except ValueError:
        parsed = None
    if parsed is None:
        raise ValueError('expected a price such as 4.25 or "4.25 EUR", not negative')
    return parsed.major_units, parsed.currency


def currency(value: object) -> str | None:
    """An ISO 4217 code, in upper case."""
    found = text(value).upper()
    if found and found not in DECIMALS:
        raise ValueError("expected a currency code of ISO 4217 such as EUR")
    return found or None


def kind(value: object) -> EventKind:
    """What was done, in the usual words for it."""
    found = _KINDS.get(key(text(value)))
    if found is None:
        raise ValueError(f"expected one of {', '.join(EventKind)}")
    return found


def query_id(value: object) -> str | None:
    """A query's id: as this service makes them, any other one hashed into that form.

    Searches and clicks of another service's log still belong together then.
    """
    found = text(value)
    if not found or _QUERY_ID.fullmatch(found):
        return found or None
    return sha256(found.encode()).hexdigest()[:32]


def query(value: object) -> str:
    """What was searched for."""
    found = text(value)
    if not found:
        raise ValueError("expected what was searched for")
    return found[:MAX_TEXT]


class Times:
    """Reads times: ISO 8601, ``2026-01-31 18:05``, seconds or milliseconds since the epoch.

    Args:
        zone: of times that do not say theirs.
        latest_ms: later ones are refused.
    """

    def __init__(self, zone: tzinfo, latest_ms: int) -> None:
        self._zone = zone
        self._latest_ms = latest_ms
        # The rows of an order have the same time.
        self._last_text = ""
        self._last_ms = 0

    def parse(self, value: object) -> int:
        """Milliseconds since the epoch (UTC)."""
        found = text(value)
        if found != self._last_text or not found:
            self._last_ms = self._checked(found)
            self._last_text = found
        return self._last_ms

    def _checked(self, found: str) -> int:
        time_ms = epoch_ms(found, self._zone)
        if time_ms < EARLIEST_MS:
            raise ValueError("expected a time after 1990")
        if time_ms > self._latest_ms:
            raise ValueError("expected a time that is not in the future")
        return time_ms


def epoch_ms(found: str, zone: tzinfo = UTC) -> int:
    """The milliseconds since the epoch (UTC) of a time in any of the forms of `Times`.

    Raises:
        ValueError: it is in none of them.
    """
    if _EPOCH_NUMBER.fullmatch(found):
        number = float(found)
        time_ms = number if number >= _FIRST_MS_NUMBER else number * 1_000
        if time_ms <= _MAX_MS:
            return round(time_ms)
    try:
        time = datetime.fromisoformat(found)
        since = (time if time.tzinfo else time.replace(tzinfo=zone)) - _EPOCH
        return since // _MILLISECOND
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "expected a time such as 2026-01-31T18:05:00Z, 2026-01-31 18:05, or seconds or "
            "milliseconds since 1970"
        ) from error

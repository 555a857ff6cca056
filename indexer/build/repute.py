"""The repute of a product: how much it is bought and liked, and how new it is.

Shops have these numbers under many names. Upper and lower case, spaces, hyphens and underscores
in a name do not matter. The first of the names that a product has with a usable value counts.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.product import AttributeValue, Product

NAMES = MappingProxyType(
    {
        # A sales rank is none of them: there, less is more.
        "popularity": ("popularity", "popularity_score", "units_sold", "sales_count"),
        "rating": (
            "rating", "average_rating", "review_rating", "rating_value",
            "aggregateRating.ratingValue", "stars",
        ),
        "review_count": (
            "review_count", "reviews_count", "number_of_reviews", "rating_count",
            "aggregateRating.reviewCount", "aggregateRating.ratingCount",
        ),
        "released": (
            "date_released", "release_date", "released", "created_at", "date_added",
            "published_at",
        ),
    }
)  # fmt: skip
"""The free attributes that each column is taken from, the best first.

``released`` is the day of availability where a product has none of them.
"""

_SEPARATORS = re.compile(r"[\s_-]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_DATE_PARTS = MappingProxyType({4: "-01-01", 7: "-01"})  # of a year, of a year and a month
_DIGITS_OF_DATES = (4, 8)  # 2026, 20260131
_LEAST_SECONDS = 100_000_000  # March 1973; what is less is no time of a shop
_LEAST_MILLISECONDS = 100_000_000_000  # as seconds, it would be the year 5138
_MOST_MILLISECONDS = 100_000_000_000_000


class _Use(NamedTuple):
    column: str
    preference: int


@lru_cache(maxsize=20_000)
def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


_USES = MappingProxyType(
    {
        _folded(name): _Use(column, preference)
        for column, names in NAMES.items()
        for preference, name in enumerate(names)
    }
)


def repute(product: Product) -> Iterator[tuple[str, float]]:
    """The columns of `NAMES` that `product` has a value for, in their order.

    Ratings and counts are as the shop has them, ``released`` is in seconds since the epoch (UTC).
    """
    stated = sorted(
        (use.preference, name, use.column)
        for name in product.attributes
        if (use := _USES.get(_folded(name))) is not None
    )
    for column in NAMES:
        values = [product.attributes[name] for _, name, used in stated if used == column]
        if column == "released":
            values.append(product.availability_date)
        read = _seconds if column == "released" else _number
        number = next((found for value in values if (found := read(value)) is not None), None)
        if number is not None:
            yield column, number


def _number(value: AttributeValue) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _seconds(value: AttributeValue) -> float | None:
    """Of an ISO date or time, a year, seconds or milliseconds since the epoch."""
    number = _number(value)
    if number is None:
        return _seconds_of_text(value) if isinstance(value, str) else None
    digits = str(int(number))
    if number.is_integer() and len(digits) in _DIGITS_OF_DATES:
        return _seconds_of_text(digits)
    if _LEAST_SECONDS <= number < _LEAST_MILLISECONDS:
        return number
    return number / 1_000 if _LEAST_MILLISECONDS <= number < _MOST_MILLISECONDS else None


def _seconds_of_text(text: str) -> float | None:
    """A time without a zone is in UTC."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(text + _DATE_PARTS.get(len(text), ""))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.timestamp()
    return None

"""The JSON form of conditions on a shopper, strictly typed.

::

    {"fact": "country", "eq": "DE"}
    {"fact": "region", "any_of": ["Hamburg", "Bremen"]}
    {"fact": "orders", "gte": 3}                      (also gt, lt and lte; any of the four)
    {"fact": "loyalty", "exists": true}
    {"fact": "referrer", "matches": "*.instagram.com"}
    {"hour": {"from": 18, "to": 23}}                  (18:00 to 22:59; 22 to 6 is the night)
    {"weekday": ["sat", "sun"]}
    {"date": {"from": "2026-12-01", "until": "2026-12-24"}}
    {"query": ["rain jacket", "wellies"]}             (this search has all words of one)
    {"searched": ["rain jacket"]}                     (an earlier search had)
    {"bought": "brand:Acme", "at_least": 2, "within_days": 90}
    {"viewed": {"field": "price", "gte": 100}}
    {"and": [...]}   {"or": [...]}   {"not": {...}}

``hour``, ``weekday`` and ``date`` may have a ``timezone``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from searchsvc.errors import BadFilterError, BadLiveSettingsError
from searchsvc.query.filters import parse_filter, shown
from searchsvc.segments.calendar import parse_date, parse_hour, parse_weekday
from searchsvc.segments.comparisons import parse_comparison
from searchsvc.segments.conditions import AllOf, Condition, OneOf, Unless
from searchsvc.segments.deeds import Asked, Asks, Did
from searchsvc.segments.document import MAX_TEXTS
from searchsvc.segments.members import members, non_empty, number, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    import numpy as np
    from numpy.typing import NDArray

    from searchsvc.query.filters import Filter

MAX_DEPTH = 10
"""Nesting of and, or and not."""
MAX_CONDITIONS = 2_000
"""Conditions and combinations of one document."""
MAX_CHARACTERS = 200
"""Of a text to look for."""
_MOST_TIMES = 1_000
_MOST_DAYS = 36_500
_KEYS = (
    "fact, hour, weekday, date, query, searched, bought, viewed, or one of the combinations and, "
    "or, not"
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the words and filters of a document stand for in one index.

    Attributes:
        key: the analysed terms of a text.
        mask: given a filter and its place, bool ``(products,)``: which products fulfil it;
            ``None`` where that is not known.
    """

    key: Callable[[str], tuple[str, ...]]
    mask: Callable[[Filter, str], NDArray[np.bool_] | None]


class ConditionParser:
    """Turns decoded JSON into conditions.

    Args:
        meaning: of words and filters.
        zone: of times that name none.

    Raises:
        BadLiveSettingsError: by all methods, for what is no condition; names the place.
    """

    def __init__(self, meaning: Meaning, zone: tzinfo) -> None:
        self._meaning = meaning
        self._count = 0
        self._parsers: dict[str, Callable[[dict[str, Any], str], Condition]] = {
            "fact": parse_comparison,
            "hour": lambda raw, place: parse_hour(raw, place, zone),
            "weekday": lambda raw, place: parse_weekday(raw, place, zone),
            "date": lambda raw, place: parse_date(raw, place, zone),
            "query": self._query,
            "searched": self._searched,
            "bought": self._bought,
            "viewed": self._viewed,
        }

    def parse(self, raw: object, place: str, depth: int = 0) -> Condition:
        """The condition that `raw` stands for.

        Args:
            raw: decoded JSON.
            place: where it stands in the document.
            depth: how many combinations it is part of.
        """
        self._count += 1
        if self._count > MAX_CONDITIONS:
            raise BadLiveSettingsError(
                f"{place}: more than {MAX_CONDITIONS:,} conditions in all; use any_of for values"
            )
        if depth > MAX_DEPTH:
            raise BadLiveSettingsError(
                f"{place}: nested deeper than {MAX_DEPTH}; flatten the condition"
            )
        if not isinstance(raw, dict):
            raise BadLiveSettingsError(
                f"{place}: found {shown(raw)}, expected an object such as "
                '{"fact": "country", "eq": "DE"}'
            )
        for name, parse in self._parsers.items():
            if name in raw:
                return parse(raw, place)
        if len(raw) != 1 or not raw.keys() <= {"and", "or", "not"}:
            raise BadLiveSettingsError(
                f"{place}: found the keys {shown(sorted(map(str, raw)))}, expected {_KEYS}"
            )
        ((operator, operand),) = raw.items()
        return self._combine(operator, operand, f"{place}.{operator}", depth + 1)

    def text(self, raw: object, place: str) -> frozenset[str]:
        """The analysed words of a text to look for."""
        if not isinstance(raw, str) or len(raw) > MAX_CHARACTERS:
            raise BadLiveSettingsError(
                f"{place}: found {shown(raw)}, expected a text of at most {MAX_CHARACTERS} "
                "characters"
            )
        words = self._meaning.key(raw)
        if not words:
            raise BadLiveSettingsError(
                f"{place}: {raw!r} has no word that could be searched for; remove it"
            )
        return frozenset(words)

    def filter(self, raw: object, place: str) -> Filter:
        """The filter that `raw` stands for, whatever the columns of the index."""
        try:
            return parse_filter(raw)
        except BadFilterError as error:
            raise BadLiveSettingsError(at_place(place, error)) from error

    def _combine(self, operator: str, operand: object, place: str, depth: int) -> Condition:
        if operator == "not":
            return Unless(self.parse(operand, place, depth))
        parts = tuple(
            self.parse(part, f"{place}[{number}]", depth)
            for number, part in enumerate(non_empty(operand, place))
        )
        return AllOf(parts) if operator == "and" else OneOf(parts)

    def _query(self, raw: dict[str, Any], place: str) -> Condition:
        return Asks(*self._texts(raw, "query", place))

    def _searched(self, raw: dict[str, Any], place: str) -> Condition:
        return Asked(*self._texts(raw, "searched", place))

    def _texts(
        self, raw: dict[str, Any], name: str, place: str
    ) -> tuple[tuple[frozenset[str], ...], tuple[str, ...]]:
        members(raw, {name}, place)
        texts = non_empty(raw[name], f"{place}.{name}")
        if len(texts) > MAX_TEXTS:
            raise BadLiveSettingsError(
                f"{place}.{name}: found {len(texts)} texts, expected at most {MAX_TEXTS}"
            )
        keys = [self.text(text, f"{place}.{name}[{n}]") for n, text in enumerate(texts)]
        return tuple(keys), tuple(texts)

    def _bought(self, raw: dict[str, Any], place: str) -> Condition:
        return self._did(raw, "bought", place)

    def _viewed(self, raw: dict[str, Any], place: str) -> Condition:
        return self._did(raw, "viewed", place)

    def _did(self, raw: dict[str, Any], name: str, place: str) -> Condition:
        members(raw, {name, "at_least", "within_days"}, place)
        wanted = self.filter(raw[name], f"{place}.{name}")
        times = whole_number(raw.get("at_least", 1), 1, _MOST_TIMES, f"{place}.at_least")
        days = None
        if "within_days" in raw:
            days = number(raw["within_days"], f"{place}.within_days")
            if not 0 < days <= _MOST_DAYS:
                raise BadLiveSettingsError(
                    f"{place}.within_days: found {days:g}, expected more than 0 and at most "
                    f"{_MOST_DAYS:,}"
                )
        mask = self._meaning.mask(wanted, f"{place}.{name}")
        return Did(name == "bought", mask, times, days, written(raw[name]))


def at_place(place: str, error: BadFilterError) -> str:
    """The message of `error`, in which the filter is called by its place in the document."""
    message = str(error)
    if message.startswith("filters"):
        return f"{place}{message.removeprefix('filters')}"
    return f"{place}: {message}"


def written(filter_: object) -> str:
    """A filter as it stands in the document, on one line."""
    return filter_ if isinstance(filter_, str) else json.dumps(filter_, ensure_ascii=False)

"""The JSON form of a condition on one fact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from indexer.columns import kind_of
from searchsvc.errors import BadLiveSettingsError
from searchsvc.query.filters import shown
from searchsvc.segments.conditions import Equals, Known, Matches, Unless, Within
from searchsvc.segments.facts import COMPUTED
from searchsvc.segments.members import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.segments.conditions import Condition
    from searchsvc.segments.shopper import Fact

MAX_NAME = 64
"""Characters of a fact's name."""
MAX_VALUES = 1_000
"""Values that a fact may be compared with at once."""
MAX_CHARACTERS = 200
"""Of a text that a fact is compared with."""
MAX_ASTERISKS = 10
"""In a pattern."""
_BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_HOST = "referrer"


def parse_comparison(raw: dict[str, Any], place: str) -> Condition:
    """The condition that `raw`, which has the key ``fact``, stands for.

    Raises:
        BadLiveSettingsError: it is none; the message names the place.
    """
    fact = raw["fact"]
    if not isinstance(fact, str) or not 0 < len(fact) <= MAX_NAME:
        raise BadLiveSettingsError(
            f"{place}.fact: found {shown(fact)}, expected a name of 1 to {MAX_NAME} characters"
        )
    operators = raw.keys() - {"fact"}
    if len(operators) == 1:
        (operator,) = operators
        if operator in _PARSERS:
            return _PARSERS[operator](fact, raw[operator], f"{place}.{operator}")
    if operators and operators <= _BOUNDS.keys():
        return _within(fact, raw, place)
    raise BadLiveSettingsError(
        f"{place}: found {shown(sorted(map(str, operators)))} on fact {shown(fact)}, expected "
        "exactly one of eq, any_of, exists and matches, or bounds out of gt, gte, lt and lte"
    )


def _equals(fact: str, raw: object, place: str) -> Condition:
    return Equals.one_of(fact, (_value(fact, raw, place),))


def _any_of(fact: str, raw: object, place: str) -> Condition:
    if not isinstance(raw, list) or not 0 < len(raw) <= MAX_VALUES:
        raise BadLiveSettingsError(
            f"{place}: found {shown(raw)}, expected a list of 1 to {MAX_VALUES:,} values"
        )
    values = [_value(fact, value, f"{place}[{n}]") for n, value in enumerate(raw)]
    return Equals.one_of(fact, tuple(values))


def _exists(fact: str, raw: object, place: str) -> Condition:
    if not isinstance(raw, bool):
        raise BadLiveSettingsError(f"{place}: found {shown(raw)}, expected true or false")
    return Known(fact) if raw else Unless(Known(fact))


def _matches(fact: str, raw: object, place: str) -> Condition:
    pattern = _value(fact, raw, place)
    if not isinstance(pattern, str):
        raise BadLiveSettingsError(
            f"{place}: found {shown(raw)}, expected a text such as '*.instagram.com'"
        )
    if pattern.count("*") > MAX_ASTERISKS:
        raise BadLiveSettingsError(
            f"{place}: {shown(raw)} has more than {MAX_ASTERISKS} asterisks; leave some out"
        )
    return Matches(fact, pattern, tuple(pattern.casefold().split("*")))


_PARSERS: dict[str, Callable[[str, object, str], Condition]] = {
    "eq": _equals,
    "any_of": _any_of,
    "exists": _exists,
    "matches": _matches,
}


def _within(fact: str, raw: dict[str, Any], place: str) -> Condition:
    """Open bounds become closed ones at the neighbouring float, as in filters."""
    _check_kind(fact, 0.0, place)
    low, high = -math.inf, math.inf
    signs = []
    for name in (name for name in _BOUNDS if name in raw):
        bound = number(raw[name], f"{place}.{name}")
        signs.append(f"{_BOUNDS[name]} {bound:g}")
        match name:
            case "gt":
                low = max(low, math.nextafter(bound, math.inf))
            case "gte":
                low = max(low, bound)
            case "lt":
                high = min(high, math.nextafter(bound, -math.inf))
            case _:
                high = min(high, bound)
    if low > high:
        raise BadLiveSettingsError(f"{place}: no number is {' and '.join(signs)}; correct a bound")
    return Within(fact, low, high, " and ".join(signs))


def _value(fact: str, raw: object, place: str) -> Fact:
    if isinstance(raw, str):
        if not raw or len(raw) > MAX_CHARACTERS:
            raise BadLiveSettingsError(
                f"{place}: found {shown(raw)}, expected 1 to {MAX_CHARACTERS} characters"
            )
        if fact == _HOST and "/" in raw:
            raise BadLiveSettingsError(
                f"{place}: found {shown(raw)}, but of a referrer only the host is compared; "
                "leave out 'https://' and the path"
            )
        value: Fact = raw
    elif isinstance(raw, bool):
        value = raw
    elif isinstance(raw, int | float):
        number(raw, place)  # refuses what is infinite
        value = raw
    else:
        raise BadLiveSettingsError(
            f"{place}: found {shown(raw)}, expected a text, number or boolean"
        )
    _check_kind(fact, value, place)
    return value


def _check_kind(fact: str, value: Fact, place: str) -> None:
    """What is computed has a kind that it can be compared with."""
    kind = COMPUTED.get(fact)
    if kind is not None and kind_of(value) != kind:
        expected = "a number" if kind == "number" else "true or false"
        raise BadLiveSettingsError(
            f"{place}: {fact!r} is {expected}, and cannot be compared with the {kind_of(value)} "
            f"{shown(value)}"
        )

"""Conditions: what Algolia's filter parameters ask for, as one filter."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from searchsvc.errors import BadFilterError
from searchsvc.query.filters import parse_filter
from searchsvc.query.filters.limits import MAX_CLAUSES, MAX_VALUES, shown
from searchsvc.query.filters.tree import And, AnyOf, Between, Box, Filter, Near, Not, Or, Polygon

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.columns import Scalar
    from searchsvc.http.algolia.attributes import Attribute, Attributes
    from searchsvc.http.algolia.values import Nested

_TAGS = "_tags"
_MOST_COLONS = 8  # that an attribute's name may have
_INTERVALS: Mapping[str, Callable[[float], tuple[float, float]]] = {
    "<=": lambda number: (-math.inf, number),
    ">=": lambda number: (number, math.inf),
    "!=": lambda number: (number, number),
    "<": lambda number: (-math.inf, math.nextafter(number, -math.inf)),
    ">": lambda number: (math.nextafter(number, math.inf), math.inf),
    "=": lambda number: (number, number),
    ":": lambda number: (number, number),
}
"""The closed interval of each operator; open bounds end at the neighbouring number."""
_TRUTH = {"true": True, "false": False}


def facet_filter(nested: Nested, attributes: Attributes) -> Filter | None:
    """The filter of ``facetFilters``: ``brand:Acme``, ``brand:-Acme`` for all others.

    Raises:
        BadFilterError: an attribute is unknown, or a value is not of its type.
    """
    return _all(nested, "facetFilters", lambda text, place: facet(text, place, attributes))


def numeric_filter(nested: Nested, attributes: Attributes) -> Filter | None:
    """The filter of ``numericFilters``: ``price>=10``, ``price:10 TO 20``, ``price!=3``.

    Raises:
        BadFilterError: an attribute is unknown or has no numbers, or a condition is malformed.
    """
    return _all(nested, "numericFilters", lambda text, place: comparison(text, place, attributes))


def tag_filter(nested: Nested, attributes: Attributes) -> Filter | None:
    """The filter of ``tagFilters``: values of the attribute ``_tags``.

    Raises:
        BadFilterError: products have no tags.
    """
    return _all(
        nested, "tagFilters", lambda text, place: facet(f"{_TAGS}:{text}", place, attributes)
    )


def text_filter(text: str, attributes: Attributes) -> Filter | None:
    """The filter of ``filters``, an expression with AND, OR and NOT.

    Raises:
        BadFilterError: it is malformed, or an attribute is unknown; the message tells the place.
    """
    if not text.strip():
        return None
    return _renamed(parse_filter(text), attributes)


def both(first: Filter | None, second: Filter | None) -> Filter | None:
    """What fulfils both; ``None`` is fulfilled by all."""
    if first is None or second is None:
        return second if first is None else first
    return And((first, second))


def facet(text: str, place: str, attributes: Attributes) -> Filter:
    """One condition ``attribute:value``, or ``attribute:-value`` for its negation.

    Raises:
        BadFilterError: the attribute is unknown, or the value is not of its type.
    """
    attribute, value = _split(text, place, attributes)
    excluded = value.startswith("-")
    if excluded or value.startswith("\\-"):
        value = value[1:]
    equal = AnyOf(attribute.field, (_scalar(value, attribute, place),), place)
    return Not(equal) if excluded else equal


def comparison(text: str, place: str, attributes: Attributes) -> Filter:
    """One condition on a number: ``price>=10``, ``price:10 TO 20``, ``price!=3``.

    Raises:
        BadFilterError: the attribute is unknown or has no numbers, or the condition is malformed.
    """
    name, operator, operand = _operation(text)
    if not operator:
        raise BadFilterError(f"{place}: found {shown(text)}, expected one such as price>=10")
    attribute = attributes.require(name, place)
    if attribute.column.kind != "number":
        raise BadFilterError(
            f"{place}: {shown(name)} has no numbers; use facetFilters for a "
            f"{attribute.column.kind} attribute"
        )
    low, found, high = operand.partition(" TO ")
    if operator == ":" and found:
        return Between(attribute.field, _number(low, place), _number(high, place), place)
    interval = Between(attribute.field, *_INTERVALS[operator](_number(operand, place)), place)
    return Not(interval) if operator == "!=" else interval


def _all(nested: Nested, place: str, parse: Callable[[str, str], Filter]) -> Filter | None:
    for found, limit, setting in (
        (len(nested), MAX_CLAUSES, "CLAUSES"),
        (sum(map(len, nested)), MAX_VALUES, "VALUES"),
    ):
        if found > limit:
            raise BadFilterError(
                f"{place}: {found} conditions, expected at most {limit} (fixed; "
                f"SEARCHSVC_MAX_FILTER_{setting} can only lower it)"
            )
    parts = tuple(
        _any(tuple(parse(text, f"{place}[{number}]") for text in texts))
        for number, texts in enumerate(nested)
    )
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(parts)


def _any(parts: tuple[Filter, ...]) -> Filter:
    """What fulfils any of `parts`; equalities of one column are one condition."""
    equal: dict[str, AnyOf] = {}
    others: list[Filter] = []
    for part in parts:
        if isinstance(part, AnyOf):
            known = equal.get(part.field)
            equal[part.field] = replace(part, values=known.values + part.values) if known else part
        else:
            others.append(part)
    joined = (*equal.values(), *others)
    return joined[0] if len(joined) == 1 else Or(joined)


def _split(text: str, place: str, attributes: Attributes) -> tuple[Attribute, str]:
    """The attribute and the value; a name may have colons of its own."""
    parts = text.split(":", _MOST_COLONS)
    for count in range(1, len(parts)):
        found = attributes.find(":".join(parts[:count]).strip())
        if found is not None:
            return found, text.split(":", count)[count].strip()
    if len(parts) == 1:
        raise BadFilterError(f"{place}: found {shown(text)}, expected attribute:value")
    return attributes.require(parts[0].strip(), place), parts[1]


def _scalar(value: str, attribute: Attribute, place: str) -> Scalar:
    kind = attribute.column.kind
    if kind == "number":
        return _number(value, place)
    if kind == "bool":
        if value.lower() not in _TRUTH:
            raise BadFilterError(
                f"{place}: found {shown(value)}, expected true or false for "
                f"{shown(attribute.name)}"
            )
        return _TRUTH[value.lower()]
    return value


def _operation(text: str) -> tuple[str, str, str]:
    """Name, operator and operand; the first operator counts, the longer one where two begin."""
    signs = (sign for sign in _INTERVALS if sign in text and sign != ":")
    sign = min(signs, key=lambda sign: (text.find(sign), -len(sign)), default=":")
    name, found, operand = text.partition(sign)
    return name.strip(), found, operand.strip()


def _number(text: str, place: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadFilterError(f"{place}: found {shown(text)}, expected a number")
    return number


def _renamed(condition: Filter, attributes: Attributes) -> Filter:
    """`condition` about columns instead of attributes."""
    match condition:
        case And(parts):
            return And(tuple(_renamed(part, attributes) for part in parts))
        case Or(parts):
            return Or(tuple(_renamed(part, attributes) for part in parts))
        case Not(part):
            return Not(_renamed(part, attributes))
        case Near() | Box() | Polygon():
            return condition
    place = condition.place or "filters"
    return replace(condition, field=attributes.require(condition.field, place).field)

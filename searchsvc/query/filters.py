"""Filters: conditions on columns, combined by and, or and not.

The JSON form::

    {"field": "brand", "eq": "HP"}
    {"field": "brand", "any_of": ["HP", "Dell"]}
    {"field": "price", "gte": 100, "lt": 250}        (also gt and lte; any of the four)
    {"field": "sale_price", "exists": true}
    {"and": [...]}   {"or": [...]}   {"not": {...}}
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from searchsvc.errors import BadFilterError

if TYPE_CHECKING:
    from indexer.columns import Scalar

MAX_DEPTH = 10
"""Nesting of and, or and not."""
MAX_CLAUSES = 200
"""Conditions and combinations of one filter."""
MAX_VALUES = 1_000
"""Values in all conditions of one filter."""

_SHOWN_CHARACTERS = 80
_BOUNDS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field has one of the values."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The field has a number in the closed interval."""

    field: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has any value."""

    field: str


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter = AnyOf | Between | Exists | And | Or | Not


def parse_filter(raw: object) -> Filter:
    """The filter that `raw`, decoded JSON, stands for.

    Raises:
        BadFilterError: it is none; the message names the place.
    """
    return _Parser().parse(raw, "filters", 0)


def parse_filter_json(text: str | None) -> Filter | None:
    """The filter that the JSON `text` stands for; nothing for no text.

    Raises:
        BadFilterError: it is no JSON, or no filter.
    """
    if not text:
        return None
    try:
        return parse_filter(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise BadFilterError(
            f'filters: found {shown(text)}, expected JSON such as {{"field": "brand", "eq": '
            f'"HP"}} ({error})'
        ) from error


class _Parser:
    """Turns JSON into a filter and counts its clauses."""

    def __init__(self) -> None:
        self._clauses = 0
        self._values = 0

    def parse(self, raw: object, place: str, depth: int) -> Filter:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise BadFilterError(f"filters: more than {MAX_CLAUSES} clauses; use any_of for lists")
        if depth > MAX_DEPTH:
            raise BadFilterError(f"{place}: nested deeper than {MAX_DEPTH}; flatten the filter")
        if not isinstance(raw, dict):
            raise BadFilterError(
                f"{place}: found {shown(raw)}, expected an object such as "
                '{"field": "brand", "eq": "HP"}'
            )
        if "field" in raw:
            return self._counted(_parse_condition(raw, place))
        if len(raw) != 1 or not raw.keys() <= {"and", "or", "not"}:
            raise BadFilterError(
                f"{place}: found the keys {shown(sorted(map(str, raw)))}, expected 'field' with a "
                "condition, or one of 'and', 'or', 'not'"
            )
        ((operator, operand),) = raw.items()
        return self._combine(operator, operand, f"{place}.{operator}", depth + 1)

    def _counted(self, condition: Filter) -> Filter:
        if isinstance(condition, AnyOf):
            self._values += len(condition.values)
        if self._values > MAX_VALUES:
            raise BadFilterError(
                f"filters: more than {MAX_VALUES} values; ask in several requests"
            )
        return condition

    def _combine(self, operator: str, operand: object, place: str, depth: int) -> Filter:
        if operator == "not":
            return Not(self.parse(operand, place, depth))
        if not isinstance(operand, list) or not operand:
            raise BadFilterError(f"{place}: found {shown(operand)}, expected a non-empty list")
        parts = tuple(
            self.parse(part, f"{place}[{number}]", depth) for number, part in enumerate(operand)
        )
        return And(parts) if operator == "and" else Or(parts)


def _parse_condition(raw: dict[Any, Any], place: str) -> Filter:
    field = raw["field"]
    operators = set(raw) - {"field"}
    if not isinstance(field, str):
        raise BadFilterError(f"{place}.field: found {shown(field)}, expected a column's name")
    if operators == {"eq"}:
        return AnyOf(field, (_scalar(raw["eq"], f"{place}.eq"),))
    if operators == {"any_of"}:
        return AnyOf(field, _scalars(raw["any_of"], f"{place}.any_of"))
    if operators == {"exists"}:
        wanted = raw["exists"]
        if not isinstance(wanted, bool):
            raise BadFilterError(f"{place}.exists: found {shown(wanted)}, expected true or false")
        return Exists(field) if wanted else Not(Exists(field))
    if operators and operators <= set(_BOUNDS):
        return _parse_range(field, raw, place)
    raise BadFilterError(
        f"{place}: found {shown(sorted(map(str, operators)))} on field {shown(field)}, expected "
        "exactly one of eq, any_of and exists, or bounds out of gt, gte, lt and lte"
    )


def _parse_range(field: str, raw: dict[Any, Any], place: str) -> Between:
    """Open bounds become closed ones at the neighbouring float: columns hold floats anyway."""
    low, high = -math.inf, math.inf
    for name in _BOUNDS:
        if name not in raw:
            continue
        value = raw[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadFilterError(f"{place}.{name}: found {shown(value)}, expected a number")
        bound = _finite(value, f"{place}.{name}")
        match name:
            case "gt":
                low = max(low, math.nextafter(bound, math.inf))
            case "gte":
                low = max(low, bound)
            case "lt":
                high = min(high, math.nextafter(bound, -math.inf))
            case "lte":
                high = min(high, bound)
    return Between(field, low, high)


def _scalars(raw: object, place: str) -> tuple[Scalar, ...]:
    if not isinstance(raw, list) or not 0 < len(raw) <= MAX_VALUES:
        raise BadFilterError(
            f"{place}: found {shown(raw)}, expected a list of 1 to {MAX_VALUES} values"
        )
    return tuple(_scalar(value, f"{place}[{number}]") for number, value in enumerate(raw))


def _scalar(value: object, place: str) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        _finite(value, place)
        return value
    if not isinstance(value, str):
        raise BadFilterError(f"{place}: found {shown(value)}, expected a text, number or boolean")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise BadFilterError(f"{place}: found {shown(value)}, expected a text without surrogates")
    return value


def _finite(value: float, place: str) -> float:
    """`value` as a float; Python's JSON reader accepts NaN and numbers of any size."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadFilterError(f"{place}: found {shown(value)}, expected a finite number")
    return number


def shown(value: object) -> str:
    """`value` as a message shows it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."

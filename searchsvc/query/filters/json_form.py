"""The JSON form of a filter, strictly typed.

::

    {"field": "brand", "eq": "HP"}
    {"field": "brand", "any_of": ["HP", "Dell"]}
    {"field": "price", "gte": 100, "lt": 250}        (also gt and lte; any of the four)
    {"field": "sale_price", "exists": true}
    {"near": {"latitude": 48.85, "longitude": 2.35, "within_m": 5000}}
    {"box": {"north": 49, "west": 2, "south": 48, "east": 3}}
    {"polygon": [[49, 2], [49, 3], [48, 2.5]]}       (latitude first)
    {"and": [...]}   {"or": [...]}   {"not": {...}}
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from searchsvc.errors import BadFilterError
from searchsvc.query.filters import area
from searchsvc.query.filters.limits import MAX_DEPTH, MAX_VALUES, finite, shown
from searchsvc.query.filters.tree import And, AnyOf, Between, Exists, Filter, Not, Or

if TYPE_CHECKING:
    from indexer.columns import Scalar
    from searchsvc.query.filters.limits import Allowance

_BOUNDS = ("gt", "gte", "lt", "lte")
_OPERATORS = ("and", "or", "not")


class JsonParser:
    """Turns decoded JSON into a filter.

    Args:
        allowance: what all parts of the filter may have together.
    """

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance

    def parse(self, raw: object, place: str, depth: int = 0) -> Filter:
        """The filter that `raw` stands for.

        Args:
            raw: decoded JSON.
            place: where it stands in the request.
            depth: how many combinations it is part of.

        Raises:
            BadFilterError: it is none; the message names the place.
        """
        self._allowance.clause()
        if depth > MAX_DEPTH:
            raise BadFilterError(
                f"{place}: nested deeper than {MAX_DEPTH} (fixed; SEARCHSVC_MAX_FILTER_DEPTH can "
                "only lower it); flatten the filter"
            )
        if not isinstance(raw, dict):
            raise BadFilterError(
                f"{place}: found {shown(raw)}, expected an object such as "
                '{"field": "brand", "eq": "HP"}'
            )
        if "field" in raw:
            return self._counted(_parse_condition(raw, place))
        if len(raw) != 1 or not raw.keys() <= {*_OPERATORS, *area.PARSERS}:
            raise BadFilterError(
                f"{place}: found the keys {shown(sorted(map(str, raw)))}, expected 'field' with a "
                "condition, or one of 'and', 'or', 'not', 'near', 'box', 'polygon'"
            )
        ((operator, operand),) = raw.items()
        if operator in area.PARSERS:
            return area.PARSERS[operator](operand, f"{place}.{operator}")
        return self._combine(operator, operand, f"{place}.{operator}", depth + 1)

    def _counted(self, condition: Filter) -> Filter:
        if isinstance(condition, AnyOf):
            self._allowance.values(len(condition.values))
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
        return AnyOf(field, (_scalar(raw["eq"], f"{place}.eq"),), place)
    if operators == {"any_of"}:
        return AnyOf(field, _scalars(raw["any_of"], f"{place}.any_of"), place)
    if operators == {"exists"}:
        wanted = raw["exists"]
        if not isinstance(wanted, bool):
            raise BadFilterError(f"{place}.exists: found {shown(wanted)}, expected true or false")
        condition = Exists(field, place)
        return condition if wanted else Not(condition)
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
        bound = finite(value, f"{place}.{name}")
        match name:
            case "gt":
                low = max(low, math.nextafter(bound, math.inf))
            case "gte":
                low = max(low, bound)
            case "lt":
                high = min(high, math.nextafter(bound, -math.inf))
            case "lte":
                high = min(high, bound)
    return Between(field, low, high, place)


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
        finite(value, place)
        return value
    if not isinstance(value, str):
        raise BadFilterError(f"{place}: found {shown(value)}, expected a text, number or boolean")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise BadFilterError(f"{place}: found {shown(value)}, expected a text without surrogates")
    return value

"""The string grammar of a filter.

::

    filter     = all {"OR" all}
    all        = one {"AND" one}
    one        = "NOT" one | "(" filter ")" | area | exists | condition
    condition  = name (":" | "=" | "!=") value
               | name ("<" | "<=" | ">" | ">=") number
               | name ":" number "TO" number                       (both included)
    exists     = "exists(" name ")"
    area       = "near(" latitude "," longitude "," number ("m" | "km") ")"
               | "box(" north "," west "," south "," east ")"
               | "polygon(" latitude "," longitude {"," latitude "," longitude} ")"

Keywords are in upper case. A bare name is of letters, digits and ``_ . -``; a bare value ends at a
space or parenthesis. Either may be in single or double quotes, with backslashes before quotes and
backslashes. A value has no type; the column it is compared with gives it one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from searchsvc.query.filters import area
from searchsvc.query.filters.limits import MAX_CORNERS, MAX_DEPTH, MAX_LATITUDE, MAX_LONGITUDE
from searchsvc.query.filters.scanner import KEYWORDS, Scanner
from searchsvc.query.filters.tree import (
    And,
    Between,
    Exists,
    Filter,
    Not,
    Or,
    Spot,
    Written,
    number_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.query.filters.limits import Allowance

_OPERATORS = ("<=", ">=", "!=", "<", ">", "=", ":")
_METRES = {"km": 1_000.0, "m": 1.0}


def parse_text(text: str, origin: str, allowance: Allowance) -> Filter:
    """The filter that `text` stands for.

    Args:
        text: in the grammar of this module.
        origin: what it is in the request, for messages.
        allowance: what all parts of the filter may have together.

    Raises:
        BadFilterError: it is none; the message names the character and shows it.
    """
    return _Parser(Scanner(text, origin), allowance).parse()


class _Parser:
    """Descends from OR over AND and NOT to the conditions."""

    def __init__(self, scanner: Scanner, allowance: Allowance) -> None:
        self._scanner = scanner
        self._allowance = allowance
        self._calls: dict[str, Callable[[str], Filter]] = {
            "exists": self._exists,
            "near": self._near,
            "box": self._box,
            "polygon": self._polygon,
        }

    def parse(self) -> Filter:
        condition = self._any(0)
        if not self._scanner.is_done():
            raise self._unexpected("AND, OR or the end")
        return condition

    def _any(self, depth: int) -> Filter:
        parts = [self._all(depth)]
        while self._scanner.keyword("OR"):
            parts.append(self._all(depth))
        if len(parts) == 1:
            return parts[0]
        # Alternatives for one field are evaluated as one condition, like any_of.
        fields = {part.field for part in parts if isinstance(part, Written)}
        self._count(1 + len(fields))
        return Or(tuple(parts))

    def _all(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self._scanner.keyword("AND"):
            parts.append(self._one(depth))
        if len(parts) == 1:
            return parts[0]
        self._count(1 + sum(isinstance(part, Written) for part in parts))
        return And(tuple(parts))

    def _one(self, depth: int) -> Filter:
        scanner = self._scanner
        begin = scanner.skip_spaces()
        if depth > MAX_DEPTH:
            raise scanner.error(
                f"no more than {MAX_DEPTH} parentheses and NOT inside another (fixed; "
                "SEARCHSVC_MAX_FILTER_DEPTH can only lower it)",
                begin,
            )
        if scanner.keyword("NOT"):
            self._count(1)
            return Not(self._one(depth + 1))
        if scanner.take("("):
            inner = self._any(depth + 1)
            if not scanner.take(")"):
                raise self._unexpected("AND, OR or ')'")
            return inner
        return self._condition(begin)

    def _condition(self, begin: int) -> Filter:
        scanner = self._scanner
        name = scanner.name()
        place = scanner.place(begin)
        if name in self._calls and scanner.take("("):
            self._count(1)
            condition = self._calls[name](place)
            scanner.require(")", f"at the end of {name}(…)")
            return condition
        operator = scanner.take(*_OPERATORS)
        match operator:
            case None:
                raise self._unexpected(f"':' or a comparison after '{name}'", name, begin)
            case ":":
                return self._value_or_range(name, place)
            case "=" | "!=":
                condition = self._written(name, scanner.value(f"{name} {operator}"), place)
                return condition if operator == "=" else Not(condition)
            case _:
                return self._compared(name, operator, place)

    def _value_or_range(self, name: str, place: str) -> Filter:
        scanner = self._scanner
        begin = scanner.skip_spaces()
        value = scanner.value(f"{name}:")
        if not scanner.keyword("TO"):
            return self._written(name, value, place)
        low = number_of(value)
        if low is None:
            raise scanner.error("a number before TO", begin)
        self._count(1)
        return Between(name, low, scanner.number(), place)

    def _compared(self, name: str, operator: str, place: str) -> Filter:
        """Open bounds become closed ones at the neighbouring float, which is what columns hold."""
        self._count(1)
        bound = self._scanner.number()
        match operator:
            case "<":
                return Between(name, -math.inf, math.nextafter(bound, -math.inf), place)
            case "<=":
                return Between(name, -math.inf, bound, place)
            case ">":
                return Between(name, math.nextafter(bound, math.inf), math.inf, place)
            case _:
                return Between(name, bound, math.inf, place)

    def _written(self, name: str, value: str, place: str) -> Written:
        self._allowance.values(1)
        return Written(name, value, place)

    def _exists(self, place: str) -> Filter:
        return Exists(self._scanner.name(), place)

    def _near(self, place: str) -> Filter:
        center = self._spot()
        self._scanner.require(",", "before the distance")
        distance = self._scanner.number()
        unit = self._scanner.keyword(*_METRES)
        if unit is None:
            raise self._scanner.error("the unit of the distance, m or km", self._scanner.at)
        return area.near(center.latitude, center.longitude, distance * _METRES[unit], place)

    def _box(self, place: str) -> Filter:
        corner = self._spot()
        self._scanner.require(",", "before the south")
        opposite = self._spot()
        return area.box(
            corner.latitude, corner.longitude, opposite.latitude, opposite.longitude, place
        )

    def _polygon(self, place: str) -> Filter:
        corners = [self._spot()]
        while len(corners) <= MAX_CORNERS and self._scanner.take(","):
            corners.append(self._spot())
        return area.polygon(corners, place)

    def _spot(self) -> Spot:
        latitude = self._scanner.number(MAX_LATITUDE)
        self._scanner.require(",", "between latitude and longitude")
        return Spot(latitude, self._scanner.number(MAX_LONGITUDE))

    def _count(self, clauses: int) -> None:
        for _ in range(clauses):
            self._allowance.clause()

    def _unexpected(self, expected: str, name: str = "", begin: int = 0) -> Exception:
        """What to raise at the next character; somebody may have written ``and``."""
        scanner = self._scanner
        for word in KEYWORDS:
            if name.upper() == word:
                return scanner.error(f"a condition (keywords in upper case: {word})", begin)
            if scanner.keyword(word.lower(), word.capitalize()):
                at = scanner.at - len(word)
                return scanner.error(f"{expected} (keywords in upper case: {word})", at)
        return scanner.error(expected, scanner.at)

"""The tree of a filter: conditions on columns and locations, combined by and, or and not.

Equal filters are equal and hash alike, wherever in a request they stand: `place` does not count.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.columns import Scalar

LOCATION = "location"
"""What `fields_of` calls the locations of the products; no column has this name."""

NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
"""What a number is written with."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field has one of the values, each of the column's own kind."""

    field: str
    values: tuple[Scalar, ...]
    place: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Written:
    """The field has what is written; the kind of its column says what that means."""

    field: str
    text: str
    place: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """The field has a number in the closed interval."""

    field: str
    low: float
    high: float
    place: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has any value."""

    field: str
    place: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Spot:
    """A point on the earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Near:
    """A location is at most so many metres from a point."""

    center: Spot
    within_m: float
    place: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Box:
    """A location is between two parallels and two meridians, in degrees.

    Where `west` is greater than `east`, the box crosses the antimeridian.
    """

    north: float
    west: float
    south: float
    east: float
    place: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Polygon:
    """A location is inside of a polygon."""

    corners: tuple[Spot, ...]
    place: str = dataclasses.field(default="", compare=False)


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


Filter = AnyOf | Written | Between | Exists | Near | Box | Polygon | And | Or | Not


def number_of(text: str) -> float | None:
    """The finite decimal number that is written, or ``None``."""
    if not NUMBER_CHARACTERS.issuperset(text):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def fields_of(condition: Filter) -> frozenset[str]:
    """The columns that a filter is about; `LOCATION` stands for the locations."""
    match condition:
        case And(parts) | Or(parts):
            return frozenset().union(*map(fields_of, parts))
        case Not(part):
            return fields_of(part)
        case Near() | Box() | Polygon():
            return frozenset((LOCATION,))
        case _:
            return frozenset((condition.field,))


def with_names(condition: Filter, name_of: Callable[[str], str]) -> Filter:
    """The same filter on the columns that `name_of` gives for its own."""
    match condition:
        case And(parts):
            return And(tuple(with_names(part, name_of) for part in parts))
        case Or(parts):
            return Or(tuple(with_names(part, name_of) for part in parts))
        case Not(part):
            return Not(with_names(part, name_of))
        case Near() | Box() | Polygon():
            return condition
        case _:
            return dataclasses.replace(condition, field=name_of(condition.field))


def without_field(condition: Filter, field: str) -> Filter | None:
    """What is left of a filter without those conjuncts that are about nothing but `field`.

    Conjuncts are the parts of the outermost And and of Ands that are parts of it. A facet that
    counts what else a shopper could choose is counted inside of what is left.

    Returns:
        `condition` itself where nothing is to be left out, ``None`` where nothing is left.
    """
    all_parts = tuple(_conjuncts(condition))
    kept = tuple(part for part in all_parts if fields_of(part) != {field})
    if len(kept) == len(all_parts):
        return condition
    if not kept:
        return None
    return kept[0] if len(kept) == 1 else And(kept)


def _conjuncts(condition: Filter) -> list[Filter]:
    if not isinstance(condition, And):
        return [condition]
    return [conjunct for part in condition.parts for conjunct in _conjuncts(part)]

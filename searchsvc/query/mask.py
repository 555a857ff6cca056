"""The row mask of a filter: which rows of a snapshot fulfil it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.columns import kind_of
from searchsvc.errors import BadFilterError
from searchsvc.query.filters import (
    And,
    AnyOf,
    Between,
    Box,
    Exists,
    Filter,
    Near,
    Not,
    Or,
    Polygon,
    Written,
    number_of,
    shown,
)
from searchsvc.query.filters.limits import spelt_like

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from indexer.columns import Column, Columns, Scalar
    from indexer.derived import Derived

_BOOLEANS = {"true": True, "false": False}


def row_mask(
    condition: Filter, columns: Columns, products: int, derived: Derived | None = None
) -> NDArray[np.bool_]:
    """The rows that fulfil `condition`.

    A product without a value fulfils neither an equality nor a range, and fulfils their negation;
    the same holds for a product without a location and areas.

    Args:
        condition: a parsed filter.
        columns: of the snapshot.
        products: the number of its rows.
        derived: where the snapshot keeps the masks of conditions and combinations.

    Returns:
        bool ``(products,)``, read-only.

    Raises:
        BadFilterError: a field is unknown, or a value is not of its column's type; the message
            names the place in the filter.
    """
    mask = _Evaluation(columns, products, derived).mask(_resolved(condition, columns))
    mask.flags.writeable = False
    return mask


def _resolved(condition: Filter, columns: Columns) -> Filter:
    """The filter with every value of its column's kind, so that equal filters have equal masks.

    Everything is checked here, before a mask is looked up: in Python 1 equals True, and a
    complaint must not depend on what was asked before.
    """
    match condition:
        case And(parts):
            return And(tuple(_resolved(part, columns) for part in parts))
        case Or(parts):
            alternatives = tuple(_joined(_resolved(part, columns) for part in parts))
            return alternatives[0] if len(alternatives) == 1 else Or(alternatives)
        case Not(part):
            return Not(_resolved(part, columns))
        case Near() | Box() | Polygon():
            return condition
    column = _column(columns, condition.field, condition.place)
    match condition:
        case Written(field, place=place):
            return AnyOf(field, (_read(condition, column),), place)
        case AnyOf(values=values):
            _check_kinds(condition, values, column)
        case Between() if column.kind != "number":
            raise _complaint(
                condition.place,
                f"field {condition.field!r} is a {column.kind} column; a range needs numbers, "
                "use equality",
            )
    return condition


def _joined(parts: Iterable[Filter]) -> Iterable[Filter]:
    """The alternatives, those on the same field as one: its values are looked for at once."""
    values: dict[str, list[Scalar]] = {}
    others: list[Filter] = []
    for part in parts:
        if isinstance(part, AnyOf):
            values.setdefault(part.field, []).extend(part.values)
        else:
            others.append(part)
    yield from (AnyOf(field, tuple(found)) for field, found in values.items())
    yield from others


class _Evaluation:
    """Computes masks, or finds them where they are kept."""

    def __init__(self, columns: Columns, products: int, derived: Derived | None) -> None:
        self._columns = columns
        self._products = products
        self._derived = derived

    def mask(self, condition: Filter) -> NDArray[np.bool_]:
        if self._derived is None or isinstance(condition, Not):
            return self._compute(condition)
        return self._derived.get(
            ("mask", condition), lambda: _read_only(self._compute(condition)), lambda it: it.nbytes
        )

    def _compute(self, condition: Filter) -> NDArray[np.bool_]:
        match condition:
            case And(parts):
                return self._combined(np.logical_and, parts)
            case Or(parts):
                return self._combined(np.logical_or, parts)
            case Not(part):
                return np.logical_not(self.mask(part))
            case _:
                return self._leaf(condition)

    def _leaf(self, condition: Filter) -> NDArray[np.bool_]:
        match condition:
            case AnyOf(field, values):
                return self._column(field).equal(values)
            case Between(field, low, high):
                return self._column(field).between(low, high)
            case Exists(field):
                return self._column(field).present()
            case Near() | Box() | Polygon():
                return self._in_area(condition)
            case _:
                raise TypeError(f"{condition} is no resolved condition")

    def _combined(self, operation: np.ufunc, parts: tuple[Filter, ...]) -> NDArray[np.bool_]:
        combined = self.mask(parts[0]).copy()
        for part in parts[1:]:
            operation(combined, self.mask(part), out=combined)
        return combined

    def _in_area(self, area: Near | Box | Polygon) -> NDArray[np.bool_]:
        locations = self._columns.locations
        match area:
            case Near(center, within_m):
                return locations.near(center, within_m)
            case Box(north, west, south, east):
                return locations.in_box(north=north, west=west, south=south, east=east)
            case Polygon(corners):
                return locations.in_polygon(corners)

    def _column(self, field: str) -> Column:
        return _column(self._columns, field, "")


def _read_only(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    mask.flags.writeable = False
    return mask


def _column(columns: Columns, field: str, place: str) -> Column:
    column = columns.get(field)
    if column is None:
        listed = spelt_like(field, columns.names())
        raise _complaint(place, f"unknown field {shown(field)}; this index has {listed}")
    return column


def _read(condition: Written, column: Column) -> Scalar:
    """What is written, as a value of the column's kind."""
    value: Scalar | None
    match column.kind:
        case "text":
            return condition.text
        case "number":
            value = number_of(condition.text)
        case "bool":
            value = _BOOLEANS.get(condition.text)
    if value is None:
        expected = "a number" if column.kind == "number" else "true or false"
        raise _complaint(
            condition.place,
            f"field {condition.field!r} is a {column.kind} column; found "
            f"{shown(condition.text)}, expected {expected}",
        )
    return value


def _check_kinds(condition: AnyOf, values: tuple[Scalar, ...], column: Column) -> None:
    for value in values:
        found = kind_of(value)
        if found != column.kind:
            raise _complaint(
                condition.place,
                f"field {condition.field!r} is a {column.kind} column; it cannot be compared "
                f"with the {found} {shown(value)}",
            )


def _complaint(place: str, message: str) -> BadFilterError:
    return BadFilterError(f"{place}: {message}" if place else message)

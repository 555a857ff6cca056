"""The row mask of a filter: which rows of a snapshot fulfil it."""

from __future__ import annotations

from difflib import get_close_matches
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from indexer.columns import kind_of
from searchsvc.errors import BadFilterError
from searchsvc.query.filters import And, AnyOf, Between, Exists, Filter, Not, Or, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.columns import Column, Columns, Scalar

_SHOWN_FIELDS = 12
_COMPARED_CHARACTERS = 80  # looking for similar names costs the square of their length


def row_mask(condition: Filter, columns: Columns, products: int) -> NDArray[np.bool_]:
    """The rows that fulfil `condition`.

    A product without a value fulfils neither an equality nor a range, and fulfils their negation.

    Args:
        condition: a parsed filter.
        columns: of the snapshot.
        products: the number of its rows.

    Returns:
        bool ``(products,)``; not to be written to.

    Raises:
        BadFilterError: a field is unknown, or a value is not of its column's type.
    """
    match condition:
        case AnyOf(field, values):
            return _typed_column(columns, field, values).equal(values)
        case Between(field, low, high):
            column = _column(columns, field)
            if column.kind != "number":
                raise BadFilterError(
                    f"field {field!r} is a {column.kind} column; a range needs numbers, "
                    "use eq or any_of"
                )
            return column.between(low, high)
        case Exists(field):
            return _column(columns, field).present()
        case And(parts):
            return reduce(np.logical_and, (row_mask(part, columns, products) for part in parts))
        case Or(parts):
            return reduce(np.logical_or, (row_mask(part, columns, products) for part in parts))
        case Not(part):
            return np.logical_not(row_mask(part, columns, products))


def _column(columns: Columns, field: str) -> Column:
    column = columns.get(field)
    if column is None:
        names = columns.names()
        near = get_close_matches(field[:_COMPARED_CHARACTERS], names, _SHOWN_FIELDS) or names
        more = " and others" if len(near) > _SHOWN_FIELDS else ""
        raise BadFilterError(
            f"unknown field {shown(field)}; this index has {', '.join(near[:_SHOWN_FIELDS])}{more}"
        )
    return column


def _typed_column(columns: Columns, field: str, values: tuple[Scalar, ...]) -> Column:
    column = _column(columns, field)
    for value in values:
        found = kind_of(value)
        if found != column.kind:
            raise BadFilterError(
                f"field {field!r} is a {column.kind} column; it cannot be compared with the "
                f"{found} {shown(value)}"
            )
    return column

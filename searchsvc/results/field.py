"""A field: the column that a part of a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.errors import BadQueryError
from searchsvc.query.filters.limits import spelt_like

if TYPE_CHECKING:
    from indexer.columns import Column, Columns

_SHOWN_CHARACTERS = 80


def column_of(columns: Columns, field: str, place: str) -> Column:
    """The column called `field`.

    Args:
        columns: of the snapshot.
        field: as requested.
        place: in the request, for the message.

    Raises:
        BadQueryError: there is none; the message names the columns that are spelt like it.
    """
    column = columns.get(field)
    if column is None:
        raise BadQueryError(
            f"{place}: unknown field {field[:_SHOWN_CHARACTERS]!r}; this index has "
            f"{spelt_like(field, columns.names())}"
        )
    return column

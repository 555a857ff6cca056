"""A field: the column that a part of a request names."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from searchsvc.errors import BadQueryError

if TYPE_CHECKING:
    from indexer.columns import Column, Columns

_SHOWN_NAMES = 12
_COMPARED_CHARACTERS = 80  # looking for similar names costs the square of their length


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
        names = columns.names()
        near = get_close_matches(field[:_COMPARED_CHARACTERS], names, _SHOWN_NAMES) or names
        more = " and others" if len(near) > _SHOWN_NAMES else ""
        raise BadQueryError(
            f"{place}: unknown field {field[:_COMPARED_CHARACTERS]!r}; this index has "
            f"{', '.join(near[:_SHOWN_NAMES])}{more}"
        )
    return column

"""Sorting: a match set in the order of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.results.coded import Coded
from searchsvc.results.field import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.columns import Columns
    from indexer.derived import Derived
    from searchsvc.query.query import SortKey


def sort_places(
    rows: NDArray[np.int64], keys: Sequence[SortKey], columns: Columns, derived: Derived
) -> NDArray[np.int64]:
    """Where in `rows` the first of the new order stands, the second, and so on.

    Rows that are equal in all keys stay in their order; those without a value come last, whatever
    the direction. Of several values the smallest counts where the order is ascending, the largest
    where it is descending. Texts are ordered by their UTF-8 bytes.

    Args:
        rows: int64 ``(n,)``, in the order in which equal ones stay.
        keys: most important first.
        columns: of the snapshot.
        derived: of the snapshot.

    Returns:
        int64 ``(n,)``, a permutation: ``rows[places]`` is sorted.

    Raises:
        BadQueryError: there is no such column.
    """
    ranks = [
        _ranks(rows, key, f"sort[{number}]", columns, derived) for number, key in enumerate(keys)
    ]
    places = np.arange(len(rows))
    bits = max(len(rows) - 1, 0).bit_length()
    mask = (1 << bits) - 1
    for rank in reversed(ranks):
        # Rank and position in one integer: sorting integers is many times faster than a stable
        # sort of positions, and the position keeps it stable.
        packed = (rank[places].astype(np.int64) << bits) | np.arange(len(rows))
        packed.sort()
        places = places[packed & mask]
    return places


def _ranks(
    rows: NDArray[np.int64], key: SortKey, place: str, columns: Columns, derived: Derived
) -> NDArray[np.int64]:
    """Numbers below 2**32 in the order of `key`, those without a value last."""
    if key.near is not None:
        metres = columns.locations.distances(key.near)[rows]
        distinct, codes = np.unique(metres, return_inverse=True)
        size = len(distinct)
        codes = np.where(np.isnan(metres), -1, codes)
    else:
        coded = Coded.of(key.field, column_of(columns, key.field, place), derived)
        size = coded.size
        found = coded.largest(rows) if key.descending else coded.smallest(rows)
        codes = found.astype(np.int64)
    return np.where(codes < 0, size, size - 1 - codes if key.descending else codes)

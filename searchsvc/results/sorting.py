"""Sorting: a match set in the order of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.errors import BadQueryError
from searchsvc.query.query import BESTSELLING
from searchsvc.results.coded import Coded
from searchsvc.results.field import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.columns import Column, Columns
    from indexer.derived import Derived
    from searchsvc.popularity import Popularity
    from searchsvc.query.query import SortKey


def sort_places(
    rows: NDArray[np.int64],
    keys: Sequence[SortKey],
    columns: Columns,
    derived: Derived,
    popularity: Popularity | None = None,
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
        popularity: what sells; ``None`` where no events taught it.

    Returns:
        int64 ``(n,)``, a permutation: ``rows[places]`` is sorted.

    Raises:
        BadQueryError: there is no such column.
    """
    ranks = [
        _ranks(rows, key, _known(key, f"sort[{number}]", columns, popularity), derived)
        for number, key in enumerate(keys)
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


def _known(
    key: SortKey, place: str, columns: Columns, popularity: Popularity | None
) -> Column | NDArray[np.float64]:
    """The values that `key` orders by: a column's, or one for each product, NaN for none.

    Raises:
        BadQueryError: there are none; names the `place`.
    """
    if key.near is not None:
        return columns.locations.distances(key.near)
    if key.field != BESTSELLING:
        return column_of(columns, key.field, place)
    if popularity is None:
        raise BadQueryError(
            f"{place}: no events have taught yet what sells best; see 'searchsvc segments learn'"
        )
    return popularity.sold


def _ranks(
    rows: NDArray[np.int64],
    key: SortKey,
    values: Column | NDArray[np.float64],
    derived: Derived,
) -> NDArray[np.int64]:
    """Numbers below 2**32 in the order of `key`, those without a value last."""
    if isinstance(values, np.ndarray):
        found = values[rows]
        distinct, codes = np.unique(found, return_inverse=True)
        size = len(distinct)
        codes = np.where(np.isnan(found), -1, codes)
    else:
        coded = Coded.of(key.field, values, derived)
        size = coded.size
        best = coded.largest(rows) if key.descending else coded.smallest(rows)
        codes = best.astype(np.int64)
    return np.where(codes < 0, size, size - 1 - codes if key.descending else codes)

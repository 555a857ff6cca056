"""Groups: products that are shown as one, such as the variants of an article."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.results.coded import Coded
from searchsvc.results.field import column_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.columns import Columns, Scalar
    from indexer.derived import Derived


def group_keys(columns: Columns, field: str, derived: Derived) -> NDArray[np.int32]:
    """The number of the group of each product, kept in `derived`.

    Products with an equal value of `field` have the same number, each product without a value has
    one of its own, and of a list the smallest value counts.

    Returns:
        int32 ``(products,)``, from 0 without gaps; not to be written to.

    Raises:
        BadQueryError: there is no such column.
    """
    column = column_of(columns, field, "group")

    def number() -> NDArray[np.int32]:
        coded = Coded.of(field, column, derived)
        codes = coded.smallest(np.arange(column.products))
        keys = np.where(codes >= 0, codes, coded.size + np.arange(column.products))
        taken = np.zeros(coded.size + column.products, np.int32)
        taken[keys] = 1
        return (np.cumsum(taken, dtype=np.int32) - 1)[keys]

    return derived.get(("group keys", field), number, lambda keys: keys.nbytes)


def group_value(columns: Columns, field: str, row: int, derived: Derived) -> Scalar | None:
    """What the product at `row` has in common with its group; ``None`` for a group of its own.

    Raises:
        BadQueryError: there is no such column.
    """
    coded = Coded.of(field, column_of(columns, field, "group"), derived)
    code = int(coded.smallest(np.array([row]))[0])
    return None if code < 0 else coded.value(code)


def count_groups(rows: NDArray[np.int64], keys: NDArray[np.int32]) -> int:
    """How many groups `rows`, in any order, are of.

    Args:
        rows: row numbers.
        keys: as `group_keys` gives them.
    """
    seen = np.zeros(len(keys), np.bool_)
    seen[keys[rows]] = True
    return int(np.count_nonzero(seen))


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of an ordered match set, in the order of their best members.

    Attributes:
        rows: int64 ``(groups,)``, the best member of each.
        sizes: int64 ``(groups,)``, members in the match set.
        places: int64 ``(groups,)``, where each of `rows` stands in `order`.
        order: int64 ``(n,)``, the match set, best first.
        keys: int32 ``(products,)``, see `group_keys`.
    """

    rows: NDArray[np.int64]
    sizes: NDArray[np.int64]
    places: NDArray[np.int64]
    order: NDArray[np.int64]
    keys: NDArray[np.int32]

    @classmethod
    def of(cls, order: NDArray[np.int64], keys: NDArray[np.int32]) -> Groups:
        """The groups of the distinct rows `order`, best first."""
        groups = keys[order]
        first = np.empty(len(keys), np.int64)
        # Of several values for one element NumPy keeps the last: here the first in the order.
        first[groups[::-1]] = np.arange(len(order))[::-1]
        places = np.flatnonzero(first[groups] == np.arange(len(order)))
        sizes = np.bincount(groups, minlength=len(keys))[groups[places]]
        return cls(order[places], sizes, places, order, keys)

    def others(self, begin: int, end: int, most: int) -> list[NDArray[np.int64]]:
        """The next best members of the groups from `begin` to `end`, at most `most` of each.

        Returns:
            int64 rows in their order, for each group of that page.
        """
        shown = self.rows[begin:end]
        slots = np.full(len(self.keys), -1, np.int64)
        slots[self.keys[shown]] = np.arange(len(shown))
        slot = slots[self.keys[self.order]]
        slot[self.places] = -1
        found = np.flatnonzero(slot >= 0)
        found = found[np.argsort(slot[found], kind="stable")]
        bounds = np.searchsorted(slot[found], np.arange(len(shown) + 1)).tolist()
        return [self.order[found[low : min(high, low + most)]] for low, high in pairwise(bounds)]

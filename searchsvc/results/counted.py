"""A counted set: the products or groups of a match set, each with its distinct values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchsvc.results.coded import RowSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.results.coded import Coded

_INT32_BITS = 31


class CountedSet:
    """What a facet counts: products, or groups of them.

    A group counts once for each value that any of its members in the set has. Most groups have a
    single member there, so that a value of it is one of the group's; only the members of others
    are sorted to find the values that several of them have.
    """

    def __init__(
        self, rows: NDArray[np.int64], products: int, keys: NDArray[np.int32] | None
    ) -> None:
        """Take a set.

        Args:
            rows: int64 ``(n,)``, ascending.
            products: the number of rows of the snapshot.
            keys: of the groups, see `searchsvc.results.grouping.group_keys`; ``None`` to count
                products.
        """
        self._alone = RowSet(rows, products)
        self._together: RowSet | None = None
        self._groups = np.empty(0, np.int32)
        if keys is not None:
            self._divide(rows, keys)

    def _divide(self, rows: NDArray[np.int64], keys: NDArray[np.int32]) -> None:
        """Tell the groups with one member in the set from those with more."""
        groups = keys[rows]
        many = np.bincount(groups, minlength=len(keys))[groups] > 1
        if not many.any():
            return
        products = self._alone.products
        self._alone = RowSet(rows[~many], products)
        self._together = RowSet(rows[many], products)
        groups = groups[many]
        # Small numbers sort faster: any member's place names the group, here that of the last.
        names = np.empty(len(keys), np.int32)
        names[groups] = np.arange(len(groups), dtype=np.int32)
        self._groups = names[groups]

    def codes(self, coded: Coded) -> NDArray[Any]:
        """The values of all products or groups, each as often as there are with it.

        Returns:
            Integers ``(n,)`` in no order; some may be -1, which stands for no value.
        """
        _, alone = coded.pairs(self._alone)
        if self._together is None:
            return alone
        groups, codes = self._together_pairs(self._together, coded)
        bits = len(self._groups).bit_length()
        packed = _sorted_pairs(codes, groups, bits, coded.size.bit_length())
        return np.concatenate((alone, _distinct(packed) >> bits))

    def neighbours(self, coded: Coded) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """As `codes`, and for each value the next smaller one of the same product or group.

        Returns:
            Two arrays of integers ``(n,)``; -1 where there is no smaller one. ``None`` instead of
            the second where no product or group has several values.
        """
        places, alone = coded.pairs(self._alone)
        if self._together is None and (places is None or not coded.repeated):
            return alone, None
        smaller = _smaller(np.arange(len(alone)) if places is None else places, alone)
        if self._together is None:
            return alone, smaller
        groups, codes = self._together_pairs(self._together, coded)
        groups, codes = groups[codes >= 0], codes[codes >= 0]
        bits = coded.size.bit_length()
        packed = _distinct(_sorted_pairs(groups, codes, bits, len(self._groups).bit_length()))
        groups, codes = packed >> bits, packed & ((1 << bits) - 1)
        shared = _smaller(groups, codes)
        return np.concatenate((alone, codes)), np.concatenate((smaller, shared))

    def _together_pairs(
        self, chosen: RowSet, coded: Coded
    ) -> tuple[NDArray[np.int32], NDArray[Any]]:
        places, codes = coded.pairs(chosen)
        return self._groups if places is None else self._groups[places], codes


def _sorted_pairs(
    major: NDArray[Any], minor: NDArray[Any], minor_bits: int, major_bits: int
) -> NDArray[Any]:
    """Pairs as one integer each, sorted; the minor ones are not negative."""
    dtype = np.int32 if minor_bits + major_bits <= _INT32_BITS else np.int64
    packed: NDArray[Any] = np.left_shift(major.astype(dtype), minor_bits) | minor
    packed.sort()
    return packed


def _distinct(ordered: NDArray[Any]) -> NDArray[Any]:
    if not len(ordered):
        return ordered
    kept = np.empty(len(ordered), np.bool_)
    kept[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]


def _smaller(owners: NDArray[Any], codes: NDArray[Any]) -> NDArray[Any]:
    """Of pairs in order the code before each one of the same owner; -1 for the first."""
    smaller = np.full(len(codes), -1, np.int32)
    same = owners[1:] == owners[:-1]
    smaller[1:][same] = codes[:-1][same]
    return smaller

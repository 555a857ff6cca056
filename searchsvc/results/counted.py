"""A counted set: the products or groups of a match set, each with its distinct values."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from searchsvc.results.coded import RowSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.results.coded import Coded

_INT32_BITS = 31
_SORT_SIZE = 4
"""With so many times more possible values than values, sorting costs less than a table."""


class _Parts(NamedTuple):
    """Those that count for themselves, the members of groups with several, and whose they are."""

    alone: RowSet
    together: RowSet | None
    groups: NDArray[np.int32]


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
        self._rows = rows
        self._products = products
        self._keys = keys

    @property
    def is_everything(self) -> bool:
        """Whether the set is all products of the snapshot."""
        return len(self._rows) == self._products

    @cached_property
    def _parts(self) -> _Parts:
        """The set in two parts, which all facets share; made when the first one needs them."""
        if self._keys is None:
            return _Parts(RowSet(self._rows, self._products), None, np.empty(0, np.int32))
        groups = self._keys[self._rows]
        many = np.bincount(groups, minlength=len(self._keys))[groups] > 1
        alone = RowSet(self._rows[~many], self._products)
        if not many.any():
            return _Parts(alone, None, np.empty(0, np.int32))
        groups = groups[many]
        # Small numbers sort faster: any member's place names the group, here that of the last.
        names = np.empty(len(self._keys), np.int32)
        names[groups] = np.arange(len(groups), dtype=np.int32)
        return _Parts(alone, RowSet(self._rows[many], self._products), names[groups])

    def tally(self, coded: Coded) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The codes of the values in the set, int64 ascending, and how often each counts."""
        parts = self._parts
        if parts.together is None and coded.size <= _SORT_SIZE * len(parts.alone.rows):
            return _present(coded.tally(parts.alone.rows))
        codes = self.codes(coded)
        if coded.size <= _SORT_SIZE * len(codes):
            return _present(np.bincount(codes + 1, minlength=coded.size + 1)[1:])
        ordered = np.sort(codes)
        ordered = ordered[np.searchsorted(ordered, 0) :]
        begins = np.flatnonzero(np.diff(ordered, prepend=-1))
        return ordered[begins].astype(np.int64), np.diff(begins, append=len(ordered))

    def codes(self, coded: Coded) -> NDArray[Any]:
        """The values of all products or groups, each as often as there are with it.

        Returns:
            Integers ``(n,)`` in no order; some may be -1, which stands for no value.
        """
        parts = self._parts
        _, alone = coded.pairs(parts.alone)
        if parts.together is None:
            return alone
        groups, codes = _group_pairs(parts.together, parts.groups, coded)
        bits = len(parts.groups).bit_length()
        packed = _sorted_pairs(codes, groups, bits, coded.size.bit_length())
        return np.concatenate((alone, _distinct(packed) >> bits))

    def neighbours(self, coded: Coded) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """As `codes`, and for each value the next smaller one of the same product or group.

        Returns:
            Two arrays of integers ``(n,)``; -1 where there is no smaller one. ``None`` instead of
            the second where no product or group has several values.
        """
        parts = self._parts
        places, alone = coded.pairs(parts.alone)
        if parts.together is None and (places is None or not coded.repeated):
            return alone, None
        smaller = _smaller(np.arange(len(alone)) if places is None else places, alone)
        if parts.together is None:
            return alone, smaller
        groups, codes = _group_pairs(parts.together, parts.groups, coded)
        groups, codes = groups[codes >= 0], codes[codes >= 0]
        bits = coded.size.bit_length()
        packed = _distinct(_sorted_pairs(groups, codes, bits, len(parts.groups).bit_length()))
        groups, codes = packed >> bits, packed & ((1 << bits) - 1)
        shared = _smaller(groups, codes)
        return np.concatenate((alone, codes)), np.concatenate((smaller, shared))


def _present(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places that are not 0, and what they are."""
    present = np.flatnonzero(table != 0)  # twice as fast over booleans
    return present, table[present]


def _group_pairs(
    chosen: RowSet, groups: NDArray[np.int32], coded: Coded
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """The values of the `chosen` rows, each with the group of its row."""
    places, codes = coded.pairs(chosen)
    return groups if places is None else groups[places], codes


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

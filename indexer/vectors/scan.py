"""One pass through the inverted lists: groups, lists, one-bit codes, eight-bit codes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled, prefetch
from indexer.vectors.codes import CodedQuery, Codes, measure
from indexer.vectors.protocol import Looked
from indexer.vectors.signs import SignedQuery

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.vectors.lists import Lists

_BINS = 4_096


class Depth(NamedTuple):
    """How far to look.

    Attributes:
        groups: the nearest groups that hold so many vectors give their lists.
        lists: the nearest of those lists that hold so many vectors are gone through.
        candidates: so many of those vectors, by their one-bit codes, are scored.
    """

    groups: int
    lists: int
    candidates: int


class Scratch(NamedTuple):
    """Room to work in, of one thread; what is not needed is never touched.

    Attributes:
        histogram: int64 ``(bins,)``.
        nearness: float32 ``(max(lists, groups),)``, the inner product with each middle.
        numbers: int64 ``(max(lists, groups),)``, lists or groups that are near.
        estimates: float32 ``(products,)``, of what was gone through.
        rows: int64 ``(products,)``, of what was gone through, then of the candidates.
        scores: float32 ``(products,)``, of the candidates.
    """

    histogram: NDArray[np.int64]
    nearness: NDArray[np.float32]
    numbers: NDArray[np.int64]
    estimates: NDArray[np.float32]
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def of(cls, lists: Lists) -> Scratch:
        """Room enough for `lists`."""
        middles, products = max(len(lists.begins), len(lists.group_begins)), len(lists.rows)
        return cls(
            np.empty(_BINS, np.int64),
            np.empty(middles, np.float32),
            np.empty(middles, np.int64),
            np.empty(products, np.float32),
            np.empty(products, np.int64),
            np.empty(products, np.float32),
        )


class Query(NamedTuple):
    """A query for both kinds of codes."""

    coded: CodedQuery
    signed: SignedQuery

    @classmethod
    def of(cls, query: NDArray[np.float32]) -> Query:
        """That of `query`, float32 ``(dimension,)``."""
        return cls(CodedQuery.of(query), SignedQuery.of(query))


class Scanner:
    """What goes through the lists; safe for threads."""

    def __init__(self, lists: Lists, codes: Codes) -> None:
        self._lists = lists
        self._codes = codes
        self._local = threading.local()
        self._groups = np.arange(len(lists.group_begins) - 1, dtype=np.int64)
        self._group_sizes = np.diff(lists.begins[lists.group_begins]).astype(np.int64)

    def scan(
        self, query: Query, depth: Depth, mask: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], Looked]:
        """The candidates near to `query`.

        Args:
            query: as integers.
            depth: how far to look.
            mask: bool ``(products,)``; only rows that are set count.

        Returns:
            Rows and scores in no particular order, and how far was looked.
        """
        lists, coded, scratch = self._lists, query.coded, self._scratch()
        histogram, nearness, numbers, estimates, rows, scores = scratch
        measure(*lists.groups, *coded, self._groups, nearness)
        near = _near_groups(
            lists.group_begins, self._group_sizes, nearness, depth.groups, histogram, numbers
        )
        measure(*lists.centroids, *coded, numbers[:near], nearness)
        near = _near_lists(
            lists.begins, lists.norms, nearness, depth.lists, histogram, numbers[:near]
        )
        vectors, passed = _estimate(
            lists.begins,
            lists.rows,
            *lists.signs,
            query.signed.planes,
            query.signed.total,
            query.signed.unit,
            numbers[:near],
            nearness,
            _ALL if mask is None else mask,
            histogram,
            estimates,
            rows,
        )
        kept = _candidates(histogram, estimates[:passed], depth.candidates, rows)
        measure(*self._codes, *coded, rows[:kept], scores)
        return rows[:kept].copy(), scores[:kept].copy(), Looked(near, vectors, passed, kept)

    def _scratch(self) -> Scratch:
        known: Scratch | None = getattr(self._local, "scratch", None)
        if known is None:
            known = self._local.scratch = Scratch.of(self._lists)
        return known


_ALL = np.empty(0, np.bool_)


@compiled
def _near_groups(
    begins: NDArray[np.int32],
    sizes: NDArray[np.int64],
    nearness: NDArray[np.float32],
    wanted: int,
    histogram: NDArray[np.int64],
    lists: NDArray[np.int64],
) -> int:
    """Write the lists of the nearest groups that hold `wanted` vectors to `lists`."""
    histogram[:] = 0
    for group in range(len(sizes)):
        histogram[_bin(nearness[group])] += sizes[group]
    least = _cut(histogram, wanted)
    near = 0
    for group in range(len(sizes)):
        if _bin(nearness[group]) >= least:
            for number in range(begins[group], begins[group + 1]):
                lists[near] = number
                near += 1
    return near


@compiled
def _near_lists(
    begins: NDArray[np.int32],
    norms: NDArray[np.float32],
    nearness: NDArray[np.float32],
    wanted: int,
    histogram: NDArray[np.int64],
    numbers: NDArray[np.int64],
) -> int:
    """Leave the nearest of the lists `numbers` that hold `wanted` vectors, with their nearness.

    By the cosine with the mean, which finds more than the inner product: where the mean is short
    its vectors are further out.
    """
    histogram[:] = 0
    for place in range(len(numbers)):
        number = np.uint64(numbers[place])
        size = begins[number + np.uint64(1)] - begins[number]
        histogram[_bin(nearness[place] / norms[number])] += size
    least = _cut(histogram, wanted)
    near = 0
    for place in range(len(numbers)):
        number = numbers[place]
        if _bin(nearness[place] / norms[np.uint64(number)]) >= least:
            numbers[near] = number
            nearness[near] = nearness[place]
            near += 1
    return near


@compiled
def _estimate(  # noqa: PLR0913, PLR0917 - a compiled function has no use for objects
    begins: NDArray[np.int32],
    members: NDArray[np.int32],
    words: NDArray[np.uint64],
    factors: NDArray[np.uint16],
    planes: NDArray[np.uint64],
    sum_of_all: int,
    unit: float,
    numbers: NDArray[np.int64],
    nearness: NDArray[np.float32],
    passing: NDArray[np.bool_],
    histogram: NDArray[np.int64],
    estimates: NDArray[np.float32],
    rows: NDArray[np.int64],
) -> tuple[int, int]:
    """Write estimates and rows of all that passes in the lists `numbers`, and their histogram.

    Returns:
        How many vectors are in the lists, and how many of them passed.
    """
    step, total, masked = np.float32(unit), np.int32(sum_of_all), len(passing) > 0
    histogram[:] = 0
    # Unsigned throughout: the compiler would have to make room for counting from the end.
    one, vectors, passed = np.uint64(1), np.uint64(0), np.uint64(0)
    for index in range(len(numbers)):
        number = np.uint64(numbers[index])
        begin, end = np.uint64(begins[number]), np.uint64(begins[number + one])
        vectors += end - begin
        coming = np.uint64(begins[np.uint64(numbers[min(index + 1, len(numbers) - 1)])])
        for place in range(begin, end):
            prefetch(words, coming + (place - begin), 0)
            row = members[place]
            if masked and not passing[np.uint64(row)]:
                continue
            ones, eights = np.uint64(0), np.uint64(0)
            for word in range(words.shape[1]):
                bits = words[place, word]
                ones += (
                    _ones(bits & planes[0, word])
                    + (_ones(bits & planes[1, word]) << np.uint64(1))
                    + (_ones(bits & planes[2, word]) << np.uint64(2))
                )
                eights += _ones(bits & planes[3, word])
            inside = np.int32(np.int64(ones) - (np.int64(eights) << np.int64(3)))
            difference = np.float32(factors[place]) * np.float32(np.int32(2 * inside - total))
            score = nearness[index] + step * difference
            estimates[passed] = score
            rows[passed] = row
            histogram[_bin(score)] += 1
            passed += one
    return int(vectors), int(passed)


@compiled
def _candidates(
    histogram: NDArray[np.int64],
    estimates: NDArray[np.float32],
    wanted: int,
    rows: NDArray[np.int64],
) -> int:
    """Leave the `wanted` best of `rows`, and those in the same bin as the last of them."""
    least = _cut(histogram, wanted)
    kept = 0
    for place in range(len(estimates)):
        if _bin(estimates[place]) >= least:
            rows[kept] = rows[place]
            kept += 1
    return kept


@compiled
def _ones(bits: np.uint64) -> np.uint64:
    """How many bits are set: what compilers take for the processor's own instruction."""
    bits -= (bits >> np.uint64(1)) & np.uint64(0x5555555555555555)
    bits = (bits & np.uint64(0x3333333333333333)) + (
        (bits >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled
def _bin(score: np.float32) -> np.int32:
    """The place of `score`, -1 to 1, in a histogram; the first where it is not a number."""
    place = (score + np.float32(1)) * np.float32(_BINS / 2)
    # In this order: a comparison with what is not a number takes the first of the two.
    return np.int32(min(np.float32(_BINS - 1), max(np.float32(0), place)))


@compiled
def _cut(histogram: NDArray[np.int64], wanted: int) -> int:
    """The highest bin that has `wanted` in it and above it; 0 where there are not so many."""
    total = 0
    for place in range(_BINS - 1, 0, -1):
        total += histogram[place]
        if total >= wanted:
            return place
    return 0

"""Counting: facets of a match set, from codes in place of values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.columns import PATH_SEPARATOR
from searchsvc.errors import BadQueryError
from searchsvc.query.query import FacetOrder
from searchsvc.results.coded import Coded
from searchsvc.results.counted import CountedSet
from searchsvc.results.facet import Facet, FacetValue, Statistics
from searchsvc.results.field import column_of
from searchsvc.results.grouping import group_keys
from searchsvc.results.value_words import ValueWords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.columns import Columns
    from indexer.derived import Derived
    from searchsvc.query.query import FacetRequest, Interval

_RANGE_BYTES = 200  # its two bounds, its count, and the objects around them


def count_facets(
    requests: Sequence[FacetRequest],
    rows: NDArray[np.int64],
    columns: Columns,
    derived: Derived,
    group_by: str | None = None,
) -> tuple[Facet, ...]:
    """Count the values of a match set.

    Args:
        requests: what to count.
        rows: int64 ``(n,)``, the match set, ascending.
        columns: of the snapshot.
        derived: of the snapshot.
        group_by: a column, to count groups of equal values of it instead of products: a group
            counts once for each value, number or range that any of its members in the set has.

    Returns:
        A facet for each request, in their order.

    Raises:
        BadQueryError: there is no such column, it has no numbers to be in ranges, or no levels.
    """
    resolved = [_coded(request, columns, derived) for request in requests]
    if not resolved:
        return ()
    keys = None if group_by is None else group_keys(columns, group_by, derived)
    counter = _Counter(CountedSet(rows, resolved[0].column.products, keys), group_by, derived)
    return tuple(
        _facet(request, coded, counter, derived)
        for request, coded in zip(requests, resolved, strict=True)
    )


def _coded(request: FacetRequest, columns: Columns, derived: Derived) -> Coded:
    place = f"facet {request.field!r}"
    column = column_of(columns, request.field, place)
    if request.ranges and column.kind != "number":
        raise BadQueryError(
            f"{place}: it is a {column.kind} column; ranges need numbers, leave them out"
        )
    if request.level is not None and not column.hierarchical:
        raise BadQueryError(
            f"{place}: its values are no paths such as 'A > B'; leave the level out"
        )
    return Coded.of(request.field, column, derived)


@dataclass(frozen=True, slots=True)
class _Counter:
    """Counts one set; what is counted of the whole catalogue, the first page of a shop, is kept.

    Attributes:
        counted: the set.
        group_by: the column whose groups it counts; ``None`` for products.
        derived: where it is kept.
    """

    counted: CountedSet
    group_by: str | None
    derived: Derived

    def tally(self, field: str, coded: Coded) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The codes of the values in the set, ascending, and how often each counts."""
        if not self.counted.is_everything:
            return self.counted.tally(coded)
        return self.derived.get(
            ("tally of everything", field, self.group_by),
            lambda: self.counted.tally(coded),
            lambda pair: pair[0].nbytes + pair[1].nbytes,
        )

    def in_ranges(self, request: FacetRequest, coded: Coded) -> tuple[int, ...]:
        """How many products or groups have a number in each range, each counted once."""
        if not request.ranges or coded.numbers is None:
            return ()
        if not self.counted.is_everything:
            return _range_counts(request.ranges, coded.numbers, *self.counted.neighbours(coded))
        numbers = coded.numbers
        return self.derived.get(
            ("ranges of everything", request.field, self.group_by, request.ranges),
            lambda: _range_counts(request.ranges, numbers, *self.counted.neighbours(coded)),
            lambda counts: _RANGE_BYTES * len(counts),
        )


def _facet(request: FacetRequest, coded: Coded, counter: _Counter, derived: Derived) -> Facet:
    codes, counts = counter.tally(request.field, coded)
    shown, shown_counts = _selected(request, coded, codes, counts, derived)
    best = _best(shown_counts, request.limit, request.order)
    return Facet(
        request=request,
        kind=coded.column.kind,
        hierarchical=coded.column.hierarchical,
        values=tuple(
            FacetValue(coded.value(code), count)
            for code, count in zip(shown[best].tolist(), shown_counts[best].tolist(), strict=True)
        ),
        distinct=len(shown),
        statistics=_statistics(coded, codes, counts),
        counts=counter.in_ranges(request, coded),
    )


def _selected(
    request: FacetRequest,
    coded: Coded,
    codes: NDArray[np.int64],
    counts: NDArray[np.int64],
    derived: Derived,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of the level and with the words that are asked for."""
    if request.level is not None:
        kept = _levels(request.field, coded, derived)[codes] == request.level
        codes, counts = codes[kept], counts[kept]
    if request.search:
        words = ValueWords.of(request.field, coded, derived)
        kept = words.begin_with(request.search, codes)
        codes, counts = codes[kept], counts[kept]
    return codes, counts


def _levels(field: str, coded: Coded, derived: Derived) -> NDArray[np.int32]:
    """How many steps of its path each value lies below the first, kept in `derived`."""
    texts = coded.column.texts
    assert texts is not None  # noqa: S101 - a path is a text, and `_coded` has looked

    def make() -> NDArray[np.int32]:
        return np.array(
            [texts[code].count(PATH_SEPARATOR) for code in range(len(texts))], np.int32
        )

    return derived.get(("levels", field), make, lambda levels: levels.nbytes)


def _best(counts: NDArray[np.int64], limit: int, order: FacetOrder) -> NDArray[np.int64]:
    """The places of the first `limit` of values that are ascending; ties are by value."""
    places = np.arange(len(counts))
    if order is FacetOrder.VALUE or not limit:
        return places[:limit]
    if limit < len(counts):
        least = np.partition(counts, len(counts) - limit)[len(counts) - limit]
        places = np.flatnonzero(counts >= least)
    return places[np.argsort(-counts[places], kind="stable")][:limit]


def _statistics(
    coded: Coded, codes: NDArray[np.int64], counts: NDArray[np.int64]
) -> Statistics | None:
    if coded.numbers is None or not len(codes):
        return None
    numbers = coded.numbers[codes]
    return Statistics(
        minimum=float(numbers[0]),
        maximum=float(numbers[-1]),
        total=float(numbers @ counts),
        count=int(counts.sum()),
    )


def _range_counts(
    ranges: Sequence[Interval],
    numbers: NDArray[np.float64],
    codes: NDArray[Any],
    smaller: NDArray[Any] | None,
) -> tuple[int, ...]:
    """How often each range holds a code whose next smaller neighbour is not in it as well."""
    lows = np.searchsorted(numbers, [interval.low for interval in ranges]).tolist()
    highs = np.searchsorted(numbers, [interval.high for interval in ranges]).tolist()
    out = []
    for low, high in zip(lows, highs, strict=True):
        inside = (codes >= low) & (codes < high)
        if smaller is not None:
            inside &= smaller < low
        out.append(int(np.count_nonzero(inside)))
    return tuple(out)

"""Lists and codes of a changed catalogue, made from those of the one before.

The middles stay where they are: a new vector goes to the nearest list of the nearest group, as if
it had been there when they were found. They fit worse the more has changed, so that from
`RETRAIN_SHARE` on a build should find them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.vectors.codes import Codes
from indexer.vectors.half import widen
from indexer.vectors.signs import Signs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.vectors.lists import Lists

RETRAIN_SHARE = 0.2
"""Of the products, counted over all changes since the lists were found."""

_BLOCK_ROWS = 8_192


def merge_codes(
    base: Codes,
    moved: NDArray[np.int32],
    rows: NDArray[np.int64],
    vectors: NDArray[np.float16],
) -> Codes:
    """The codes of the changed catalogue.

    Args:
        base: of the catalogue before.
        moved: int32 ``(products before,)``, the new row of each; -1 for one that is gone or whose
            vector is new.
        rows: int64 ``(n,)``, the new rows of new vectors; with `moved`, each row occurs once.
        vectors: float16 ``(n, dimension)``, those vectors, unit rows.
    """
    kept = np.flatnonzero(moved >= 0)
    count = len(kept) + len(rows)
    codes = np.empty((count, base.codes.shape[1]), np.int8)
    scales = np.empty(count, np.uint16)
    codes[moved[kept]], scales[moved[kept]] = base.codes[kept], base.scales[kept]
    codes[rows], scales[rows] = Codes.of_all(vectors)
    return Codes(codes, scales)


def merge_lists(
    base: Lists,
    moved: NDArray[np.int32],
    rows: NDArray[np.int64],
    vectors: NDArray[np.float16],
) -> Lists:
    """The lists of the changed catalogue; see `merge_codes` for what is given."""
    numbers, signs = _place(base, vectors)
    places = np.flatnonzero(moved[base.rows] >= 0)
    before = np.repeat(np.arange(len(base.norms), dtype=np.int32), np.diff(base.begins))
    number = np.concatenate((before[places], numbers))
    row = np.concatenate((moved[base.rows[places]], rows.astype(np.int32)))
    order = np.lexsort((row, number))
    sizes = np.bincount(number, minlength=len(base.norms))
    found = np.concatenate((places, np.arange(len(rows)) + len(base.rows)))[order]
    return base._replace(
        begins=np.concatenate(([0], np.cumsum(sizes))).astype(np.int32),
        rows=row[order],
        signs=_pick(base.signs, signs, found),
    )


def _pick(base: Signs, new: Signs, places: NDArray[np.int64]) -> Signs:
    """Those at `places`, counted through `base` and on through `new`."""
    old = places < len(base.factors)
    words = np.empty((len(places), base.words.shape[1]), np.uint64)
    factors = np.empty(len(places), np.uint16)
    for chosen, source, begin in ((old, base, 0), (~old, new, len(base.factors))):
        words[chosen] = source.words[places[chosen] - begin]
        factors[chosen] = source.factors[places[chosen] - begin]
    return Signs(words, factors)


def _place(base: Lists, vectors: NDArray[np.float16]) -> tuple[NDArray[np.int32], Signs]:
    """The list of each vector, and on which side of its mean it lies."""
    groups, centroids = base.groups.widen(), base.centroids
    numbers = np.empty(len(vectors), np.int32)
    signs = [Signs.of(np.empty((0, groups.shape[1]), np.float32))]
    for begin in range(0, len(vectors), _BLOCK_ROWS):
        block = widen(vectors[begin : begin + _BLOCK_ROWS])
        nearest = np.argmax(block @ groups.T, axis=1)
        found = numbers[begin : begin + _BLOCK_ROWS]
        for group in np.unique(nearest):
            inside = np.flatnonzero(nearest == group)
            first, end = base.group_begins[group], base.group_begins[group + 1]
            means = Codes(centroids.codes[first:end], centroids.scales[first:end]).widen()
            cosines = block[inside] @ (means / base.norms[first:end, None]).T
            found[inside] = first + np.argmax(cosines, axis=1)
        means = Codes(centroids.codes[found], centroids.scales[found]).widen()
        signs.append(Signs.of(block - means))
    return numbers, Signs.joined(signs)

"""Merged pairs: the rows and values of one column after rows have moved, gone and come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.build.columnpairs import Pairs, distinct
from indexer.build.textmerge import merged_texts, renumbered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.columns import Column, Kind, Scalar
    from indexer.locations import Locations
    from indexer.product import Location
    from indexer.storage import StringTable

Joined = tuple["NDArray[np.int32]", "NDArray[np.int32]"]


def merged_pairs(
    column: Column | None,
    kind: Kind,
    moved: NDArray[np.int32],
    added: Sequence[tuple[int, Scalar]],
) -> Pairs:
    """The pairs of a column after its rows have moved, and new ones have come.

    Args:
        column: as it was, of `kind`; ``None`` where there was none.
        kind: of the column.
        moved: int32 ``(old products,)``, the new row of each, ascending; -1 where it is gone.
        added: new rows and values, of any kind; those of another kind are left out.
    """
    rows = np.array([row for row, _ in added], np.int32)
    new = Pairs.of(kind, rows, np.arange(len(added), dtype=np.int32), [it for _, it in added])
    if column is None:
        return new
    old = Pairs.of_column(column)
    places = moved[old.rows]
    kept = places >= 0
    old_codes = old.codes[kept].astype(np.int32)
    used = np.bincount(old_codes, minlength=old.size) > 0
    texts = numbers = None
    codes: NDArray[np.int32] = np.arange(old.size, dtype=np.int32)
    new_codes: NDArray[np.int32] = np.arange(new.size, dtype=np.int32)
    if old.texts is not None and new.texts is not None:
        (codes, new_codes), texts = _joined_texts(old.texts, new.texts, used)
    elif old.numbers is not None and new.numbers is not None:
        (codes, new_codes), numbers = _joined_numbers(old.numbers, new.numbers, used)
    all_rows = np.append(places[kept], new.rows)
    all_codes = np.append(codes[old_codes], new_codes[new.codes])
    return Pairs(kind, *distinct(all_rows, all_codes), texts, numbers)


def _joined_texts(
    old: StringTable, new: StringTable, used: NDArray[np.bool_]
) -> tuple[Joined, StringTable]:
    """The codes of old and new texts in the table of both, and that table."""
    texts = [new[code] for code in range(len(new))]
    known = [old.find(text) for text in texts]
    used[[code for code in known if code is not None]] = True
    unknown = [text for text, code in zip(texts, known, strict=True) if code is None]
    before = np.array([old.starting_with(text).start for text in unknown], np.int64)
    codes, fresh = renumbered(used, before)
    placed = dict(zip(unknown, fresh.tolist(), strict=True))
    new_codes = [
        placed[text] if code is None else int(codes[code])
        for text, code in zip(texts, known, strict=True)
    ]
    table = merged_texts(old, codes, [(place, text) for text, place in placed.items()])
    return (codes, np.array(new_codes, np.int32)), table


def _joined_numbers(
    old: NDArray[np.float64], new: NDArray[np.float64], used: NDArray[np.bool_]
) -> tuple[Joined, NDArray[np.float64]]:
    """The codes of old and new numbers among both, and these."""
    numbers = np.union1d(old[used], new)
    codes, new_codes = (numbers.searchsorted(it).astype(np.int32) for it in (old, new))
    return (codes, new_codes), numbers


def merged_locations(
    before: Locations, moved: NDArray[np.int32], added: Mapping[int, tuple[Location, ...]]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """The locations after rows have moved, and new ones have come.

    Args:
        before: as they were.
        moved: int32 ``(old products,)``, the new row of each, ascending; -1 where it is gone.
        added: places by new row.

    Returns:
        Rows, places, latitudes and longitudes as `Locations` has them; places are numbered in the
        order in which the rows come to them.
    """
    rows = moved[before.rows]
    kept = rows >= 0
    places = before.places[kept]
    new = [(row, place) for row, found in added.items() for place in found]
    rows = np.append(rows[kept], np.array([row for row, _ in new], np.int32))
    latitudes = np.append(before.latitudes[places], [place.latitude for _, place in new])
    longitudes = np.append(before.longitudes[places], [place.longitude for _, place in new])
    order = np.argsort(rows, kind="stable")
    rows, latitudes, longitudes = rows[order], latitudes[order], longitudes[order]
    alike = np.lexsort(
        (longitudes, latitudes)
    )  # stable: of equal places, the first row's is first
    opens = np.ones(len(alike), np.bool_)
    opens[1:] = (np.diff(latitudes[alike]) != 0) | (np.diff(longitudes[alike]) != 0)
    first = np.empty(len(alike), np.int64)
    first[alike] = alike[np.maximum.accumulate(np.where(opens, np.arange(len(alike)), 0))]
    openings, numbers = np.unique(first, return_inverse=True)
    return rows, numbers.astype(np.int32), latitudes[openings], longitudes[openings]

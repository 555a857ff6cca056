"""Rows in common: of several terms' postings, without a look at any score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.postings import CHUNK_BITS, CHUNK_ROWS, place_from, run_in, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.lexical.postings import Runs


@compiled
def count_together(runs: Runs, terms: NDArray[np.int64], enough: int) -> int:
    """How many rows have all of `terms`, int64 ``(n,)``, the rarest first.

    Costs what the rarest term's postings cost, or what it takes to find `enough`.
    """
    count = 0
    places = np.empty(len(terms), np.int64)
    ends = np.empty(len(terms), np.int64)
    for run in range(signed(runs.first[terms[0]]), signed(runs.first[terms[0] + 1])):
        if not _find_runs(runs, terms, runs.chunks[run], places, ends):
            continue
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            count += _have(runs.rows, runs.rows[place], places, ends)
            if count >= enough:
                return count
    return count


@compiled
def _find_runs(
    runs: Runs,
    terms: NDArray[np.int64],
    chunk: int,
    places: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> bool:
    """Point `places` and `ends` to the postings of all terms but the first in a chunk, if any."""
    for other in range(1, len(terms)):
        found = run_in(runs, terms[other], chunk)
        if found < 0:
            return False
        places[other] = signed(runs.begins[found])
        ends[other] = signed(runs.begins[found + 1])
    return True


@compiled
def _have(
    rows: NDArray[np.uint16], row: int, places: NDArray[np.int64], ends: NDArray[np.int64]
) -> bool:
    """Whether all terms but the first have a row; their places go on to it."""
    for other in range(1, len(places)):
        places[other] = place_from(rows, places[other], ends[other], row)
        if places[other] == ends[other] or rows[places[other]] != row:
            return False
    return True


@compiled
def rows_among(runs: Runs, term: int, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Those of `rows`, int32 ``(n,)`` ascending, that have `term`."""
    kept = np.empty(len(rows), np.int32)
    count = 0
    chunk, place, end = -1, 0, 0
    for row in rows:
        if row >> CHUNK_BITS != chunk:
            chunk = row >> CHUNK_BITS
            run = run_in(runs, term, chunk)
            place = end = 0
            if run >= 0:
                place, end = signed(runs.begins[run]), signed(runs.begins[run + 1])
        within = row & (CHUNK_ROWS - 1)
        place = place_from(runs.rows, place, end, within)
        if place < end and runs.rows[place] == within:
            kept[count] = row
            count += 1
    return kept[:count]

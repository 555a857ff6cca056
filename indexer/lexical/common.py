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
def count_together(runs: Runs, terms: NDArray[np.int64]) -> int:
    """How many rows have all of `terms`, int64 ``(n,)``, the rarest first.

    Costs what the rarest term's postings cost.
    """
    count = 0
    places = np.empty(len(terms), np.int64)
    ends = np.empty(len(terms), np.int64)
    for run in range(signed(runs.first[terms[0]]), signed(runs.first[terms[0] + 1])):
        are_all_here = True
        for other in range(1, len(terms)):
            found = run_in(runs, terms[other], runs.chunks[run])
            if found < 0:
                are_all_here = False
                break
            places[other] = signed(runs.begins[found])
            ends[other] = signed(runs.begins[found + 1])
        if not are_all_here:
            continue
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            row = runs.rows[place]
            has_all = True
            for other in range(1, len(terms)):
                places[other] = place_from(runs.rows, places[other], ends[other], row)
                if places[other] == ends[other] or runs.rows[places[other]] != row:
                    has_all = False
                    break
            count += has_all
    return count


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

"""The rows of one chunk that have a clause, and what it gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.bitmap import has_bit, set_bit
from indexer.lexical.postings import place_from, run_in, signed

if TYPE_CHECKING:
    from indexer.lexical.postings import Runs
    from indexer.lexical.question import Part, Scratch

FAR_MORE = 24
"""Times as many postings as candidates cost as much to go through as to look up in."""


@compiled
def _narrow(
    runs: Runs, term: int, factor: np.float32, chunk: int, scratch: Scratch, count: int
) -> int:
    """Keep of the first `count` found rows those that have `term`, and add what it counts."""
    run = run_in(runs, term, chunk)
    if run < 0:
        return 0
    begin, end = signed(runs.begins[run]), signed(runs.begins[run + 1])
    found, values = scratch.found, scratch.values
    kept = 0
    if end - begin > FAR_MORE * count:
        for candidate in range(count):
            row = found[candidate]
            begin = place_from(runs.rows, begin, end, row)
            if begin == end:
                break
            found[kept] = row
            values[kept] = values[candidate] + factor * np.float32(runs.impacts[begin])
            kept += runs.rows[begin] == row
        return kept
    # A merge without a branch that depends on the rows: what cannot be foreseen costs most.
    candidate = 0
    while candidate < count and begin < end:
        row, other = found[candidate], np.int32(runs.rows[begin])
        hit = np.float32(row == other)
        found[kept] = row
        values[kept] = values[candidate] + hit * factor * np.float32(runs.impacts[begin])
        kept += row == other
        candidate += row <= other
        begin += other <= row
    return kept


@compiled
def gather(part: Part, alternative: int, chunk: int, scratch: Scratch, candidates: int) -> int:
    """Find the rows of a chunk that have all terms of an alternative, ascending.

    Args:
        part: the postings.
        alternative: which.
        chunk: which.
        scratch: gets the rows, and what their impacts add up to.
        candidates: how many rows of the scratch are the only ones of interest, where that is
            known; -1 for all.

    Returns:
        How many were found.
    """
    runs, question, factors = part.runs, part.question, part.factors
    first, end = question.term_ends[alternative], question.term_ends[alternative + 1]
    run = run_in(runs, question.terms[first], chunk)
    if run < 0:
        return 0
    begin, count = signed(runs.begins[run]), signed(runs.begins[run + 1])
    count -= begin
    if candidates >= 0 and candidates * FAR_MORE < count:
        scratch.found[:candidates] = scratch.candidates[:candidates]
        scratch.values[:candidates] = 0
        count = candidates
    else:
        for place in range(count):
            scratch.found[place] = runs.rows[begin + place]
            scratch.values[place] = factors[first] * np.float32(runs.impacts[begin + place])
        first += 1
    for place in range(first, end):
        count = _narrow(runs, question.terms[place], factors[place], chunk, scratch, count)
    return count


@compiled
def gather_best(part: Part, clause: int, chunk: int, scratch: Scratch, candidates: int) -> bool:
    """Find the rows of a chunk that have a clause, and the best that its alternatives give.

    Returns:
        Whether there are any.
    """
    any_found = False
    question = part.question
    for alternative in range(
        question.alternative_ends[clause], question.alternative_ends[clause + 1]
    ):
        count = gather(part, alternative, chunk, scratch, candidates)
        any_found |= count > 0
        for place in range(count):
            row = scratch.found[place]
            if not has_bit(scratch.having, row):
                set_bit(scratch.having, row)
                scratch.best[row] = scratch.values[place]
            elif scratch.best[row] < scratch.values[place]:
                scratch.best[row] = scratch.values[place]
    return any_found

"""The rows that match a query's clauses: sums of impacts, chunk by chunk.

What must be added up is only what can decide whether a row matches. A row that has nothing but the
commonest words of a query covers too little of it to match, so that in each chunk the rare
clauses give candidates, and the common ones are looked up for those (the essential and
non-essential lists of MaxScore: Turtle and Flood, *Query evaluation: strategies and
optimizations*, 1995, with coverage in the place of scores).

A row's score is always added up in the same order, that of falling weights: products that have the
same words score the same to the last bit, wherever they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.bitmap import has_bit, list_bits, set_bit
from indexer.lexical.gathering import FAR_MORE, gather, gather_best
from indexer.lexical.planning import plan_of
from indexer.lexical.postings import CHUNK_BITS, CHUNK_ROWS, run_in, signed
from indexer.lexical.question import Part, chunks_of, is_simple
from indexer.lexical.weighting import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.lexical.planning import Plan
    from indexer.lexical.postings import Runs
    from indexer.lexical.question import Question, Scratch, Statistics

_DENSE = CHUNK_ROWS >> 4  # rows cost as much to clear one by one as the whole chunk
_MARGIN = 1 - 1e-5  # sums of float32 against sums of float64
_ROUNDING = float(ROUNDING)


@compiled
def _add_all(part: Part, clause: int, share: np.float32, chunk: int, scratch: Scratch) -> bool:
    """Add an essential clause up: all its rows are candidates; tells whether there are any."""
    runs, question = part.runs, part.question
    if is_simple(question, clause):
        term = question.term_ends[question.alternative_ends[clause]]
        run = run_in(runs, question.terms[term], chunk)
        if run < 0:
            return False
        factor = part.factors[term]
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            row = signed(runs.rows[place])
            scratch.scores[row] += factor * np.float32(runs.impacts[place])
            scratch.covered[row] += share
            set_bit(scratch.seen, row)
        return True
    if not gather_best(part, clause, chunk, scratch, -1):
        return False
    count = list_bits(scratch.having, scratch.found)
    for place in range(count):
        row = scratch.found[place]
        scratch.scores[row] += scratch.best[row]
        scratch.covered[row] += share
    for word in range(len(scratch.having)):
        scratch.seen[word] |= scratch.having[word]
        scratch.having[word] = 0
    return True


@compiled
def _add_to(
    part: Part, clause: int, share: np.float32, chunk: int, scratch: Scratch, candidates: int
) -> bool:
    """Add another clause to those of the candidates that have it.

    Returns:
        Whether it was added to other rows as well, which costs less than to tell them apart.
    """
    if is_simple(part.question, clause):
        return _add_term(part, clause, share, chunk, scratch, candidates)
    if not gather_best(part, clause, chunk, scratch, candidates):
        return False
    for candidate in range(candidates):
        row = scratch.candidates[candidate]
        hit = np.float32(has_bit(scratch.having, row))
        scratch.scores[row] += hit * scratch.best[row]
        scratch.covered[row] += hit * share
    scratch.having[:] = 0
    return False


@compiled
def _add_term(
    part: Part, clause: int, share: np.float32, chunk: int, scratch: Scratch, candidates: int
) -> bool:
    """The same for a clause that is one term."""
    runs = part.runs
    alternative = part.question.alternative_ends[clause]
    term = part.question.term_ends[alternative]
    run = run_in(runs, part.question.terms[term], chunk)
    if run < 0:
        return False
    begin, end = signed(runs.begins[run]), signed(runs.begins[run + 1])
    if end - begin > FAR_MORE * candidates:
        count = gather(part, alternative, chunk, scratch, candidates)
        for place in range(count):
            scratch.scores[scratch.found[place]] += scratch.values[place]
            scratch.covered[scratch.found[place]] += share
        return False
    factor = part.factors[term]
    for place in range(begin, end):
        row = signed(runs.rows[place])
        scratch.scores[row] += factor * np.float32(runs.impacts[place])
        scratch.covered[row] += share
    return True


@compiled
def _essential(plan: Plan, needed: float) -> int:
    """How many of the clauses give candidates: all others together cover less than needed."""
    rest, essential = 0.0, plan.asked
    while essential > 1:
        rest += plan.shares[plan.order[essential - 1]]
        if rest >= needed * _MARGIN:
            break
        essential -= 1
    return essential


@compiled
def _add_up(
    runs: Runs, question: Question, plan: Plan, chunk: int, needed: float, scratch: Scratch
) -> tuple[int, bool]:
    """Find the rows of a chunk that cover at least what is needed, ascending.

    Returns:
        How many there are: the scratch has them as candidates, with what they score and cover.
        And whether other rows of the scratch are to be cleared as well.
    """
    part = Part(runs, question, plan.factors)
    essential = _essential(plan, needed)
    any_found = False
    for place in range(essential):
        clause = plan.order[place]
        any_found |= _add_all(part, clause, plan.shares[clause], chunk, scratch)
    if not any_found:
        return 0, False
    count = list_bits(scratch.seen, scratch.candidates)
    scratch.seen[:] = 0
    is_dense = count > _DENSE
    for place in range(essential, plan.asked):
        clause = plan.order[place]
        is_dense |= _add_to(part, clause, plan.shares[clause], chunk, scratch, count)
    kept = 0
    for place in range(count):
        row = scratch.candidates[place]
        scratch.candidates[kept] = row
        enough = scratch.covered[row] >= needed
        kept += enough
        if not is_dense and not enough:
            scratch.scores[row] = 0
            scratch.covered[row] = 0
    for place in range(plan.asked, len(plan.order)):
        is_dense |= _add_to(part, plan.order[place], np.float32(0), chunk, scratch, kept)
    return kept, is_dense


@compiled
def _inhabited(runs: Runs, question: Question, chunks: int) -> NDArray[np.bool_]:
    """Which chunks have any row with a term of the question, bool ``(chunks,)``."""
    inhabited = np.zeros(chunks, np.bool_)
    first, run_chunks = runs.first, runs.chunks
    for term in question.terms:
        for run in range(signed(first[term]), signed(first[term + 1])):
            inhabited[run_chunks[run]] = True
    return inhabited


@compiled
def _clear(scratch: Scratch, candidates: int, is_dense: bool) -> None:  # noqa: FBT001 - compiled functions know no keywords
    if is_dense:
        scratch.scores[:] = 0
        scratch.covered[:] = 0
        return
    for place in range(candidates):
        scratch.scores[scratch.candidates[place]] = 0
        scratch.covered[scratch.candidates[place]] = 0


@compiled
def matching(
    runs: Runs, question: Question, statistics: Statistics, coverage: float, scratch: Scratch
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], float]:
    """The rows that match; see `LexicalIndex.match`.

    Args:
        runs: of all terms.
        question: the clauses; alternatives with a term that no row has are left out of it.
        statistics: of the catalogue.
        coverage: 0 to 1.
        scratch: of this thread.

    Returns:
        Rows, scores, what share of the query each covers, and the ceiling.
    """
    plan = plan_of(runs, question, statistics, scratch)
    alone = question.optional.all()
    if alone:
        coverage = 0.0
    rows = np.empty(plan.most, np.int64)
    scores = np.empty(plan.most, np.float32)
    covered = np.empty(plan.most, np.float32)
    # Some row has the rarest clause. Where a row is found to cover more, fewer are candidates.
    top = plan.shares[plan.order[0]] if plan.asked else np.float32(0)
    count = 0
    inhabited = _inhabited(runs, question, chunks_of(statistics))
    for chunk in range(chunks_of(statistics) if plan.asked else 0):
        if not inhabited[chunk]:
            continue
        needed = coverage * float(top) * _ROUNDING
        found, is_dense = _add_up(runs, question, plan, chunk, needed, scratch)
        for place in range(found):
            row = scratch.candidates[place]
            rows[count + place] = (chunk << CHUNK_BITS) + row
            scores[count + place] = scratch.scores[row]
            covered[count + place] = scratch.covered[row]
            top = max(top, scratch.covered[row])
        _clear(scratch, found, is_dense)
        count += found
    needed = coverage * float(top) * _ROUNDING
    kept = 0
    for place in range(count):
        if covered[place] >= needed:
            rows[kept] = rows[place]
            scores[kept] = scores[place]
            covered[kept] = min(covered[place] / np.float32(plan.total), np.float32(1))
            kept += 1
    if alone:
        covered[:kept] = 1
    return rows[:kept], scores[:kept], covered[:kept], plan.ceiling

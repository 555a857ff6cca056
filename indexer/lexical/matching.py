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

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.postings import CHUNK_BITS, CHUNK_ROWS, Runs, place_from, run_in, signed
from indexer.lexical.weighting import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD_BITS = 6  # of the 64-bit words that a bitmap is made of
_FAR_MORE = 24  # times as many postings as candidates cost as much to go through as to look up in
_DENSE = CHUNK_ROWS >> 4  # rows cost as much to clear one by one as the whole chunk
_MARGIN = 1 - 1e-5  # sums of float32 against sums of float64
_ROUNDING = float(ROUNDING)
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""A number whose 64 windows of six bits differ: its product with a power of two tells which."""
_LOWEST = np.zeros(64, np.int64)
for _bit in range(64):
    _LOWEST[((int(_DE_BRUIJN) << _bit) & (1 << 64) - 1) >> 58] = _bit


class Question(NamedTuple):
    """A query's clauses, flattened, as compiled functions take them.

    Attributes:
        terms: int64 ``(terms,)``, of one alternative after the other, the rarest of each first.
        term_ends: int64 ``(alternatives + 1,)``, where the terms of each alternative begin.
        alternative_ends: int64 ``(clauses + 1,)``, where the alternatives of each clause begin.
        weights: float64 ``(alternatives,)``.
        importances: float64 ``(clauses,)``.
        optional: bool ``(clauses,)``.
    """

    terms: NDArray[np.int64]
    term_ends: NDArray[np.int64]
    alternative_ends: NDArray[np.int64]
    weights: NDArray[np.float64]
    importances: NDArray[np.float64]
    optional: NDArray[np.bool_]


class Part(NamedTuple):
    """Postings with what their impacts count.

    Attributes:
        runs: of all terms.
        question: the clauses.
        factors: float32 ``(terms,)``, of each of the question's terms.
    """

    runs: Runs
    question: Question
    factors: NDArray[np.float32]


class Statistics(NamedTuple):
    """What turns impacts into scores.

    Attributes:
        products: how many there are.
        unit: what one step of an impact counts before idf, (k1 + 1) / STEPS.
        common_idf: of a term in more than half of the products; NaN where idf is never negative.
    """

    products: int
    unit: float
    common_idf: float


class Scratch(NamedTuple):
    """Arrays of one chunk, all zero between queries, ``(CHUNK_ROWS,)`` unless said otherwise.

    Attributes:
        scores: float32.
        covered: float32.
        seen: uint64 ``(CHUNK_ROWS / 64,)``, a bit for each row that an essential clause has.
        best: float32, of the alternatives of one clause.
        having: uint64 ``(CHUNK_ROWS / 64,)``, a bit for each row that the clause has.
        candidates: int32, rows; not zeroed.
        found: int32, rows; not zeroed.
        values: float32, of `found`; not zeroed.
    """

    scores: NDArray[np.float32]
    covered: NDArray[np.float32]
    seen: NDArray[np.uint64]
    best: NDArray[np.float32]
    having: NDArray[np.uint64]
    candidates: NDArray[np.int32]
    found: NDArray[np.int32]
    values: NDArray[np.float32]

    @classmethod
    def empty(cls) -> Scratch:
        """Zeroed."""
        words = CHUNK_ROWS >> _WORD_BITS
        return cls(
            np.zeros(CHUNK_ROWS, np.float32),
            np.zeros(CHUNK_ROWS, np.float32),
            np.zeros(words, np.uint64),
            np.zeros(CHUNK_ROWS, np.float32),
            np.zeros(words, np.uint64),
            np.empty(CHUNK_ROWS, np.int32),
            np.empty(CHUNK_ROWS, np.int32),
            np.empty(CHUNK_ROWS, np.float32),
        )


class Plan(NamedTuple):
    """What is known of a question before anything is added up.

    Attributes:
        order: int64 ``(found,)``, the clauses that some row has: those asked for by falling
            weight, then the optional ones.
        asked: how many of them are asked for.
        shares: float32 ``(clauses,)``, what each clause weighs in coverage.
        factors: float32 ``(terms,)``, what an impact of each of the question's terms counts.
        most: no more rows than that can match.
        total: the weight of all that was asked for.
        ceiling: see `LexicalIndex.match`.
    """

    order: NDArray[np.int64]
    asked: int
    shares: NDArray[np.float32]
    factors: NDArray[np.float32]
    most: int
    total: float
    ceiling: float


@compiled
def idf_of(count: int, products: int) -> float:
    """What a term that `count` products have tells; see `inverse_document_frequency`."""
    return math.log1p((products - count + 0.5) / (count + 0.5))


@compiled
def _scoring_idf(count: int, statistics: Statistics) -> float:
    """The same for scores, which okapi's variant makes differ."""
    if math.isnan(statistics.common_idf):
        return idf_of(count, statistics.products)
    idf = math.log((statistics.products - count + 0.5) / (count + 0.5))
    return statistics.common_idf if idf < 0 else idf


@compiled
def _length(runs: Runs, term: int) -> int:
    return signed(runs.begins[runs.first[term + 1]]) - signed(runs.begins[runs.first[term]])


@compiled
def _has(rows: NDArray[np.uint64], row: int | np.int32) -> bool:
    return bool((rows[row >> _WORD_BITS] >> np.uint64(row & 63)) & np.uint64(1))


@compiled
def _set(rows: NDArray[np.uint64], row: int | np.int32) -> None:
    rows[row >> _WORD_BITS] |= np.uint64(1) << np.uint64(row & 63)


@compiled
def _count(rows: NDArray[np.uint64]) -> int:
    """How many bits are set; they are cleared."""
    count = np.uint64(0)
    for word in range(len(rows)):
        bits = rows[word]
        if bits == 0:
            continue
        bits -= (bits >> np.uint64(1)) & np.uint64(0x5555555555555555)
        bits = (bits & np.uint64(0x3333333333333333)) + (
            (bits >> np.uint64(2)) & np.uint64(0x3333333333333333)
        )
        bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        count += (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)
        rows[word] = 0
    return signed(count)


@compiled
def _list(rows: NDArray[np.uint64], into: NDArray[np.int32]) -> int:
    """Write the rows whose bit is set into `into`, ascending, and count them."""
    count = 0
    for word in range(len(rows)):
        bits = rows[word]
        base = word << _WORD_BITS
        while bits:
            lowest = bits & (~bits + np.uint64(1))
            into[count] = base + _LOWEST[(lowest * _DE_BRUIJN) >> np.uint64(58)]
            count += 1
            bits ^= lowest
    return count


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
    if end - begin > _FAR_MORE * count:
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
def _gather(part: Part, alternative: int, chunk: int, scratch: Scratch, candidates: int) -> int:
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
    if candidates >= 0 and candidates * _FAR_MORE < count:
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
def _gather_best(part: Part, clause: int, chunk: int, scratch: Scratch, candidates: int) -> bool:
    """Find the rows of a chunk that have a clause, and the best that its alternatives give.

    Returns:
        Whether there are any.
    """
    any_found = False
    question = part.question
    for alternative in range(
        question.alternative_ends[clause], question.alternative_ends[clause + 1]
    ):
        count = _gather(part, alternative, chunk, scratch, candidates)
        any_found |= count > 0
        for place in range(count):
            row = scratch.found[place]
            if not _has(scratch.having, row):
                _set(scratch.having, row)
                scratch.best[row] = scratch.values[place]
            elif scratch.best[row] < scratch.values[place]:
                scratch.best[row] = scratch.values[place]
    return any_found


@compiled
def _is_simple(question: Question, clause: int) -> bool:
    """Whether it is one term."""
    first = question.alternative_ends[clause]
    alone = question.alternative_ends[clause + 1] - first == 1
    return bool(alone and question.term_ends[first + 1] - question.term_ends[first] == 1)


@compiled
def _add_all(part: Part, clause: int, share: np.float32, chunk: int, scratch: Scratch) -> bool:
    """Add an essential clause up: all its rows are candidates; tells whether there are any."""
    runs, question = part.runs, part.question
    if _is_simple(question, clause):
        term = question.term_ends[question.alternative_ends[clause]]
        run = run_in(runs, question.terms[term], chunk)
        if run < 0:
            return False
        factor = part.factors[term]
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            row = signed(runs.rows[place])
            scratch.scores[row] += factor * np.float32(runs.impacts[place])
            scratch.covered[row] += share
            _set(scratch.seen, row)
        return True
    if not _gather_best(part, clause, chunk, scratch, -1):
        return False
    count = _list(scratch.having, scratch.found)
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
    if _is_simple(part.question, clause):
        return _add_term(part, clause, share, chunk, scratch, candidates)
    if not _gather_best(part, clause, chunk, scratch, candidates):
        return False
    for candidate in range(candidates):
        row = scratch.candidates[candidate]
        hit = np.float32(_has(scratch.having, row))
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
    if end - begin > _FAR_MORE * candidates:
        count = _gather(part, alternative, chunk, scratch, candidates)
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


class Ways(NamedTuple):
    """What the alternatives of a question are, each for itself; ``(alternatives,)``.

    Attributes:
        counts: int64, in how many rows all their terms are.
        tells: float64, the sums of their terms' idf; see `inverse_document_frequency`.
        peaks: float64, the most that their terms add up to in a row.
        scoring: float64 ``(terms,)``, what an impact of each term counts.
    """

    counts: NDArray[np.int64]
    tells: NDArray[np.float64]
    peaks: NDArray[np.float64]
    scoring: NDArray[np.float64]


@compiled
def _ways(runs: Runs, question: Question, statistics: Statistics, scratch: Scratch) -> Ways:
    alternatives = len(question.weights)
    counts = np.zeros(alternatives, np.int64)
    tells = np.zeros(alternatives)
    peaks = np.zeros(alternatives)
    scoring = np.zeros(len(question.terms))
    for alternative in range(alternatives):
        first, end = question.term_ends[alternative], question.term_ends[alternative + 1]
        for place in range(first, end):
            count = _length(runs, question.terms[place])
            tells[alternative] += idf_of(count, statistics.products)
            scoring[place] = _scoring_idf(count, statistics) * statistics.unit
            counts[alternative] = count
        peaks[alternative] = scoring[first] * runs.peaks[question.terms[first]]
        if end - first > 1:
            part = Part(runs, question, scoring.astype(np.float32))
            count, peak = 0, -np.inf
            for chunk in range(_chunks(statistics)):
                here = _gather(part, alternative, chunk, scratch, -1)
                for place in range(here):
                    peak = max(peak, scratch.values[place])
                count += here
            counts[alternative], peaks[alternative] = count, peak
    return Ways(counts, tells, peaks, scoring)


@compiled
def _mark(runs: Runs, question: Question, alternative: int, chunk: int, scratch: Scratch) -> None:
    """Set the bits of the rows of a chunk that have all terms of an alternative."""
    first = question.term_ends[alternative]
    if question.term_ends[alternative + 1] - first > 1:
        part = Part(runs, question, np.zeros(len(question.terms), np.float32))
        found = _gather(part, alternative, chunk, scratch, -1)
        for place in range(found):
            _set(scratch.having, scratch.found[place])
        return
    run = run_in(runs, question.terms[first], chunk)
    if run >= 0:
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            _set(scratch.having, signed(runs.rows[place]))


@compiled
def _rows_of_any(
    runs: Runs, question: Question, clause: int, ways: Ways, chunks: int, scratch: Scratch
) -> int:
    """How many rows have any of a clause's alternatives."""
    first, end = question.alternative_ends[clause], question.alternative_ends[clause + 1]
    existing, last = 0, 0
    for alternative in range(first, end):
        if ways.counts[alternative]:
            existing += 1
            last = ways.counts[alternative]
    if existing <= 1:
        return last
    count = 0
    for chunk in range(chunks):
        for alternative in range(first, end):
            if ways.counts[alternative]:
                _mark(runs, question, alternative, chunk, scratch)
        count += _count(scratch.having)
    return count


@compiled
def _weigh(
    question: Question, clause: int, ways: Ways, together: float, factors: NDArray[np.float32]
) -> float:
    """Give each term of a clause its factor, and the clause its part of the ceiling.

    Args:
        question: with the clause.
        clause: that some row has.
        ways: of the question.
        together: the idf of the rows that have any of the alternatives.
        factors: float32 ``(terms,)``, written to.
    """
    first, end = question.alternative_ends[clause], question.alternative_ends[clause + 1]
    existing = 0
    for alternative in range(first, end):
        existing += ways.counts[alternative] > 0
    importance, peak = question.importances[clause], 0.0
    for alternative in range(first, end):
        if not ways.counts[alternative]:
            continue
        scale = importance * (together / ways.tells[alternative] if existing > 1 else 1.0)
        peak = max(peak, ways.peaks[alternative] * scale)
        for term in range(question.term_ends[alternative], question.term_ends[alternative + 1]):
            factors[term] = ways.scoring[term] * scale * question.weights[alternative]
    return peak


@compiled
def _plan(runs: Runs, question: Question, statistics: Statistics, scratch: Scratch) -> Plan:
    """Work out what every term and clause counts, and in which order they are added up."""
    clauses = len(question.importances)
    ways = _ways(runs, question, statistics, scratch)
    factors = np.zeros(len(question.terms), np.float32)
    shares = np.zeros(clauses, np.float32)
    known = np.zeros(clauses, np.bool_)
    most, total, ceiling = 0, 0.0, 0.0
    alone = question.optional.all()
    for clause in range(clauses):
        count = _rows_of_any(runs, question, clause, ways, _chunks(statistics), scratch)
        known[clause] = count > 0
        weight = idf_of(count, statistics.products)
        if count:
            ceiling += _weigh(question, clause, ways, weight, factors)
        elif not question.optional[clause]:
            ceiling += weight * question.importances[clause]
        if alone or not question.optional[clause]:
            shares[clause] = weight
            total += weight
            most += count
    order = np.argsort(-shares, kind="mergesort")
    order = order[known[order]]
    asked = signed((shares[order] > 0).sum())
    return Plan(order, asked, shares, factors, min(most, statistics.products), total, ceiling)


@compiled
def _chunks(statistics: Statistics) -> int:
    return (statistics.products + CHUNK_ROWS - 1) >> CHUNK_BITS


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
    count = _list(scratch.seen, scratch.candidates)
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
    plan = _plan(runs, question, statistics, scratch)
    alone = question.optional.all()
    if alone:
        coverage = 0.0
    rows = np.empty(plan.most, np.int64)
    scores = np.empty(plan.most, np.float32)
    covered = np.empty(plan.most, np.float32)
    # Some row has the rarest clause. Where a row is found to cover more, fewer are candidates.
    top = plan.shares[plan.order[0]] if plan.asked else np.float32(0)
    count = 0
    inhabited = _inhabited(runs, question, _chunks(statistics))
    for chunk in range(_chunks(statistics) if plan.asked else 0):
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

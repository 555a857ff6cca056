"""The plan of a query: what each of its terms and clauses counts, and in which order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.bitmap import count_bits, set_bit
from indexer.lexical.gathering import gather
from indexer.lexical.postings import run_in, signed
from indexer.lexical.question import Part, chunks_of, idf_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.lexical.postings import Runs
    from indexer.lexical.question import Question, Scratch, Statistics


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
            for chunk in range(chunks_of(statistics)):
                here = gather(part, alternative, chunk, scratch, -1)
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
        found = gather(part, alternative, chunk, scratch, -1)
        for place in range(found):
            set_bit(scratch.having, scratch.found[place])
        return
    run = run_in(runs, question.terms[first], chunk)
    if run >= 0:
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            set_bit(scratch.having, signed(runs.rows[place]))


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
        count += count_bits(scratch.having)
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
def plan_of(runs: Runs, question: Question, statistics: Statistics, scratch: Scratch) -> Plan:
    """Work out what every term and clause counts, and in which order they are added up."""
    clauses = len(question.importances)
    ways = _ways(runs, question, statistics, scratch)
    factors = np.zeros(len(question.terms), np.float32)
    shares = np.zeros(clauses, np.float32)
    known = np.zeros(clauses, np.bool_)
    most, total, ceiling = 0, 0.0, 0.0
    alone = question.optional.all()
    for clause in range(clauses):
        count = _rows_of_any(runs, question, clause, ways, chunks_of(statistics), scratch)
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

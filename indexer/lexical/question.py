"""A query as compiled functions take it: its clauses as numbers, and what becomes of impacts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.bitmap import WORDS
from indexer.lexical.postings import CHUNK_BITS, CHUNK_ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.lexical.postings import Runs


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
        return cls(
            np.zeros(CHUNK_ROWS, np.float32),
            np.zeros(CHUNK_ROWS, np.float32),
            np.zeros(WORDS, np.uint64),
            np.zeros(CHUNK_ROWS, np.float32),
            np.zeros(WORDS, np.uint64),
            np.empty(CHUNK_ROWS, np.int32),
            np.empty(CHUNK_ROWS, np.int32),
            np.empty(CHUNK_ROWS, np.float32),
        )


@compiled
def idf_of(count: int, products: int) -> float:
    """What a term that `count` products have tells; see `inverse_document_frequency`."""
    return math.log1p((products - count + 0.5) / (count + 0.5))


@compiled
def chunks_of(statistics: Statistics) -> int:
    """How many chunks the catalogue has."""
    return (statistics.products + CHUNK_ROWS - 1) >> CHUNK_BITS


@compiled
def is_simple(question: Question, clause: int) -> bool:
    """Whether it is one term."""
    first = question.alternative_ends[clause]
    alone = question.alternative_ends[clause + 1] - first == 1
    return bool(alone and question.term_ends[first + 1] - question.term_ends[first] == 1)

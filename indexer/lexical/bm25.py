"""BM25 over weighted fields as precomputed postings.

The impact of term t in product d is BM25F's (Robertson, Zaragoza, Taylor: *Simple BM25 extension
to multiple weighted fields*, CIKM 2004)::

    tf(t, d)     = sum over fields f of  w_f * tf_f(t, d) / (1 - b + b * len_f(d) / avglen_f)
    impact(t, d) = idf(t) * tf(t, d) * (k1 + 1) / (tf(t, d) + k1)

which for one field of weight 1 is Okapi BM25. What depends on the product is known when the index
is built (`indexer.lexical.builder`) and kept in 16 bits: what a term adds to a score is off by at
most idf(t) * (k1 + 1) / 131,070.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits, Matches
from indexer.lexical.common import count_together, rows_among
from indexer.lexical.matching import matching
from indexer.lexical.postings import Postings, rows_of
from indexer.lexical.protocol import EVERY
from indexer.lexical.question import Question, Scratch, Statistics
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.lexical.clause import Clause

_MOST_PLACES = 1 << 14  # of terms, in 3 MB


class Bm25Index:
    """The postings of one snapshot, mapped from disk."""

    def __init__(self, path: Path) -> None:
        file = read_arrays(path)
        self._postings = Postings.read(file)
        self._runs = self._postings.runs
        # The words of a query are looked for at every keystroke, and by every part of a search.
        self._find = lru_cache(_MOST_PLACES)(self._postings.terms.find)
        common = file.array("common_idf")
        self._statistics = Statistics(
            products=int(file.array("products")[0]),
            unit=float(file.array("unit")[0]),
            common_idf=float(common[0]),
        )
        self._local = threading.local()

    def __contains__(self, term: str) -> bool:
        return self._find(term) is not None

    def count(self, term: str) -> int:
        """See `LexicalIndex.count`."""
        found = self._find(term)
        return 0 if found is None else self._length(found)

    def rows(self, term: str) -> NDArray[np.int32]:
        """See `LexicalIndex.rows`."""
        found = self._find(term)
        return np.empty(0, np.int32) if found is None else rows_of(self._runs, found)

    def together(self, terms: Iterable[str], enough: int = EVERY) -> int:
        """See `LexicalIndex.together`."""
        found = self._numbers(terms)
        if len(found) <= 1:
            return min(enough, self._length(found[0])) if found else 0
        return count_together(self._runs, np.array(found, np.int64), enough)

    def among(self, rows: NDArray[np.int32], term: str) -> NDArray[np.int32]:
        """See `LexicalIndex.among`."""
        found = self._find(term)
        return rows[:0] if found is None else rows_among(self._runs, found, rows)

    def completions(self, prefix: str, limit: int) -> list[str]:
        """See `LexicalIndex.completions`."""
        terms = self._postings.terms
        found = terms.starting_with(prefix)
        begins = self._runs.begins[self._runs.first[found.start : found.stop + 1]]
        counts = np.diff(begins).astype(np.float32)
        best = Hits.best(np.arange(len(found)), counts, limit).rows
        return [terms[found.start + int(place)] for place in best]

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:
        """See `LexicalIndex.match`; costs what the query's postings cost, never the catalogue."""
        if not clauses:
            return Matches.none()
        question = self._question(clauses)
        return Matches(
            *matching(self._runs, question, self._statistics, float(coverage), self._scratch())
        )

    def _question(self, clauses: Sequence[Clause]) -> Question:
        """The clauses as numbers, without the alternatives that cannot be had."""
        terms: list[int] = []
        term_ends, alternative_ends = [0], [0]
        weights: list[float] = []
        for clause in clauses:
            for alternative in clause.alternatives:
                found = self._numbers(alternative.terms)
                if found:
                    terms += found
                    term_ends.append(len(terms))
                    weights.append(alternative.weight)
            alternative_ends.append(len(weights))
        return Question(
            np.array(terms, np.int64),
            np.array(term_ends, np.int64),
            np.array(alternative_ends, np.int64),
            np.array(weights, np.float64),
            np.array([clause.importance for clause in clauses], np.float64),
            np.array([clause.optional for clause in clauses], np.bool_),
        )

    def _numbers(self, terms: Iterable[str]) -> list[int]:
        """Those of `terms`, the rarest first; none where no product has one of them."""
        found = []
        for term in dict.fromkeys(terms):
            place = self._find(term)
            if place is None:
                return []
            found.append(place)
        if len(found) > 1:
            found.sort(key=self._length)
        return found

    def _length(self, term: int) -> int:
        begin, end = self._runs.first[term], self._runs.first[term + 1]
        return int(self._runs.begins[end]) - int(self._runs.begins[begin])

    def _scratch(self) -> Scratch:
        """This thread's own."""
        scratch: Scratch | None = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = Scratch.empty()
        return scratch

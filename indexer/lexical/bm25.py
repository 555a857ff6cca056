"""BM25 over weighted fields as precomputed postings.

The impact of term t in product d is BM25F's (Robertson, Zaragoza, Taylor: *Simple BM25 extension
to multiple weighted fields*, CIKM 2004)::

    tf(t, d)     = sum over fields f of  w_f * tf_f(t, d) / (1 - b + b * len_f(d) / avglen_f)
    impact(t, d) = idf(t) * tf(t, d) * (k1 + 1) / (tf(t, d) + k1)

which for one field of weight 1 is Okapi BM25. Everything in it is known when the index is built
(`indexer.lexical.builder`), so that a query only adds up ready numbers.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits, Matches
from indexer.lexical.weighting import ROUNDING, inverse_document_frequency
from indexer.storage import StringTable, read_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.lexical.clause import Alternative, Clause

_MOST_PLACES = 1 << 14  # of terms, in 3 MB
_FAR_MORE = 3  # times as many rows cost as much to add up as to look up in


@dataclass(frozen=True, slots=True)
class _Postings:
    """What one term or clause gives each row.

    Attributes:
        rows: int32 ``(n,)``, distinct.
        impacts: float32 ``(n,)``, above 0 except with okapi's idf.
        peak: the greatest impact, were the weight 1.
        idf: the sum of what the terms in it tell; see `inverse_document_frequency`.
        weight: what an alternative's impacts still have to be multiplied by.
        ascending: whether the rows are.
    """

    rows: NDArray[np.int32]
    impacts: NDArray[np.float32]
    peak: float
    idf: float = 0.0
    weight: float = 1.0
    ascending: bool = True


@dataclass(frozen=True, slots=True)
class _Scratch:
    """Zeroed arrays of all rows, ``(products,)``, kept between queries.

    To clear what a query touched is far cheaper than to allocate for the whole catalogue.
    """

    scores: NDArray[np.float32]
    covered: NDArray[np.float32]
    seen: NDArray[np.bool_]
    best: NDArray[np.float32]


class Bm25Index:
    """The postings of one snapshot, mapped from disk."""

    def __init__(self, path: Path) -> None:
        file = read_arrays(path)
        self._terms = StringTable.read(file, "terms")
        # The words of a query are looked for at every keystroke, and by every part of a search.
        self._find = lru_cache(_MOST_PLACES)(self._terms.find)
        self._offsets = file.array("offsets")
        self._rows = file.array("rows")
        self._impacts = file.array("impacts")
        self._maxima = file.array("maxima")
        self._products = int(file.array("products")[0])
        self._local = threading.local()

    def __contains__(self, term: str) -> bool:
        return self._find(term) is not None

    def rows(self, term: str) -> NDArray[np.int32]:
        """The rows that have `term`, int32 ``(n,)``, ascending; not to be written to."""
        found = self._find(term)
        if found is None:
            return np.empty(0, np.int32)
        return self._rows[self._offsets[found] : self._offsets[found + 1]]

    def completions(self, prefix: str, limit: int) -> list[str]:
        """See `LexicalIndex.completions`."""
        found = self._terms.starting_with(prefix)
        counts = np.diff(self._offsets[found.start : found.stop + 1]).astype(np.float32)
        best = Hits.best(np.arange(len(found)), counts, limit).rows
        return [self._terms[found.start + int(place)] for place in best]

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:
        """See `LexicalIndex.match`; costs what the query's postings cost, never the catalogue."""
        scratch = self._scratch()
        postings = [self._clause(clause, scratch) for clause in clauses]
        whole = _having_all(clauses, postings, coverage)
        if len(whole):
            return whole
        first_seen = []
        asked: float = 0.0
        ceiling: float = 0.0
        for clause, found in zip(clauses, postings, strict=True):
            if found is None:
                if not clause.optional:
                    asked += self._idf(0)
                    ceiling += self._idf(0) * clause.importance
                continue
            ceiling += max(found.peak, 0.0) * clause.importance
            first_seen.append(found.rows[~scratch.seen[found.rows]])
            scratch.seen[found.rows] = True
            scratch.scores[found.rows] += found.impacts * np.float32(clause.importance)
            if not clause.optional:
                weight = self._idf(len(found.rows))
                scratch.covered[found.rows] += np.float32(weight)
                asked += weight
        if not first_seen:
            return Matches.none()
        touched = np.sort(np.concatenate(first_seen))
        if all(clause.optional for clause in clauses):
            ones = np.ones(len(touched), np.float32)
            matches = Matches(touched.astype(np.int64), scratch.scores[touched], ones, ceiling)
        else:
            matches = self._select(touched, scratch, asked, coverage, ceiling)
        scratch.scores[touched] = 0
        scratch.covered[touched] = 0
        scratch.seen[touched] = False
        return matches

    @staticmethod
    def _select(
        touched: NDArray[np.int32],
        scratch: _Scratch,
        asked: float,
        coverage: float,
        ceiling: float,
    ) -> Matches:
        """The touched rows that cover enough of what was asked for."""
        covered = scratch.covered[touched]
        enough = (covered > 0) & (covered >= coverage * covered.max() * ROUNDING)
        kept = touched[enough]
        share = np.minimum(covered[enough] / np.float32(asked), 1.0)
        return Matches(kept.astype(np.int64), scratch.scores[kept], share, ceiling)

    def _clause(self, clause: Clause, scratch: _Scratch) -> _Postings | None:
        """The best of the clause's alternatives for each row; ``None`` when no row has any."""
        found = [
            postings
            for alternative in clause.alternatives
            if (postings := self._alternative(alternative)) is not None
        ]
        if len(found) <= 1:
            return self._weighed(found[0], 1.0) if found else None
        counted = self._any_of(found, scratch)
        tells = self._idf(counted)
        scaled = [self._weighed(postings, tells / postings.idf) for postings in found]
        # Shifted, so that zero stays "not seen" where okapi's idf makes impacts negative.
        lowest = min(float(postings.impacts.min()) for postings in scaled)
        shift = np.float32(1.0 - min(lowest, 0.0))
        first_seen = []
        for postings in scaled:
            before = scratch.best[postings.rows]
            first_seen.append(postings.rows[before == 0])
            scratch.best[postings.rows] = np.maximum(before, postings.impacts + shift)
        rows = np.concatenate(first_seen)
        impacts = scratch.best[rows] - shift
        scratch.best[rows] = 0
        peak = max(postings.peak for postings in scaled)
        return _Postings(rows, impacts, peak, ascending=False)

    @staticmethod
    def _any_of(found: Sequence[_Postings], scratch: _Scratch) -> int:
        """How many rows have any of the alternatives."""
        for postings in found:
            scratch.best[postings.rows] = 1
        count = 0
        for postings in found:
            count += int(scratch.best[postings.rows].sum())
            scratch.best[postings.rows] = 0
        return count

    @staticmethod
    def _weighed(postings: _Postings, scale: float) -> _Postings:
        factor = scale * postings.weight
        impacts = postings.impacts if factor == 1.0 else postings.impacts * np.float32(factor)
        return _Postings(postings.rows, impacts, postings.peak * scale)

    def _alternative(self, alternative: Alternative) -> _Postings | None:
        """The rows that have all its terms; ``None`` when none has."""
        terms = [self._postings(term) for term in dict.fromkeys(alternative.terms)]
        known = [postings for postings in terms if postings is not None]
        if not known or len(known) < len(terms):
            return None
        rows, impacts, idf = known[0].rows, known[0].impacts, known[0].idf
        for other in known[1:]:
            rows, left, right = np.intersect1d(
                rows, other.rows, assume_unique=True, return_indices=True
            )
            impacts = impacts[left] + other.impacts[right]
            idf += other.idf
        if not len(rows):
            return None
        peak = known[0].peak if len(known) == 1 else float(impacts.max())
        return _Postings(rows, impacts, peak, idf, alternative.weight)

    def _postings(self, term: str) -> _Postings | None:
        found = self._find(term)
        if found is None:
            return None
        place = slice(int(self._offsets[found]), int(self._offsets[found + 1]))
        peak = float(self._maxima[found])
        return _Postings(
            self._rows[place], self._impacts[place], peak, self._idf(place.stop - place.start)
        )

    def _idf(self, count: int) -> float:
        counts = np.array([count])
        return float(inverse_document_frequency(counts, self._products, "lucene")[0])

    def _scratch(self) -> _Scratch:
        """This thread's own."""
        scratch: _Scratch | None = getattr(self._local, "scratch", None)
        if scratch is None:
            numbers = np.zeros((3, self._products), np.float32)
            seen = np.zeros(self._products, np.bool_)
            scratch = _Scratch(numbers[0], numbers[1], seen, numbers[2])
            self._local.scratch = scratch
        return scratch


def _having_all(
    clauses: Sequence[Clause], postings: Sequence[_Postings | None], coverage: float
) -> Matches:
    """The rows that every clause finds but the optional ones, where full coverage asks for them.

    Where one of them finds far fewer rows than the others, these few are looked up rather than
    all of them added up. None are given where that would be no gain, or where there are none.
    """
    found = list(zip(clauses, postings, strict=True))
    needed = [it for clause, it in found if not clause.optional]
    known = [it for it in needed if it is not None]
    if coverage < 1.0 or not known or len(known) < len(needed):
        return Matches.none()
    rarest, *others = sorted(known, key=lambda it: len(it.rows))
    if sum(len(it.rows) for it in others) < _FAR_MORE * len(rarest.rows) * len(others):
        return Matches.none()
    rows = rarest.rows if rarest.ascending else np.sort(rarest.rows)
    for other in others:
        rows = rows[_impacts(other, rows)[1]]
    scores = np.zeros(len(rows), np.float32)
    ceiling = 0.0
    for clause, it in found:
        if it is not None:
            scores += _impacts(it, rows)[0] * np.float32(clause.importance)
            ceiling += max(it.peak, 0.0) * clause.importance
    return Matches(rows.astype(np.int64), scores, np.ones(len(rows), np.float32), ceiling)


def _impacts(
    postings: _Postings, rows: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What `postings` give each of `rows`, 0 where nothing, and to which they give something."""
    if rows is postings.rows:
        return postings.impacts, np.ones(len(rows), np.bool_)
    order = None if postings.ascending else np.argsort(postings.rows)
    places = np.searchsorted(postings.rows, rows, sorter=order)
    places[places == len(postings.rows)] = 0
    if order is not None:
        places = order[places]
    are_in = postings.rows[places] == rows
    return np.where(are_in, postings.impacts[places], np.float32(0)), are_in

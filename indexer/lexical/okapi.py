"""rank-bm25 behind our protocol: the oracle of the postings, and an index for tiny catalogues."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from rank_bm25 import BM25Okapi

from indexer.hits import Matches
from indexer.lexical.protocol import EVERY
from indexer.lexical.weighting import ROUNDING, inverse_document_frequency

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from indexer.lexical.clause import Clause


class OkapiIndex:
    """One unweighted field scored by `rank_bm25.BM25Okapi`, product by product.

    Its quirks, for who compares: a term in more than half of the products gets a quarter of the
    mean idf instead of a negative one, the mean is taken over all terms and may be negative
    itself, and an empty catalogue is a division by zero (refused here with a `ValueError`).
    """

    def __init__(
        self, documents: Sequence[Sequence[str]], *, k1: float = 1.5, b: float = 0.75
    ) -> None:
        if not any(documents):
            raise ValueError("rank-bm25 needs at least one term; give a catalogue that has text")
        self._okapi = BM25Okapi([list(document) for document in documents], k1=k1, b=b)

    def count(self, term: str) -> int:
        """See `LexicalIndex.count`."""
        return len(self.rows(term))

    def rows(self, term: str) -> NDArray[np.int32]:
        """See `LexicalIndex.rows`."""
        return np.flatnonzero(self._holds([term])).astype(np.int32)

    def together(self, terms: Iterable[str], enough: int = EVERY) -> int:
        """See `LexicalIndex.together`."""
        wanted = list(terms)
        return min(enough, int(self._holds(wanted).sum())) if wanted else 0

    def among(self, rows: NDArray[np.int32], term: str) -> NDArray[np.int32]:
        """See `LexicalIndex.among`."""
        return rows[self._holds([term])[rows]]

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """What the library itself says of every product, float64 ``(products,)``."""
        return np.asarray(self._okapi.get_scores(list(terms)), np.float64)

    def completions(self, prefix: str, limit: int) -> list[str]:
        """See `LexicalIndex.completions`."""
        counts = Counter(
            term
            for frequency in self._okapi.doc_freqs
            for term in frequency
            if term.startswith(prefix)
        )
        return sorted(counts, key=lambda term: (-counts[term], term.encode()))[:limit]

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:
        """See `LexicalIndex.match`; costs one Python step per product and term."""
        products = len(self._okapi.doc_freqs)
        scores, covered, asked = np.zeros((3, products))
        touched = np.zeros(products, np.bool_)
        ceiling = 0.0
        alone = all(clause.optional for clause in clauses)
        for clause in clauses:
            best, held, potential = self._clause(clause)
            if not held.any() and not clause.optional:
                asked += self._idf(held)
                ceiling += self._idf(held) * clause.importance
            if held.any():
                weight = self._idf(held)
                asked += weight * (not clause.optional)
                covered += weight * held * (not clause.optional)
                scores += best * clause.importance
                touched |= held
                ceiling += max(potential, 0.0) * clause.importance
        share = np.divide(covered, asked, out=np.ones(products), where=asked > 0)
        enough = share >= coverage * share[touched].max(initial=0.0) * ROUNDING
        rows = np.flatnonzero(touched & enough & ((covered > 0) | alone))
        return Matches(
            rows.astype(np.int64),
            scores[rows].astype(np.float32),
            share[rows].astype(np.float32),
            float(ceiling),
        )

    def _clause(self, clause: Clause) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
        """What the clause adds to each product's score, which have it, and its potential."""
        held = [self._holds(alternative.terms) for alternative in clause.alternatives]
        found = [place for place, rows in enumerate(held) if rows.any()]
        best = np.full(len(self._okapi.doc_freqs), -np.inf)
        potential = -np.inf
        for place in found:
            alternative, rows = clause.alternatives[place], held[place]
            factor = alternative.weight
            if len(found) > 1:
                terms = [self._holds([term]) for term in dict.fromkeys(alternative.terms)]
                together = self._idf(np.any([held[other] for other in found], axis=0))
                factor *= together / sum(map(self._idf, terms))
            scores = np.asarray(self._okapi.get_scores(list(dict.fromkeys(alternative.terms))))
            best[rows] = np.maximum(best[rows], scores[rows] * factor)
            potential = max(potential, float(scores[rows].max()) * factor / alternative.weight)
        return np.where(np.isfinite(best), best, 0.0), np.isfinite(best), potential

    def _idf(self, held: NDArray[np.bool_]) -> float:
        counts = np.array([held.sum()])
        return float(inverse_document_frequency(counts, len(held), "lucene")[0])

    def _holds(self, terms: Sequence[str]) -> NDArray[np.bool_]:
        wanted = set(terms)
        return np.array([wanted <= frequency.keys() for frequency in self._okapi.doc_freqs])

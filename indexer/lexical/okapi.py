"""rank-bm25 behind our protocol: the oracle of the postings, and an index for tiny catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rank_bm25 import BM25Okapi

from indexer.hits import Matches
from indexer.lexical.weighting import ROUNDING, inverse_document_frequency

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def match(self, clauses: Sequence[Clause], *, coverage: float = 0.0) -> Matches:
        """See `LexicalIndex.match`; costs one Python step per product and term."""
        products = len(self._okapi.doc_freqs)
        scores, covered, asked = np.zeros((3, products))
        touched = np.zeros(products, np.bool_)
        ceiling = 0.0
        for clause in clauses:
            best, held = self._clause(clause)
            if held.any():
                weight = inverse_document_frequency(np.array([held.sum()]), products, "lucene")[0]
                asked += weight * (not clause.optional)
                covered += weight * held * (not clause.optional)
                scores += best * clause.importance
                touched |= held
                ceiling += best[held].max() * clause.importance
        share = np.divide(covered, asked, out=np.ones(products), where=asked > 0)
        enough = share >= coverage * share[touched].max(initial=0.0) * ROUNDING
        rows = np.flatnonzero(touched & enough & ((covered > 0) | (asked == 0)))
        return Matches(
            rows.astype(np.int64),
            scores[rows].astype(np.float32),
            share[rows].astype(np.float32),
            float(ceiling),
        )

    def _clause(self, clause: Clause) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What the clause adds to each product's score, and which products have it."""
        best = np.full(len(self._okapi.doc_freqs), -np.inf)
        for alternative in clause.alternatives:
            held = self._holds(alternative.terms)
            scores = np.asarray(self._okapi.get_scores(list(alternative.terms)))
            best[held] = np.maximum(best[held], scores[held] * alternative.weight)
        held = np.isfinite(best)
        return np.where(held, best, 0.0), held

    def _holds(self, terms: Sequence[str]) -> NDArray[np.bool_]:
        wanted = set(terms)
        return np.array([wanted <= frequency.keys() for frequency in self._okapi.doc_freqs])

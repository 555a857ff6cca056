"""rank-bm25 behind our protocol: the oracle of the postings, and an index for tiny catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rank_bm25 import BM25Okapi

from indexer.hits import Matches
from indexer.lexical.bm25 import ROUNDING, inverse_document_frequency

if TYPE_CHECKING:
    from collections.abc import Sequence


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

    def match(self, terms: Sequence[str], *, coverage: float = 0.0) -> Matches:
        """See `LexicalIndex.match`; costs one Python step per product and term."""
        frequencies = self._okapi.doc_freqs
        covered = np.zeros(len(frequencies))
        for term in dict.fromkeys(terms):
            holds = np.array([term in frequency for frequency in frequencies])
            count = np.array([holds.sum()])
            if count[0]:
                weight = inverse_document_frequency(count, len(frequencies), "lucene")[0]
                covered += holds * weight
        enough = covered >= coverage * covered.max() * ROUNDING
        rows = np.flatnonzero((covered > 0) & enough)
        scores = np.asarray(self._okapi.get_scores(list(terms)), np.float32)
        return Matches(rows.astype(np.int64), scores[rows])

"""bm25s as a peer: scores of all products from precomputed columns, by words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bm25s
import Stemmer

from benchmarks.peers.protocol import DEPTH, Built, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Corpus, Look, Question

_SILENT = {"show_progress": False}


class Bm25sPeer:
    """English stems, its compiled backend."""

    name = "bm25s"
    remark = "best 100 of any word; no filters, no updates"
    efforts: tuple[int, int] | None = None

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`."""
        stemmer = Stemmer.Stemmer("english")
        tokens = bm25s.tokenize(list(corpus.texts), stemmer=stemmer, **_SILENT)
        index = bm25s.BM25(method="lucene", backend="numba")
        index.index(tokens, **_SILENT)
        index.save(str(directory), **_SILENT)
        depth = min(DEPTH, len(corpus.texts))

        def lexical(question: Question, look: Look) -> Sequence[int]:
            del look
            words = bm25s.tokenize([question.text], stemmer=stemmer, return_ids=False, **_SILENT)
            # A word that it has never seen would be an error of its compiled backend.
            known = [[word for word in words[0] if word in index.vocab_dict]]
            if not known[0]:
                return []
            found, scores = index.retrieve(known, k=depth, n_threads=1, **_SILENT)
            rows: list[int] = found[0][scores[0] > 0].tolist()
            return rows

        return Built({Mode.LEXICAL: lexical})

    def close(self) -> None:
        """See `Peer.close`."""

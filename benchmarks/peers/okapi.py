"""rank-bm25 as a peer: the common library in Python that scores every product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.protocol import DEPTH, Built, Mode
from indexer.lexical.okapi import OkapiIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Corpus, Look, Question


class OkapiPeer:
    """A dictionary for each product, in memory only.

    Args:
        terms: of a text.
    """

    name = "rank-bm25"
    remark = "best 100 of any word; no filters, nothing on disk"
    efforts: tuple[int, int] | None = None

    def __init__(self, terms: Callable[[str], Iterable[str]]) -> None:
        self._terms = terms

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`."""
        del directory
        index = OkapiIndex([list(self._terms(text)) for text in corpus.texts])

        def lexical(question: Question, look: Look) -> Sequence[int]:
            del look
            scores = index.scores(list(self._terms(question.text)))
            best = np.argpartition(scores, max(len(scores) - DEPTH, 0))[-DEPTH:]
            rows: list[int] = best[np.argsort(-scores[best], kind="stable")].tolist()
            return rows

        return Built({Mode.LEXICAL: lexical}, bytes=0)

    def close(self) -> None:
        """See `Peer.close`."""

"""The exact peer: every product is compared with the query; recall is 1 and nothing is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.protocol import DEPTH, Built, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Corpus, Look, Question


class ExactPeer:
    """One matrix product in float32."""

    name = "exact, NumPy"
    remark = "all products compared, no index"
    efforts: tuple[int, int] | None = None

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`."""
        del directory  # nothing is kept on the disk

        def nearest(question: Question, look: Look) -> Sequence[int]:
            mask = corpus.passing(look.within)
            rows = np.arange(len(corpus.vectors)) if mask is None else np.flatnonzero(mask)
            vectors = corpus.vectors if mask is None else corpus.vectors[rows]
            cosines = vectors @ question.vector
            depth = min(DEPTH, len(rows))
            best = np.argpartition(-cosines, depth - 1)[:depth]
            ordered: list[int] = rows[best[np.argsort(-cosines[best], kind="stable")]].tolist()
            return ordered

        return Built({Mode.VECTOR: nearest}, bytes=corpus.vectors.nbytes)

    def close(self) -> None:
        """See `Peer.close`."""

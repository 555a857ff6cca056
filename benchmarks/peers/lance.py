"""LanceDB as a peer: words, vectors, and both at once, embedded in the process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# It warns at every query of something that a later version will do; read when it is loaded.
os.environ.setdefault("LANCEDB_LOG", "error")

import lancedb
import pyarrow as pa
from lancedb.index import FTS, BTree, HnswSq
from lancedb.rerankers import RRFReranker

from benchmarks.peers.protocol import DEPTH, PAGE, RRF_K, Built, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Corpus, Look, Question, Range

_ROW, _TEXT, _VECTOR, _PRICE = "row", "text", "vector", "price"
_REFINE = 2


class LancePeer:
    """Full-text index of English stems, and HNSW over bytes in one partition, refined."""

    name = "LanceDB"
    remark = "best 100 of any word; HNSW over bytes, refined; fused by rank in Python"
    efforts: tuple[int, int] | None = (DEPTH * _REFINE, 4_000)

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`."""
        dimension = corpus.vectors.shape[1]
        flat = pa.array(corpus.vectors.reshape(-1), pa.float32())
        columns = {
            _ROW: pa.array(range(len(corpus.texts)), pa.int64()),
            _TEXT: pa.array(corpus.texts, pa.string()),
            _VECTOR: pa.FixedSizeListArray.from_arrays(flat, dimension),
            _PRICE: pa.array(corpus.prices, pa.float64(), from_pandas=True),
        }
        table = lancedb.connect(str(directory)).create_table("products", pa.table(columns))
        table.create_index(_TEXT, config=FTS(with_position=False))
        table.create_index(_VECTOR, config=HnswSq(distance_type="dot", num_partitions=1))
        table.create_index(_PRICE, config=BTree())
        table.optimize()
        fuse = RRFReranker(K=RRF_K)

        def lexical(question: Question, look: Look) -> Sequence[int]:
            asked = table.search(question.text, query_type="fts", fts_columns=_TEXT)
            return _rows(asked, look.within, DEPTH)

        def vector(question: Question, look: Look) -> Sequence[int]:
            asked = table.search(question.vector, vector_column_name=_VECTOR)
            asked = asked.distance_type("dot").ef(look.effort).refine_factor(_REFINE)
            return _rows(asked, look.within, DEPTH)

        def hybrid(question: Question, look: Look) -> Sequence[int]:
            asked = table.search(
                query_type="hybrid", vector_column_name=_VECTOR, fts_columns=_TEXT
            )
            asked = asked.vector(question.vector).text(question.text).distance_type("dot")
            # What it fuses is as deep as what it gives.
            asked = asked.ef(look.effort).refine_factor(_REFINE).rerank(fuse)
            return _rows(asked, look.within, DEPTH)[:PAGE]

        return Built({Mode.LEXICAL: lexical, Mode.VECTOR: vector, Mode.HYBRID: hybrid})

    def close(self) -> None:
        """See `Peer.close`."""


def _rows(asked: Any, within: Range | None, limit: int) -> Sequence[int]:  # noqa: ANN401 - untyped
    if within is not None:
        asked = asked.where(f"{_PRICE} >= {within.low} AND {_PRICE} <= {within.high}")
    rows: list[int] = asked.select([_ROW]).limit(limit).to_arrow()[_ROW].to_pylist()
    return rows

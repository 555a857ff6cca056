"""Qdrant as a peer: its engine in Rust, embedded in the process (Qdrant Edge)."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import qdrant_edge as qdrant

from benchmarks.peers.protocol import DEPTH, PAGE, RRF_K, Built, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.peers.protocol import Corpus, Look, Question, Range

_DENSE, _SPARSE, _PRICE, _TEXT = "meaning", "words", "price", "text"
_BATCH = 1_000
_M, _EF_CONSTRUCT = 16, 100
_INDEXED_FROM = 10_000
"""Kilobytes of vectors, Qdrant's own default for segments and for full scans."""


class QdrantPeer:
    """HNSW over float32, BM25 as sparse vectors with inverse document frequencies."""

    name = "Qdrant Edge"
    remark = "no server; best 100 of any word as sparse vectors; HNSW; fused by rank"
    efforts: tuple[int, int] | None = (DEPTH, 4_000)

    def __init__(self) -> None:
        self._shard: Any = None

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """See `Peer.build`."""
        dense = qdrant.EdgeVectorParams(corpus.vectors.shape[1], qdrant.Distance.Dot)
        sparse = qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)
        config = qdrant.EdgeConfig(
            vectors={_DENSE: dense},
            sparse_vectors={_SPARSE: sparse},
            hnsw_config=qdrant.HnswIndexConfig(_M, _EF_CONSTRUCT, _INDEXED_FROM),
            optimizers=qdrant.EdgeOptimizersConfig(
                default_segment_number=1, indexing_threshold=_INDEXED_FROM
            ),
        )
        shard = self._shard = qdrant.EdgeShard.create(str(directory), config)
        words = qdrant.Bm25()
        _fill(shard, corpus, words)

        def lexical(question: Question, look: Look) -> Sequence[int]:
            return _rows(shard, _sparse(words, question), look, DEPTH)

        def vector(question: Question, look: Look) -> Sequence[int]:
            return _rows(shard, _dense(question), look, DEPTH)

        def hybrid(question: Question, look: Look) -> Sequence[int]:
            legs = [
                qdrant.Prefetch(
                    limit=DEPTH, query=query, filter=_filter(look.within), params=_params(look)
                )
                for query in (_sparse(words, question), _dense(question))
            ]
            fused = qdrant.QueryRequest(
                limit=PAGE, query=qdrant.Fusion.Rrf(k=RRF_K), prefetches=legs
            )
            return [point.id for point in shard.query(fused)]

        return Built({Mode.LEXICAL: lexical, Mode.VECTOR: vector, Mode.HYBRID: hybrid})

    def close(self) -> None:
        """See `Peer.close`."""
        if self._shard is not None:
            self._shard.close()


def _fill(shard: Any, corpus: Corpus, words: Any) -> None:  # noqa: ANN401 - untyped library
    by_price = qdrant.UpdateOperation.create_field_index(_PRICE, qdrant.PayloadSchemaType.Float)
    shard.update(by_price)
    for begin in range(0, len(corpus.texts), _BATCH):
        points = []
        for row in range(begin, min(begin + _BATCH, len(corpus.texts))):
            text, price = corpus.texts[row], float(corpus.prices[row])
            vectors = {_DENSE: corpus.vectors[row].tolist(), _SPARSE: words.embed_document(text)}
            payload = {_TEXT: text} if isnan(price) else {_TEXT: text, _PRICE: price}
            points.append(qdrant.Point(row, vectors, payload))
        shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.flush()


def _dense(question: Question) -> object:
    return qdrant.Query.Nearest(question.vector.tolist(), using=_DENSE)


def _sparse(words: Any, question: Question) -> object:  # noqa: ANN401 - untyped library
    return qdrant.Query.Nearest(words.embed_query(question.text), using=_SPARSE)


def _params(look: Look) -> object:
    return qdrant.SearchParams(hnsw_ef=look.effort or None)


def _filter(within: Range | None) -> Any:  # noqa: ANN401 - untyped library
    if within is None:
        return None
    inside = qdrant.RangeFloat(gte=within.low, lte=within.high)
    return qdrant.Filter(must=[qdrant.FieldCondition(_PRICE, range=inside)])


def _rows(shard: Any, query: object, look: Look, limit: int) -> Sequence[int]:  # noqa: ANN401 - untyped library
    request = qdrant.QueryRequest(
        limit=limit, query=query, filter=_filter(look.within), params=_params(look)
    )
    return [point.id for point in shard.query(request)]

"""The pool of a query: what several systems find, in an order that does not tell which did.

A collection that is judged from one ranking alone favours that ranking ever after, since whatever
else finds something good is told that it is unjudged. So the best products of several systems
are judged together (K. Spärck Jones and C. J. van Rijsbergen, Report on the need for and provision
of an "ideal" information retrieval test collection, 1975). This module is all that judging knows
of searching.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from searchsvc.embedders import NoEmbedder
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.routing import QueryEmbedder

_WORDS_ONLY = NoEmbedder("this leg of the pool takes words alone")


class Pooler:
    """Asks the shipped hybrid, BM25 alone and vectors alone."""

    def __init__(
        self, snapshot: Snapshot, embedder: QueryEmbedder, policy: RankingPolicy, depth: int
    ) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._policy = policy
        self._depth = depth

    def pool(self, text: str) -> frozenset[str]:
        """The ids of the products that are among the best `depth` of at least one system.

        Raises:
            EmbeddingUnavailableError: there is no query vector; a pool of keyword matches alone
                would favour keyword search.
        """
        return frozenset(self.by_vectors(text)).union(self.hybrid(text), self.by_words(text))

    def hybrid(self, text: str) -> list[str]:
        """What a shopper is shown, best first."""
        query = Query(text, limit=self._depth)
        result = search(query, self._snapshot, self._embedder, self._policy)
        return [hit.id for hit in result.hits]

    def by_words(self, text: str) -> list[str]:
        """What BM25 alone finds, best first."""
        query = Query(text, limit=self._depth)
        result = search(query, self._snapshot, _WORDS_ONLY, self._policy)
        return [hit.id for hit in result.hits]

    def by_vectors(self, text: str) -> list[str]:
        """The nearest in meaning, best first, however far they are.

        Raises:
            EmbeddingUnavailableError: there is no query vector.
        """
        vector = self._embedder.embed_query(text)
        hits = self._snapshot.vectors.search(vector, self._depth)
        return [self._snapshot.products.id(row) for row in hits.rows.tolist()]


def arranged(product_ids: Iterable[str], query_id: str, rater: str) -> tuple[str, ...]:
    """The products in the order in which `rater` sees them.

    Everybody has another order, so that no product gains by its place; the same one every time, so
    that work can be resumed, and a product that joins the pool later moves no other.
    """

    def place(product_id: str) -> bytes:
        return blake2b(f"{rater}\0{query_id}\0{product_id}".encode(), digest_size=8).digest()

    return tuple(sorted(product_ids, key=lambda product_id: (place(product_id), product_id)))

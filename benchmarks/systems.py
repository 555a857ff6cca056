"""The systems that a benchmark compares: baselines, single legs, fusions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from indexer.build.texts import searchable_texts
from indexer.hits import Hits
from indexer.lexical.clause import plain_clauses
from indexer.lexical.okapi import OkapiIndex
from indexer.product import Product
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.embedding.protocol import Embedder
    from indexer.snapshot import Snapshot
    from searchsvc.routing import QueryEmbedder

DEPTH = 1_000
"""How many products a system ranks for each query; the judged ones among fewer may be too few."""
PAGE = 20
"""How many are asked for when a system is timed: what a shop shows."""
SHIPPED = "hybrid (shipped)"
_RRF_K = 60


class System(Protocol):
    """Something that ranks products for a query."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    def rank(self, text: str, depth: int = DEPTH) -> Sequence[str]:
        """The ids of the best `depth` products, best first."""
        ...


class RankBm25:
    """The rank-bm25 library over all texts of a product as one field."""

    name = "rank-bm25"

    def __init__(self, snapshot: Snapshot, products: int | None = None) -> None:
        """Make one of `snapshot`, or only of its first `products`."""
        self._snapshot = snapshot
        self._products = len(snapshot.products) if products is None else products

    @cached_property
    def _index(self) -> OkapiIndex:
        documents = []
        for row in range(self._products):
            product = Product.from_json(self._snapshot.products.json(row))
            text = " ".join(searchable_texts(product).values())
            documents.append(self._snapshot.analyzer.terms(text))
        return OkapiIndex(documents)

    def rank(self, text: str, depth: int = DEPTH) -> Sequence[str]:
        """See `System.rank`."""
        matches = self._index.match(plain_clauses(self._snapshot.analyzer.terms(text)))
        return _ids(self._snapshot, Hits.best(matches.rows, matches.scores, depth).rows)


class OurBm25:
    """Our postings alone: the query's words as they are, any of them will do."""

    name = "BM25 (ours)"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def rank(self, text: str, depth: int = DEPTH) -> Sequence[str]:
        """See `System.rank`."""
        matches = self._snapshot.lexical.match(plain_clauses(self._snapshot.analyzer.terms(text)))
        return _ids(self._snapshot, Hits.best(matches.rows, matches.scores, depth).rows)


class Vectors:
    """The semantic leg alone, without a cut-off."""

    name = "vectors"

    def __init__(self, snapshot: Snapshot, embedder: QueryEmbedder) -> None:
        self._snapshot = snapshot
        self._embedder = embedder

    def rank(self, text: str, depth: int = DEPTH) -> Sequence[str]:
        """See `System.rank`."""
        vector = self._embedder.embed_query(text)
        return _ids(self._snapshot, self._snapshot.vectors.search(vector, depth).rows)


class Hybrid:
    """The whole search, as the service runs it."""

    def __init__(
        self, name: str, snapshot: Snapshot, embedder: QueryEmbedder, policy: RankingPolicy
    ) -> None:
        self.name = name
        self._snapshot = snapshot
        self._embedder = embedder
        self._policy = policy

    def rank(self, text: str, depth: int = DEPTH) -> Sequence[str]:
        """See `System.rank`."""
        query = Query(text, limit=depth)
        result = search(query, self._snapshot, self._embedder, self._policy)
        return [hit.id for hit in result.hits]


class PlainRrf:
    """Reciprocal rank fusion of our postings and the vectors, and nothing else."""

    name = "plain RRF"

    def __init__(self, snapshot: Snapshot, embedder: Embedder) -> None:
        self._legs = (OurBm25(snapshot), Vectors(snapshot, embedder))

    def rank(self, text: str, depth: int = DEPTH) -> Sequence[str]:
        """See `System.rank`; k = 60 over the first `DEPTH` of each leg."""
        scores: dict[str, float] = {}
        for leg in self._legs:
            for place, product_id in enumerate(leg.rank(text), 1):
                scores[product_id] = scores.get(product_id, 0.0) + 1 / (_RRF_K + place)
        return sorted(scores, key=lambda product_id: (-scores[product_id], product_id))[:depth]


def all_systems(snapshot: Snapshot, embedder: Embedder, policy: RankingPolicy) -> list[System]:
    """Those of every table, the shipped one last."""
    return [
        RankBm25(snapshot),
        OurBm25(snapshot),
        Vectors(snapshot, embedder),
        PlainRrf(snapshot, embedder),
        Hybrid(SHIPPED, snapshot, embedder, policy),
    ]


def ablations(snapshot: Snapshot, embedder: Embedder, policy: RankingPolicy) -> list[System]:
    """The shipped system with each of its parts switched off in turn."""
    parts: dict[str, RankingPolicy] = {
        "spelling": replace(policy, correct_spelling=False),
        "joined words": replace(policy, join_words=False),
        "units": replace(policy, convert_units=False),
        "function words": replace(policy, discount_fillers=False),
        "all-words bonus": replace(policy, all_words_weight=0.0),
        "feedback": replace(policy, feedback_weight=0.0),
        "cut-offs": replace(policy, min_cosine=-1.0, min_cosine_share=0.0, min_coverage=0.0),
        "score fusion (RRF)": replace(policy, fusion=Fusion.RRF),
        "meaning": replace(policy, semantic_weight=0.0, feedback_weight=0.0, neighbours=1),
        "words": replace(policy, semantic_weight=1.0, all_words_weight=0.0),
    }
    return [
        Hybrid(f"without {part}", snapshot, embedder, changed) for part, changed in parts.items()
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """What a system made of all queries.

    Attributes:
        rankings: product ids by query id.
        milliseconds: float64 ``(queries,)``, of one answer to each query.
    """

    rankings: Mapping[str, Sequence[str]]
    milliseconds: NDArray[np.float64]


def run(systems: Iterable[System], queries: Mapping[str, str]) -> dict[str, Run]:
    """Ask every system every query; systems take turns, so that noise meets all of them.

    One query, not measured, warms each of them up. What is timed is a page; the ranking that is
    judged goes deeper.
    """
    systems = list(systems)
    rankings: dict[str, dict[str, Sequence[str]]] = {system.name: {} for system in systems}
    times: dict[str, list[float]] = {system.name: [] for system in systems}
    for system in systems:
        system.rank(next(iter(queries.values())), PAGE)
    for query_id, text in queries.items():
        for system in systems:
            begin = perf_counter()
            system.rank(text, PAGE)
            times[system.name].append((perf_counter() - begin) * 1e3)
            rankings[system.name][query_id] = system.rank(text)
    return {name: Run(rankings[name], np.array(times[name])) for name in rankings}


def _ids(snapshot: Snapshot, rows: NDArray[np.int64]) -> list[str]:
    return [snapshot.products.id(row) for row in rows.tolist()]

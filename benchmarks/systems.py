"""The systems that a benchmark compares: baselines, single legs, fusions."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

DEPTH = 100
"""How many products a system ranks for each query."""


class System(Protocol):
    """Something that ranks products for a query."""

    @property
    def name(self) -> str:
        """What the tables call it."""
        ...

    def rank(self, text: str) -> Sequence[str]:
        """The ids of the best `DEPTH` products, best first."""
        ...


class RankBm25:
    """The rank-bm25 library over all texts of a product as one field."""

    name = "rank-bm25"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        documents = []
        for row in range(len(snapshot.products)):
            product = Product.from_json(snapshot.products.json(row))
            text = " ".join(searchable_texts(product).values())
            documents.append(snapshot.analyzer.terms(text))
        self._index = OkapiIndex(documents)

    def rank(self, text: str) -> Sequence[str]:
        """See `System.rank`."""
        matches = self._index.match(plain_clauses(self._snapshot.analyzer.terms(text)))
        return _ids(self._snapshot, Hits.best(matches.rows, matches.scores, DEPTH).rows)


class OurBm25:
    """The lexical leg alone: weighted fields, any term will do."""

    name = "BM25 (ours)"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def rank(self, text: str) -> Sequence[str]:
        """See `System.rank`."""
        matches = self._snapshot.lexical.match(plain_clauses(self._snapshot.analyzer.terms(text)))
        return _ids(self._snapshot, Hits.best(matches.rows, matches.scores, DEPTH).rows)


class Vectors:
    """The semantic leg alone, without a cut-off."""

    name = "vectors"

    def __init__(self, snapshot: Snapshot, embedder: Embedder) -> None:
        self._snapshot = snapshot
        self._embedder = embedder

    def rank(self, text: str) -> Sequence[str]:
        """See `System.rank`."""
        vector = self._embedder.embed_query(text)
        return _ids(self._snapshot, self._snapshot.vectors.search(vector, DEPTH).rows)


class Hybrid:
    """The whole search, as the service runs it."""

    def __init__(
        self, name: str, snapshot: Snapshot, embedder: Embedder, policy: RankingPolicy
    ) -> None:
        self.name = name
        self._snapshot = snapshot
        self._embedder = embedder
        self._policy = policy

    def rank(self, text: str) -> Sequence[str]:
        """See `System.rank`."""
        query = Query(text, limit=DEPTH)
        result = search(query, self._snapshot, self._embedder, self._policy)
        return [hit.id for hit in result.hits]


def all_systems(snapshot: Snapshot, embedder: Embedder, policy: RankingPolicy) -> list[System]:
    """Those of every table, the shipped one last."""
    rrf = replace(policy, fusion=Fusion.RRF)
    weighted = replace(policy, fusion=Fusion.WEIGHTED)
    hybrids = {"hybrid, RRF": rrf, "hybrid, weighted": weighted}
    shipped = "hybrid, RRF" if policy.fusion is Fusion.RRF else "hybrid, weighted"
    ordered = sorted(hybrids, key=lambda name: name == shipped)
    return [
        RankBm25(snapshot),
        OurBm25(snapshot),
        Vectors(snapshot, embedder),
        *(
            Hybrid(f"{name} (shipped)" if name == shipped else name, snapshot, embedder, chosen)
            for name, chosen in ((name, hybrids[name]) for name in ordered)
        ),
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

    One query, not measured, warms each of them up.
    """
    systems = list(systems)
    rankings: dict[str, dict[str, Sequence[str]]] = {system.name: {} for system in systems}
    times: dict[str, list[float]] = {system.name: [] for system in systems}
    for system in systems:
        system.rank(next(iter(queries.values())))
    for query_id, text in queries.items():
        for system in systems:
            begin = perf_counter()
            rankings[system.name][query_id] = system.rank(text)
            times[system.name].append((perf_counter() - begin) * 1e3)
    return {name: Run(rankings[name], np.array(times[name])) for name in rankings}


def _ids(snapshot: Snapshot, rows: NDArray[np.int64]) -> list[str]:
    return [snapshot.products.id(row) for row in rows.tolist()]

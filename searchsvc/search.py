"""The hot path: a query against a snapshot.

A query defines one **match set**: the products that cover enough of its words, the products near
enough to its meaning, and those it identifies. A filter narrows it: what is near enough is judged
without the filter; only where more products are near than are taken, the nearest are taken of
those that pass it. Everything that an answer says is about that set: its size is the total, and
its pages, walked to the end, show each of its products once.

The order: products that the query identifies, then the window (the best lexical matches and all
semantic ones) by fused score, then the remaining lexical matches by BM25. Ties break by product
id. None of it depends on the page that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from indexer.hits import Hits, Matches
from indexer.lexical.clause import plain_clauses
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.query.mask import row_mask
from searchsvc.ranking.window import gather, rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.query import Query
    from searchsvc.ranking.window import Explanation, Ranking, Window


class QueryEmbedder(Protocol):
    """What the search needs of an `indexer.embedding.protocol.Embedder`."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The query's unit vector, float32 ``(dimension,)``.

        Raises:
            EmbeddingUnavailableError: there is none, at least not in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of the page.

    Attributes:
        product: its JSON, as stored.
        score: never rises from hit to hit.
    """

    id: str
    score: float
    product: bytes
    explanation: Explanation | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer.

    Attributes:
        total: products in the match set.
        hits: the page.
        degraded: what was left out of the answer and why; empty when nothing was.
        stage_ms: milliseconds by stage, in the order in which they ran.
    """

    total: int
    hits: tuple[Hit, ...]
    degraded: tuple[str, ...]
    stage_ms: Mapping[str, float]


@dataclass(slots=True)
class _Stages:
    milliseconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=perf_counter)

    def done(self, name: str) -> None:
        now = perf_counter()
        self.milliseconds[name] = (now - self._last) * 1e3
        self._last = now


def search(
    query: Query, snapshot: Snapshot, embedder: QueryEmbedder, policy: RankingPolicy
) -> SearchResult:
    """Answer `query` from `snapshot`.

    Raises:
        BadFilterError: the filter does not fit the snapshot's columns.
    """
    stages = _Stages()
    mask = None
    if query.filter is not None:
        mask = row_mask(query.filter, snapshot.columns, len(snapshot.products))
    stages.done("mask")
    lexical = _lexical(query.text, snapshot, policy)
    best_bm25 = float(lexical.scores.max(initial=0.0))
    stages.done("lexical")
    identified = snapshot.products.identified_by(query.text)
    vector, degraded = _embed(query.text, embedder, is_number=len(identified) > 0)
    stages.done("embed")
    semantic = _semantic(vector, snapshot, policy, mask)
    stages.done("semantic")
    if mask is not None:
        lexical, identified = lexical.within(mask), identified[mask[identified]]
    window = gather(lexical, semantic, identified, policy.window)
    total = len(lexical) + int(np.count_nonzero(window.places < 0))
    stages.done("match set")
    cosines = _cosines(vector, window, semantic, snapshot)
    ranking = rank(window, cosines, policy, best_bm25)
    stages.done("fuse")
    page = _page(ranking, lexical, query)
    hits = tuple(_hit(row, score, ranking, lexical, snapshot, query) for row, score in page)
    stages.done("fetch")
    return SearchResult(total, hits, degraded, stages.milliseconds)


def _lexical(text: str, snapshot: Snapshot, policy: RankingPolicy) -> Matches:
    """The lexical matches in the whole catalogue; all of it for an empty query."""
    if not text.strip():
        rows = np.arange(len(snapshot.products), dtype=np.int64)
        return Matches.equal(rows)
    clauses = plain_clauses(snapshot.analyzer.terms(text))
    return snapshot.lexical.match(clauses, coverage=policy.min_coverage)


def _embed(
    text: str, embedder: QueryEmbedder, *, is_number: bool
) -> tuple[NDArray[np.float32] | None, tuple[str, ...]]:
    """The query's vector if there is anything to embed, and why not where it failed.

    A part number has no meaning: its neighbours would be whatever else looks like digits.
    """
    if not text.strip() or (is_number and any(char.isdigit() for char in text)):
        return None, ()
    try:
        return embedder.embed_query(text), ()
    except EmbeddingUnavailableError as error:
        return None, (f"semantic: {error}",)


def _semantic(
    vector: NDArray[np.float32] | None,
    snapshot: Snapshot,
    policy: RankingPolicy,
    mask: NDArray[np.bool_] | None,
) -> Hits:
    """The products near enough in meaning.

    How near is enough is judged in the whole catalogue: otherwise a filter would make products
    match that do not match without it. Only where there are more of them than are taken, the
    nearest are looked for again within the filter, so that a narrow one does not come out empty.
    """
    if vector is None:
        return Hits.none()
    hits = snapshot.vectors.search(vector, policy.neighbours)
    nearest = float(hits.scores.max(initial=0.0))
    enough = max(policy.min_cosine, policy.min_cosine_share * nearest)
    near = hits.at_least(enough)
    if mask is None:
        return near
    if len(near) < policy.neighbours:
        return near.within(mask)
    return snapshot.vectors.search(vector, policy.neighbours, mask).at_least(enough)


def _cosines(
    vector: NDArray[np.float32] | None, window: Window, semantic: Hits, snapshot: Snapshot
) -> NDArray[np.float32] | None:
    """The cosines of the window's rows; those of the neighbours are known already."""
    if vector is None:
        return None
    cosines = np.empty(len(window.rows), np.float32)
    cosines[np.searchsorted(window.rows, semantic.rows)] = semantic.scores
    unknown = window.semantic_ranks == 0
    cosines[unknown] = snapshot.vectors.similarities(vector, window.rows[unknown])
    return cosines


def _page(ranking: Ranking, lexical: Matches, query: Query) -> list[tuple[int, float]]:
    """Rows and scores of the page; what lies behind the window is only sorted when asked for."""
    end = query.offset + query.limit
    rows, scores = ranking.rows, ranking.scores
    if end > len(rows):
        behind = np.ones(len(lexical), np.bool_)
        places = ranking.window.places
        behind[places[places >= 0]] = False
        rest = Hits.best(lexical.rows[behind], lexical.scores[behind], len(lexical))
        floor = scores[-1] if len(scores) else np.float32(0)
        rows = np.concatenate((rows, rest.rows))
        scores = np.concatenate((scores, np.minimum(ranking.lexical_only(rest.scores), floor)))
    page = slice(query.offset, end)
    return list(zip(rows[page].tolist(), scores[page].tolist(), strict=True))


def _hit(
    row: int, score: float, ranking: Ranking, lexical: Matches, snapshot: Snapshot, query: Query
) -> Hit:
    return Hit(
        id=snapshot.products.id(row),
        score=score,
        product=snapshot.products.json(row),
        explanation=ranking.explain(row, lexical) if query.explain else None,
    )

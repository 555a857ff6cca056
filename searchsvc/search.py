"""The hot path: a query against a snapshot.

A query defines one **match set**: the products that cover enough of its words, the products near
enough to its meaning, and those it identifies. A filter narrows it: what is near enough is judged
without the filter; only where more products are near than are taken, the nearest are taken of
those that pass it. Everything that an answer says is about that set: its size is the total, and
its pages, walked to the end, show each of its products once.

The order: products that the query identifies, then the window (the best lexical matches and all
semantic ones) by fused score, then the remaining lexical matches by BM25. Ties break by product
id. An index may have a second stage, which orders the first of the window again. None of it
depends on the page that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from indexer.hits import Hits, Matches
from indexer.lexical.clause import Alternative, Clause
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.query.mask import row_mask
from searchsvc.query.understanding import understand
from searchsvc.ranking.explanation import explain
from searchsvc.ranking.second_stage import rerank
from searchsvc.ranking.window import Meaning, gather, rank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from indexer.columns import Scalar
    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.query import Query
    from searchsvc.query.understanding import Prohibition, Understanding
    from searchsvc.ranking.explanation import Explanation
    from searchsvc.ranking.window import Ranking, Window
    from searchsvc.results.facet import Facet

_MEDIAN = 0.5
_UNMEASURED_COSINE = 0.35
"""Of an unrelated product, where the build could not measure it."""


class QueryEmbedder(Protocol):
    """What the search needs of an `indexer.embedding.protocol.Embedder`."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """The query's unit vector, float32 ``(dimension,)``.

        Raises:
            EmbeddingUnavailableError: there is none, at least not in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A product of a group, beside the one that is shown.

    Attributes:
        product: its JSON, as stored.
    """

    id: str
    product: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """What a hit stands for.

    Attributes:
        value: of the column that makes the groups; ``None`` for a product without one.
        count: members in the match set, the hit included.
        others: the next best of them.
    """

    value: Scalar | None
    count: int
    others: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of the page.

    Attributes:
        product: its JSON, as stored.
        score: of its relevance; never rises from hit to hit in the order by relevance.
        group: what it stands for, where the answer is grouped.
    """

    id: str
    score: float
    product: bytes
    explanation: Explanation | None
    group: Group | None = None


class Widening(StrEnum):
    """How a query without any match was widened."""

    WORDS = "words"  # the least informative words were left out
    MEANING = "meaning"  # the nearest in meaning, near enough or not


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a query without any match was answered instead.

    Attributes:
        dropped: words that were left out.
        text: what is left of the query.
    """

    kind: Widening
    dropped: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer.

    Attributes:
        total: products in the match set; groups of them, if those are counted.
        hits: the page.
        understood: what the query was taken for.
        degraded: what was left out of the answer and why; empty when nothing was.
        stage_ms: milliseconds by stage, in the order in which they ran.
        facets: as asked for, in that order; they count what `total` counts.
        counts_groups: whether groups were counted instead of products.
        relaxed: how the query was widened because nothing matched; ``None`` when it was not.
        unfiltered_total: how many would match without the filter, where nothing matches with it.
        capped: whether more products are near in meaning than are taken.
    """

    total: int
    hits: tuple[Hit, ...]
    understood: Understanding
    degraded: tuple[str, ...]
    stage_ms: Mapping[str, float]
    facets: tuple[Facet, ...] = ()
    counts_groups: bool = False
    relaxed: Relaxation | None = None
    unfiltered_total: int | None = None
    capped: bool = False


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
    identified = snapshot.products.identified_by(query.text)
    if query.as_typed:
        policy = replace(policy, correct_spelling=False)
    understood = understand(query.text, snapshot, policy)
    stages.done("understand")
    lexical = _lexical(query.text, understood, snapshot, policy)
    stages.done("lexical")
    vector, degraded = _embed(understood, embedder, is_number=len(identified) > 0)
    stages.done("embed")
    semantic = _semantic(vector, understood, snapshot, policy, mask)
    stages.done("semantic")
    if mask is not None:
        lexical, identified = lexical.within(mask), identified[mask[identified]]
    window = gather(lexical, semantic, identified, policy.window)
    total = len(lexical) + int(np.count_nonzero(window.places < 0))
    stages.done("match set")
    meaning = _meaning(vector, window, semantic, snapshot)
    ranking = rank(window, meaning, policy)
    stages.done("fuse")
    if policy.reranker is not None and policy.rerank:
        ranking = rerank(ranking, policy.reranker)
        stages.done("rerank")
    page = _page(ranking, lexical, query)
    hits = tuple(_hit(row, score, ranking, lexical, snapshot, query) for row, score in page)
    stages.done("fetch")
    return SearchResult(total, hits, understood, degraded, stages.milliseconds)


def _lexical(
    text: str, understood: Understanding, snapshot: Snapshot, policy: RankingPolicy
) -> Matches:
    """The lexical matches in the whole catalogue; all of it for an empty query."""
    if not text.strip():
        return Matches.equal(np.arange(len(snapshot.products), dtype=np.int64))
    return snapshot.lexical.match(understood.clauses, coverage=policy.min_coverage)


def _embed(
    understood: Understanding, embedder: QueryEmbedder, *, is_number: bool
) -> tuple[NDArray[np.float32] | None, tuple[str, ...]]:
    """The query's vector if there is anything to embed, and why not where it failed.

    A part number has no meaning: its neighbours would be whatever else looks like digits. A
    query with synonyms lies in the middle of its readings.
    """
    text = understood.text
    if not text or (is_number and any(char.isdigit() for char in text)):
        return None, ()
    try:
        readings = [embedder.embed_query(reading) for reading in (text, *understood.readings)]
    except EmbeddingUnavailableError as error:
        return None, (f"semantic: {error}",)
    if len(readings) == 1:
        return readings[0], ()
    middle = np.sum(readings, axis=0)
    return (middle / np.linalg.norm(middle)).astype(np.float32), ()


def _semantic(
    vector: NDArray[np.float32] | None,
    understood: Understanding,
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
    enough = max(_least_cosine(snapshot, policy), policy.min_cosine_share * nearest)
    near = hits.at_least(enough)
    if mask is not None:
        if len(near) < policy.neighbours:
            near = near.within(mask)
        else:
            near = snapshot.vectors.search(vector, policy.neighbours, mask).at_least(enough)
    for prohibition in understood.prohibitions:
        near = near.without(_prohibited(prohibition, snapshot))
    return near


def _least_cosine(snapshot: Snapshot, policy: RankingPolicy) -> float:
    if policy.min_cosine is not None:
        return policy.min_cosine
    return _foreign_cosine(snapshot, policy.strictness)


def _foreign_cosine(snapshot: Snapshot, share: float) -> float:
    measured = snapshot.manifest.semantic.foreign_cosine(share)
    return _UNMEASURED_COSINE if measured is None else measured


def _prohibited(prohibition: Prohibition, snapshot: Snapshot) -> NDArray[np.int64]:
    meant = snapshot.lexical.match([Clause((Alternative(prohibition.unless),))])
    other = snapshot.lexical.match([Clause((Alternative(prohibition.terms),))])
    return np.setdiff1d(other.rows, meant.rows, assume_unique=True)


def _meaning(
    vector: NDArray[np.float32] | None, window: Window, semantic: Hits, snapshot: Snapshot
) -> Meaning | None:
    """The cosines of the window's rows; those of the neighbours are known already."""
    if vector is None:
        return None
    cosines = np.empty(len(window.rows), np.float32)
    cosines[np.searchsorted(window.rows, semantic.rows)] = semantic.scores
    unknown = window.semantic_ranks == 0
    cosines[unknown] = snapshot.vectors.similarities(vector, window.rows[unknown])
    return Meaning(cosines, _foreign_cosine(snapshot, _MEDIAN), snapshot.vectors)


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
        explanation=explain(row, ranking, lexical) if query.explain else None,
    )

"""The ranking window: the candidates that both legs judge, and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits
from searchsvc.policy import Fusion
from searchsvc.ranking.fusion import reciprocal_ranks, weighted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.hits import Matches
    from searchsvc.policy import RankingPolicy

_IDENTIFIED = np.float32(2)  # fused scores are between -1 and 1: what the query names comes first


@dataclass(frozen=True, slots=True)
class Window:
    """The candidates, ascending by row; all arrays are ``(n,)``.

    Attributes:
        rows: int64, distinct.
        places: int64, where each row stands among the lexical matches; -1 for no match.
        bm25: float32, 0 for no lexical match.
        lexical_ranks: int64, from 1; 0 for a row that is not among the best lexical matches.
        semantic_ranks: int64, from 1; 0 for a row that is no neighbour.
        identified: bool, the query equals one of the product's identifiers.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    bm25: NDArray[np.float32]
    lexical_ranks: NDArray[np.int64]
    semantic_ranks: NDArray[np.int64]
    identified: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a hit got its place.

    Attributes:
        identified: the query equals one of its identifiers.
        lexical_rank: among the lexical matches, from 1; ``None`` if not among them.
        lexical_score: BM25; 0 for no lexical match.
        semantic_rank: among the neighbours, from 1; ``None`` if not among them.
        similarity: cosine to the query; ``None`` where it was not needed or not to be had.
        fused_score: before the preference of identified products; ``None`` behind the window.
    """

    identified: bool
    lexical_rank: int | None
    lexical_score: float
    semantic_rank: int | None
    similarity: float | None
    fused_score: float | None

    def summary(self) -> str:
        """One line for people."""
        parts = ["the query is its identifier"] if self.identified else []
        if self.lexical_rank is not None:
            parts.append(f"words: rank {self.lexical_rank}, BM25 {self.lexical_score:.3f}")
        if self.similarity is not None:
            parts.append(f"meaning: rank {self.semantic_rank or '-'}, {self.similarity:.3f}")
        if self.fused_score is None:
            return "; ".join([*parts, "behind the ranking window"])
        return "; ".join([*parts, f"fused {self.fused_score:.4f}"])


@dataclass(frozen=True, slots=True)
class Ranking:
    """The window in its final order.

    Attributes:
        rows: int64 ``(n,)``, best first.
        scores: float32 ``(n,)``, descending.
        window: what was ranked.
        cosines: float32 ``(n,)`` in the order of the window, ``None`` without a query vector.
        fused: float32 ``(n,)`` in the order of the window.
        lexical_share: what a BM25 score of 1 adds to a fused score.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    window: Window
    cosines: NDArray[np.float32] | None
    fused: NDArray[np.float32]
    lexical_share: float

    def lexical_only(self, bm25: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of rows behind the window, which have nothing but their BM25."""
        return (bm25 * self.lexical_share).astype(np.float32)

    def explain(self, row: int, lexical: Matches) -> Explanation:
        """How `row`, in the window or behind it, got its place among the `lexical` matches."""
        place = int(np.searchsorted(self.window.rows, row))
        match = int(lexical.places(np.array([row]))[0])
        bm25 = float(lexical.scores[match]) if match >= 0 else 0.0
        lexical_rank = lexical.rank(match) if match >= 0 else None
        if place == len(self.window.rows) or self.window.rows[place] != row:
            return Explanation(
                identified=False,
                lexical_rank=lexical_rank,
                lexical_score=bm25,
                semantic_rank=None,
                similarity=None,
                fused_score=None,
            )
        return Explanation(
            identified=bool(self.window.identified[place]),
            lexical_rank=lexical_rank,
            lexical_score=bm25,
            semantic_rank=int(self.window.semantic_ranks[place]) or None,
            similarity=None if self.cosines is None else float(self.cosines[place]),
            fused_score=float(self.fused[place]),
        )


def gather(lexical: Matches, semantic: Hits, identified: NDArray[np.int64], size: int) -> Window:
    """The candidates: the `size` best lexical matches, all neighbours, all identified rows."""
    best = Hits.best(lexical.rows, lexical.scores, size)
    rows = np.unique(np.concatenate((best.rows, semantic.rows, identified)))
    places = lexical.places(rows)
    bm25 = np.zeros(len(rows), np.float32)
    bm25[places >= 0] = lexical.scores[places[places >= 0]]
    return Window(
        rows=rows,
        places=places,
        bm25=bm25,
        lexical_ranks=_ranks(rows, best),
        semantic_ranks=_ranks(rows, semantic),
        identified=np.isin(rows, identified),
    )


def rank(
    window: Window,
    cosines: NDArray[np.float32] | None,
    policy: RankingPolicy,
    best_bm25: float,
) -> Ranking:
    """Order the window by fused score, identified products first, ties by row.

    Args:
        window: the candidates.
        cosines: float32 ``(n,)`` of the window's rows; ``None`` ranks by BM25 alone.
        policy: which fusion, with which weights.
        best_bm25: of all lexical matches of the query, filtered out or not: what BM25 is divided
            by must not depend on a filter.
    """
    if policy.fusion is Fusion.RRF:
        fused = reciprocal_ranks(window.lexical_ranks, window.semantic_ranks, k=policy.rrf_k)
        lexical_share = 0.0  # a row behind the window has no rank
    else:
        weight = policy.semantic_weight if cosines is not None else 0.0
        known = cosines if cosines is not None else np.zeros_like(window.bm25)
        fused = weighted(window.bm25, known, semantic_weight=weight, best_bm25=best_bm25)
        lexical_share = (1 - weight) / best_bm25 if best_bm25 > 0 else 0.0
    scores = (fused + _IDENTIFIED * window.identified).astype(np.float32)
    order = np.lexsort((window.rows, -scores))
    return Ranking(window.rows[order], scores[order], window, cosines, fused, lexical_share)


def _ranks(rows: NDArray[np.int64], hits: Hits) -> NDArray[np.int64]:
    """The rank of each of `rows`, ascending and a superset of the hits; 0 for no hit."""
    ranks = np.zeros(len(rows), np.int64)
    ranks[np.searchsorted(rows, hits.rows)] = np.arange(1, len(hits) + 1)
    return ranks

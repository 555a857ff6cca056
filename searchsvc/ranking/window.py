"""The ranking window: the candidates that both legs judge, and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits, best_first
from searchsvc.policy import Fusion
from searchsvc.ranking.feedback import REORDERED, resemblance
from searchsvc.ranking.fusion import lexical_share, reciprocal_ranks, semantic_share, weighted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.hits import Matches
    from indexer.vectors.protocol import VectorIndex
    from searchsvc.policy import RankingPolicy

_IDENTIFIED = np.float32(8)  # all else is between -2 and 3: what the query names comes first
_ALL = np.float32(1 - 1e-4)  # shares are sums of rounded numbers


@dataclass(frozen=True, slots=True)
class Window:
    """The candidates, ascending by row; all arrays are ``(n,)``.

    Attributes:
        rows: int64, distinct.
        places: int64, where each row stands among the lexical matches; -1 for no match.
        bm25: float32, 0 for no lexical match.
        coverage: float32, the share of the query's words that the row has.
        lexical_ranks: int64, from 1; 0 for a row that is not among the best lexical matches.
        semantic_ranks: int64, from 1; 0 for a row that is no neighbour.
        identified: bool, the query equals one of the product's identifiers.
        ceiling: no row can have more BM25.
        preferred: whether preferences had part in the choice of the lexical matches.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    bm25: NDArray[np.float32]
    coverage: NDArray[np.float32]
    lexical_ranks: NDArray[np.int64]
    semantic_ranks: NDArray[np.int64]
    identified: NDArray[np.bool_]
    ceiling: float
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """How near the candidates are to what the query means.

    Attributes:
        cosines: float32 ``(n,)``, in the order of the window.
        unrelated: the cosine that says nothing; see `semantic_share`.
        vectors: of the products.
    """

    cosines: NDArray[np.float32]
    unrelated: float
    vectors: VectorIndex


@dataclass(frozen=True, slots=True)
class Ranking:
    """The window in its final order; all arrays are ``(n,)``.

    Attributes:
        rows: int64, best first.
        scores: float32, descending.
        window: what was ranked.
        meaning: ``None`` without a query vector.
        fused: float32 in the order of the window, before feedback and preference.
        feedback: float32 in the order of `rows`, what each gained by it.
        lexical_weight: of the lexical share.
        reranked_from: int64 in the order of `rows`, the rank from 1 that each had before the
            second stage; 0 where that left it alone, ``None`` where there was none.
        popularity: float32 in the order of `rows`, what each gained by it; ``None`` without it.
        full_boost: no row gains or loses more by boosts.
        boosts: float32 in the order of `rows`, what each gained; ``None`` without boosts.
        boosted_from: int64 in the order of `rows`, the rank from 1 before the boosts.
        unboosted: float32 in the order of `rows`, the scores before the boosts; ``None`` without.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    window: Window
    meaning: Meaning | None
    fused: NDArray[np.float32]
    feedback: NDArray[np.float32]
    lexical_weight: float
    reranked_from: NDArray[np.int64] | None = None
    popularity: NDArray[np.float32] | None = None
    full_boost: float = 0.0
    boosts: NDArray[np.float32] | None = None
    boosted_from: NDArray[np.int64] | None = None
    unboosted: NDArray[np.float32] | None = None

    def lexical_only(self, bm25: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of rows behind the window, which have nothing but their BM25."""
        share = lexical_share(bm25, self.window.ceiling)
        return (share * np.float32(self.lexical_weight)).astype(np.float32)


def gather(
    lexical: Matches,
    semantic: Hits,
    identified: NDArray[np.int64],
    size: int,
    preferred: NDArray[np.float32] | None = None,
) -> Window:
    """The candidates: the `size` best lexical matches, all neighbours, all identified rows.

    With `preferred`, also the `size` best lexical matches by that. What is best without it stays
    in the window all the same: behind it, a product that is liked less would fall behind all.

    Args:
        lexical: the matches by words.
        semantic: the neighbours.
        identified: int64, rows that the query equals an identifier of.
        size: of the lexical matches, so many are judged by both legs.
        preferred: float32 ``(products,)``, added to the lexical scores for this choice; where
            nothing was asked, preferences are all that tells products apart.
    """
    best = Hits.best(lexical.rows, lexical.scores, size)
    chosen = [best.rows, semantic.rows, identified]
    if preferred is not None:
        chosen.append(Hits.best(lexical.rows, lexical.scores + preferred[lexical.rows], size).rows)
    rows = _distinct(np.concatenate(chosen))
    places = lexical.places(rows)
    matching = places >= 0
    bm25, coverage = np.zeros((2, len(rows)), np.float32)
    bm25[matching] = lexical.scores[places[matching]]
    coverage[matching] = lexical.coverage[places[matching]]
    return Window(
        rows=rows,
        places=places,
        bm25=bm25,
        coverage=coverage,
        lexical_ranks=_ranks(rows, best),
        semantic_ranks=_ranks(rows, semantic),
        identified=np.isin(rows, identified) if len(identified) else np.zeros(len(rows), np.bool_),
        ceiling=lexical.ceiling,
        preferred=preferred is not None,
    )


def rank(window: Window, meaning: Meaning | None, policy: RankingPolicy) -> Ranking:
    """Order the window by fused score, identified products first, ties by row.

    Args:
        window: the candidates.
        meaning: of the query; ``None`` ranks by words alone.
        policy: which fusion, with which weights.
    """
    weight = policy.semantic_weight if meaning is not None else 0.0
    if policy.fusion is Fusion.RRF:
        fused = reciprocal_ranks(window.lexical_ranks, window.semantic_ranks, k=policy.rrf_k)
        lexical_weight = 0.0  # a row behind the window has no rank
    else:
        fused = _fuse(window, meaning, policy, weight)
        lexical_weight = 1 - weight
    scores = (fused + _IDENTIFIED * window.identified).astype(np.float32)
    order = best_first(scores)  # the window is by row, so that ties are
    rows, scores = window.rows[order], scores[order]
    feedback = np.zeros(len(rows), np.float32)
    if meaning is not None and policy.fusion is Fusion.WEIGHTED and policy.feedback_weight:
        gained = _feedback(rows[:REORDERED], scores[:REORDERED], meaning, policy)
        rows, scores, feedback = _reordered(rows, scores, gained)
    return Ranking(rows, scores, window, meaning, fused, feedback, lexical_weight)


def _fuse(
    window: Window, meaning: Meaning | None, policy: RankingPolicy, weight: float
) -> NDArray[np.float32]:
    lexical = lexical_share(window.bm25, window.ceiling)
    semantic = np.zeros_like(lexical)
    if meaning is not None:
        semantic = semantic_share(meaning.cosines, meaning.unrelated)
    has_all = (window.coverage >= _ALL) & (window.bm25 > 0)
    fused = weighted(lexical, semantic, semantic_weight=weight)
    return (fused + np.float32(policy.all_words_weight) * has_all).astype(np.float32)


def _feedback(
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    meaning: Meaning,
    policy: RankingPolicy,
) -> NDArray[np.float32]:
    alike = resemblance(meaning.vectors.gather(rows), scores)
    share = semantic_share(alike, meaning.unrelated)
    return (np.float32(policy.feedback_weight) * share).astype(np.float32)


def _reordered(
    rows: NDArray[np.int64], scores: NDArray[np.float32], gained: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The first rows by their scores with what they gained; the others stay behind them."""
    count = len(gained)
    first = (scores[:count] + gained).astype(np.float32)
    order = np.lexsort((rows[:count], -first))
    floor = first.min(initial=np.inf)
    behind = np.minimum(scores[count:], floor).astype(np.float32)
    feedback = np.zeros(len(rows), np.float32)
    feedback[:count] = gained[order]
    return (
        np.concatenate((rows[:count][order], rows[count:])),
        np.concatenate((first[order], behind)),
        feedback,
    )


def _distinct(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """`rows` ascending, each once; a window is too small for the tables of `np.unique`."""
    rows.sort()
    first = np.empty(len(rows), np.bool_)
    first[:1] = True
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return rows[first]


def _ranks(rows: NDArray[np.int64], hits: Hits) -> NDArray[np.int64]:
    """The rank of each of `rows`, ascending and a superset of the hits; 0 for no hit."""
    ranks = np.zeros(len(rows), np.int64)
    ranks[np.searchsorted(rows, hits.rows)] = np.arange(1, len(hits) + 1)
    return ranks

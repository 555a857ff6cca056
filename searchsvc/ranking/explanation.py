"""How a hit got its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from indexer.hits import Matches
    from searchsvc.ranking.reason import Reason
    from searchsvc.ranking.window import Ranking


@dataclass(frozen=True, slots=True)
class Explanation:
    """The parts of one hit's score.

    Attributes:
        identified: the query equals one of its identifiers.
        lexical_rank: among the lexical matches, from 1; ``None`` if not among them.
        lexical_score: BM25; 0 for no lexical match.
        coverage: the share of the query's words that it has, by their weight.
        semantic_rank: among the neighbours, from 1; ``None`` if not among them.
        similarity: cosine to the query; ``None`` where it was not needed or not to be had.
        fused_score: of both legs; ``None`` behind the window.
        feedback: what it gained by resembling the best candidates.
        reranked_from: its rank from 1 before the second stage; ``None`` where that had no part.
        popularity: gained by it.
        boost: what it gained by the query's boosts and the preferences of whoever asks.
        boosted_from: its rank from 1 before the boosts; ``None`` without any, and behind the
            window.
        preferences: what the boost is made of, the most first.
    """

    identified: bool
    lexical_rank: int | None
    lexical_score: float
    coverage: float
    semantic_rank: int | None
    similarity: float | None
    fused_score: float | None
    feedback: float
    reranked_from: int | None = None
    popularity: float = 0.0
    boost: float = 0.0
    boosted_from: int | None = None
    preferences: tuple[Reason, ...] = ()

    def summary(self) -> str:
        """One line for people."""
        parts = ["the query is its identifier"] if self.identified else []
        if self.lexical_rank is not None:
            parts.append(
                f"words: rank {self.lexical_rank}, BM25 {self.lexical_score:.3f}, "
                f"{self.coverage:.0%} of the query"
            )
        if self.similarity is not None:
            parts.append(f"meaning: rank {self.semantic_rank or '-'}, {self.similarity:.3f}")
        if self.fused_score is None:
            return "; ".join([*parts, "behind the ranking window"])
        parts.append(f"fused {self.fused_score:.4f}, feedback {self.feedback:+.4f}")
        if self.reranked_from is not None:
            parts.append(f"reranked from {self.reranked_from}")
        if self.popularity:
            parts.append(f"popularity {self.popularity:+.4f}")
        if self.boosted_from is not None:
            parts.append(f"boost {self.boost:+.4f}, from {self.boosted_from}")
        parts += [reason.summary() for reason in self.preferences]
        return "; ".join(parts)


def explain(row: int, ranking: Ranking, lexical: Matches) -> Explanation:
    """How `row`, in the window or behind it, got its place among the `lexical` matches."""
    window = ranking.window
    match = int(lexical.places(np.array([row]))[0])
    lexical_rank = lexical.rank(match) if match >= 0 else None
    place = int(np.searchsorted(window.rows, row))
    inside = place < len(window.rows) and bool(window.rows[place] == row)
    similarity = None
    feedback = 0.0
    reranked_from = None
    gained, boosted_from, popularity = 0.0, None, 0.0
    if inside:
        rank = np.flatnonzero(ranking.rows == row)[0]
        feedback = float(ranking.feedback[rank])
        if ranking.reranked_from is not None:
            reranked_from = int(ranking.reranked_from[rank]) or None
        if ranking.popularity is not None:
            popularity = float(ranking.popularity[rank])
        if ranking.boosts is not None and ranking.boosted_from is not None:
            gained, boosted_from = float(ranking.boosts[rank]), int(ranking.boosted_from[rank])
            if window.preferred:  # which others had been in the window, it does not know
                boosted_from = lexical_rank
        if ranking.meaning is not None:
            similarity = float(ranking.meaning.cosines[place])
    return Explanation(
        identified=inside and bool(window.identified[place]),
        lexical_rank=lexical_rank,
        lexical_score=float(lexical.scores[match]) if match >= 0 else 0.0,
        coverage=float(lexical.coverage[match]) if match >= 0 else 0.0,
        semantic_rank=(int(window.semantic_ranks[place]) or None) if inside else None,
        similarity=similarity,
        fused_score=float(ranking.fused[place]) if inside else None,
        feedback=feedback,
        reranked_from=reranked_from,
        popularity=popularity,
        boost=gained,
        boosted_from=boosted_from,
    )

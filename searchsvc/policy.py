"""The ranking policy: everything that shapes an answer and changes without a reindex."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fusion(StrEnum):
    """How the two rankings become one."""

    WEIGHTED = "weighted"
    RRF = "rrf"


@dataclass(frozen=True)
class RankingPolicy:
    """How a query is answered.

    The defaults are those that did best on judged queries (``python -m benchmarks relevance``).

    Attributes:
        fusion: see `searchsvc.ranking.fusion`.
        semantic_weight: of the cosine in weighted fusion, 0 to 1; the rest is BM25's.
        rrf_k: how slowly reciprocal ranks fall.
        window: so many of the best lexical matches are ranked by both legs; the rest of the
            match set follows in the order of BM25. It does not depend on the page, so that
            pages are stable.
        neighbours: at most so many products match by meaning alone.
        min_cosine: a product below it does not match by meaning.
        min_cosine_share: nor does one below this share of the nearest product's cosine.
        min_coverage: how much of the query a lexical match must cover, as a share of what the
            best one covers; see `LexicalIndex.match`.
    """

    fusion: Fusion = Fusion.WEIGHTED
    semantic_weight: float = 0.6
    rrf_k: int = 60
    window: int = 500
    neighbours: int = 500
    min_cosine: float = 0.35
    min_cosine_share: float = 0.6
    min_coverage: float = 0.4

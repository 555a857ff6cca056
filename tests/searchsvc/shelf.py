"""Questions to small indexes with a model that is no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from indexer.embedding.hashing import HashingEmbedder
from searchsvc.answer import SearchResult
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot

EMBEDDER = HashingEmbedder(64)
"""The one of the fixture `build`."""
WORDS_ONLY = RankingPolicy(semantic_weight=0.0, feedback_weight=0.0, min_cosine=1.0)
"""Nothing is near enough in meaning."""


def ask(
    snapshot: Snapshot, text: str, policy: RankingPolicy = WORDS_ONLY, **changes: Any
) -> SearchResult:
    return search(Query(text, **changes), snapshot, EMBEDDER, policy)


def ids(result: SearchResult) -> list[str]:
    return [hit.id for hit in result.hits]


def product(result: SearchResult, place: int) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(result.hits[place].product)
    return found

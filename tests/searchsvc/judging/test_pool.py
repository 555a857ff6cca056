"""Pools: complete, and in an order that tells nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.embedding.hashing import HashingEmbedder
from searchsvc.embedders import NoEmbedder
from searchsvc.errors import EmbeddingUnavailableError
from searchsvc.judging.pool import Pooler, arranged
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot

DEPTH = 5
QUERIES = ("red shoe", "blue sofa", "grey", "desk lamp", "Red/shoe", "nothing like it")
IDS = st.frozensets(st.text(st.characters(codec="utf-8"), min_size=1), max_size=30)


@pytest.mark.parametrize("text", QUERIES)
def test_a_pool_is_the_union_of_what_the_three_systems_rank_first(
    pooler: Pooler, snapshot: Snapshot, text: str
) -> None:
    embedder, policy = HashingEmbedder(64), RankingPolicy()
    hybrid = search(Query(text, limit=DEPTH), snapshot, embedder, policy).hits
    by_words = search(Query(text, limit=DEPTH), snapshot, NoEmbedder("no"), policy).hits
    everything = np.arange(len(snapshot.products))
    cosines = snapshot.vectors.similarities(embedder.embed_query(text), everything)
    nearest = np.lexsort((everything, -cosines))[:DEPTH]
    assert pooler.pool(text) == {
        *(hit.id for hit in hybrid),
        *(hit.id for hit in by_words),
        *(snapshot.products.id(int(row)) for row in nearest),
    }


def test_each_system_gives_at_most_the_depth_and_more_depth_gives_more(
    pooler: Pooler, snapshot: Snapshot
) -> None:
    deeper = Pooler(snapshot, HashingEmbedder(64), RankingPolicy(), DEPTH + 3)
    for text in QUERIES:
        for system in ("hybrid", "by_words", "by_vectors"):
            shallow, deep = getattr(pooler, system)(text), getattr(deeper, system)(text)
            assert len(shallow) <= DEPTH
            assert deep[: len(shallow)] == shallow
        assert pooler.pool(text) <= deeper.pool(text)


def test_words_alone_do_not_depend_on_how_meaning_counts(snapshot: Snapshot) -> None:
    policy = RankingPolicy()
    found = [
        Pooler(
            snapshot, HashingEmbedder(64), replace(policy, semantic_weight=weight), DEPTH
        ).by_words("red shoe")
        for weight in (0.0, 0.5, 1.0)
    ]
    assert found[0] == found[1] == found[2]
    assert found[0][0] == "Red/shoe"


def test_without_vectors_there_is_no_pool(snapshot: Snapshot) -> None:
    pooler = Pooler(snapshot, NoEmbedder("no model"), RankingPolicy(), DEPTH)
    with pytest.raises(EmbeddingUnavailableError, match="no model"):
        pooler.pool("red shoe")


@given(IDS)
def test_the_order_is_the_same_every_time_and_loses_nothing(ids: frozenset[str]) -> None:
    once = arranged(sorted(ids), "q1", "anna")
    assert arranged(sorted(ids, reverse=True), "q1", "anna") == once
    assert sorted(once) == sorted(ids)


@given(IDS, st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_product_that_joins_the_pool_moves_no_other(ids: frozenset[str], more: str) -> None:
    after = arranged(ids | {more}, "q1", "anna")
    assert tuple(name for name in after if name in ids) == arranged(ids, "q1", "anna")


def test_everybody_and_every_query_has_another_order_without_a_bias_for_a_place() -> None:
    ids = [f"p{number:02}" for number in range(20)]
    orders = {arranged(ids, query, rater) for query in "12345" for rater in ("anna", "ben")}
    assert len(orders) == 10
    places = np.array([arranged(ids, f"q{number}", "anna").index("p00") for number in range(400)])
    assert abs(places.mean() - 9.5) < 1.5  # five standard errors

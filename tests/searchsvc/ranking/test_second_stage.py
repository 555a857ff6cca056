"""The second stage: it moves what it may move, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from indexer.vectors.exact import ExactIndex
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.ranking import second_stage
from searchsvc.ranking.explanation import explain
from searchsvc.ranking.features import candidate_features
from searchsvc.ranking.second_stage import rerank
from searchsvc.ranking.window import Meaning, gather, rank
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.single import SingleFeature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.ranking.window import Ranking

ROWS = 31
_share = st.integers(0, 16).map(lambda n: n / 16)
_lexical = st.dictionaries(st.integers(0, ROWS - 1), _share, max_size=20)
_semantic = st.dictionaries(st.integers(0, ROWS - 1), _share, max_size=20)
_identified = st.sets(st.integers(0, ROWS - 1), max_size=3)
_weights = st.lists(st.integers(-3, 3), min_size=len(FEATURES), max_size=len(FEATURES))
_policy = st.sampled_from(
    [RankingPolicy(), RankingPolicy(fusion=Fusion.RRF), RankingPolicy(feedback_weight=0.0)]
)
_depth = st.integers(1, 12)


class Weighed:
    def __init__(self, weights: list[int]) -> None:
        self._weights = np.array(weights, np.float32)

    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return (features * self._weights).sum(axis=1, dtype=np.float32)


class NeverAsked:
    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        pytest.fail(f"asked for {len(features)} candidates")


def first_stage(
    lexical: dict[int, float],
    semantic: dict[int, float],
    identified: set[int],
    policy: RankingPolicy,
    *,
    embedded: bool = True,
) -> Ranking:
    rows = sorted(lexical)
    scores = np.array([lexical[row] for row in rows], np.float32)
    covered = np.full(len(rows), 0.5, np.float32)
    found = Matches(np.array(rows, np.int64), scores, covered, 2.0)
    near = sorted(semantic, key=lambda row: (-semantic[row], row))
    hits = Hits(np.array(near, np.int64), np.array([semantic[r] for r in near], np.float32))
    window = gather(found, hits, np.array(sorted(identified), np.int64), 12)
    if not embedded:
        return rank(window, None, policy)
    cosines = np.array([semantic.get(row, -0.5) for row in window.rows.tolist()], np.float32)
    drawn = np.random.default_rng(5).standard_normal((ROWS, 8))
    vectors = ExactIndex((drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16))
    return rank(window, Meaning(cosines, 0.25, vectors), policy)


@given(_lexical, _semantic, _identified, _policy, _weights, _depth)
def test_it_orders_its_places_by_the_reranker_and_leaves_all_others_alone(
    lexical: dict[int, float],
    semantic: dict[int, float],
    identified: set[int],
    policy: RankingPolicy,
    weights: list[int],
    depth: int,
) -> None:
    before = first_stage(lexical, semantic, identified, policy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second_stage, "DEPTH", depth)
        after = rerank(before, Weighed(weights))
    first, end = len(identified), max(len(identified), min(depth, len(before.rows)))
    for part in (slice(0, first), slice(end, None)):
        np.testing.assert_array_equal(after.rows[part], before.rows[part])
        np.testing.assert_array_equal(after.scores[part], before.scores[part])
        np.testing.assert_array_equal(after.feedback[part], before.feedback[part])
    assert sorted(after.rows.tolist()) == sorted(before.rows.tolist())
    assert (np.diff(after.scores) <= 0).all()
    moved = slice(first, end)
    if first == end or before.meaning is None:
        assert after is before
        return
    found = Weighed(weights).rerank(candidate_features(before, before.meaning, moved))
    scores = dict(zip(before.rows[moved].tolist(), found.tolist(), strict=True))
    gained = dict(zip(before.rows.tolist(), before.feedback.tolist(), strict=True))
    hits = list(zip(after.rows[moved].tolist(), after.scores[moved].tolist(), strict=True))
    for (one, higher), (other, lower) in pairwise(hits):
        assert higher >= lower
        assert scores[one] >= scores[other]
        if scores[one] == scores[other]:
            assert one < other
    assert after.feedback.tolist() == [gained[row] for row in after.rows.tolist()]
    assert after.reranked_from is not None
    for row, rank_before in zip(after.rows.tolist(), after.reranked_from.tolist(), strict=True):
        assert rank_before == (before.rows.tolist().index(row) + 1 if row in scores else 0)


@given(_lexical, _semantic, _policy)
def test_by_the_score_of_the_first_stage_the_order_stays(
    lexical: dict[int, float], semantic: dict[int, float], policy: RankingPolicy
) -> None:
    before = first_stage(lexical, semantic, set(), replace(policy, feedback_weight=0.0))
    after = rerank(before, SingleFeature("score_deficit"))
    np.testing.assert_allclose(after.scores, before.scores, atol=1e-6)
    known = dict(zip(before.rows.tolist(), before.scores.tolist(), strict=True))
    again = [known[row] for row in after.rows.tolist()]
    assert all(one >= other - 1e-6 for one, other in pairwise(again))  # rounded features tie


def test_without_a_vector_nobody_is_asked() -> None:
    ranking = first_stage({1: 0.5, 2: 1.0}, {}, {3}, RankingPolicy(), embedded=False)
    assert rerank(ranking, NeverAsked()) is ranking


@pytest.mark.parametrize("identified", [set(), {1, 2}])
def test_without_candidates_nobody_is_asked(identified: set[int]) -> None:
    ranking = first_stage({}, {}, identified, RankingPolicy())
    assert rerank(ranking, NeverAsked()) is ranking


def test_an_explanation_tells_the_rank_before() -> None:
    lexical = Matches(
        np.arange(3), np.array([3, 2, 1], np.float32), np.ones(3, np.float32), 4.0
    )  # fmt: skip
    before = first_stage({0: 3.0, 1: 2.0, 2: 1.0}, {2: 0.5}, {1}, RankingPolicy(semantic_weight=0))
    after = rerank(before, SingleFeature("semantic_share"))
    assert after.rows.tolist() == [1, 2, 0]
    explained = {row: explain(row, after, lexical) for row in range(3)}
    assert {row: e.reranked_from for row, e in explained.items()} == {0: 2, 1: None, 2: 3}
    assert explained[2].summary().endswith("; reranked from 3")
    assert "reranked" not in explained[1].summary()
    assert explain(2, before, lexical).reranked_from is None

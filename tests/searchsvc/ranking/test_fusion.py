import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.ranking.fusion import reciprocal_ranks, weighted


def test_reciprocal_ranks_follow_the_paper() -> None:
    fused = reciprocal_ranks(np.array([1, 0, 3]), np.array([2, 1, 0]), k=60)
    np.testing.assert_allclose(fused, [1 / 61 + 1 / 62, 1 / 61, 1 / 63], rtol=1e-6)


def test_the_weighted_sum_divides_bm25_by_the_best_score() -> None:
    bm25 = np.array([10, 5, 0], np.float32)
    cosines = np.array([0.1, 0.9, 0.8], np.float32)
    fused = weighted(bm25, cosines, semantic_weight=0.6, best_bm25=10)
    np.testing.assert_allclose(fused, [0.46, 0.74, 0.48], rtol=1e-6)


def test_without_a_lexical_match_only_meaning_counts() -> None:
    fused = weighted(
        np.zeros(2, np.float32), np.array([0.5, 0.2], np.float32), semantic_weight=0.6, best_bm25=0
    )
    np.testing.assert_allclose(fused, [0.3, 0.12], rtol=1e-6)


_scores = st.lists(st.floats(0, 50, width=32), min_size=1, max_size=20)


@given(_scores, st.floats(0, 1), st.data())
def test_a_better_score_in_either_leg_never_ranks_lower(
    bm25: list[float], weight: float, data: st.DataObject
) -> None:
    count = len(bm25)
    cosines = data.draw(st.lists(st.floats(-1, 1, width=32), min_size=count, max_size=count))
    place = data.draw(st.integers(0, count - 1))
    lexical, semantic = np.array(bm25, np.float32), np.array(cosines, np.float32)
    best = float(lexical.max()) + 1
    before = weighted(lexical, semantic, semantic_weight=weight, best_bm25=best)[place]
    lexical[place] += 0.5
    semantic[place] = min(1.0, semantic[place] + 0.1)
    after = weighted(lexical, semantic, semantic_weight=weight, best_bm25=best)[place]
    assert after >= before
    assert after <= 1 + 1e-6


@pytest.mark.parametrize("k", [0, 1, 60])
def test_a_row_that_no_ranking_has_scores_nothing(k: int) -> None:
    assert reciprocal_ranks(np.array([0]), np.array([0]), k=max(k, 1)).tolist() == [0]

"""The features, each against what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.hits import Hits, Matches
from indexer.vectors.exact import ExactIndex
from searchsvc.policy import RankingPolicy
from searchsvc.ranking.features import candidate_features
from searchsvc.ranking.window import Meaning, Ranking, gather, rank
from searchsvc.reranking.protocol import FEATURES


@pytest.fixture
def ranking() -> Ranking:
    """Row 3 is the best by words, row 5 by meaning; row 7 is found by meaning only."""
    rows = np.array([3, 5])
    covered = np.array([1.0, 0.5], np.float32)
    found = Matches(rows, np.array([4.0, 2.0], np.float32), covered, 8.0)
    near = Hits(np.array([5, 7]), np.array([0.75, 0.5], np.float32))
    window = gather(found, near, np.empty(0, np.int64), 10)
    cosines = np.array([0.25, 0.75, 0.5], np.float32)
    vectors = ExactIndex(np.eye(8, dtype=np.float16))
    policy = RankingPolicy(semantic_weight=0.5, all_words_weight=0.0, feedback_weight=0.5)
    return rank(window, Meaning(cosines, 0.5, vectors), policy)


def features(ranking: Ranking, candidates: slice) -> dict[str, list[float]]:
    assert ranking.meaning is not None
    table = candidate_features(ranking, ranking.meaning, candidates)
    assert table.shape == (len(ranking.rows[candidates]), len(FEATURES))
    assert table.dtype == np.float32
    return dict(zip(FEATURES, table.T.tolist(), strict=True))


def test_each_feature_is_what_it_is_called(ranking: Ranking) -> None:
    rows = ranking.rows.tolist()
    assert sorted(rows) == [3, 5, 7]
    found = {
        name: dict(zip(rows, values, strict=True))
        for name, values in features(ranking, slice(0, 3)).items()
    }
    assert found["lexical_share"] == {3: 0.5, 5: 0.25, 7: 0.0}
    assert found["lexical_relative"] == {3: 1.0, 5: 0.5, 7: 0.0}
    assert found["coverage"] == {3: 1.0, 5: 0.5, 7: 0.0}
    assert found["semantic_share"] == {3: -0.5, 5: 0.5, 7: 0.0}
    assert found["semantic_deficit"] == {3: -1.0, 5: 0.0, 7: -0.5}
    assert found["lexical_reciprocal_rank"] == {3: 1.0, 5: 0.5, 7: 0.0}
    assert found["semantic_reciprocal_rank"] == {3: 0.0, 5: 1.0, 7: 0.5}
    scores = dict(zip(rows, ranking.scores.tolist(), strict=True))
    gained = dict(zip(rows, ranking.feedback.tolist(), strict=True))
    assert found["feedback"] == gained
    assert any(gained.values())
    for row in rows:
        below = scores[row] - max(scores.values())
        assert found["score_deficit"][row] == pytest.approx(below, abs=1e-6)
        below = gained[row] - max(gained.values())
        assert found["feedback_deficit"][row] == pytest.approx(below, abs=1e-6)


def test_what_is_relative_is_so_to_the_candidates_only(ranking: Ranking) -> None:
    found = features(ranking, slice(1, 3))
    for name in ("semantic_deficit", "feedback_deficit", "score_deficit"):
        assert max(found[name]) == 0
    assert found["lexical_share"] == features(ranking, slice(0, 3))["lexical_share"][1:]


def test_no_candidates_have_no_features(ranking: Ranking) -> None:
    assert features(ranking, slice(3, 3)) == {name: [] for name in FEATURES}

"""What an explanation says about a hit, in the window and behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from indexer.vectors.exact import ExactIndex
from searchsvc.policy import RankingPolicy
from searchsvc.ranking.boosting import boost, favour
from searchsvc.ranking.explanation import Explanation, explain
from searchsvc.ranking.reason import Reason, ReasonKind
from searchsvc.ranking.window import Meaning, gather, rank

POLICY = RankingPolicy(semantic_weight=0.5, all_words_weight=0.0, feedback_weight=0.0)
VECTORS = ExactIndex(np.eye(8, dtype=np.float16))


def matches(scores: dict[int, float], *, coverage: float = 1.0) -> Matches:
    rows = sorted(scores)
    found = np.array([scores[row] for row in rows], np.float32)
    covered = np.full(len(rows), coverage, np.float32)
    return Matches(np.array(rows, np.int64), found, covered, 8.0)


def rows(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, np.int64)


def test_behind_the_window_an_explanation_knows_the_words() -> None:
    lexical = matches({1: 8.0, 3: 4.0, 4: 2.0, 6: 4.0}, coverage=0.5)
    ranking = rank(gather(lexical, Hits.none(), rows(), 1), None, POLICY)
    explained = explain(6, ranking, lexical)
    assert explained == Explanation(
        identified=False,
        lexical_rank=3,
        lexical_score=4.0,
        coverage=0.5,
        semantic_rank=None,
        similarity=None,
        fused_score=None,
        feedback=0.0,
    )
    assert explained.summary() == (
        "words: rank 3, BM25 4.000, 50% of the query; behind the ranking window"
    )


def test_a_summary_says_what_counted() -> None:
    lexical = matches({1: 8.0, 2: 4.0})
    semantic = Hits(rows(2, 3), np.array([0.5, 0.25], np.float32))
    window = gather(lexical, semantic, rows(1), 5)
    meaning = Meaning(np.array([0.0, 0.5, 0.25], np.float32), 0.0, VECTORS)
    ranking = rank(window, meaning, POLICY)
    first, second, third = (explain(row, ranking, lexical).summary() for row in (1, 2, 3))
    assert first == (
        "the query is its identifier; words: rank 1, BM25 8.000, 100% of the query; "
        "meaning: rank -, 0.000; fused 0.5000, feedback +0.0000"
    )
    assert second == (
        "words: rank 2, BM25 4.000, 100% of the query; "
        "meaning: rank 1, 0.500; fused 0.5000, feedback +0.0000"
    )
    assert third == "meaning: rank 2, 0.250; fused 0.1250, feedback +0.0000"


def test_without_a_vector_there_is_no_similarity_and_no_feedback() -> None:
    lexical = matches({1: 8.0})
    explained = explain(1, rank(gather(lexical, Hits.none(), rows(), 5), None, POLICY), lexical)
    assert explained.similarity is None
    assert explained.feedback == 0.0
    assert explained.fused_score == 1.0


@given(
    st.dictionaries(st.integers(0, 7), st.integers(0, 8).map(float), min_size=1),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_parts_add_up_to_the_score(
    scores: dict[int, float], all_words: float, feedback: float
) -> None:
    lexical = matches(scores)
    window = gather(lexical, Hits.none(), rows(), 99)
    cosines = np.linspace(-1, 1, len(window.rows)).astype(np.float32)
    policy = RankingPolicy(all_words_weight=all_words, feedback_weight=feedback)
    ranking = rank(window, Meaning(cosines, 0.25, VECTORS), policy)
    for row, score in zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True):
        explained = explain(row, ranking, lexical)
        assert explained.fused_score is not None
        assert np.isclose(explained.fused_score + explained.feedback, score, atol=1e-6)
        assert explained.lexical_score == scores[row]
        assert explained.similarity == cosines[window.rows.tolist().index(row)]


def test_where_preferences_chose_the_window_the_rank_before_is_that_among_all_matches() -> None:
    lexical = matches({row: 8.0 - row for row in range(8)})
    liked = np.zeros(8, np.float32)
    liked[6] = 8.0
    window = gather(lexical, Hits.none(), rows(), 2, liked)
    ranking = boost(rank(window, None, POLICY), liked[rank(window, None, POLICY).rows], 2.0)
    explained = explain(6, ranking, lexical)
    assert ranking.rows.tolist() == [6, 0, 1]
    assert (explained.boosted_from, explained.boost) == (7, 2.0)
    # Without a choice by preferences the place in the window is the rank.
    plain = gather(lexical, Hits.none(), rows(), 8)
    ranking = boost(rank(plain, None, POLICY), np.zeros(8, np.float32), 2.0)
    assert explain(6, ranking, lexical).boosted_from == 7


def test_popularity_and_boost_are_told_where_they_are_known() -> None:
    lexical = matches({1: 8.0, 2: 4.0})
    popularity = np.array([0.0, 0.0, 1.0], np.float32)
    ranking = favour(rank(gather(lexical, Hits.none(), rows(), 5), None, POLICY), popularity, 0.1)
    explained = explain(2, ranking, lexical)
    assert (round(explained.popularity, 6), explained.boost, explained.boosted_from) == (
        0.1,
        0.0,
        None,
    )
    assert explained.summary().endswith("feedback +0.0000; popularity +0.1000")
    boosted = boost(ranking, np.array([0.0, 1.0], np.float32), 0.3)
    both = explain(2, boosted, lexical)
    assert (round(both.popularity, 6), round(both.boost, 6), both.boosted_from) == (0.1, 0.3, 2)
    told = replace(both, preferences=(Reason(ReasonKind.TASTE, "brand: Acme", 0.3),))
    assert told.summary().endswith(
        "popularity +0.1000; boost +0.3000, from 2; taste brand: Acme +0.3000"
    )
    assert explain(1, boosted, lexical).popularity == 0

"""The ranking window, against the plainest ranking that one can write down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.ranking.window import Explanation, gather, rank

POLICY = RankingPolicy(semantic_weight=0.5)
# Sixteenths are exact in float32, so that ties are ties and sums are sums.
_bm25 = st.integers(0, 160).map(lambda n: n / 16)
_cosine = st.integers(-16, 16).map(lambda n: n / 16)
_lexical = st.dictionaries(st.integers(0, 30), _bm25, max_size=20)
_semantic = st.dictionaries(st.integers(0, 30), _cosine, max_size=20)
_rows = st.sets(st.integers(0, 30), max_size=3)


def matches(scores: dict[int, float]) -> Matches:
    rows = sorted(scores)
    found = np.array([scores[r] for r in rows], np.float32)
    covered = np.ones(len(rows), np.float32)
    return Matches(np.array(rows, np.int64), found, covered, float(found.max(initial=0.0)))


def hits(scores: dict[int, float]) -> Hits:
    rows = sorted(scores, key=lambda row: (-scores[row], row))
    return Hits(np.array(rows, np.int64), np.array([scores[r] for r in rows], np.float32))


def numbers(rows: set[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(sorted(rows), np.int64)


def best(scores: dict[int, float], size: int) -> list[int]:
    return sorted(scores, key=lambda row: (-scores[row], row))[:size]


@given(_lexical, _semantic, _rows, st.integers(1, 12))
def test_the_window_holds_the_best_words_all_neighbours_and_what_is_identified(
    lexical: dict[int, float], semantic: dict[int, float], identified: set[int], size: int
) -> None:
    window = gather(matches(lexical), hits(semantic), numbers(identified), size)
    words, meanings = best(lexical, size), best(semantic, 99)
    rows = window.rows.tolist()
    assert rows == sorted({*words, *semantic, *identified})
    for place, row in enumerate(rows):
        assert window.bm25[place] == lexical.get(row, 0.0)
        assert window.lexical_ranks[place] == (words.index(row) + 1 if row in words else 0)
        assert window.semantic_ranks[place] == (meanings.index(row) + 1 if row in semantic else 0)
        assert window.identified[place] == (row in identified)


@given(_lexical, _semantic, _rows, st.integers(1, 12), st.sampled_from(Fusion), st.booleans())
def test_the_order_is_identified_first_then_the_fused_score_then_the_row(
    lexical: dict[int, float],
    semantic: dict[int, float],
    identified: set[int],
    size: int,
    fusion: Fusion,
    embedded: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    semantic = semantic if embedded else {}
    window = gather(matches(lexical), hits(semantic), numbers(identified), size)
    cosines = None
    if embedded:
        cosines = np.array([semantic.get(row, -0.5) for row in window.rows.tolist()], np.float32)
    top = max(lexical.values(), default=0.0)
    ranking = rank(window, cosines, replace(POLICY, fusion=fusion), top)
    fused = dict(zip(window.rows.tolist(), ranking.fused.tolist(), strict=True))
    assert ranking.rows.tolist() == sorted(
        fused, key=lambda row: (row not in identified, -fused[row], row)
    )
    assert (np.diff(ranking.scores) <= 0).all()
    assert all(-1 <= score <= 1 for score in fused.values())
    for row, score in fused.items():
        explained = ranking.explain(row, matches(lexical))
        assert explained.fused_score == score
        assert explained.identified == (row in identified)
        assert (explained.similarity is None) == (not embedded)


def test_what_words_alone_score_continues_the_fused_scale() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), Hits.none(), numbers(set()), 10)
    ranking = rank(window, np.zeros(2, np.float32), POLICY, 8.0)
    assert ranking.scores.tolist() == [0.5, 0.25]
    assert ranking.lexical_only(np.array([4.0, 2.0], np.float32)).tolist() == [0.25, 0.125]


def test_without_a_vector_the_words_have_the_whole_weight() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), Hits.none(), numbers(set()), 10)
    ranking = rank(window, None, POLICY, 8.0)
    assert ranking.scores.tolist() == [1.0, 0.5]
    assert ranking.lexical_share == 1 / 8


def test_without_a_lexical_match_nothing_is_divided_by_zero() -> None:
    window = gather(matches({}), hits({3: 0.75}), numbers(set()), 10)
    ranking = rank(window, np.array([0.75], np.float32), POLICY, 0.0)
    assert ranking.scores.tolist() == [0.375]
    assert ranking.lexical_share == 0.0


def test_a_row_behind_the_window_has_no_reciprocal_rank() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), Hits.none(), numbers(set()), 1)
    ranking = rank(window, None, replace(POLICY, fusion=Fusion.RRF), 8.0)
    assert ranking.rows.tolist() == [1]
    assert ranking.lexical_only(np.array([4.0], np.float32)).tolist() == [0.0]


def test_behind_the_window_an_explanation_knows_the_words() -> None:
    lexical = matches({1: 8.0, 3: 4.0, 4: 2.0, 6: 4.0})
    window = gather(lexical, Hits.none(), numbers(set()), 1)
    explained = rank(window, None, POLICY, 8.0).explain(6, lexical)
    assert explained == Explanation(
        identified=False,
        lexical_rank=3,
        lexical_score=4.0,
        semantic_rank=None,
        similarity=None,
        fused_score=None,
    )
    assert explained.summary() == "words: rank 3, BM25 4.000; behind the ranking window"


def test_a_summary_says_what_counted() -> None:
    lexical = matches({1: 8.0, 2: 4.0})
    window = gather(lexical, hits({2: 0.5, 3: 0.25}), numbers({1}), 5)
    ranking = rank(window, np.array([0.0, 0.5, 0.25], np.float32), POLICY, 8.0)
    assert [ranking.explain(row, lexical).summary() for row in (1, 2, 3)] == [
        "the query is its identifier; words: rank 1, BM25 8.000; meaning: rank -, 0.000; fused 0.5000",  # noqa: E501 - as printed
        "words: rank 2, BM25 4.000; meaning: rank 1, 0.500; fused 0.5000",
        "meaning: rank 2, 0.250; fused 0.1250",
    ]

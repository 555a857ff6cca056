"""The ranking window, against the plainest ranking that one can write down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from indexer.vectors.exact import ExactIndex
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.ranking import window as window_module
from searchsvc.ranking.window import Meaning, Window, gather, rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.ranking.window import Ranking

POLICY = RankingPolicy(semantic_weight=0.5, all_words_weight=0.0, feedback_weight=0.0)
ROWS = 31
# Sixteenths are exact in float32, so that ties are ties and sums are sums.
_bm25 = st.integers(0, 160).map(lambda n: n / 16)
_cosine = st.integers(-16, 16).map(lambda n: n / 16)
_lexical = st.dictionaries(st.integers(0, ROWS - 1), _bm25, max_size=20)
_semantic = st.dictionaries(st.integers(0, ROWS - 1), _cosine, max_size=20)
_rows = st.sets(st.integers(0, ROWS - 1), max_size=3)
_weight = st.sampled_from([0.0, 0.16, 0.5, 1.0])


def matches(
    scores: dict[int, float], coverage: float = 1.0, ceiling: float | None = None
) -> Matches:
    rows = sorted(scores)
    found = np.array([scores[r] for r in rows], np.float32)
    covered = np.full(len(rows), coverage, np.float32)
    highest = float(found.max(initial=0.0)) if ceiling is None else ceiling
    return Matches(np.array(rows, np.int64), found, covered, highest)


def hits(scores: dict[int, float]) -> Hits:
    rows = sorted(scores, key=lambda row: (-scores[row], row))
    return Hits(np.array(rows, np.int64), np.array([scores[r] for r in rows], np.float32))


def numbers(rows: set[int]) -> NDArray[np.int64]:
    return np.array(sorted(rows), np.int64)


def best(scores: dict[int, float], size: int) -> list[int]:
    return sorted(scores, key=lambda row: (-scores[row], row))[:size]


def vectors() -> ExactIndex:
    rows = np.random.default_rng(5).standard_normal((ROWS, 8))
    return ExactIndex((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16))


def meaning(window: Window, cosines: dict[int, float], unrelated: float = 0.25) -> Meaning:
    """Of the neighbours as given, of the others somewhat unlike the query."""
    found = [cosines.get(row, -0.5) for row in window.rows.tolist()]
    return Meaning(np.array(found, np.float32), unrelated, vectors())


def by_row(ranking: Ranking) -> dict[int, float]:
    return dict(zip(ranking.window.rows.tolist(), ranking.fused.tolist(), strict=True))


@given(_lexical, _semantic, _rows, st.integers(1, 12))
def test_the_window_holds_the_best_words_all_neighbours_and_what_is_identified(
    lexical: dict[int, float], semantic: dict[int, float], identified: set[int], size: int
) -> None:
    found = matches(lexical, 0.75)
    window = gather(found, hits(semantic), numbers(identified), size)
    words, meanings = best(lexical, size), best(semantic, 99)
    rows = window.rows.tolist()
    assert rows == sorted({*words, *semantic, *identified})
    assert window.ceiling == found.ceiling
    for place, row in enumerate(rows):
        assert window.bm25[place] == lexical.get(row, 0.0)
        assert window.coverage[place] == (0.75 if row in lexical else 0.0)
        assert window.lexical_ranks[place] == (words.index(row) + 1 if row in words else 0)
        assert window.semantic_ranks[place] == (meanings.index(row) + 1 if row in semantic else 0)
        assert window.identified[place] == (row in identified)
        match = window.places[place]
        assert (match >= 0) == (row in lexical)
        assert match < 0 or found.rows[match] == row


@given(_lexical, _semantic, _rows, st.sampled_from(Fusion), st.booleans())
def test_the_order_is_identified_first_then_the_fused_score_then_the_row(
    lexical: dict[int, float],
    semantic: dict[int, float],
    identified: set[int],
    fusion: Fusion,
    embedded: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    semantic = semantic if embedded else {}
    window = gather(matches(lexical), hits(semantic), numbers(identified), 7)
    meant = meaning(window, semantic) if embedded else None
    ranking = rank(window, meant, replace(POLICY, fusion=fusion))
    fused = by_row(ranking)
    assert ranking.rows.tolist() == sorted(
        fused, key=lambda row: (row not in identified, -fused[row], row)
    )
    assert not ranking.feedback.any()
    assert (np.diff(ranking.scores) <= 0).all()


@given(_lexical, _semantic, _rows, _weight, _weight)
def test_feedback_never_changes_the_set_and_scores_never_rise(
    lexical: dict[int, float],
    semantic: dict[int, float],
    identified: set[int],
    all_words: float,
    feedback: float,
) -> None:
    window = gather(matches(lexical), hits(semantic), numbers(identified), 12)
    meant = meaning(window, semantic)
    policy = replace(POLICY, all_words_weight=all_words)
    before = rank(window, meant, policy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_module, "REORDERED", 6)
        after = rank(window, meant, replace(policy, feedback_weight=feedback))
    assert set(after.rows[:6].tolist()) == set(before.rows[:6].tolist())
    assert after.rows[6:].tolist() == before.rows[6:].tolist()
    assert (np.diff(after.scores) <= 0).all()
    assert (after.scores[6:] <= before.scores[6:]).all()
    assert not after.feedback[6:].any()
    np.testing.assert_array_equal(after.fused, before.fused)
    first = dict(zip(before.rows[:6].tolist(), before.scores[:6].tolist(), strict=True))
    for row, score, gained in zip(after.rows[:6], after.scores, after.feedback, strict=False):
        assert score == np.float32(np.float32(first[int(row)]) + gained)


@given(_lexical, _semantic, _rows, st.tuples(_weight, _weight, _weight), st.floats(-1, 1))
def test_what_the_query_identifies_comes_first_whatever_the_weights_and_the_model(
    lexical: dict[int, float],
    semantic: dict[int, float],
    identified: set[int],
    weights: tuple[float, float, float],
    unrelated: float,
) -> None:
    window = gather(matches(lexical), hits(semantic), numbers(identified), 12)
    policy = RankingPolicy(
        semantic_weight=weights[0], all_words_weight=weights[1], feedback_weight=weights[2]
    )
    ranking = rank(window, meaning(window, semantic, unrelated), policy)
    assert set(ranking.rows[: len(identified)].tolist()) == identified


@given(_lexical, _semantic, _weight)
def test_the_fused_score_is_the_weighted_sum_of_two_shares(
    lexical: dict[int, float], semantic: dict[int, float], weight: float
) -> None:
    window = gather(matches(lexical, ceiling=16.0), hits(semantic), numbers(set()), 99)
    meant = meaning(window, semantic)
    ranking = rank(window, meant, replace(POLICY, semantic_weight=weight))
    for row, score in by_row(ranking).items():
        by_words = lexical.get(row, 0.0) / 16
        by_meaning = max((semantic.get(row, -0.5) - 0.25) / 0.75, -1.0)
        assert score == pytest.approx(weight * by_meaning + (1 - weight) * by_words, abs=1e-6)


def test_having_every_word_of_the_query_is_worth_its_weight() -> None:
    found = Matches(
        np.array([0, 1, 2, 3], np.int64),
        np.array([4, 4, 4, 0], np.float32),
        np.array([1, 0.99999, 0.5, 1], np.float32),
        8.0,
    )
    window = gather(found, Hits.none(), numbers(set()), 9)
    ranking = rank(window, None, replace(POLICY, all_words_weight=0.25))
    # The second lacks what rounding took; the last is a match of nothing in particular.
    assert by_row(ranking) == {0: 0.75, 1: 0.75, 2: 0.5, 3: 0.0}


def test_what_resembles_the_best_moves_up() -> None:
    rows = np.eye(4, dtype=np.float16)[[0, 0, 1, 0]]
    window = gather(matches({0: 8.0, 1: 7.5, 2: 6.0, 3: 5.5}), Hits.none(), numbers(set()), 9)
    meant = Meaning(np.zeros(4, np.float32), 0.0, ExactIndex(rows))
    before = rank(window, meant, POLICY)
    after = rank(window, meant, replace(POLICY, feedback_weight=0.25))
    assert before.rows.tolist() == [0, 1, 2, 3]
    assert after.rows.tolist() == [0, 1, 3, 2]
    assert after.feedback[-1] < after.feedback[0] <= 0.25


def test_reciprocal_ranks_and_words_alone_have_no_feedback() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), hits({2: 0.5}), numbers(set()), 9)
    meant = meaning(window, {2: 0.5})
    policy = replace(POLICY, feedback_weight=1.0)
    assert not rank(window, meant, replace(policy, fusion=Fusion.RRF)).feedback.any()
    assert not rank(window, None, policy).feedback.any()


def test_what_words_alone_score_continues_the_fused_scale() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), Hits.none(), numbers(set()), 10)
    ranking = rank(window, Meaning(np.zeros(2, np.float32), 0.0, vectors()), POLICY)
    assert ranking.scores.tolist() == [0.5, 0.25]
    assert ranking.lexical_only(np.array([4.0, 2.0], np.float32)).tolist() == [0.25, 0.125]


def test_without_a_vector_the_words_have_the_whole_weight() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), Hits.none(), numbers(set()), 10)
    ranking = rank(window, None, POLICY)
    assert ranking.scores.tolist() == [1.0, 0.5]
    assert ranking.lexical_only(np.array([2.0], np.float32)).tolist() == [0.25]


def test_without_a_lexical_match_nothing_is_divided_by_zero() -> None:
    window = gather(Matches.none(), hits({3: 0.75}), numbers(set()), 10)
    ranking = rank(window, meaning(window, {3: 0.75}, unrelated=0.5), POLICY)
    assert ranking.scores.tolist() == [0.25]
    assert ranking.lexical_only(np.array([1.0], np.float32)).tolist() == [0.0]


def test_an_empty_window_has_an_order() -> None:
    window = gather(Matches.none(), Hits.none(), numbers(set()), 10)
    ranking = rank(window, meaning(window, {}), RankingPolicy())
    assert len(ranking.rows) == len(ranking.scores) == len(ranking.feedback) == 0


def test_a_row_behind_the_window_has_no_reciprocal_rank() -> None:
    window = gather(matches({1: 8.0, 2: 4.0}), Hits.none(), numbers(set()), 1)
    ranking = rank(window, None, replace(POLICY, fusion=Fusion.RRF))
    assert ranking.rows.tolist() == [1]
    assert ranking.lexical_only(np.array([4.0], np.float32)).tolist() == [0.0]


@given(_lexical, st.lists(_cosine, min_size=ROWS, max_size=ROWS), st.integers(1, 25))
def test_what_is_preferred_joins_the_window_and_displaces_nothing(
    lexical: dict[int, float], preferred: list[float], size: int
) -> None:
    found = matches(lexical)
    plain = gather(found, Hits.none(), numbers(set()), size)
    window = gather(found, Hits.none(), numbers(set()), size, np.array(preferred, np.float32))
    liked = {row: score + preferred[row] for row, score in lexical.items()}
    assert set(window.rows.tolist()) == {*best(lexical, size), *best(liked, size)}
    assert (plain.preferred, window.preferred) == (False, True)
    ranks = dict(zip(window.rows.tolist(), window.lexical_ranks.tolist(), strict=True))
    first = {row: rank for rank, row in enumerate(best(lexical, size), 1)}
    assert ranks == {row: first.get(row, 0) for row in ranks}

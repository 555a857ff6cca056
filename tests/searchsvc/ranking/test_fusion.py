"""Fusion, against the formulas that its docstrings give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.layout import IndexLayout
from indexer.lexical.clause import plain_clauses
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.understanding import understand
from searchsvc.ranking.fusion import lexical_share, reciprocal_ranks, semantic_share, weighted

if TYPE_CHECKING:
    from pathlib import Path

_shares = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20)
_unrelated = st.floats(-0.5, 0.95)


@pytest.fixture(scope="module")
def snapshot(sample_data_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(sample_data_dir, "demo"))


def floats(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_reciprocal_ranks_follow_the_paper() -> None:
    fused = reciprocal_ranks(np.array([1, 0, 3]), np.array([2, 1, 0]), k=60)
    np.testing.assert_allclose(fused, [1 / 61 + 1 / 62, 1 / 61, 1 / 63], rtol=1e-6)


@pytest.mark.parametrize("k", [1, 60])
def test_a_row_that_no_ranking_has_scores_nothing(k: int) -> None:
    assert reciprocal_ranks(np.array([0]), np.array([0]), k=k).tolist() == [0]


def test_bm25_becomes_a_share_of_the_ceiling() -> None:
    share = lexical_share(floats(12, 3, 0), 12.0)
    assert share.tolist() == [1.0, 0.25, 0.0]
    assert share.dtype == np.float32


def test_where_nothing_can_score_every_share_is_zero() -> None:
    assert lexical_share(floats(0, 0), 0.0).tolist() == [0.0, 0.0]


_WORDS = (
    "jacket",
    "waterproof",
    "slipers",
    "2l",
    "17",
    "inch",
    "lap",
    "top",
    "the",
    "zzzz",
    "t-shirt",
)


@given(st.lists(st.sampled_from(_WORDS), max_size=6), st.floats(0, 1))
def test_no_product_has_more_than_its_ceiling_nor_covers_more_than_all(
    snapshot: Snapshot, words: list[str], coverage: float
) -> None:
    text = " ".join(words)
    for clauses in (
        understand(text, snapshot, RankingPolicy()).clauses,
        plain_clauses(snapshot.analyzer.terms(text)),
    ):
        matches = snapshot.lexical.match(clauses, coverage=coverage)
        assert (lexical_share(matches.scores, matches.ceiling) <= 1 + 1e-5).all()
        assert ((matches.coverage >= 0) & (matches.coverage <= 1)).all()


def test_unrelated_becomes_zero_and_the_same_becomes_one() -> None:
    shares = semantic_share(floats(1.0, 0.7, 0.4, 0.1), 0.4)
    np.testing.assert_allclose(shares, [1.0, 0.5, 0.0, -0.5], atol=1e-6)
    assert shares.dtype == np.float32


@given(_shares, _unrelated)
def test_the_semantic_share_keeps_the_order_of_the_cosines(
    cosines: list[float], unrelated: float
) -> None:
    ordered = np.array(sorted(cosines), np.float32)
    shares = semantic_share(ordered, unrelated)
    assert (np.diff(shares) >= 0).all()
    assert (np.abs(shares) <= 1).all()
    assert ((shares >= -1e-5) | (ordered <= unrelated)).all()


@given(_shares, _unrelated, _unrelated)
def test_what_is_more_often_unrelated_has_a_smaller_share(
    cosines: list[float], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    found = np.array(cosines, np.float32)
    assert (semantic_share(found, high) <= semantic_share(found, low) + 1e-4).all()


def test_the_weighted_sum_weighs() -> None:
    fused = weighted(floats(1, 0.5, 0), floats(0.1, 0.9, 0.8), semantic_weight=0.6)
    np.testing.assert_allclose(fused, [0.46, 0.74, 0.48], rtol=1e-6)
    assert fused.dtype == np.float32


@given(_shares, st.floats(0, 1), st.data())
def test_a_better_score_in_either_leg_never_ranks_lower(
    shares: list[float], weight: float, data: st.DataObject
) -> None:
    count = len(shares)
    others = data.draw(st.lists(st.floats(-1, 1, width=32), min_size=count, max_size=count))
    place = data.draw(st.integers(0, count - 1))
    lexical, semantic = np.array(shares, np.float32), np.array(others, np.float32)
    before = weighted(lexical, semantic, semantic_weight=weight)
    lexical[place] += 0.5
    semantic[place] += 0.25
    after = weighted(lexical, semantic, semantic_weight=weight)
    assert after[place] >= before[place]
    np.testing.assert_array_equal(np.delete(after, place), np.delete(before, place))

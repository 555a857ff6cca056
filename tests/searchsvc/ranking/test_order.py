"""The order of a whole match set, sorted no further than is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from searchsvc.policy import RankingPolicy
from searchsvc.ranking.boosting import boost
from searchsvc.ranking.order import Order
from searchsvc.ranking.window import gather, rank

POLICY = RankingPolicy(semantic_weight=0.0)


def order_of(
    bm25: list[float],
    window: int,
    identified: list[int] | None = None,
    gains: list[float] | None = None,
) -> Order:
    scores = np.array(bm25, np.float32)
    lexical = Matches(
        np.arange(len(bm25), dtype=np.int64), scores, np.zeros_like(scores), ceiling=1.0
    )
    named = np.array(identified or [], np.int64)
    ranking = rank(gather(lexical, Hits.none(), named, window), None, POLICY)
    if gains is not None:
        ranking = boost(ranking, np.array(gains, np.float32)[ranking.rows], 1.0)
    return Order(ranking, lexical)


def tiers_of(order: Order, share: float) -> dict[int, int]:
    """The tier of each row."""
    rows, _ = order.whole
    tiers = order.tiers(share)
    assert tiers.dtype == np.int8
    return dict(zip(rows.tolist(), tiers.tolist(), strict=True))


SCORES = st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.9]), max_size=30)


@given(SCORES, st.integers(1, 35), st.integers(0, 40))
def test_the_window_and_what_lies_behind_it_are_one_order(
    bm25: list[float], window: int, count: int
) -> None:
    order = order_of(bm25, window)
    rows, scores = order.whole
    assert rows.tolist() == sorted(range(len(bm25)), key=lambda row: (-bm25[row], row))
    assert (np.diff(scores) <= 0).all()
    first_rows, first_scores = order.first(count)
    assert len(first_rows) >= min(count, len(bm25))
    assert first_rows.tolist() == rows[: len(first_rows)].tolist()
    assert first_scores.tolist() == scores[: len(first_rows)].tolist()


@given(SCORES, st.integers(1, 35), st.floats(0, 1), st.data())
def test_relevant_is_what_has_enough_of_the_best_score_that_is_not_an_identifiers(
    bm25: list[float], window: int, share: float, data: st.DataObject
) -> None:
    rows = range(len(bm25))
    identified = data.draw(st.lists(st.sampled_from(rows), unique=True) if bm25 else st.just([]))
    order = order_of(bm25, window, identified)
    score = dict(zip(*(part.tolist() for part in order.whole), strict=True))
    others = [score[row] for row in rows if row not in identified]
    best = max(others, default=0.0)
    enough = {row for row in rows if np.float32(score[row]) >= np.float32(share * best)}
    assert tiers_of(order, share) == {
        row: 0 if row in identified else 1 if row in enough else 2 for row in rows
    }


@pytest.mark.parametrize(
    ("share", "expected"), [(1.0, [2, 0, 2, 1]), (0.5, [1, 0, 2, 1]), (0.0, [1, 0, 1, 1])]
)
def test_what_the_query_identifies_is_a_tier_of_its_own_and_no_measure(
    share: float, expected: list[int]
) -> None:
    order = order_of([0.8, 0.1, 0.3, 0.9], 10, identified=[1])
    assert tiers_of(order, share) == dict(enumerate(expected))


def test_of_identified_products_alone_none_are_merely_relevant() -> None:
    assert tiers_of(order_of([0.3, 0.2], 5, identified=[0, 1]), 0.5) == {0: 0, 1: 0}
    assert tiers_of(order_of([], 5), 0.5) == {}


@given(SCORES, st.integers(1, 35), st.sampled_from([0.0, 0.5, 1.0]), st.data())
def test_boosts_change_the_order_and_no_tier(
    bm25: list[float], window: int, share: float, data: st.DataObject
) -> None:
    gain = st.floats(-1, 1, width=32)
    gains = data.draw(st.lists(gain, min_size=len(bm25), max_size=len(bm25)))
    identified = data.draw(st.sampled_from([[], [0]])) if bm25 else []
    plain, boosted = order_of(bm25, window, identified), order_of(bm25, window, identified, gains)
    assert tiers_of(boosted, share) == tiers_of(plain, share)
    assert (np.diff(boosted.whole[1]) <= 0).all()


def test_what_lies_behind_a_window_that_is_boosted_down_stays_as_relevant() -> None:
    boosted = order_of([0.9, 0.8, 0.7], 2, gains=[-1.0, -1.0, 0.0])
    assert boosted.whole[1].max() < 0
    assert tiers_of(boosted, 0.5) == {0: 1, 1: 1, 2: 1}
    assert tiers_of(boosted, 0.0) == {0: 1, 1: 1, 2: 1}

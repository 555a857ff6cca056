"""The order of a whole match set, sorted no further than is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.hits import Hits, Matches
from searchsvc.policy import RankingPolicy
from searchsvc.ranking.order import Order
from searchsvc.ranking.window import gather, rank

POLICY = RankingPolicy(semantic_weight=0.0)


def order_of(bm25: list[float], window: int, identified: list[int] | None = None) -> Order:
    scores = np.array(bm25, np.float32)
    lexical = Matches(
        np.arange(len(bm25), dtype=np.int64), scores, np.zeros_like(scores), ceiling=1.0
    )
    named = np.array(identified or [], np.int64)
    return Order(rank(gather(lexical, Hits.none(), named, window), None, POLICY), lexical)


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


@given(SCORES, st.integers(1, 35), st.floats(0, 1))
def test_relevant_is_what_has_enough_of_the_best_score(
    bm25: list[float], window: int, share: float
) -> None:
    order = order_of(bm25, window)
    _, scores = order.whole
    expected = sum(float(score) >= share * float(scores[0]) for score in scores)
    assert order.relevant(share) == expected


@pytest.mark.parametrize(("share", "expected"), [(1.0, 2), (0.5, 3), (0.0, 4)])
def test_what_the_query_identifies_is_relevant_and_no_measure(share: float, expected: int) -> None:
    assert order_of([0.8, 0.1, 0.4, 0.9], 10, identified=[1]).relevant(share) == expected


def test_of_nothing_and_of_identified_products_alone_all_are_relevant() -> None:
    assert order_of([], 5).relevant(0.5) == 0
    assert order_of([0.3, 0.2], 5, identified=[0, 1]).relevant(0.5) == 2

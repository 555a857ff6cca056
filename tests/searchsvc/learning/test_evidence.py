"""Evidence and popularity, against counting by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.events.event import EventKind
from searchsvc.learning.evidence import (
    EVENT_WEIGHTS,
    LEAST_USERS,
    MOST_OF_ONE_USER,
    Evidence,
)
from searchsvc.learning.evidence import POPULARITY_HALF_LIFE_DAYS as HALF_LIFE_DAYS
from searchsvc.learning.popularity import LEAST_PEOPLE, popularity, sold
from tests.searchsvc.learning.shop import DAY, RECORDS, START, Row, interactions

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot

KINDS = [kind for kind in EventKind if kind is not EventKind.SEARCH]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([RECORDS[0]["id"], RECORDS[1]["id"], RECORDS[239]["id"], "gone"]),
        st.sampled_from(KINDS),
        st.integers(0, 200).map(lambda days: START + days * DAY),
    ),
    max_size=30,
)


CROWD: list[Row] = [
    *((user, "p002", EventKind.PURCHASE, START) for user in range(100, 100 + LEAST_USERS)),
    *((user, "p000", EventKind.VIEW, START) for user in range(100, 99 + LEAST_PEOPLE)),
]
"""A shop that is large enough, and a product that lacks one user for some popularity."""


@given(ROWS)
def test_popularity_is_what_counting_by_hand_gives(shop: Snapshot, rows: list[Row]) -> None:
    known = [row for row in (*rows, *CROWD) if row[1] != "gone"]
    newest = max(time for *_, time in known)
    by_day: dict[tuple[int, str, int], tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for user, product, kind, time in known:
        key = (user, product, time // DAY)
        by_day[key] = max(by_day[key], (EVENT_WEIGHTS[kind], time))
    by_pair: dict[tuple[int, str], float] = defaultdict(float)
    for (user, product, _), (weight, time) in by_day.items():
        by_pair[user, product] += weight * 0.5 ** ((newest - time) / DAY / HALF_LIFE_DAYS)
    expected: dict[str, list[float]] = defaultdict(list)
    for (_, product), count in by_pair.items():
        expected[product].append(min(count, MOST_OF_ONE_USER))
    found = popularity(Evidence.of(interactions([*rows, *CROWD]), shop))
    assert found.shape == (len(RECORDS),)
    for row, record in enumerate(RECORDS):
        counts = expected[record["id"]]
        assert found[row] == pytest.approx(sum(counts) if len(counts) >= LEAST_PEOPLE else 0)


def test_a_user_counts_once_a_day_with_what_counts_most(shop: Snapshot) -> None:
    rows: list[Row] = [
        (0, "p002", EventKind.VIEW, START - 2 * DAY),
        *((0, "p002", EventKind.CLICK, START + minute) for minute in range(900)),
        (0, "p002", EventKind.ADD_TO_CART, START + 5),
    ]
    found = Evidence.of(interactions(rows), shop).once_a_day()
    assert found.times_ms.tolist() == [START - 2 * DAY, START + 5]
    assert found.weights.tolist() == [0.05, 0.3]


def test_what_few_people_do_moves_no_product(shop: Snapshot) -> None:
    def bought(people: int) -> float:
        rows: list[Row] = [
            (user, "p007", EventKind.PURCHASE, START + day * DAY)
            for user in range(people)
            for day in range(30)
        ]
        return float(popularity(Evidence.of(interactions([*rows, *CROWD]), shop))[7])

    assert bought(LEAST_PEOPLE - 1) == 0
    assert bought(LEAST_PEOPLE) == LEAST_PEOPLE * MOST_OF_ONE_USER


def test_a_shop_of_few_users_has_no_popularity(shop: Snapshot) -> None:
    def best(people: int) -> float:
        rows: list[Row] = [(it, "p000", EventKind.PURCHASE, START) for it in range(people)]
        return float(popularity(Evidence.of(interactions(rows), shop)).max())

    assert best(LEAST_USERS - 1) == 0
    assert best(LEAST_USERS) == LEAST_USERS


@given(ROWS)
def test_an_order_is_all_that_somebody_buys_at_one_moment(shop: Snapshot, rows: list[Row]) -> None:
    orders = {(r[0], r[3]) for r in rows if r[2] is EventKind.PURCHASE and r[1] != "gone"}
    found = Evidence.of(interactions(rows), shop)
    assert found.order_count == len(orders)
    assert found.newest_ms == max((r[3] for r in rows if r[1] != "gone"), default=0)


@given(ROWS)
def test_evidence_is_what_is_about_products_of_the_catalogue(
    shop: Snapshot, rows: list[Row]
) -> None:
    known = sorted((r for r in rows if r[1] != "gone"), key=lambda r: (r[0], r[3]))
    found = Evidence.of(interactions(rows), shop)
    assert [shop.products.id(row) for row in found.rows.tolist()] == [r[1] for r in known]
    assert found.times_ms.tolist() == [r[3] for r in known]
    assert found.purchases.tolist() == [r[2] is EventKind.PURCHASE for r in known]
    assert found.user_count == len({r[0] for r in known})
    bought = found.of_purchases()
    assert len(bought) == sum(r[2] is EventKind.PURCHASE for r in known)
    assert bought.purchases.all()


def test_a_bulk_buyer_counts_as_three_purchases(shop: Snapshot) -> None:
    bulk: list[Row] = [(0, "p000", EventKind.PURCHASE, START + day * DAY) for day in range(500)]
    few: list[Row] = [(user, "p001", EventKind.PURCHASE, START) for user in range(1, 5)]
    found = sold(Evidence.of(interactions([*bulk, *few], quantity=1_000), shop), math.inf)
    assert found[0] == MOST_OF_ONE_USER
    assert found[1] == 4


def test_popularity_does_not_fade_while_a_shop_sends_nothing(shop: Snapshot) -> None:
    later = [(user, product, kind, time + 900 * DAY) for user, product, kind, time in CROWD]
    before = popularity(Evidence.of(interactions(CROWD), shop))
    assert before.any()
    np.testing.assert_array_equal(before, popularity(Evidence.of(interactions(later), shop)))


def test_every_event_with_products_counts_something_and_none_more_than_a_purchase() -> None:
    assert set(EVENT_WEIGHTS) == set(KINDS)
    assert all(
        0 < weight <= EVENT_WEIGHTS[EventKind.PURCHASE] for weight in EVENT_WEIGHTS.values()
    )

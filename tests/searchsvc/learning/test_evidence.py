"""Evidence and popularity, against counting by hand."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.events.event import EventKind
from searchsvc.learning.evidence import (
    EVENT_WEIGHTS,
    MOST_OF_ONE_USER,
    POPULARITY_HALF_LIFE_DAYS,
    Evidence,
)
from searchsvc.learning.popularity import popularity
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


@given(ROWS)
def test_popularity_is_what_counting_by_hand_gives(shop: Snapshot, rows: list[Row]) -> None:
    newest = max((time for _, product, _, time in rows if product != "gone"), default=0)
    by_pair: dict[tuple[int, str], float] = defaultdict(float)
    for user, product, kind, time in rows:
        age = (newest - time) / DAY
        by_pair[user, product] += EVENT_WEIGHTS[kind] * 0.5 ** (age / POPULARITY_HALF_LIFE_DAYS)
    expected: dict[str, float] = defaultdict(float)
    for (_, product), count in by_pair.items():
        expected[product] += min(count, MOST_OF_ONE_USER)
    found = popularity(Evidence.of(interactions(rows), shop))
    assert found.shape == (len(RECORDS),)
    for row, record in enumerate(RECORDS):
        assert found[row] == pytest.approx(expected.get(record["id"], 0.0))


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


def test_a_bulk_buyer_makes_no_bestseller(shop: Snapshot) -> None:
    bulk: list[Row] = [(0, "p000", EventKind.PURCHASE, START)] * 500
    few: list[Row] = [(user, "p001", EventKind.PURCHASE, START) for user in range(1, 5)]
    found = popularity(Evidence.of(interactions([*bulk, *few], quantity=1_000), shop))
    assert found[0] == MOST_OF_ONE_USER
    assert found[1] == 4


def test_popularity_does_not_fade_while_a_shop_sends_nothing(shop: Snapshot) -> None:
    rows: list[Row] = [(0, "p000", EventKind.PURCHASE, START), (1, "p001", EventKind.VIEW, START)]
    later = [(user, product, kind, time + 900 * DAY) for user, product, kind, time in rows]
    np.testing.assert_array_equal(
        popularity(Evidence.of(interactions(rows), shop)),
        popularity(Evidence.of(interactions(later), shop)),
    )


def test_every_event_with_products_counts_something_and_none_more_than_a_purchase() -> None:
    assert set(EVENT_WEIGHTS) == set(KINDS)
    assert all(
        0 < weight <= EVENT_WEIGHTS[EventKind.PURCHASE] for weight in EVENT_WEIGHTS.values()
    )

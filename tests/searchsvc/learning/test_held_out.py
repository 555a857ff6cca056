"""Held-out purchases: the past only, and alternatives of the same time by others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.storage import StringTable
from searchsvc.events.event import EventKind
from searchsvc.learned.model import Learned
from searchsvc.learned.tastes import lifts_of
from searchsvc.learning import features, held_out
from searchsvc.learning.evidence import TASTE_HALF_LIFE_DAYS, Evidence
from searchsvc.learning.features import features_of
from searchsvc.learning.held_out import ALTERNATIVES, SETTLING_MS
from searchsvc.learning.learn import learn
from searchsvc.learning.popularity import sold
from searchsvc.learning.traits import trait_table
from searchsvc.segments.profile import MAX_INTERACTIONS
from tests.searchsvc.learning.shop import (
    DAY,
    RECORDS,
    START,
    Row,
    Shoppers,
    interactions,
    purchases,
)

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot

HOUR = DAY // 24
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([record["id"] for record in RECORDS[:5]]),
        st.sampled_from([EventKind.PURCHASE, EventKind.VIEW]),
        st.integers(0, 100).map(lambda hours: START + hours * HOUR),
    ),
    max_size=40,
)


@given(ROWS)
def test_a_history_is_all_that_a_user_did_at_least_a_day_before(
    shop: Snapshot, rows: list[Row]
) -> None:
    evidence = Evidence.of(interactions(rows), shop)
    found = held_out.held_out(evidence)
    users, times = evidence.users.tolist(), evidence.times_ms.tolist()

    def past(user: int, time: int) -> list[int]:
        return [
            place
            for place, (other, when) in enumerate(zip(users, times, strict=True))
            if other == user and when < time - SETTLING_MS
        ]

    expected = [
        place
        for place in np.flatnonzero(evidence.purchases).tolist()
        if past(users[place], times[place])
    ]
    assert found.users.tolist() == [users[place] for place in expected]
    assert found.rows[:, 0].tolist() == evidence.rows[expected].tolist()
    for number in range(len(found)):
        history = list(range(found.begins[number], found.ends[number]))
        assert history == past(int(found.users[number]), int(found.times_ms[number]))


def test_alternatives_are_what_others_bought_at_about_the_time(shop: Snapshot) -> None:
    evidence = Evidence.of(purchases(Shoppers(count=400, orders=6)), shop)
    found = held_out.held_out(evidence)
    assert found.rows.shape == (len(found), 1 + ALTERNATIVES)
    assert found.valid[:, 0].all()
    assert not np.any(found.valid[:, 1:] & (found.rows[:, 1:] == found.rows[:, :1]))
    bought = {
        (user, row)
        for user, row in zip(evidence.users.tolist(), evidence.rows.tolist(), strict=True)
    }
    by_others_too = {
        row: sum((u, row) in bought for u in range(400)) for row in range(len(RECORDS))
    }
    for number in range(0, len(found), 50):
        for row in found.rows[number, found.valid[number]].tolist()[1:]:
            assert by_others_too[row] > ((int(found.users[number]), row) in bought)


def test_the_sample_is_bounded_for_each_user_and_in_all(
    shop: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Row] = [
        (user, RECORDS[number % 40]["id"], EventKind.PURCHASE, START + number * 2 * DAY)
        for user in range(3)
        for number in range(80)
    ]
    evidence = Evidence.of(interactions(rows), shop)
    found = held_out.held_out(evidence)
    assert np.bincount(found.users).tolist() == [held_out.MOST_OF_ONE_USER] * 3
    monkeypatch.setattr(held_out, "MOST_PURCHASES", 70)
    fewer = held_out.held_out(evidence)
    assert len(fewer) == 70
    again = held_out.held_out(evidence)
    np.testing.assert_array_equal(fewer.rows, again.rows)


def test_a_history_goes_back_as_far_as_a_profile(shop: Snapshot) -> None:
    views: list[Row] = [
        (0, "p000", EventKind.VIEW, START + number) for number in range(MAX_INTERACTIONS + 50)
    ]
    rows = [*views, (0, "p001", EventKind.PURCHASE, START + 9 * DAY)]
    found = held_out.held_out(Evidence.of(interactions(rows), shop))
    assert (found.ends - found.begins).tolist() == [MAX_INTERACTIONS]


@settings(max_examples=30, deadline=None)
@given(ROWS, st.integers(1, 400))
def test_features_are_the_mean_lifts_of_the_history(
    shop: Snapshot, rows: list[Row], at_once: int
) -> None:
    evidence = Evidence.of(interactions(rows), shop)
    table = trait_table(shop, sold(evidence, 60))
    found = held_out.held_out(evidence)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "_ENTRIES_AT_ONCE", at_once)
        given_features = features_of(found, evidence, table)
    learned = learn(interactions(rows), shop, 0)
    model = Learned(
        origin=learned.origin,
        fields=learned.fields,
        ids=learned.ids,
        popularity=learned.popularity,
        values=StringTable.of(table.values),
        field_of=table.field_of,
        shares=table.shares,
        starts=table.starts,
        traits=table.traits,
        parts=table.parts,
        band_edges=table.band_edges,
    )
    for number in range(len(found)):
        past = slice(found.begins[number], found.ends[number])
        ages = (found.times_ms[number] - evidence.times_ms[past]) / DAY
        weights = evidence.weights[past] * 0.5 ** (ages / TASTE_HALF_LIFE_DAYS)
        lifts = lifts_of(model, evidence.rows[past], weights)
        for place in range(0, 1 + ALTERNATIVES, 7):
            row = int(found.rows[number, place])
            entries = slice(table.starts[row], table.starts[row + 1])
            expected = np.bincount(
                table.field_of[table.traits[entries]],
                weights=lifts[table.traits[entries]] * table.parts[entries],
                minlength=len(table.kinds),
            )
            np.testing.assert_allclose(given_features[number, place], expected, atol=1e-6)

"""The tally: which arm an event counts for, and what of it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchsvc.events.event import Event, EventKind, Item
from searchsvc.outcomes.tally import Column, Tally, tally

if TYPE_CHECKING:
    from searchsvc.experiments.assignment import Experiment
    from tests.searchsvc.outcomes.conftest import Happen

LAMP = Item("lamp", price=10.0, quantity=3)


def totals(found: Tally, arm: int) -> dict[Column, float]:
    """What is not 0."""
    sums = found.rows[arm].sum(axis=0)
    return {column: sums[column] for column in Column if sums[column]}


def test_what_a_user_does_counts_for_the_arm_that_is_recorded(
    happen: Happen, experiment: Experiment
) -> None:
    found = tally(
        [
            happen("search", "ann", arm="try/control", query_id="q1"),
            happen("search", "bob", arm="try/bold", query_id="q2"),
            happen("click", "bob", LAMP, arm="try/bold", query_id="q2"),
            happen("add_to_cart", "bob", LAMP, arm="try/bold"),
            happen("view", "bob", LAMP),
            happen("purchase", "bob", LAMP, arm="try/bold", currency="EUR"),
        ],
        experiment,
    )
    assert totals(found, 0) == {Column.USERS: 1, Column.SEARCHES: 1}
    assert totals(found, 1) == {
        Column.USERS: 1,
        Column.SEARCHES: 1,
        Column.CLICKED: 1,
        Column.CLICKS: 1,
        Column.CARTS: 1,
        Column.ORDERS: 1,
        Column.BUYERS: 1,
        Column.REVENUE: 30.0,
    }
    assert (found.switched, found.currency, found.other_currencies, found.unpriced) == (
        *(0, "EUR"),
        *(0, 0),
    )


def test_without_a_recorded_arm_it_counts_for_the_user_s(
    happen: Happen, experiment: Experiment
) -> None:
    found = tally(
        [
            happen("search", "ann", arm="try/bold"),
            happen("purchase", "ann", LAMP),
            happen("purchase", "ann", LAMP, arm="older/control"),
        ],
        experiment,
    )
    assert totals(found, 0) == {}
    assert totals(found, 1)[Column.ORDERS] == 2


def test_what_happened_before_the_user_was_in_an_arm_is_not_counted(
    happen: Happen, experiment: Experiment
) -> None:
    found = tally(
        [
            happen("purchase", "ann", LAMP),
            happen("purchase", "bob", LAMP, arm="older/bold"),
            happen("search", "ann", arm="try/control"),
        ],
        experiment,
    )
    assert totals(found, 0) == {Column.USERS: 1, Column.SEARCHES: 1}
    assert len(found.rows[1]) == 0


def test_a_search_with_several_clicks_is_one_clicked_search(
    happen: Happen, experiment: Experiment
) -> None:
    found = tally(
        [
            happen("click", "ann", LAMP, arm="try/control", query_id="q1"),  # by a fast clock
            happen("search", "ann", arm="try/control", query_id="q1"),
            happen("click", "ann", LAMP, query_id="q1"),
            happen("search", "ann", query_id="q2"),
            happen("click", "ann", LAMP, query_id="of a search that nobody stored"),
            happen("click", "ann", LAMP),
            happen("view", "ann", LAMP, query_id="q2"),
            happen("purchase", "ann", LAMP, query_id="q2"),
        ],
        experiment,
    )
    assert totals(found, 0)[Column.SEARCHES] == 2
    assert totals(found, 0)[Column.CLICKED] == 1
    assert totals(found, 0)[Column.CLICKS] == 4


def test_a_user_who_was_in_two_arms_is_told_and_counts_in_each(
    happen: Happen, experiment: Experiment
) -> None:
    found = tally(
        [
            happen("search", "ann", arm="try/control"),
            happen("search", "ann", arm="try/bold"),
            happen("purchase", "ann", LAMP, arm="try/control"),
            happen("search", "bob", arm="try/bold"),
        ],
        experiment,
    )
    assert found.switched == 1
    assert totals(found, 0)[Column.ORDERS] == 1
    assert totals(found, 1)[Column.USERS] == 2


def test_revenue_is_of_the_most_frequent_currency(happen: Happen, experiment: Experiment) -> None:
    found = tally(
        [
            happen("purchase", "ann", LAMP, arm="try/bold", currency="USD"),
            happen("purchase", "ann", LAMP, currency="EUR"),
            happen("purchase", "ann", LAMP, LAMP, currency="EUR"),
            happen("purchase", "ann", Item("lamp", quantity=2), LAMP),
            happen("purchase", "ann", currency="EUR"),
        ],
        experiment,
    )
    assert found.currency == "EUR"
    assert totals(found, 1)[Column.REVENUE] == 90.0
    assert totals(found, 1)[Column.ORDERS] == 5
    assert found.other_currencies == 2
    assert found.unpriced == 2


def test_nothing_recorded_is_nobody_in_any_arm(experiment: Experiment) -> None:
    found = tally([], experiment)
    assert [rows.shape for rows in found.rows] == [(0, len(Column))] * 2
    assert found.currency is None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(EventKind),
                "user": st.sampled_from(["ann", "bob", "cid"]),
                "arm": st.sampled_from([None, "try/control", "try/bold", "bold", "x/bold"]),
                "query_id": st.sampled_from([None, "q1", "q2", "q3"]),
                "price": st.sampled_from([None, 1.0, 2.5]),
            }
        ),
        max_size=30,
    )
)
def test_every_figure_is_that_of_a_plain_recount(
    happen: Happen, experiment: Experiment, told: list[dict[str, Any]]
) -> None:
    searched: set[str] = set()
    events: list[Event] = []
    for it in told:
        if it["kind"] is EventKind.SEARCH and it["query_id"] is not None:
            if it["query_id"] in searched:
                continue  # a query id is of one search
            searched.add(it["query_id"])
        item = Item("x", price=it["price"])
        events.append(happen(it["kind"], it["user"], item, arm=it["arm"], query_id=it["query_id"]))
    found = tally(events, experiment)
    for number, name in enumerate(("control", "bold")):
        mine = [event for place, event in enumerate(events) if arm_at(events, place) == name]
        known = [event for place, event in enumerate(events) if arm_at(events, place)]
        clicks = {e.query_id for e in known if e.kind is EventKind.CLICK}
        orders = [event for event in mine if event.kind is EventKind.PURCHASE]
        searches = [event for event in mine if event.kind is EventKind.SEARCH]
        expected = {
            Column.USERS: len({event.user for event in mine}),
            Column.SEARCHES: len(searches),
            Column.CLICKED: sum(e.query_id in clicks - {None} for e in searches),
            Column.CLICKS: sum(event.kind is EventKind.CLICK for event in mine),
            Column.CARTS: sum(event.kind is EventKind.ADD_TO_CART for event in mine),
            Column.ORDERS: len(orders),
            Column.BUYERS: len({event.user for event in orders}),
            Column.REVENUE: sum(event.items[0].price or 0 for event in orders),
        }
        np.testing.assert_allclose(found.rows[number].sum(axis=0), [*expected.values()])


def arm_at(events: list[Event], place: int) -> str | None:
    """The arm of an event: its own, else the last that its user's events record before."""
    user = events[place].user
    for event in reversed(events[: place + 1]):
        if event.user == user and event.arm in ("try/control", "try/bold"):
            return event.arm.rpartition("/")[2]
    return None

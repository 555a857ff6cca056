"""Recorded choices: which events join which searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.events.event import EventKind, Item
from searchsvc.outcomes.choices import read_choices

if TYPE_CHECKING:
    from tests.searchsvc.outcomes.conftest import Happen


def test_choices_join_the_search_that_they_name(happen: Happen) -> None:
    found = read_choices(
        [
            happen("click", "ann", Item("early", 4), query_id="q1"),
            happen("search", "ann", query_id="q1", query="lamp", arm="try/bold"),
            happen("search", "bob", query_id="q2", query="shoe"),
            happen("click", "ann", Item("a", 2), Item("b"), query_id="q1"),
            happen("purchase", "ann", Item("a"), Item("b", 7), query_id="q1"),
            happen("view", "bob", Item("c", 1), query_id="q2"),
        ]
    )
    lamp, shoe = found.searches
    assert (lamp.user, lamp.query, lamp.arm, lamp.time_ms) == ("ann", "lamp", "try/bold", 2)
    assert lamp.chosen == {"early": 4, "a": 2, "b": 7}
    assert shoe.chosen == {}
    assert found.chosen_from() == [lamp]
    assert (found.events, found.without_search) == (6, 0)


def test_only_the_kinds_that_are_asked_for_are_choices(happen: Happen) -> None:
    events = [
        happen("search", "ann", query_id="q1", query="lamp"),
        happen("click", "ann", Item("a", 2), query_id="q1"),
        happen("purchase", "ann", Item("b"), query_id="q1"),
    ]
    (search,) = read_choices(events, {EventKind.PURCHASE}).searches
    assert search.chosen == {"b": None}


def test_choices_without_a_known_search_are_counted(happen: Happen) -> None:
    found = read_choices(
        [
            happen("search", "ann", query_id="q1", query="lamp"),
            happen("search", "ann", query_id="q3"),  # of no words: nothing to ask again
            happen("purchase", "ann", Item("a")),
            happen("click", "ann", Item("a"), query_id="q2"),
            happen("click", "bob", Item("a"), query_id="q1"),  # a query id of somebody else
            happen("click", "ann", Item("a"), query_id="q3"),
        ]
    )
    assert [search.chosen for search in found.searches] == [{}]
    assert (found.events, found.without_search) == (6, 4)

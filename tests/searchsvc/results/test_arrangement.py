"""Pages of a match set in its order and groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import BadQueryError
from searchsvc.query.query import Grouping, SortKey
from searchsvc.results.sort_keys import parse_sort
from tests.conftest import Build
from tests.searchsvc.shelf import WORDS_ONLY, ask, ids

RECORDS = [
    {"id": "a", "title": "copper lamp", "price": "30 EUR", "item_group_id": "lamps"},
    {"id": "b", "title": "copper lamp", "price": "10 EUR", "item_group_id": "lamps"},
    {"id": "c", "title": "copper lamp", "item_group_id": "lamps"},
    {"id": "d", "title": "copper pot", "price": "20 EUR"},
    {"id": "e", "title": "a lamp of the long past beside much else", "price": "1 EUR"},
]
ANY = replace(WORDS_ONLY, min_coverage=0.0)


@pytest.fixture
def shelf(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def test_weak_matches_come_behind_in_the_same_order(shelf: Snapshot) -> None:
    result = ask(shelf, "copper lamp", ANY, sort=parse_sort("price"))
    assert result.relevant == 3
    assert ids(result) == ["b", "a", "c", "e", "d"]
    lenient = ask(shelf, "copper lamp", replace(ANY, sort_relevance=0.0), sort=parse_sort("price"))
    assert lenient.relevant == 5
    assert ids(lenient) == ["e", "b", "d", "a", "c"]
    assert {hit.id: hit.score for hit in lenient.hits} == {
        hit.id: hit.score for hit in result.hits
    }


@pytest.mark.parametrize("text", ["", " ", "!!!"])
def test_without_words_everything_is_relevant(shelf: Snapshot, text: str) -> None:
    result = ask(shelf, text, sort=parse_sort("-price"))
    assert ids(result) == ["a", "d", "b", "e", "c"]
    assert result.relevant == 5


def test_what_the_query_identifies_comes_first_then_what_is_relevant_then_the_rest(
    build: Build, layout: IndexLayout
) -> None:
    named = [
        {"id": name, "title": "much beside it", "mpn": "COPPER-LAMP", "price": price}
        for name, price in (("y", "80 EUR"), ("x", "70 EUR"))
    ]
    build([*RECORDS, *named])
    shelf = open_snapshot(layout)
    for sort, expected in (
        ("price", ["x", "y", "b", "a", "c", "e", "d"]),
        ("-price", ["y", "x", "a", "b", "c", "d", "e"]),
    ):
        result = ask(shelf, "copper lamp", ANY, sort=parse_sort(sort))
        assert ids(result) == expected
        assert result.relevant == 2  # of what the query identifies, and nothing beside it


def test_relevant_counts_groups_where_groups_are_counted(shelf: Snapshot) -> None:
    by_price = {"sort": parse_sort("price")}
    groups = ask(shelf, "copper lamp", ANY, grouping=Grouping(), **by_price)
    assert (ids(groups), groups.relevant, groups.total) == (["b", "e", "d"], 1, 3)
    items = ask(shelf, "copper lamp", ANY, grouping=Grouping(count_items=True), **by_price)
    assert (ids(items), items.relevant, items.total) == (["b", "e", "d"], 3, 5)
    everything = ask(shelf, "", grouping=Grouping(), **by_price)
    assert everything.relevant == everything.total == 3
    assert ask(shelf, "", grouping=Grouping()).relevant is None


def test_a_group_is_as_relevant_as_its_best_member(build: Build, layout: IndexLayout) -> None:
    build([{**record, "item_group_id": "all"} for record in RECORDS])
    result = ask(
        open_snapshot(layout), "copper lamp", ANY, sort=parse_sort("price"), grouping=Grouping()
    )
    # The cheapest of the relevant members stands for it, not the cheapest of all.
    assert (ids(result), result.relevant, result.total) == (["b"], 1, 1)


def test_a_group_is_shown_by_its_first_member_in_the_order_asked_for(shelf: Snapshot) -> None:
    by_group = Grouping(others=1)
    result = ask(shelf, "", sort=parse_sort("price"), grouping=by_group)
    assert ids(result) == ["e", "b", "d"]
    group = result.hits[1].group
    assert group is not None
    assert (group.value, group.count) == ("lamps", 3)
    assert [member.id for member in group.others] == ["a"]
    alone = result.hits[0].group
    assert alone is not None
    assert (alone.value, alone.count, alone.others) == (None, 1, ())


def test_a_page_of_groups_is_cut_from_the_groups(shelf: Snapshot) -> None:
    pages = [
        ask(shelf, "", sort=parse_sort("price"), grouping=Grouping(), limit=1, offset=at)
        for at in range(4)
    ]
    assert [ids(page) for page in pages] == [["e"], ["b"], ["d"], []]
    assert {page.total for page in pages} == {3}


def test_an_order_or_group_that_the_index_has_not_is_the_askers_mistake(shelf: Snapshot) -> None:
    with pytest.raises(BadQueryError, match=r"sort\[0\]: unknown field 'prize'"):
        ask(shelf, "", sort=(SortKey("prize"),))
    with pytest.raises(BadQueryError, match="unknown field 'prize'"):
        ask(shelf, "", grouping=Grouping("prize"))

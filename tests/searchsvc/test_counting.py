"""The facets of an answer, each in the match set that it is about."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import BadQueryError
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import AnyOf, parse_filter
from searchsvc.query.query import FacetRequest, Grouping
from searchsvc.results.facet import Facet
from tests.conftest import Build
from tests.searchsvc.shelf import ask

RECORDS = [
    {"id": f"{brand}{n}", "title": "lamp", "brand": brand, "color": colour, "item_group_id": brand}
    for brand, colours in (("Acme", "red red blue"), ("Zeta", "red green"), ("Mono", "blue"))
    for n, colour in enumerate(colours.split())
]
BRAND, COLOUR = FacetRequest("brand", disjunctive=True), FacetRequest("color", disjunctive=True)


@pytest.fixture
def shelf(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def read(facet: Facet) -> dict[object, int]:
    return {value.value: value.count for value in facet.values}


def test_a_disjunctive_facet_counts_without_its_own_filter_and_with_the_others(
    shelf: Snapshot,
) -> None:
    condition = parse_filter("brand:Acme AND color:red")
    plain = (FacetRequest("brand"), FacetRequest("color"))
    result = ask(shelf, "lamp", filter=condition, facets=(BRAND, COLOUR, *plain))
    brand, colour, own_brand, own_colour = map(read, result.facets)
    assert brand == {"Acme": 2, "Zeta": 1}
    assert colour == {"red": 2, "blue": 1}
    assert (own_brand, own_colour) == ({"Acme": 2}, {"red": 2})
    assert all(facet.exhaustive for facet in result.facets)
    assert [facet.request for facet in result.facets] == [BRAND, COLOUR, *plain]


def test_a_condition_on_several_fields_is_no_facets_own(shelf: Snapshot) -> None:
    condition = parse_filter("(brand:Acme OR color:green)")
    assert read(ask(shelf, "lamp", filter=condition, facets=(BRAND,)).facets[0]) == {
        "Acme": 3,
        "Zeta": 1,
    }


def test_the_same_facet_may_be_asked_for_in_several_ways(shelf: Snapshot) -> None:
    facets = (BRAND, BRAND, FacetRequest("brand", limit=1), FacetRequest("brand", search="ze"))
    found = ask(shelf, "lamp", facets=facets).facets
    assert [len(facet.values) for facet in found] == [3, 3, 1, 1]


def test_groups_are_counted_unless_items_are(shelf: Snapshot) -> None:
    for items, expected in ((False, {"red": 2, "blue": 2, "green": 1}), (True, None)):
        grouping = Grouping(count_items=items)
        facet = ask(shelf, "lamp", facets=(COLOUR,), grouping=grouping).facets[0]
        assert read(facet) == (expected or {"red": 3, "blue": 2, "green": 1})


def test_an_unknown_field_is_the_askers_mistake(shelf: Snapshot) -> None:
    with pytest.raises(BadQueryError, match="facet 'brnad': unknown field"):
        ask(shelf, "lamp", facets=(FacetRequest("brnad"),))


def test_a_facet_counts_what_a_choice_shows_where_more_are_near_than_are_taken(
    shelf: Snapshot,
) -> None:
    policy = RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0, neighbours=2)
    asked = {"text": "zlamp", "policy": replace(policy, correct_spelling=False)}
    whole = ask(shelf, facets=(BRAND, COLOUR), **asked)
    assert whole.capped
    assert whole.total == 2
    for facet in whole.facets:
        assert facet.exhaustive
        for value in facet.values:
            condition = AnyOf(facet.request.field, (value.value,))
            assert ask(shelf, filter=condition, **asked).total == value.count


@pytest.mark.parametrize(("neighbours", "exhaustive"), [(1, False), (2, True)])
def test_only_neighbours_searched_again_and_cut_off_are_not_counted_to_the_end(
    shelf: Snapshot, neighbours: int, *, exhaustive: bool
) -> None:
    policy = RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0, neighbours=neighbours)
    asked = {"text": "zlamp", "policy": replace(policy, correct_spelling=False)}
    shown = {json.loads(hit.product)["brand"] for hit in ask(shelf, **asked).hits}
    other = AnyOf("brand", ("Mono",))  # with one product
    assert shown == {"Acme"}
    plain = FacetRequest("color")
    result = ask(shelf, filter=other, facets=(plain, BRAND), **asked)
    assert (result.capped, result.total) == (True, 1)
    # One may be all there are, where no more than one is taken.
    assert result.facets[0].exhaustive == exhaustive
    # Without its own condition, the facet counts the nearest of the whole catalogue.
    assert (read(result.facets[1]), result.facets[1].exhaustive) == ({"Acme": neighbours}, True)


def test_without_facets_nothing_is_counted(shelf: Snapshot) -> None:
    assert ask(shelf, "lamp").facets == ()

"""What a query without any match is answered."""

from __future__ import annotations

from dataclasses import replace
from itertools import product as product_of

import numpy as np
import pytest

from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import AnyOf, Between, Filter
from searchsvc.query.query import FacetRequest, Grouping
from searchsvc.widening import Relaxation, Widening
from tests.conftest import Build
from tests.searchsvc.shelf import EMBEDDER, WORDS_ONLY, ask, ids, product

# In Acme's brand there are no lamps; lamps are the commoner word.
RECORDS = [
    *({"id": f"lamp{n}", "title": "lamp", "brand": "Zeta", "price": "9 EUR"} for n in range(6)),
    {"id": "copper lamp", "title": "copper lamp", "brand": "Zeta", "price": "9 EUR"},
    {"id": "copper pot", "title": "copper pot", "brand": "Acme", "price": "9 EUR"},
    {"id": "set", "title": "lamp copper kettle", "brand": "Zeta", "price": "9 EUR"},
    {"id": "kettle", "title": "iron kettle", "brand": "Acme", "price": "9 EUR"},
    {"id": "oak desk", "title": "oak desk", "brand": "Acme", "price": "9 EUR"},
]
STRICT = replace(WORDS_ONLY, semantic_weight=0.5, min_coverage=1.0, correct_spelling=False)
ACME = AnyOf("brand", ("Acme",))


@pytest.fixture
def shelf(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def test_the_commonest_word_is_left_out_until_something_matches_inside_the_filter(
    shelf: Snapshot,
) -> None:
    result = ask(shelf, "lamp copper", STRICT, filter=ACME, relax=True)
    assert ids(result) == ["copper pot"]
    assert result.relaxed == Relaxation(Widening.WORDS, ("lamp",), "copper")
    assert result.understood.words == ("copper",)
    assert result.unfiltered_total is None
    assert result.total == 1


def test_words_are_left_out_one_after_the_other_and_the_rarest_stays(shelf: Snapshot) -> None:
    result = ask(shelf, "kettle lamp copper", STRICT, filter=ACME, relax=True)
    # Without the lamp, only the set is a kettle of copper.
    assert result.relaxed == Relaxation(Widening.WORDS, ("lamp", "copper"), "kettle")
    assert ids(result) == ["kettle"]


def test_a_word_that_no_product_has_is_not_what_is_left_out(shelf: Snapshot) -> None:
    result = ask(shelf, "lamp qqqq copper", STRICT, filter=ACME, relax=True)
    assert result.relaxed is not None
    assert result.relaxed.dropped == ("lamp",)
    assert result.relaxed.text == "qqqq copper"


def test_what_matches_is_not_widened(shelf: Snapshot) -> None:
    asked, plain = (ask(shelf, "lamp copper", STRICT, relax=relax) for relax in (True, False))
    assert asked.relaxed is None
    assert asked.hits == plain.hits


@pytest.mark.parametrize("condition", [None, ACME])
def test_where_nothing_matches_at_all_the_nearest_in_meaning_are_shown(
    shelf: Snapshot, condition: Filter | None
) -> None:
    result = ask(shelf, "coppery", STRICT, filter=condition, relax=True)
    assert result.relaxed == Relaxation(Widening.MEANING, (), "coppery")
    titles = [row["title"] for row in RECORDS if condition is None or row["brand"] == "Acme"]
    cosines = EMBEDDER.embed_documents(titles) @ EMBEDDER.embed_query("coppery")
    assert result.total == len(result.hits) == len(titles)
    assert product(result, 0)["title"] == titles[int(np.argmax(cosines))]
    assert result.unfiltered_total is None
    assert not result.capped  # farther ones are no part of the answer


def test_the_nearest_are_24_of_the_whole_catalogue_and_a_filter_leaves_what_it_leaves(
    build: Build, layout: IndexLayout
) -> None:
    syllables = ("ba", "do", "ke", "lim", "nor")
    titles = ["".join(parts) for parts in product_of(syllables, repeat=3)]
    brands = [("Acme", "Zeta", "Mono")[number % 3] for number in range(len(titles))]
    build(
        [
            {"id": title, "title": title, "brand": brand}
            for title, brand in zip(titles, brands, strict=True)
        ]
    )
    shelf = open_snapshot(layout)
    cosines = EMBEDDER.embed_documents(titles) @ EMBEDDER.embed_query("dokekedo")
    nearest = [int(place) for place in np.argsort(-cosines, kind="stable")[:24]]
    assert cosines[nearest[-1]] > np.sort(cosines)[-25]  # which 24 they are is beyond doubt
    whole = ask(shelf, "dokekedo", STRICT, limit=100, relax=True)
    assert set(ids(whole)) == {titles[place] for place in nearest}
    facet = FacetRequest("brand")
    for brand in ("Acme", "Zeta", "Mono"):
        condition = AnyOf("brand", (brand,))
        result = ask(
            shelf, "dokekedo", STRICT, limit=100, relax=True, filter=condition, facets=(facet,)
        )
        inside = {titles[place] for place in nearest if brands[place] == brand}
        assert set(ids(result)) == inside
        assert [(it.value, it.count) for it in result.facets[0].values] == [(brand, len(inside))]


def test_what_is_widened_by_words_only_is_never_shown_by_meaning(shelf: Snapshot) -> None:
    by_words = {"relax": True, "relax_by_meaning": False}
    assert ask(shelf, "coppery", STRICT, relax=True).relaxed is not None
    result = ask(shelf, "coppery", STRICT, **by_words)
    assert (result.total, result.hits, result.relaxed) == (0, (), None)
    for text in ("lamp copper", "kettle lamp copper"):
        either = ask(shelf, text, STRICT, filter=ACME, relax=True)
        assert either.relaxed is not None
        words = ask(shelf, text, STRICT, filter=ACME, **by_words)
        assert (words.relaxed, words.hits) == (either.relaxed, either.hits)
    # Asked for nothing wider, it makes no difference.
    assert ask(shelf, "coppery", STRICT, relax=False, relax_by_meaning=True).total == 0


def test_a_filter_that_is_to_blame_is_not_broken(shelf: Snapshot) -> None:
    result = ask(shelf, "desk", STRICT, filter=AnyOf("brand", ("Zeta",)), relax=True)
    assert (result.total, result.hits, result.relaxed) == (0, (), None)
    assert result.unfiltered_total == 1


def test_a_filter_that_nothing_fulfils_leaves_nothing_to_show(shelf: Snapshot) -> None:
    result = ask(shelf, "coppery", STRICT, filter=Between("price", 0, 1), relax=True)
    assert (result.total, result.relaxed, result.unfiltered_total) == (0, None, 0)


def test_groups_are_counted_without_the_filter_where_groups_are_counted(shelf: Snapshot) -> None:
    by_brand = Grouping("brand")
    result = ask(shelf, "lamp", STRICT, filter=Between("price", 0, 1), grouping=by_brand)
    assert result.unfiltered_total == 1
    items = Grouping("brand", count_items=True)
    result = ask(shelf, "lamp", STRICT, filter=Between("price", 0, 1), grouping=items)
    assert result.unfiltered_total == 8


@pytest.mark.parametrize(("text", "unfiltered"), [("lamp copper", 2), ("coppery", 0)])
def test_nothing_is_widened_unless_asked_for(shelf: Snapshot, text: str, unfiltered: int) -> None:
    result = ask(shelf, text, STRICT, filter=ACME, relax=False)
    assert (result.total, result.hits, result.relaxed) == (0, (), None)
    assert result.unfiltered_total == unfiltered


def test_the_pages_of_a_widened_answer_are_those_of_one_order(shelf: Snapshot) -> None:
    whole = ask(shelf, "coppery", STRICT, relax=True)
    pages = [ask(shelf, "coppery", STRICT, relax=True, limit=2, offset=at) for at in (0, 2, 4)]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits[:6])


def test_facets_of_a_widened_answer_count_in_the_wider_sense(shelf: Snapshot) -> None:
    facets = (FacetRequest("brand"), FacetRequest("brand", disjunctive=True))
    result = ask(shelf, "lamp copper", STRICT, filter=ACME, relax=True, facets=facets)
    inside, beside = (
        {value.value: value.count for value in facet.values} for facet in result.facets
    )
    assert inside == {"Acme": result.total} == {"Acme": 1}
    assert beside == {"Acme": 1, "Zeta": 2}  # of copper
    # With Zeta instead, nothing is left out: the count would be of something else.
    assert [facet.exhaustive for facet in result.facets] == [True, False]
    meant = ask(shelf, "coppery", STRICT, filter=ACME, relax=True, facets=facets)
    inside, beside = (
        {value.value: value.count for value in facet.values} for facet in meant.facets
    )
    assert (inside, beside) == ({"Acme": 3}, {"Acme": 3, "Zeta": 8})
    assert [facet.exhaustive for facet in meant.facets] == [True, False]


@pytest.mark.parametrize("text", ["12345678901234", "910-005123"])
@pytest.mark.parametrize("condition", [None, ACME])
def test_a_number_that_no_product_has_is_not_shown_by_meaning(
    shelf: Snapshot, text: str, condition: Filter | None
) -> None:
    lax = RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0)
    for policy in (STRICT, lax):
        result = ask(shelf, text, policy, filter=condition, relax=True)
        assert (result.total, result.hits, result.relaxed) == (0, (), None)


@pytest.mark.parametrize("text", ["!!!", "???", "🎧"])
def test_a_text_without_words_needs_no_widening(shelf: Snapshot, text: str) -> None:
    result, empty = (ask(shelf, asked, STRICT, relax=True) for asked in (text, ""))
    assert (result.total, result.relaxed, result.hits) == (len(RECORDS), None, empty.hits)
    # Nor is there a vector where a filter leaves nothing.
    assert ask(shelf, text, STRICT, relax=True, filter=Between("price", 0, 1)).total == 0

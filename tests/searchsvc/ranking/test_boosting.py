"""Boosts move products within bounds, and never in or out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.answer import SearchResult
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.popularity import Popularity
from searchsvc.query.filters import AnyOf, Between
from searchsvc.query.mask import row_mask
from searchsvc.query.query import Boost, FacetRequest, Query
from searchsvc.reranking.single import SingleFeature
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import search
from tests.conftest import Build
from tests.searchsvc.shelf import ask, ids

EMBEDDER = HashingEmbedder(256)
POLICY = RankingPolicy(window=20, neighbours=25, min_cosine=0.1, min_cosine_share=0.3)
RED = AnyOf("attributes.colour_family", ("red",))
CHEAP = Between("price", 0, 40)
TEXTS = st.sampled_from(["jacket", "warm jacket for rainy hikes", "red shoe", "P0000005", "", "q"])
BOOSTS = st.lists(
    st.builds(Boost, st.sampled_from([RED, CHEAP]), st.floats(-1, 1, width=32)),
    min_size=1,
    max_size=4,
)
POLICIES = st.sampled_from(
    [
        POLICY,
        RankingPolicy(),
        replace(POLICY, fusion=Fusion.RRF),
        replace(POLICY, boost_limit=1.0),
        replace(POLICY, reranker=SingleFeature("coverage")),
    ]
)


@pytest.fixture(scope="module")
def snapshot(sample_data_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(sample_data_dir, "demo"))


def answer(
    snapshot: Snapshot, text: str, policy: RankingPolicy, *boosts: Boost, **changes: Any
) -> SearchResult:
    query = Query(text, **{"limit": 3_000, "explain": True, "boosts": boosts, **changes})
    return search(query, snapshot, EMBEDDER, policy)


@given(TEXTS, BOOSTS, POLICIES)
@settings(max_examples=40, deadline=None)
def test_boosts_change_neither_the_set_nor_the_total_nor_the_facets(
    snapshot: Snapshot, text: str, boosts: list[Boost], policy: RankingPolicy
) -> None:
    facets = (FacetRequest("brand"), FacetRequest("price"))
    plain = answer(snapshot, text, policy, facets=facets)
    boosted = answer(snapshot, text, policy, *boosts, facets=facets)
    assert sorted(ids(boosted)) == sorted(ids(plain))
    assert boosted.total == plain.total
    assert boosted.facets == plain.facets
    assert all(one.score >= two.score for one, two in pairwise(boosted.hits))


@given(TEXTS, BOOSTS, POLICIES)
@settings(max_examples=40, deadline=None)
def test_boosts_move_a_score_by_the_sum_of_their_weights_and_at_most_the_limit(
    snapshot: Snapshot, text: str, boosts: list[Boost], policy: RankingPolicy
) -> None:
    assert text.strip() or len(snapshot.products) > policy.window
    before = {hit.id: hit for hit in answer(snapshot, text, policy).hits}
    ranks = {name: rank for rank, name in enumerate(before, 1)}
    bound = policy.boost_limit * _scale(snapshot, text, policy)
    for hit in answer(snapshot, text, policy, *boosts).hits:
        explained = hit.explanation
        assert explained is not None
        if explained.boosted_from is None:  # behind the window
            assert explained.boost == 0
            continue
        expected = 0.0
        if not explained.identified:
            weights = [it.weight for it in boosts if _fulfils(hit.product, it.condition)]
            expected = max(-1.0, min(1.0, sum(weights))) * bound
        assert explained.boost == pytest.approx(expected, abs=1e-6)
        assert abs(explained.boost) <= bound + 1e-6
        if text.strip():  # the window is the same
            assert explained.boosted_from == ranks[hit.id]
            moved = hit.score - before[hit.id].score
            assert moved == pytest.approx(explained.boost, abs=1e-5)


def _scale(snapshot: Snapshot, text: str, policy: RankingPolicy) -> float:
    """What a boost is a share of: 1, or the best sum of reciprocal ranks, which are small."""
    if policy.fusion is not Fusion.RRF or not text.strip():
        return 1.0
    explained = [hit.explanation for hit in answer(snapshot, text, policy).hits]
    return max((it.fused_score for it in explained if it and it.fused_score), default=0.0)


def _fulfils(stored: bytes, condition: Any) -> bool:
    found = orjson.loads(stored)
    if condition == RED:
        return found["attributes"].get("colour_family") == "red"
    return "price" in found and found["price"]["minor_units"] <= 4_000


@given(TEXTS, POLICIES, st.sampled_from(["weight", "limit", "nobody", "both ways"]))
@settings(max_examples=40, deadline=None)
def test_boosts_of_no_strength_leave_every_hit_as_it_was(
    snapshot: Snapshot, text: str, policy: RankingPolicy, why: str
) -> None:
    boosts = {
        "weight": [Boost(RED, 0.0), Boost(CHEAP, -0.0)],
        "limit": [Boost(RED, 1.0)],
        "nobody": [Boost(Between("price", -2, -1), 1.0)],
        "both ways": [Boost(RED, 0.5), Boost(RED, -0.5)],
    }[why]
    changed = replace(policy, boost_limit=0.0) if why == "limit" else policy
    plain = answer(snapshot, text, policy, explain=False)
    assert answer(snapshot, text, changed, *boosts, explain=False).hits == plain.hits


@pytest.mark.parametrize("fusion", Fusion)
def test_a_boosted_product_passes_those_that_are_little_better(
    snapshot: Snapshot, fusion: Fusion
) -> None:
    policy = replace(POLICY, fusion=fusion)
    plain = answer(snapshot, "warm jacket for rainy hikes", policy)
    boosted = answer(snapshot, "warm jacket for rainy hikes", policy, Boost(RED, 1.0))
    lowered = answer(snapshot, "warm jacket for rainy hikes", policy, Boost(RED, -1.0))
    places = [
        [place for place, hit in enumerate(it.hits) if _fulfils(hit.product, RED)]
        for it in (boosted, plain, lowered)
    ]
    assert sum(places[0]) < sum(places[1]) < sum(places[2])


def test_a_boost_by_reciprocal_ranks_moves_no_further_than_its_share_of_the_best(
    snapshot: Snapshot,
) -> None:
    text, policy = "warm jacket for rainy hikes", replace(POLICY, fusion=Fusion.RRF)
    plain = {hit.id: hit.score for hit in answer(snapshot, text, policy).hits}
    best = max(plain.values())
    boosted = answer(snapshot, text, policy, Boost(RED, 1.0)).hits
    for place, hit in enumerate(boosted):
        if _fulfils(hit.product, RED):
            reach = plain[hit.id] + 0.3 * best + 1e-6
            assert all(plain[passed.id] <= reach for passed in boosted[place + 1 :])
    # The worst of the window does not pass the best, as it would by 0.3 of nothing in particular.
    worst = next(hit for hit in reversed(boosted) if hit.explanation and hit.explanation.boost)
    assert plain[worst.id] + 0.3 * best < best
    assert boosted[0].score >= best > worst.score


@given(TEXTS, BOOSTS, POLICIES, st.sampled_from(["price", "-price", "newest", "rating"]))
@settings(max_examples=40, deadline=None)
def test_boosts_do_not_change_how_many_are_relevant_in_the_order_of_a_column(
    snapshot: Snapshot, text: str, boosts: list[Boost], policy: RankingPolicy, sort: str
) -> None:
    keys = parse_sort(sort)
    plain = answer(snapshot, text, policy, sort=keys)
    boosted = answer(snapshot, text, policy, *boosts, sort=keys)
    assert boosted.relevant == plain.relevant
    count = plain.relevant
    assert count is not None
    assert set(ids(boosted)[:count]) == set(ids(plain)[:count])


def test_everything_is_relevant_without_a_query_however_far_it_is_boosted_down(
    snapshot: Snapshot,
) -> None:
    down = Boost(Between("price", 0, 1_000_000), -1.0)
    result = answer(snapshot, "", POLICY, down, sort=parse_sort("price"))
    assert result.relevant == result.total == len(snapshot.products)


@pytest.mark.parametrize("limit", [0.3, 1.0])
def test_what_the_query_identifies_stays_first(snapshot: Snapshot, limit: float) -> None:
    policy = replace(POLICY, boost_limit=limit)
    stored = orjson.loads(snapshot.products.json(5))
    everyone_else = Boost(AnyOf("brand", (stored["brand"],)), -1.0)
    for text in (stored["id"], stored["mpn"], stored["gtin"]):
        result = answer(snapshot, text, policy, everyone_else, Boost(CHEAP, 1.0))
        explained = result.hits[0].explanation
        assert result.hits[0].id == stored["id"]
        assert explained is not None
        assert explained.identified
        assert (explained.boost, explained.boosted_from) == (0, 1)


SHELF = [
    {"id": f"p{n:03}", "title": "thing", "brand": "Rare" if n >= 97 else "Common"}
    for n in range(100)
]


def test_without_a_query_a_boosted_brand_comes_first_from_behind_the_window(
    build: Build, layout: IndexLayout
) -> None:
    build(SHELF)
    shelf = open_snapshot(layout)
    policy = replace(POLICY, window=5)
    boosts = (Boost(AnyOf("brand", ("Rare",)), 0.5, "likes it"),)
    result = ask(shelf, "", policy, boosts=boosts, limit=100, explain=True)
    rest = [f"p{n:03}" for n in range(97)]
    assert ids(result) == ["p097", "p098", "p099", *rest]
    assert result.hits[0].score == pytest.approx(0.15)
    assert result.total == 100


def test_without_a_query_popularity_and_boost_add_up(build: Build, layout: IndexLayout) -> None:
    sold = {"star": 1_000, "good": 100, "rare": 30, "none": 0}
    build(
        [
            {"id": name, "title": "thing", "brand": name, "popularity": number}
            for name, number in sold.items()
        ]
    )
    shelf = open_snapshot(layout)
    boosts = [Boost(AnyOf("brand", (name,)), 1.0) for name in ("rare", "none")]
    assert ids(ask(shelf, "")) == ["star", "good", "rare", "none"]
    result = ask(shelf, "", boosts=tuple(boosts))
    assert ids(result) == ["star", "rare", "good", "none"]
    shares = np.log1p([1_000, 30, 100, 0]) / np.log1p(1_000) + [0, 0.3, 0, 0.3]
    assert [hit.score for hit in result.hits] == pytest.approx(shares.tolist(), abs=1e-5)


def test_the_sum_of_boosts_is_cut_at_the_limit(snapshot: Snapshot) -> None:
    """By the definition, product by product."""
    weights = {RED: 0.7, CHEAP: 0.6}  # some fulfil none, one or both
    boosts = [Boost(condition, weight) for condition, weight in weights.items()]
    masks = {
        condition: row_mask(condition, snapshot.columns, len(snapshot.products))
        for condition in weights
    }
    seen = set()
    for hit in answer(snapshot, "jacket", replace(POLICY, window=500), *boosts).hits:
        row = snapshot.products.row(hit.id)
        wanted = sum(weight for condition, weight in weights.items() if masks[condition][row])
        assert hit.explanation is not None
        if hit.explanation.boosted_from is None:  # behind the window
            continue
        assert hit.explanation.boost == pytest.approx(min(1, wanted) * 0.3, abs=1e-6)
        told = sum(reason.gain for reason in hit.explanation.preferences)
        assert told == pytest.approx(hit.explanation.boost, abs=1e-6)
        seen.add(round(wanted, 1))
    assert seen == {0.0, 0.6, 0.7, 1.3}


@given(TEXTS, POLICIES)
@settings(max_examples=25, deadline=None)
def test_popularity_adds_its_share_within_the_window_and_to_nothing_identified(
    snapshot: Snapshot, text: str, policy: RankingPolicy
) -> None:
    share = np.random.default_rng(7).random(len(snapshot.products)).astype(np.float32)
    known = np.ones(len(share), np.bool_)
    taught = replace(policy, popularity=Popularity(share, share.astype(float), known))
    before = {hit.id: hit for hit in answer(snapshot, text, policy).hits}
    after = answer(snapshot, text, taught)
    weight = taught.popularity_weight * _scale(snapshot, text, policy)
    assert sorted(ids(after)) == sorted(before)
    assert all(one.score >= two.score for one, two in pairwise(after.hits))
    for hit in after.hits if text else ():
        explained = hit.explanation
        assert explained is not None
        if explained.fused_score is None:
            assert explained.popularity == 0
            continue
        row = snapshot.products.row(hit.id)
        expected = 0.0 if explained.identified else weight * float(share[row])
        assert explained.popularity == pytest.approx(expected, abs=1e-6)
        assert hit.score - before[hit.id].score == pytest.approx(expected, abs=1e-5)


def test_boosts_keep_what_popularity_gave(snapshot: Snapshot) -> None:
    share = np.linspace(0, 1, len(snapshot.products), dtype=np.float32)
    popularity = Popularity(share, share.astype(float), np.ones(len(share), np.bool_))
    policy = replace(POLICY, popularity=popularity)
    for hit in answer(snapshot, "jacket", policy, Boost(RED, 0.5)).hits:
        explained = hit.explanation
        assert explained is not None
        if explained.fused_score is not None:
            row = snapshot.products.row(hit.id)
            assert explained.popularity == pytest.approx(0.1 * float(share[row]), abs=1e-6)

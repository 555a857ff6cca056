"""Preferences reorder within bounds: they hide nothing, count nothing and can be explained."""

from __future__ import annotations

import gzip
from collections import Counter
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.build.reindex import ReindexOptions, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.answer import SearchResult
from searchsvc.learned.tastes import tastes_from
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.preferences.alignment import Alignment
from searchsvc.preferences.patterns import Patterns
from searchsvc.preferences.preferences import Preferences
from searchsvc.preferences.session import Session
from searchsvc.query.filters import AnyOf, Between, Filter
from searchsvc.query.query import Boost, FacetRequest, Grouping, Query
from searchsvc.reranking.single import SingleFeature
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import search
from searchsvc.segments.segments import SegmentBoost
from tests.searchsvc.preferences.taught import teach
from tests.searchsvc.shelf import ask, ids

if TYPE_CHECKING:
    from searchsvc.learned.model import Learned
    from tests.conftest import Build

EMBEDDER = HashingEmbedder(256)
NARROW = RankingPolicy(window=20, neighbours=25, min_cosine=0.1, min_cosine_share=0.3)
"""With products behind the window."""
RED = AnyOf("attributes.colour_family", ("red",))
CONDITIONS: list[Filter] = [
    RED,
    Between("price", 0, 40),
    Between("price", 100, 100_000),
    AnyOf("availability", ("in_stock",)),
    AnyOf("brand", ("Nobody",)),
]
FACETS = (FacetRequest("brand"), FacetRequest("price"), FacetRequest("product_type"))
TEXTS = ["jacket", "warm jacket for rainy hikes", "red shoe", "jaket", "", " ", "q", "zzz jacket"]
EVERYTHING = 3_000
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True, repr=False)  # Hypothesis shows it, and warns where that is long
class Shop:
    """The sample, what its events taught, and products by their identifiers."""

    snapshot: Snapshot
    model: Learned
    alignment: Alignment
    stored: list[dict[str, Any]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("part")
    whole = gzip.decompress((files("searchsvc.sample") / "feed.jsonl.gz").read_bytes())
    # A sixth of the sample, with variants beside each other.
    part = [line for n, line in enumerate(whole.splitlines(keepends=True)) if n % 60 < 10]
    (folder / "feed.jsonl").write_bytes(b"".join(part))
    layout = IndexLayout.of(folder / "data", "part")
    reindex(str(folder / "feed.jsonl"), layout, IndexSettings(), EMBEDDER, ReindexOptions())
    snapshot = open_snapshot(layout)
    stored = [orjson.loads(snapshot.products.json(row)) for row in range(len(snapshot.products))]
    model = teach(
        {
            product["id"]: {
                "brand": [product["brand"]] if "brand" in product else [],
                "words": sorted(set(product["title"].casefold().split())),
            }
            for product in stored[::2]
        },
        {product["id"]: float(n % 37) for n, product in enumerate(stored[::2])},
    )
    return Shop(snapshot, model, Alignment.of(model, snapshot), stored)


@st.composite
def likings(draw: st.DrawFn, shop: Shop) -> Preferences:
    """Preferences of any kind, that of nobody included."""
    rules = [
        SegmentBoost("s", f"rule {n}", draw(st.sampled_from(CONDITIONS)), weight)
        for n, weight in enumerate(draw(st.lists(st.floats(-1, 1, width=32), max_size=4)))
    ]
    bought = draw(st.lists(st.integers(0, len(shop.model.ids) - 1), max_size=6))
    viewed = draw(st.lists(st.sampled_from([it["id"] for it in shop.stored[:50]]), max_size=3))
    places = np.array(bought, np.int64)
    return Preferences(
        strength=draw(st.sampled_from([0.0, 30.0, 100.0])),
        patterns=Patterns.compile(rules, shop.snapshot) if rules else None,
        active=tuple(range(len(rules))),
        alignment=shop.alignment,
        tastes=tastes_from(shop.model, places, np.ones(len(places))),
        session=Session.of(viewed, shop.snapshot, 0.2, draw(st.sampled_from([0.5, 1.0]))),
    )


@st.composite
def policies(draw: st.DrawFn, shop: Shop) -> RankingPolicy:
    popularity = shop.alignment.popularity
    policy = draw(
        st.sampled_from(
            [
                NARROW,
                RankingPolicy(),
                replace(NARROW, fusion=Fusion.RRF),
                replace(NARROW, boost_limit=1.0),
                replace(NARROW, reranker=SingleFeature("coverage")),
            ]
        )
    )
    return replace(policy, popularity=popularity) if draw(st.booleans()) else policy


@st.composite
def queries(draw: st.DrawFn, shop: Shop, **given: Any) -> Query:
    identifiers = [shop.stored[5]["id"], shop.stored[8]["mpn"], shop.stored[9]["gtin"]]
    filters = st.none() | st.sampled_from([RED, Between("price", 0, 60)])
    drawn: dict[str, Any] = {
        "text": draw(st.sampled_from([*TEXTS, *identifiers])),
        "limit": EVERYTHING,
        "filter": draw(filters),
        "typing": draw(st.booleans()),
        "relax": draw(st.booleans()),
        "facets": FACETS,
        "grouping": draw(st.sampled_from([None, Grouping(), Grouping(count_items=True)])),
        "survey": True,
    }
    if draw(st.booleans()):
        drawn["boosts"] = (Boost(Between("price", 0, 50), draw(st.floats(-1, 1, width=32))),)
    return Query(**{**drawn, **given})


def said(result: SearchResult) -> dict[str, Any]:
    """All that an answer says but its order."""
    return {
        "total": result.total,
        "facets": result.facets,
        "understood": result.understood,
        "degraded": result.degraded,
        "relaxed": result.relaxed,
        "unfiltered_total": result.unfiltered_total,
        "capped": result.capped,
        "present": result.present,
        "relevant": result.relevant,
        "counts_groups": result.counts_groups,
    }


def members(result: SearchResult) -> Counter[object]:
    """What is on the pages: products, or the groups that stand for them."""
    return Counter(
        hit.id
        if hit.group is None or hit.group.value is None
        else (hit.group.value, hit.group.count)
        for hit in result.hits
    )


@QUIET
@given(st.data())
def test_an_answer_says_the_same_whoever_asks(shop: Shop, data: st.DataObject) -> None:
    sort = parse_sort(data.draw(st.sampled_from(["", "price", "-price", "newest", "rating"])))
    query = data.draw(queries(shop, sort=sort))
    policy, liking = data.draw(policies(shop)), data.draw(likings(shop))
    plain = search(query, shop.snapshot, EMBEDDER, policy)
    personal = search(query, shop.snapshot, EMBEDDER, policy, liking)
    assert said(personal) == said(plain)
    assert members(personal) == members(plain)
    if not sort:
        assert all(one.score >= two.score for one, two in pairwise(personal.hits))


@QUIET
@given(st.data())
def test_in_the_order_of_a_column_preferences_decide_nothing_but_ties(
    shop: Shop, data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(["price", "-price", "rating", "brand"]))
    query = data.draw(queries(shop, sort=parse_sort(field), grouping=None))
    policy, liking = data.draw(policies(shop)), data.draw(likings(shop))
    plain = search(query, shop.snapshot, EMBEDDER, policy)
    personal = search(query, shop.snapshot, EMBEDDER, policy, liking)

    def order(result: SearchResult) -> list[object]:
        products = [orjson.loads(hit.product) for hit in result.hits]
        name = field.removeprefix("-")
        if name == "price":
            paid = [it.get("sale_price") or it.get("price") for it in products]
            return [it["minor_units"] if it else None for it in paid]
        return [it.get(name) for it in products]

    if not plain.hits or query.text in TEXTS:
        assert order(personal) == order(plain)
    else:  # what the query identifies
        assert ids(personal)[: plain.relevant] == ids(plain)[: plain.relevant]


@QUIET
@given(st.data())
def test_what_the_query_identifies_stays_first(shop: Shop, data: st.DataObject) -> None:
    product = data.draw(st.sampled_from(shop.stored[:40]))
    text = data.draw(st.sampled_from([product["id"], product["mpn"], product["gtin"]]))
    against = SegmentBoost("s", "others", AnyOf("brand", (product["brand"],)), -1.0)
    query = data.draw(queries(shop, text=text, filter=None, explain=True, grouping=None))
    policy = data.draw(policies(shop))
    liking = replace(
        data.draw(likings(shop)),
        patterns=Patterns.compile([against], shop.snapshot),
        active=(0,),
    )
    plain = search(query, shop.snapshot, EMBEDDER, policy)
    first = search(query, shop.snapshot, EMBEDDER, policy, liking).hits[0]
    assert first.id == plain.hits[0].id == product["id"]
    assert first.score == plain.hits[0].score
    assert first.explanation is not None
    assert (first.explanation.boost, first.explanation.preferences) == (0, ())


@QUIET
@given(st.data())
def test_no_score_differs_by_more_than_the_limit_and_each_boost_is_explained(
    shop: Shop, data: st.DataObject
) -> None:
    """Also where everything is asked for: then the segments choose the window."""
    query = data.draw(queries(shop, boosts=(), grouping=None, explain=True))
    policy, liking = data.draw(policies(shop)), data.draw(likings(shop))
    plain = search(query, shop.snapshot, EMBEDDER, policy).hits
    before = {hit.id: (rank, hit.score) for rank, hit in enumerate(plain, 1)}
    scale = 1.0
    if policy.fusion is Fusion.RRF and query.text.strip():
        fused = [hit.explanation.fused_score or 0.0 for hit in plain if hit.explanation]
        scale = max(fused, default=0.0)
    bound = policy.boost_limit * scale + 1e-5
    for hit in search(query, shop.snapshot, EMBEDDER, policy, liking).hits:
        explained, (rank, score) = hit.explanation, before[hit.id]
        assert explained is not None
        assert abs(explained.boost) <= bound
        told = sum(reason.gain for reason in explained.preferences)
        assert told == pytest.approx(explained.boost, abs=2e-5)
        if explained.boosted_from is not None:
            assert explained.boosted_from == rank
            assert hit.score - score == pytest.approx(explained.boost, abs=2e-5)
        else:
            # What is shown of what lies behind is at most the score of the last in the window,
            # which segments may have chosen, and tastes moved as far again.
            reach = bound if query.text.strip() else 2 * bound
            assert -reach <= hit.score - score <= bound


@QUIET
@given(st.data())
def test_of_no_strength_they_leave_every_hit_as_it_was(shop: Shop, data: st.DataObject) -> None:
    query = data.draw(queries(shop, explain=data.draw(st.booleans())))
    policy, liking = data.draw(policies(shop)), data.draw(likings(shop))
    plain = search(query, shop.snapshot, EMBEDDER, policy)
    for same in (replace(liking, strength=0.0), Preferences(), None):
        found = search(query, shop.snapshot, EMBEDDER, policy, same)
        assert replace(found, stage_ms={}) == replace(plain, stage_ms={})


@QUIET
@given(st.data(), st.integers(1, 40))
def test_pages_show_each_product_once_in_one_order(
    shop: Shop, data: st.DataObject, size: int
) -> None:
    query = data.draw(queries(shop, facets=(), survey=False))
    policy, liking = data.draw(policies(shop)), data.draw(likings(shop))

    def page(offset: int, limit: int) -> list[str]:
        asked = replace(query, offset=offset, limit=limit)
        return ids(search(asked, shop.snapshot, EMBEDDER, policy, liking))

    whole = page(0, EVERYTHING)
    assert len(set(whole)) == len(whole)
    reached = min(len(whole), size * 4)
    walked = [name for offset in range(0, reached, size) for name in page(offset, size)]
    assert walked == whole[: len(walked)]
    assert len(walked) >= reached
    assert page(len(whole), size) == []


# Where nothing was asked, segments choose what is looked at.

SHELF = [
    {
        "id": f"p{n:03}",
        "title": "thing",
        "brand": "Rare" if n % 10 == 7 else "Common",
        "popularity": 200 - n,
    }
    for n in range(100)
]


def rare(snapshot: Snapshot, weight: float) -> Preferences:
    rule = SegmentBoost("s", "rare", AnyOf("brand", ("Rare",)), weight)
    return Preferences(100.0, Patterns.compile([rule], snapshot), (0,))


def test_what_a_segment_likes_less_falls_by_the_limit_and_not_behind_the_window(
    build: Build, layout: IndexLayout
) -> None:
    build(SHELF)
    shelf = open_snapshot(layout)
    policy = replace(NARROW, window=10)
    less = rare(shelf, -0.5)  # all but one of them are behind the window anyway
    result = search(Query("", limit=100, explain=True), shelf, HashingEmbedder(64), policy, less)
    score = {hit.id: hit.score for hit in result.hits}
    assert score["p007"] == pytest.approx(np.log1p(193) / np.log1p(200) - 0.15, abs=1e-6)
    (hit,) = (hit for hit in result.hits if hit.id == "p007")
    assert hit.explanation is not None
    assert (hit.explanation.boosted_from, hit.explanation.boost) == (8, pytest.approx(-0.15))


def test_a_segment_sees_its_products_from_behind_the_window(
    build: Build, layout: IndexLayout
) -> None:
    build(SHELF)
    shelf = open_snapshot(layout)
    policy = replace(NARROW, window=10)
    query = Query("", limit=100, explain=True)
    plain = search(query, shelf, HashingEmbedder(64), policy)
    ranks = {hit.id: rank for rank, hit in enumerate(plain.hits, 1)}
    found = search(query, shelf, HashingEmbedder(64), policy, rare(shelf, 1.0))
    assert ids(found)[:10] == [f"p{n:03}" for n in range(7, 100, 10)]
    for hit in found.hits[:10]:
        assert hit.explanation is not None
        assert hit.explanation.boosted_from == ranks[hit.id]
    assert sorted(ids(found)) == sorted(ids(plain))


def test_popularity_that_events_taught_orders_what_nobody_asked_for(
    build: Build, layout: IndexLayout
) -> None:
    build(SHELF)
    shelf = open_snapshot(layout)
    sold = {"p050": 9.0, "p003": 3.0, "p099": 1.0}
    alignment = Alignment.of(teach({it["id"]: {} for it in SHELF}, sold), shelf)
    policy = replace(NARROW, popularity=alignment.popularity)
    assert ids(ask(shelf, "", policy, limit=4)) == ["p050", "p003", "p099", "p000"]


def test_popularity_moves_what_is_equally_relevant_and_says_how_far(
    build: Build, layout: IndexLayout
) -> None:
    build(SHELF)
    shelf = open_snapshot(layout)
    sold = {"p050": 9.0, "p003": 3.0}
    popularity = Alignment.of(teach({it["id"]: {} for it in SHELF}, sold), shelf).popularity
    policy = RankingPolicy(popularity=popularity, semantic_weight=0.0, feedback_weight=0.0)
    plain = ask(shelf, "thing", replace(policy, popularity_weight=0.0), explain=True)
    result = ask(shelf, "thing", policy, explain=True)
    assert ids(plain)[:2] == ["p000", "p001"]
    assert ids(result)[:3] == ["p050", "p003", "p000"]
    gained = [hit.explanation.popularity for hit in result.hits if hit.explanation]
    assert gained[:3] == pytest.approx([0.1, 0.1 * np.log1p(3) / np.log1p(9), 0], abs=1e-6)
    assert result.hits[0].score - plain.hits[0].score == pytest.approx(0.1, abs=1e-6)
    assert result.hits[0].explanation is not None
    assert "popularity +0.1000" in result.hits[0].explanation.summary()

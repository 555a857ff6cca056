"""The invariants of the hot path, on small catalogues of every shape."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.lexical.clause import plain_clauses
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import BadFilterError, EmbeddingUnavailableError
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.query.filters import AnyOf, Between
from searchsvc.query.mask import row_mask
from searchsvc.query.query import Query
from searchsvc.search import SearchResult, search

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import Build

EMBEDDER = HashingEmbedder(256)
# A narrow window and few neighbours, so that small catalogues have a tail behind the window.
POLICY = RankingPolicy(window=20, neighbours=25, min_cosine=0.1, min_cosine_share=0.3)
QUERIES = st.sampled_from(
    [
        "jacket",
        "waterproof jacket men",
        "warm jacket for rainy hikes",
        "red shoe",
        "headphones usb-c",
        "P0000005",
        "p-0000005",
        "qqqq",
        "",
        "!!!",
        "the",
    ]
)
FILTERS = st.sampled_from(
    [
        None,
        AnyOf("availability", ("in_stock",)),
        Between("price", 0, 40),
        AnyOf("attributes.colour_family", ("red", "blue")),
        Between("price", -2, -1),
    ]
)
POLICIES = st.sampled_from(
    [
        POLICY,
        replace(POLICY, fusion=Fusion.RRF),
        replace(POLICY, semantic_weight=1.0),
        replace(POLICY, min_coverage=0.0),
        RankingPolicy(),
    ]
)


class Broken:
    def embed_query(self, text: str) -> NDArray[np.float32]:
        raise EmbeddingUnavailableError(f"no vector of {len(text)} characters")


@pytest.fixture(scope="module")
def snapshot(sample_data_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(sample_data_dir, "demo"))


def ask(
    snapshot: Snapshot, text: str, policy: RankingPolicy = POLICY, **changes: Any
) -> SearchResult:
    return search(Query(text, **changes), snapshot, EMBEDDER, policy)


def ids(result: SearchResult) -> list[str]:
    return [hit.id for hit in result.hits]


@given(QUERIES, FILTERS, POLICIES, st.integers(1, 400))
@settings(max_examples=60)
def test_walking_all_pages_yields_each_product_of_the_match_set_once(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy, limit: int
) -> None:
    limit = max(limit, 40)
    first = ask(snapshot, text, policy, filter=condition, limit=limit)
    walked: list[str] = []
    for offset in range(0, first.total + limit, limit):
        page = ask(snapshot, text, policy, filter=condition, limit=limit, offset=offset)
        assert page.total == first.total
        walked += ids(page)
    assert len(walked) == first.total
    assert len(set(walked)) == first.total


@given(QUERIES, FILTERS, POLICIES, st.integers(1, 60), st.integers(0, 80))
@settings(max_examples=60)
def test_a_page_is_a_window_on_one_order(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy, limit: int, offset: int
) -> None:
    whole = ask(snapshot, text, policy, filter=condition, limit=1_000)
    page = ask(snapshot, text, policy, filter=condition, limit=limit, offset=offset)
    assert ids(page) == ids(whole)[offset : offset + limit]
    assert [hit.score for hit in page.hits] == [
        hit.score for hit in whole.hits[offset : offset + limit]
    ]


@given(QUERIES, FILTERS, POLICIES)
@settings(max_examples=60)
def test_scores_never_rise_and_ties_break_by_id(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy
) -> None:
    hits = ask(snapshot, text, policy, filter=condition, limit=1_000, explain=True).hits
    for one, two in pairwise(hits):
        assert one.score >= two.score
        ranked = one.explanation is not None and one.explanation.fused_score is not None
        if ranked and one.score == two.score and two.explanation.fused_score is not None:  # type: ignore[union-attr]
            assert one.id < two.id


@given(QUERIES, FILTERS.filter(lambda condition: condition is not None), POLICIES)
@settings(max_examples=60)
def test_a_filter_only_narrows_the_match_set(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy
) -> None:
    policy = replace(policy, neighbours=3_001)  # no product is left out for lack of room
    everything = ask(snapshot, text, policy, limit=3_000)
    narrowed = ask(snapshot, text, policy, filter=condition, limit=3_000)
    inside = set(ids(ask(snapshot, "", policy, filter=condition, limit=3_000)))
    assert set(ids(narrowed)) == set(ids(everything)) & inside
    assert narrowed.total == len(ids(narrowed))


def test_a_narrow_filter_finds_neighbours_beyond_the_nearest_of_the_catalogue(
    snapshot: Snapshot,
) -> None:
    policy = replace(POLICY, neighbours=5, min_coverage=1.0)
    text = "waterproof jacket"
    nearest = snapshot.vectors.search(EMBEDDER.embed_query(text), 5)
    condition = Between("price", 0, 40)
    mask = row_mask(condition, snapshot.columns, len(snapshot.products))
    wanted = snapshot.vectors.search(EMBEDDER.embed_query(text), 5, mask)
    enough = max(policy.min_cosine, policy.min_cosine_share * float(nearest.scores[0]))
    expected = {snapshot.products.id(int(row)) for row in wanted.at_least(enough).rows}
    found = ask(snapshot, text, policy, filter=condition, limit=1_000)
    assert expected
    assert expected <= set(ids(found))


def test_a_part_number_brings_no_neighbours_in_meaning(snapshot: Snapshot) -> None:
    result = search(Query("p-0000005"), snapshot, Broken(), POLICY)
    assert result.degraded == ()  # nobody asked for a vector
    assert ids(result) == ["P0000005"]


@given(QUERIES, POLICIES)
@settings(max_examples=40)
def test_the_same_question_has_the_same_answer(
    snapshot: Snapshot, text: str, policy: RankingPolicy
) -> None:
    first, second = (ask(snapshot, text, policy, limit=100) for _ in range(2))
    assert first.hits == second.hits


@given(st.integers(0, 2_000), POLICIES, st.sampled_from(["id", "mpn", "gtin"]))
@settings(max_examples=80)
def test_an_exact_identifier_comes_first_however_it_is_typed(
    snapshot: Snapshot, row: int, policy: RankingPolicy, name: str
) -> None:
    product = orjson.loads(snapshot.products.json(row))
    typed = f" {product[name].lower()} ".replace("-", " ")
    best = ask(snapshot, typed, policy, explain=True).hits[0]
    assert orjson.loads(best.product)[name] == product[name]
    assert best.explanation is not None
    assert best.explanation.identified


def test_an_identified_product_beats_every_other_product(
    build: Build, layout: IndexLayout
) -> None:
    # The words of the query are all in the other titles, and the identified product has none.
    others = {"title": "red 100 shoe red 100", "description": "red 100"}
    named = {"id": "x", "title": "Unrelated", "mpn": "RED-100"}
    build([*({"id": f"p{number}", **others} for number in range(9)), named])
    snapshot = open_snapshot(layout)
    for fusion in Fusion:
        result = search(
            Query("red 100"), snapshot, HashingEmbedder(64), replace(POLICY, fusion=fusion)
        )
        assert result.hits[0].id == "x"


def test_a_filtered_out_identifier_stays_out(snapshot: Snapshot) -> None:
    result = ask(snapshot, "P0000005", filter=Between("price", -2, -1))
    assert result.total == 0


def test_without_a_vector_the_lexical_answer_is_marked_as_degraded(snapshot: Snapshot) -> None:
    result = search(Query("waterproof jacket", limit=50), snapshot, Broken(), POLICY)
    terms = snapshot.analyzer.terms("waterproof jacket")
    matches = snapshot.lexical.match(plain_clauses(terms), coverage=POLICY.min_coverage)
    assert result.degraded == ("semantic: no vector of 17 characters",)
    assert result.total == len(matches) > 0
    best = np.lexsort((matches.rows, -matches.scores))[:50]
    assert ids(result) == [snapshot.products.id(int(row)) for row in matches.rows[best]]


def test_an_empty_query_lists_the_catalogue_by_id_and_embeds_nothing(snapshot: Snapshot) -> None:
    result = search(Query("  ", limit=5), snapshot, Broken(), POLICY)
    assert result.degraded == ()
    assert result.total == len(snapshot.products)
    assert ids(result) == [snapshot.products.id(row) for row in range(5)]


def test_the_hits_are_the_union_of_both_legs(snapshot: Snapshot) -> None:
    text = "waterproof jacket"
    lexical = snapshot.lexical.match(snapshot.analyzer.terms(text), coverage=POLICY.min_coverage)
    near = snapshot.vectors.search(EMBEDDER.embed_query(text), POLICY.neighbours)
    cut = max(POLICY.min_cosine, POLICY.min_cosine_share * float(near.scores[0]))
    rows = set(lexical.rows.tolist()) | set(near.rows[near.scores >= cut].tolist())
    result = ask(snapshot, text, limit=1_000)
    assert set(ids(result)) == {snapshot.products.id(row) for row in rows}


def test_an_explanation_adds_up(snapshot: Snapshot) -> None:
    result = ask(snapshot, "waterproof jacket", limit=1_000, explain=True)
    best = max(hit.explanation.lexical_score or 0.0 for hit in result.hits if hit.explanation)
    ranked = [hit for hit in result.hits if hit.explanation and hit.explanation.fused_score]
    assert len(ranked) > 20
    for hit in ranked:
        explained = hit.explanation
        assert explained is not None
        assert explained.similarity is not None
        assert explained.lexical_score is not None
        expected = 0.6 * explained.similarity + 0.4 * explained.lexical_score / best
        assert hit.score == pytest.approx(expected, abs=1e-5)
    behind = [hit for hit in result.hits if hit not in ranked]
    assert behind
    assert all(h.explanation and "behind" in h.explanation.summary() for h in behind)
    lexical = [hit.explanation for hit in result.hits if hit.explanation]
    by_rank = sorted((e.lexical_rank, -e.lexical_score) for e in lexical if e.lexical_rank)
    assert [rank for rank, _ in by_rank] == list(range(1, len(by_rank) + 1))
    assert [score for _, score in by_rank] == sorted(score for _, score in by_rank)


def test_a_filter_that_does_not_fit_is_the_askers_mistake(snapshot: Snapshot) -> None:
    with pytest.raises(BadFilterError, match="unknown field"):
        ask(snapshot, "jacket", filter=AnyOf("colour!", ("red",)))


def test_every_stage_is_timed(snapshot: Snapshot) -> None:
    stages = ask(snapshot, "jacket").stage_ms
    assert list(stages) == ["mask", "lexical", "embed", "semantic", "match set", "fuse", "fetch"]


_titles = st.lists(
    st.lists(st.sampled_from(["red", "blue", "shoe", "hat", "oak"]), min_size=1, max_size=4),
    min_size=1,
    max_size=12,
)


@given(_titles, st.sampled_from(["red shoe", "oak", "hat hat blue", "zzz"]))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_catalogues_of_any_shape_answer(
    build: Build, layout: IndexLayout, titles: list[list[str]], text: str
) -> None:
    build([{"id": str(n), "title": " ".join(t)} for n, t in enumerate(titles)], force=True)
    snapshot = open_snapshot(layout)
    result = search(Query(text, limit=100), snapshot, HashingEmbedder(64), POLICY)
    assert result.total == len(result.hits) == len(set(ids(result)))

"""The invariants of the hot path, on small catalogues of every shape."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.answer import Hit, SearchResult
from searchsvc.errors import BadFilterError, BadQueryError, EmbeddingUnavailableError
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.query.filters import AnyOf, Between
from searchsvc.query.mask import row_mask
from searchsvc.query.query import Boost, Grouping, Query, SortKey
from searchsvc.query.understanding import understand
from searchsvc.ranking.fusion import lexical_share
from searchsvc.reranking.single import SingleFeature
from searchsvc.results.sort_keys import parse_sort
from searchsvc.search import Memory, search
from searchsvc.synonyms.document import SynonymsDocument
from searchsvc.synonyms.table import Synonyms

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
        "waterprof jakcet",
        "lap top 2 l for my son",
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
RERANKED = replace(POLICY, reranker=SingleFeature("coverage"))  # with many ties
POLICIES = st.sampled_from(
    [
        POLICY,
        replace(POLICY, fusion=Fusion.RRF),
        replace(POLICY, semantic_weight=1.0),
        replace(POLICY, min_coverage=0.0),
        RankingPolicy(),
        replace(POLICY, all_words_weight=1.0, feedback_weight=1.0),
        RERANKED,
        replace(RERANKED, fusion=Fusion.RRF),
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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=60, deadline=None)
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
@settings(max_examples=60, deadline=None)
def test_scores_never_rise_and_ties_break_by_id(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy
) -> None:
    hits = ask(snapshot, text, policy, filter=condition, limit=1_000, explain=True).hits
    for one, two in pairwise(hits):
        assert one.score >= two.score
        # Scores behind others may be lowered to theirs: a tie is one in every part.
        if one.score == two.score and _parts(one) == _parts(two):
            assert one.id < two.id


def _parts(hit: Hit) -> tuple[Any, ...]:
    explained = hit.explanation
    assert explained is not None
    parts = (explained.fused_score, explained.feedback, explained.identified)
    return (*parts, explained.lexical_score)


@given(QUERIES, FILTERS.filter(lambda condition: condition is not None), POLICIES)
@settings(max_examples=60, deadline=None)
def test_a_filter_only_narrows_the_match_set_unless_it_leaves_nothing(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy
) -> None:
    everything = ask(snapshot, text, policy, limit=3_000)
    narrowed = ask(snapshot, text, policy, filter=condition, limit=3_000)
    inside = set(ids(ask(snapshot, "", policy, filter=condition, limit=3_000)))
    left = set(ids(everything)) & inside
    if left or not everything.capped:
        assert set(ids(narrowed)) == left
    assert set(ids(narrowed)) <= inside
    assert narrowed.total == len(ids(narrowed))


def test_a_filter_that_leaves_none_of_the_nearest_finds_those_beyond_them(
    snapshot: Snapshot,
) -> None:
    text, policy = "zjackett", replace(POLICY, neighbours=5, correct_spelling=False)
    vector = EMBEDDER.embed_query(text)
    nearest = snapshot.vectors.search(vector, 5)
    assert policy.min_cosine is not None
    enough = max(policy.min_cosine, policy.min_cosine_share * float(nearest.scores[0]))
    stored = [orjson.loads(snapshot.products.json(row)) for row in range(len(snapshot.products))]
    taken = {stored[int(row)]["brand"] for row in nearest.rows}
    beyond = 0
    for brand in sorted({it["brand"] for it in stored} - taken):
        condition = AnyOf("brand", (brand,))
        mask = row_mask(condition, snapshot.columns, len(snapshot.products))
        wanted = snapshot.vectors.search(vector, 5, mask).at_least(enough)
        found = ask(snapshot, text, policy, filter=condition, limit=1_000)
        assert found.capped
        assert set(ids(found)) == {snapshot.products.id(int(row)) for row in wanted.rows}
        beyond += found.total > 0
    assert beyond > 5


def test_a_part_number_brings_no_neighbours_in_meaning(snapshot: Snapshot) -> None:
    result = search(Query("p-0000005"), snapshot, Broken(), POLICY)
    assert result.degraded == ()  # nobody asked for a vector
    assert ids(result) == ["P0000005"]


@given(QUERIES, POLICIES)
@settings(max_examples=40, deadline=None)
def test_the_same_question_has_the_same_answer(
    snapshot: Snapshot, text: str, policy: RankingPolicy
) -> None:
    first, second = (ask(snapshot, text, policy, limit=100) for _ in range(2))
    assert first.hits == second.hits


@given(st.integers(0, 2_000), POLICIES, st.sampled_from(["id", "mpn", "gtin"]))
@settings(max_examples=80, deadline=None)
def test_an_exact_identifier_comes_first_however_it_is_typed(
    snapshot: Snapshot, row: int, policy: RankingPolicy, name: str
) -> None:
    found = orjson.loads(snapshot.products.json(row))
    typed = f" {found[name].lower()} ".replace("-", " ")
    best = ask(snapshot, typed, policy, explain=True).hits[0]
    assert orjson.loads(best.product)[name] == found[name]
    assert best.explanation is not None
    assert best.explanation.identified


@pytest.mark.slow
@pytest.mark.parametrize("name", ["id", "mpn"])
def test_an_exact_identifier_comes_first_in_the_order_of_every_column(
    snapshot: Snapshot, name: str
) -> None:
    sorts = [parse_sort(sort) for sort in ("price", "-price", "newest", "rating")]
    for row in range(len(snapshot.products)):
        wanted = orjson.loads(snapshot.products.json(row))[name]
        memory = Memory()
        for sort in sorts:
            query = Query(wanted, limit=1, sort=sort)
            result = search(query, snapshot, EMBEDDER, POLICY, memory=memory)
            assert orjson.loads(result.hits[0].product)[name] == wanted
            assert result.relevant is not None
            assert 1 <= result.relevant <= result.total


def test_an_identified_product_comes_first_by_price_though_others_match_better_and_cost_less(
    build: Build, layout: IndexLayout
) -> None:
    others = {"title": "red 100 shoe red 100", "description": "red 100", "price": "1 EUR"}
    named = {"id": "x", "title": "Unrelated", "mpn": "RED-100", "price": "9 EUR"}
    build([*({"id": f"p{number}", **others} for number in range(9)), named])
    snapshot = open_snapshot(layout)
    for policy, boosts in product(
        (POLICY, replace(POLICY, fusion=Fusion.RRF), replace(POLICY, sort_relevance=0.0)),
        ((), (Boost(Between("price", 0, 2), 1.0), Boost(Between("price", 3, 10), -1.0))),
    ):
        query = Query("red 100", sort=parse_sort("price"), boosts=boosts)
        result = search(query, snapshot, HashingEmbedder(64), policy)
        assert ids(result) == ["x", *(f"p{number}" for number in range(9))]
        assert result.relevant == 1


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
    text = "waterproof jacket"
    result = search(Query(text, limit=50), snapshot, Broken(), POLICY)
    clauses = understand(text, snapshot, POLICY).clauses
    matches = snapshot.lexical.match(clauses, coverage=POLICY.min_coverage)
    assert result.degraded == ("semantic: no vector of 17 characters",)
    assert result.total == len(matches) > 20
    bonus = POLICY.all_words_weight * (matches.coverage >= 0.9999)
    scores = lexical_share(matches.scores, matches.ceiling) + bonus
    best = np.lexsort((matches.rows, -matches.scores))[:20]  # POLICY's window
    first = best[np.lexsort((matches.rows[best], -scores[best].astype(np.float32)))]
    rest = np.lexsort((matches.rows, -matches.scores))[20:50]
    rows = matches.rows[np.concatenate((first, rest))]
    assert ids(result) == [snapshot.products.id(int(row)) for row in rows]


@given(QUERIES, FILTERS, POLICIES)
@settings(max_examples=30, deadline=None)
def test_a_degraded_answer_has_the_same_order_on_every_page_and_nothing_beyond_the_whole_one(
    snapshot: Snapshot, text: str, condition: Any, policy: RankingPolicy
) -> None:
    query = Query(text, filter=condition, limit=3_000)
    degraded = search(query, snapshot, Broken(), policy)
    assert set(ids(degraded)) <= set(ids(search(query, snapshot, EMBEDDER, policy)))
    assert degraded.total == len(degraded.hits) == len(set(ids(degraded)))
    assert all(one.score >= two.score for one, two in pairwise(degraded.hits))
    page = search(replace(query, offset=15, limit=20), snapshot, Broken(), policy)
    assert page.hits == degraded.hits[15:35]


def test_a_misspelt_query_finds_what_was_meant_with_a_vector_and_without(
    snapshot: Snapshot,
) -> None:
    for embedder in (EMBEDDER, Broken()):
        wrong = search(Query("waterprof jakcet", limit=100), snapshot, embedder, POLICY)
        right = search(Query("waterproof jacket", limit=100), snapshot, embedder, POLICY)
        assert wrong.understood.corrected == "waterproof jacket"
        assert right.understood.corrected is None
        assert ids(wrong)[:10] == ids(right)[:10]
        off = replace(POLICY, correct_spelling=False)
        typed = search(Query("waterprof jakcet", limit=100), snapshot, embedder, off)
        assert typed.understood.corrected is None
        assert typed.total < right.total
        asked = Query("waterprof jakcet", limit=100, as_typed=True)
        assert search(asked, snapshot, embedder, POLICY).hits == typed.hits


def test_an_empty_query_lists_the_catalogue_by_popularity_and_embeds_nothing(
    snapshot: Snapshot,
) -> None:
    result = search(Query("  ", limit=100), snapshot, Broken(), POLICY)
    assert result.degraded == ()
    assert result.total == len(snapshot.products)
    stored = [orjson.loads(snapshot.products.json(row)) for row in range(result.total)]
    sold = {it["id"]: it["attributes"].get("popularity", 0) for it in stored}
    # Behind the window of 20, too; ties by id.
    assert ids(result) == sorted(sold, key=lambda name: (-sold[name], name))[:100]
    greatest = max(sold.values())
    for hit in result.hits[:20]:
        assert hit.score == pytest.approx(math.log1p(sold[hit.id]) / math.log1p(greatest))


@pytest.mark.parametrize("text", ["!!!", "???", " - ", "🎧"])
def test_a_text_without_words_is_an_empty_query(snapshot: Snapshot, text: str) -> None:
    for changes in (
        {},
        {"sort": parse_sort("price")},
        {"filter": Between("price", 0, 40)},
        {"boosts": (Boost(Between("price", 0, 40), 1.0),)},
        {"grouping": Grouping("brand")},
    ):
        result, empty = (
            search(Query(asked, limit=100, **changes), snapshot, Broken(), POLICY)
            for asked in (text, "")
        )
        assert result.degraded == ()
        assert (result.total, result.relevant) == (empty.total, empty.relevant)
        assert result.hits == empty.hits


@pytest.mark.parametrize("text", ["12345678901234", "910-005123"])
def test_a_number_that_no_product_has_matches_nothing(snapshot: Snapshot, text: str) -> None:
    for policy in (POLICY, RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0)):
        result = search(Query(text, relax=True), snapshot, Broken(), policy)
        assert (result.total, result.hits, result.degraded) == (0, (), ())
        assert result.relaxed is None


def test_the_hits_are_the_union_of_both_legs(snapshot: Snapshot) -> None:
    text = "waterproof jacket"
    clauses = understand(text, snapshot, POLICY).clauses
    lexical = snapshot.lexical.match(clauses, coverage=POLICY.min_coverage)
    near = snapshot.vectors.search(EMBEDDER.embed_query(text), POLICY.neighbours)
    assert POLICY.min_cosine is not None
    cut = max(POLICY.min_cosine, POLICY.min_cosine_share * float(near.scores[0]))
    rows = set(lexical.rows.tolist()) | set(near.rows[near.scores >= cut].tolist())
    result = ask(snapshot, text, limit=1_000)
    assert set(ids(result)) == {snapshot.products.id(row) for row in rows}


def test_an_explanation_adds_up(snapshot: Snapshot) -> None:
    text = "waterproof jacket"
    result = ask(snapshot, text, limit=1_000, explain=True)
    clauses = understand(text, snapshot, POLICY).clauses
    ceiling = snapshot.lexical.match(clauses, coverage=POLICY.min_coverage).ceiling
    ranked = [hit for hit in result.hits if hit.explanation and hit.explanation.fused_score]
    assert len(ranked) > 20
    weight = POLICY.semantic_weight
    for hit in ranked:
        explained = hit.explanation
        assert explained is not None
        assert explained.similarity is not None
        assert explained.fused_score is not None
        semantic = (explained.similarity - 0.35) / 0.65  # this model has no vocabulary to measure
        expected = weight * semantic + (1 - weight) * explained.lexical_score / ceiling
        if explained.coverage >= 0.9999 and explained.lexical_score > 0:
            expected += POLICY.all_words_weight
        assert explained.fused_score == pytest.approx(expected, abs=1e-5)
        assert hit.score == pytest.approx(explained.fused_score + explained.feedback, abs=1e-5)
    behind = [hit for hit in result.hits if hit not in ranked]
    assert behind
    assert all(h.explanation and "behind" in h.explanation.summary() for h in behind)
    lexical = [hit.explanation for hit in result.hits if hit.explanation]
    by_rank = sorted((e.lexical_rank, -e.lexical_score) for e in lexical if e.lexical_rank)
    assert [rank for rank, _ in by_rank] == list(range(1, len(by_rank) + 1))
    assert [score for _, score in by_rank] == sorted(score for _, score in by_rank)


def test_feedback_moves_products_and_removes_none(snapshot: Snapshot) -> None:
    text = "warm jacket for rainy hikes"
    without = ask(snapshot, text, replace(POLICY, feedback_weight=0.0), limit=1_000)
    strong = ask(snapshot, text, replace(POLICY, feedback_weight=1.0), limit=1_000)
    assert without.total == strong.total
    assert set(ids(without)) == set(ids(strong))
    assert ids(without) != ids(strong)


class Wordy(HashingEmbedder):
    """With a vocabulary, by which a build measures what cosines mean."""

    def words(self) -> list[str]:
        parts = ("ba", "do", "ke", "lim", "nor", "pus")
        return ["".join(syllables) for syllables in product(parts, repeat=3)]


SHELF = [
    {"id": f"p{number:02}", "title": f"{colour} {thing}"}
    for number, (colour, thing) in enumerate(
        product(
            ("red", "reddish", "blue", "bluish", "green", "grey"),
            ("lamp", "lampshade", "lantern", "lens", "ladder", "latch", "kettle"),
        )
    )
]
UNKNOWN = "reddishlampshade"
"""No product has the word; some have parts of it, which is what the embedder sees."""


@pytest.fixture
def measured(build: Build, layout: IndexLayout) -> Snapshot:
    """A catalogue whose model told what its unrelated cosines are."""
    build(SHELF, embedder=Wordy(64))
    return open_snapshot(layout)


def by_meaning(snapshot: Snapshot, text: str, policy: RankingPolicy) -> set[str]:
    """What is found for words that no product has, hence by meaning alone."""
    policy = replace(policy, correct_spelling=False, join_words=False)
    result = search(Query(text, limit=100, explain=True), snapshot, Wordy(64), policy)
    assert all(hit.explanation and hit.explanation.lexical_rank is None for hit in result.hits)
    return set(ids(result))


@pytest.mark.parametrize("strictness", [0.0, 0.3, 0.9, 0.925, 1.0])
def test_what_matches_by_meaning_is_nearer_than_so_many_unrelated_queries_come(
    measured: Snapshot, strictness: float
) -> None:
    least = measured.manifest.semantic.foreign_cosine(strictness)
    assert least is not None
    near = measured.vectors.search(Wordy(64).embed_query(UNKNOWN), len(SHELF))
    expected = {measured.products.id(int(row)) for row in near.at_least(least).rows}
    policy = RankingPolicy(strictness=strictness, min_cosine_share=0.0)
    assert by_meaning(measured, UNKNOWN, policy) == expected
    assert 0 < len(expected) < len(SHELF)


def test_stricter_means_fewer(measured: Snapshot) -> None:
    found = [
        by_meaning(measured, UNKNOWN, RankingPolicy(strictness=share / 10, min_cosine_share=0.0))
        for share in range(11)
    ]
    assert all(more >= fewer for more, fewer in pairwise(found))
    assert len(found[0]) > len(found[-1])


@pytest.mark.parametrize("strictness", [0.0, 1.0])
def test_a_given_cosine_overrides_the_strictness(measured: Snapshot, strictness: float) -> None:
    near = measured.vectors.search(Wordy(64).embed_query(UNKNOWN), len(SHELF))
    middle = float(near.scores[20])
    policy = RankingPolicy(min_cosine=middle, min_cosine_share=0.0, strictness=strictness)
    expected = {measured.products.id(int(row)) for row in near.at_least(middle).rows}
    assert by_meaning(measured, UNKNOWN, policy) == expected


def test_a_measured_catalogue_scores_from_its_own_zero(measured: Snapshot) -> None:
    policy = RankingPolicy(semantic_weight=1.0, all_words_weight=0.0, feedback_weight=0.0)
    zero = measured.manifest.semantic.foreign_cosine(0.5)
    assert zero is not None
    assert zero != pytest.approx(0.35, abs=1e-3)
    for hit in search(Query("red lamp", explain=True), measured, Wordy(64), policy).hits:
        assert hit.explanation is not None
        assert hit.explanation.similarity is not None
        expected = (hit.explanation.similarity - zero) / (1 - zero)
        assert hit.score == pytest.approx(expected, abs=1e-5)


def test_what_must_never_be_meant_is_not_found_by_meaning_either(
    build: Build, layout: IndexLayout
) -> None:
    titles = ["vans", "minivan", "minivan and vans", "caravan", "kettle"]
    build([{"id": title, "title": title} for title in titles])
    snapshot = open_snapshot(layout)
    policy = replace(POLICY, min_cosine=0.01, min_cosine_share=0.0)
    embedder = HashingEmbedder(64)
    document = SynonymsDocument.model_validate({"never": [["vans", "minivan"]]})
    never = Synonyms.compile(document, lambda text: tuple(snapshot.analyzer.terms(text)))
    before = search(Query("vans"), snapshot, embedder, policy)
    after = search(Query("vans"), snapshot, embedder, replace(policy, synonyms=never))
    assert {"vans", "minivan", "minivan and vans"} <= set(ids(before))
    assert set(ids(after)) == set(ids(before)) - {"minivan"}
    assert ids(after)[0] == "vans"


def test_a_synonym_is_found_by_words_and_by_meaning(build: Build, layout: IndexLayout) -> None:
    titles = ["vacuum cleaner", "space heater", "kettle"]
    build([{"id": title, "title": title} for title in titles])
    snapshot = open_snapshot(layout)
    document = SynonymsDocument.model_validate({"sets": [["hoover", "vacuum cleaner"]]})
    synonyms = Synonyms.compile(document, lambda text: tuple(snapshot.analyzer.terms(text)))
    policy = replace(POLICY, min_cosine=0.3)
    plain = search(Query("hoover"), snapshot, HashingEmbedder(64), policy)
    assert "vacuum cleaner" not in ids(plain)
    both = search(
        Query("hoover", explain=True),
        snapshot,
        HashingEmbedder(64),
        replace(policy, synonyms=synonyms),
    )
    assert ids(both)[0] == "vacuum cleaner"
    explained = both.hits[0].explanation
    assert explained is not None
    assert explained.lexical_rank == explained.semantic_rank == 1
    assert both.understood.readings == ("vacuum cleaner",)


def test_a_filter_that_does_not_fit_is_the_askers_mistake(snapshot: Snapshot) -> None:
    with pytest.raises(BadFilterError, match="unknown field"):
        ask(snapshot, "jacket", filter=AnyOf("colour!", ("red",)))


def test_every_stage_is_timed(snapshot: Snapshot) -> None:
    stages = ask(snapshot, "jacket").stage_ms
    assert list(stages) == [
        "mask",
        "understand",
        "lexical",
        "embed",
        "semantic",
        "match set",
        "fuse",
        "arrange",
        "facets",
        "fetch",
    ]
    boosted = ask(snapshot, "jacket", RERANKED, boosts=(Boost(AnyOf("brand", ("x",)), 1.0),))
    assert list(boosted.stage_ms)[6:10] == ["fuse", "rerank", "boost", "arrange"]
    assert "fuse" not in ask(snapshot, "jacket", limit=0).stage_ms  # nothing is to be ordered


def test_a_reranker_changes_the_order_only_and_can_be_switched_off(snapshot: Snapshot) -> None:
    plain, reranked, off = (
        ask(snapshot, "warm jacket for rainy hikes", policy, limit=1_000, explain=True)
        for policy in (POLICY, RERANKED, replace(RERANKED, rerank=False))
    )
    assert ids(reranked) != ids(plain)
    assert sorted(ids(reranked)) == sorted(ids(plain))
    assert reranked.total == plain.total
    assert off.hits == plain.hits
    assert set(reranked.stage_ms) - set(plain.stage_ms) == {"rerank"}
    before = [hit.explanation.reranked_from for hit in reranked.hits if hit.explanation]
    moved = [rank for rank in before if rank is not None]
    assert sorted(moved) == list(range(1, len(moved) + 1))
    for hit, rank in zip(reranked.hits, before, strict=True):
        assert rank is None or plain.hits[rank - 1].id == hit.id


_titles = st.lists(
    st.lists(st.sampled_from(["red", "blue", "shoe", "hat", "oak"]), min_size=1, max_size=4),
    min_size=1,
    max_size=12,
)


@given(_titles, st.sampled_from(["red shoe", "oak", "hat hat blue", "zzz"]))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_catalogues_of_any_shape_answer(
    build: Build, layout: IndexLayout, titles: list[list[str]], text: str
) -> None:
    build([{"id": str(n), "title": " ".join(t)} for n, t in enumerate(titles)], force=True)
    snapshot = open_snapshot(layout)
    result = search(Query(text, limit=100), snapshot, HashingEmbedder(64), POLICY)
    assert result.total == len(result.hits) == len(set(ids(result)))


@pytest.mark.parametrize(
    "wrong",
    [{"sort": (SortKey("prize"),)}, {"grouping": Grouping("prize", count_items=True)}],
)
def test_a_column_that_there_is_not_is_a_mistake_even_on_a_page_without_hits(
    snapshot: Snapshot, wrong: dict[str, Any]
) -> None:
    with pytest.raises(BadQueryError, match="'prize'"):
        ask(snapshot, "jacket", limit=0, **wrong)

"""A scope: what does not fulfil it does not exist, whatever is asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.derived import Derived
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from indexer.vectors.exact import ExactIndex
from searchsvc.answer import SearchResult
from searchsvc.errors import BadQueryError, ForbiddenError, ProductNotFoundError
from searchsvc.policy import RankingPolicy
from searchsvc.query.filters import (
    And,
    AnyOf,
    Exists,
    Filter,
    Near,
    Not,
    Spot,
    Written,
    parse_filter,
)
from searchsvc.query.query import FacetRequest, Grouping, Query
from searchsvc.query.understanding import understand
from searchsvc.results.sort_keys import parse_sort
from searchsvc.retrieval import retrieve
from searchsvc.search import Memory, search
from searchsvc.similar import similar
from searchsvc.suggesting.curation import Curation
from searchsvc.suggesting.document import PopularQuery, SuggestionsDocument
from searchsvc.suggesting.suggest import SuggestionRequest, Suggestions, suggest
from searchsvc.visible import Visible
from searchsvc.widening import Widening
from tests.searchsvc.recount import (
    Condition,
    Product,
    between,
    counted,
    equals,
    every,
    exists,
    group_of,
    negated,
    values,
)
from tests.searchsvc.shelf import WORDS_ONLY, ask, ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Build

EMBEDDER = HashingEmbedder(256)
WIDE = RankingPolicy(min_cosine=0.3, neighbours=10_000)
NARROW = RankingPolicy(min_cosine=0.1, min_cosine_share=0.3, window=20, neighbours=25)
NARROWEST = replace(NARROW, neighbours=3, min_coverage=1.0)
"""With filters that leave none of the neighbours, and no product by words either."""
UNCUT = replace(WIDE, min_cosine_share=0.0)
"""Neither the nearest product nor the number of neighbours keeps another from matching."""
EXAMPLES = int(os.environ.get("SEARCHSVC_TEST_EXAMPLES", "100"))
"""Of each property; more are tried by hand."""
FIELDS = ["brand", "price", "attributes.colour_family", "product_type", "rating"]
FACETS = ["brand", "product_type", "attributes.colour_family", "price"]
OURS = AnyOf("attributes.shop", ("ours",))


@dataclass(frozen=True)
class Catalogue:
    snapshot: Snapshot
    products: dict[str, Product]
    texts: list[str]
    choices: dict[str, list[Any]]


@pytest.fixture(scope="module")
def sample(sample_data_dir: Any) -> Catalogue:
    snapshot = open_snapshot(IndexLayout.of(sample_data_dir, "demo"))
    stored = [orjson.loads(snapshot.products.json(row)) for row in range(len(snapshot.products))]
    queries = (files("searchsvc.sample") / "queries.jsonl").read_bytes()
    return Catalogue(
        snapshot,
        {product["id"]: product for product in stored},
        [orjson.loads(line)["text"] for line in queries.splitlines()]
        + [stored[row]["mpn"] for row in range(0, len(stored), 50)]
        + [""] * 20,
        {
            field: sorted({it for product in stored for it in values(product, field)}, key=str)
            for field in FIELDS
        },
    )


@st.composite
def conditions(draw: st.DrawFn, catalogue: Catalogue) -> Condition:
    field = draw(st.sampled_from(FIELDS))
    known = st.sampled_from(catalogue.choices[field])
    first, second = draw(known), draw(known)
    leaf = exists(field)
    if isinstance(first, float):
        leaf = between(field, min(first, second), max(first, second))
    elif draw(st.booleans()):
        leaf = equals(field, *dict.fromkeys((first, second)))
    return negated(leaf) if draw(st.integers(0, 3)) == 0 else leaf


@dataclass(frozen=True)
class Asked:
    query: Query
    scope: Condition
    conditions: tuple[Condition, ...]
    policy: RankingPolicy


@st.composite
def questions(draw: st.DrawFn, catalogue: Catalogue) -> Asked:
    text = draw(st.sampled_from(catalogue.texts))
    place = draw(st.integers(0, max(len(text) - 1, 0)))
    text = draw(st.sampled_from([text, text[:place] + text[place + 1 :], text[: place + 1]]))
    scope = draw(conditions(catalogue))
    chosen = tuple(draw(st.lists(conditions(catalogue), max_size=2)))
    query = Query(
        text,
        limit=draw(st.sampled_from([5, 60])),
        offset=draw(st.sampled_from([0, 0, 5])),
        filter=parsed(chosen),
        typing=draw(st.booleans()),
        explain=True,
        sort=parse_sort(draw(st.sampled_from(["", "", "price", "rating:desc,brand"]))),
        facets=tuple(
            FacetRequest(field, limit=1_000, disjunctive=draw(st.booleans())) for field in FACETS
        ),
        grouping=draw(
            st.none() | st.builds(Grouping, st.sampled_from(["item_group_id", "brand"]))
        ),
        survey=True,
        scope=parsed((scope,)),
    )
    return Asked(query, scope, chosen, draw(st.sampled_from([WIDE, NARROW, NARROWEST])))


def parsed(parts: tuple[Condition, ...]) -> Filter | None:
    whole = every(parts)
    return None if whole is None else parse_filter(whole.json)


def answered(catalogue: Catalogue, asked: Asked, **changes: Any) -> SearchResult:
    return search(replace(asked.query, **changes), catalogue.snapshot, EMBEDDER, asked.policy)


def members(catalogue: Catalogue, asked: Asked, **changes: Any) -> list[Product]:
    """The match set, from its pages."""
    plain = {"sort": (), "grouping": None, "facets": (), "limit": 1_000, "offset": 0}
    found: list[Product] = []
    while True:
        page = answered(catalogue, asked, **{**plain, **changes, "offset": len(found)})
        found += [orjson.loads(hit.product) for hit in page.hits]
        if len(found) == page.total:
            return found


def test_a_filter_leaves_of_a_scope_what_passes_it(sample: Catalogue) -> None:
    """As of a catalogue: only where it leaves nothing, it is looked further."""

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = data.draw(questions(sample))
        whole = every(asked.conditions)
        shown = {product["id"] for product in members(sample, asked)}
        everything = members(sample, asked, filter=None)
        assert all(map(asked.scope.holds, everything))
        left = {it["id"] for it in everything if whole is None or whole.holds(it)}
        if left or not answered(sample, asked).capped:
            assert shown == left
            return
        room = replace(asked, policy=replace(asked.policy, neighbours=len(sample.products)))
        near = {product["id"] for product in members(sample, room)}
        assert shown <= near
        assert len(shown) == min(len(near), asked.policy.neighbours)

    property_holds()


def test_where_nothing_is_cut_a_scope_answers_as_a_filter(sample: Catalogue) -> None:
    """The same products, order, scores, explanations, groups and counts as with both filters."""

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = replace(data.draw(questions(sample)), policy=UNCUT)
        scope, condition = asked.query.scope, asked.query.filter
        assert scope is not None
        both = scope if condition is None else And((scope, condition))
        exact = tuple(replace(it, disjunctive=False) for it in asked.query.facets)
        scoped = answered(sample, asked, facets=exact)
        filtered = answered(sample, asked, facets=exact, scope=None, filter=both)
        if scoped.encoders != filtered.encoders:  # see the test of identifiers
            assert any(sign.isdigit() for sign in asked.query.text)
            return
        assert (scoped.total, scoped.relevant) == (filtered.total, filtered.relevant)
        assert scoped.hits == filtered.hits
        assert [it.values for it in scoped.facets] == [it.values for it in filtered.facets]
        assert [it.statistics for it in scoped.facets] == [it.statistics for it in filtered.facets]
        assert scoped.present == filtered.present

    property_holds()


def test_a_scope_that_everything_fulfils_answers_as_none(sample: Catalogue) -> None:
    everyone = Not(AnyOf("brand", ("nobody's",)))

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = data.draw(questions(sample))
        text = asked.query.text + data.draw(st.sampled_from(["", "", " zzzq"]))
        one, other = (
            answered(sample, asked, text=text, scope=scope, relax=True)
            for scope in (everyone, None)
        )
        assert replace(one, stage_ms={}) == replace(other, stage_ms={})

    property_holds()


# By meaning: neighbours are looked for among what is visible.


def test_neighbours_are_the_nearest_inside_by_the_best_inside(sample: Catalogue) -> None:
    """What a product of matrices says; what is as near as the bar may be on either side of it."""
    every_row = np.arange(len(sample.products))
    vectors = sample.snapshot.vectors.gather(every_row).astype(np.float64)
    close = 1e-6

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = data.draw(questions(sample))
        policy, scope = asked.policy, Visible.of(sample.snapshot, asked.query.scope).mask
        understood = understand(asked.query.text, sample.snapshot, policy)
        found = retrieve(
            asked.query.text,
            understood,
            sample.snapshot,
            EMBEDDER,
            policy,
            lambda _: None,
            scope=scope,
        )
        near = found.found.semantic
        if found.vector is None:
            assert (len(near), found.capped) == (0, False)
            return
        inside = every_row if scope is None else np.flatnonzero(scope)
        cosines = vectors @ found.vector
        assert policy.min_cosine is not None
        best = max(cosines[inside], default=0.0)
        bar = max(policy.min_cosine, policy.min_cosine_share * best)
        assert set(near.rows) <= set(inside)
        assert near.scores == pytest.approx(cosines[near.rows], abs=close)
        assert (near.scores >= bar - close).all()
        left = np.setdiff1d(inside, near.rows)
        if len(near) == policy.neighbours:
            bar = near.scores[-1]
        assert (cosines[left] <= bar + close).all()
        assert found.capped == (len(near) == policy.neighbours)

    property_holds()


def test_vectors_of_others_change_nothing(sample: Catalogue) -> None:
    snapshot = sample.snapshot
    vectors = snapshot.vectors.gather(np.arange(len(sample.products)))

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = data.draw(questions(sample))
        visible = Visible.of(snapshot, asked.query.scope)
        if visible.mask is None:
            return
        hidden = np.flatnonzero(~visible.mask)
        query = EMBEDDER.embed_query(asked.query.text or "nothing")
        others = data.draw(st.sampled_from([query, -query, vectors[hidden[::-1]]]))
        changed = vectors.copy()
        changed[hidden] = others
        other = replace(
            snapshot, vectors=ExactIndex(changed.astype(np.float16)), derived=Derived()
        )
        wider = data.draw(st.booleans())
        one, another = (
            replace(answered(it, asked, relax=wider), stage_ms={})
            for it in (sample, replace(sample, snapshot=other))
        )
        assert one == another
        for row in visible.rows[:1].tolist():
            anchor, scope = snapshot.products.id(row), asked.query.scope
            assert similar(anchor, snapshot, NARROW, limit=5, scope=scope) == similar(
                anchor, other, NARROW, limit=5, scope=scope
            )

    property_holds()


def test_a_small_part_of_an_index_has_its_own_neighbours(
    build: Build, layout: IndexLayout
) -> None:
    """Where others are all nearer: more than are taken, too near for it to be beside them."""
    ours = [stock("ours", n, title) for n, title in enumerate(("samovars", "samovarium", "urn"))]
    crowd = [stock("theirs", n, "samovarischuv") for n in range(9)]
    policy = RankingPolicy(
        min_cosine=0.0, min_cosine_share=0.9, neighbours=2, correct_spelling=False
    )

    def found(scope: Filter | None) -> dict[str, float]:
        """By meaning; no product has the word."""
        snapshot = open_snapshot(layout)
        understood = understand("samovarisch", snapshot, policy)
        mask = Visible.of(snapshot, scope).mask
        retrieval = retrieve(
            "samovarisch",
            understood,
            snapshot,
            HashingEmbedder(64),
            policy,
            lambda _: None,
            scope=mask,
        )
        near = retrieval.found.semantic
        assert len(near) == len(retrieval.found)
        names = map(snapshot.products.id, near.rows.tolist())
        return dict(zip(names, near.scores.tolist(), strict=True))

    build(ours)
    alone = found(None)
    build(ours + crowd)
    everything = found(None)
    assert all(product_id.startswith("theirs") for product_id in everything)
    assert 0.9 * min(everything.values()) > max(alone.values()) > 0
    assert found(OURS) == alone


def test_everything_that_is_said_is_recounted_from_products_inside(sample: Catalogue) -> None:
    seen = {"disjunctive": 0}

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = data.draw(questions(sample))
        result = answered(sample, asked)
        inside = members(sample, asked)
        whole = every((asked.scope, *asked.conditions))
        assert whole is not None
        assert all(whole.holds(product) for product in inside)
        grouping = asked.query.grouping
        by = None if grouping is None else grouping.field
        assert result.total == len({owner(product, by) for product in inside})
        for hit in result.hits:
            others = () if hit.group is None else hit.group.others
            shown = (hit.id, *(member.id for member in others))
            assert all(whole.holds(sample.products[product_id]) for product_id in shown)
        known = {str(asked.conditions): inside}
        for facet in result.facets:
            kept = asked.conditions
            if facet.request.disjunctive:
                kept = tuple(it for it in kept if it.fields != {facet.request.field})
                seen["disjunctive"] += len(kept) < len(asked.conditions)
            if str(kept) not in known:
                known[str(kept)] = members(sample, asked, filter=parsed(kept))
            expected = counted(facet.request, known[str(kept)], by)
            assert [(it.value, it.count) for it in facet.values] == expected.values
        for field in FIELDS:
            having = sum(bool(values(product, field)) for product in inside)
            assert result.present.get(field, 0) == having
        if result.unfiltered_total is not None:
            outside_filter = members(sample, asked, filter=None)
            assert all(map(asked.scope.holds, outside_filter))
            assert result.unfiltered_total == len({owner(it, by) for it in outside_filter})

    property_holds()
    assert seen["disjunctive"] > 0


def owner(product: Product, field: str | None) -> Any:
    return product["id"] if field is None else group_of(product, field)


def test_a_wider_answer_stays_inside_and_is_wider_than_nothing(sample: Catalogue) -> None:
    kinds: set[Widening] = set()

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def property_holds(data: st.DataObject) -> None:
        asked = data.draw(questions(sample))
        text = f"{asked.query.text} {data.draw(st.sampled_from(['zzzq', 'unicorn vapour']))}"
        policy = replace(asked.policy, min_cosine=0.99, min_coverage=1.0)
        asked = replace(asked, query=replace(asked.query, text=text), policy=policy)
        result = answered(sample, asked, relax=True)
        whole = every((asked.scope, *asked.conditions))
        assert whole is not None
        if result.relaxed is not None:
            kinds.add(result.relaxed.kind)
            assert result.total > 0
        for hit in result.hits:
            assert whole.holds(sample.products[hit.id])

    property_holds()
    assert kinds  # what is random may lack one of the two; each has tests of its own


# Small shops, of which the scope is a part.


def stock(shop: str, number: int, title: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"{shop}-{number}", "title": title, "shop": shop, **fields}


def our(snapshot: Snapshot, text: str, **changes: Any) -> SearchResult:
    return ask(snapshot, text, scope=OURS, **changes)


@pytest.fixture
def fair(build: Build, layout: IndexLayout) -> Snapshot:
    """Two shops in one index."""
    build(
        [
            *(
                stock("ours", n, "Copper kettle", mpn=f"CKQ{n}5{n}", price=f"{n + 10} EUR")
                for n in range(6)
            ),
            stock("ours", 6, "Linen napkin", item_group_id="linen", color="white"),
            *(
                stock("theirs", n, "Silver samovar", mpn=f"SVQ{n}7{n}", brand="Argent")
                for n in range(6)
            ),
            stock("theirs", 6, "Linen samovar cosy", item_group_id="linen", vault_code="x"),
            stock("theirs", 7, "Copper samovar"),
        ]
    )
    return open_snapshot(layout)


@pytest.mark.parametrize("text", ["samovar", "svq-373", "theirs-3", "Argent"])
def test_what_is_outside_is_not_found_by_any_name(fair: Snapshot, text: str) -> None:
    assert ask(fair, text).total > 0
    found = our(fair, text)
    assert (found.total, found.hits, found.unfiltered_total) == (0, (), None)


def test_an_identifier_outside_does_not_keep_a_query_from_being_understood(
    fair: Snapshot,
) -> None:
    """What it equals outside would otherwise tell that there is such a product."""
    outside, nowhere = (
        search(Query(text, scope=OURS), fair, HashingEmbedder(64), RankingPolicy())
        for text in ("SVQ373 kettle", "SVQ979 kettle")
    )
    assert outside.encoders == nowhere.encoders != ()
    named = search(Query("svq373", scope=OURS), fair, HashingEmbedder(64), RankingPolicy())
    unknown = search(Query("svq979", scope=OURS), fair, HashingEmbedder(64), RankingPolicy())
    assert named.encoders == unknown.encoders


def test_words_that_are_an_identifier_outside_are_words(build: Build, layout: IndexLayout) -> None:
    build([stock("ours", 1, "Copper kettle"), {"id": "copper-kettle-7", "title": "Urn"}])
    snapshot = open_snapshot(layout)

    def encoders(text: str, scope: Filter | None) -> tuple[str, ...]:
        asked = Query(text, scope=scope)
        return search(asked, snapshot, HashingEmbedder(64), RankingPolicy()).encoders

    assert encoders("copper kettle 7", None) == ()
    assert encoders("copper kettle 7", OURS) == encoders("copper kettle 9", OURS) != ()


def test_the_other_members_of_a_group_are_inside(fair: Snapshot) -> None:
    (hit,) = our(fair, "linen", grouping=Grouping()).hits
    assert hit.group is not None
    assert (hit.group.count, hit.group.others) == (1, ())


def test_what_would_match_without_the_filter_is_counted_inside(fair: Snapshot) -> None:
    found = our(fair, "linen", filter=AnyOf("color", ("black",)))
    assert (found.total, found.unfiltered_total) == (0, 1)
    assert ask(fair, "linen", filter=AnyOf("color", ("black",))).unfiltered_total == 2


def test_without_a_filter_nothing_is_said_of_what_would_match(fair: Snapshot) -> None:
    assert our(fair, "samovar").unfiltered_total is None


def test_a_word_that_only_others_have_is_not_what_a_query_is_widened_by(fair: Snapshot) -> None:
    strict = replace(WORDS_ONLY, min_coverage=1.0)
    found = ask(fair, "copper samovar", strict, scope=OURS, relax=True)
    assert found.total == 6
    assert found.relaxed is not None
    assert found.relaxed.dropped == ("samovar",)
    rarer = ask(fair, "copper cosy", strict, scope=OURS, relax=True)
    assert rarer.relaxed is not None
    assert (rarer.total, rarer.relaxed.dropped) == (6, ("cosy",))
    unknown = ask(fair, "copper zyzzyva samovar", strict, scope=OURS, relax=True)
    assert unknown.relaxed is not None
    assert unknown.relaxed.dropped == ("zyzzyva", "samovar")


def test_the_nearest_in_meaning_are_the_nearest_inside(fair: Snapshot) -> None:
    far = replace(WORDS_ONLY, min_cosine=0.999)
    found = ask(fair, "samovars samovarish", far, scope=OURS, relax=True, as_typed=True)
    assert found.relaxed is not None
    assert found.relaxed.kind is Widening.MEANING
    assert {hit.id.partition("-")[0] for hit in found.hits} == {"ours"}
    assert found.total == 7


def test_boosts_and_orders_do_not_bring_anything_back(fair: Snapshot) -> None:
    found = our(fair, "", sort=parse_sort("-brand,price"), limit=50)
    assert {it.partition("-")[0] for it in ids(found)} == {"ours"}
    assert found.total == len(found.hits) == 7


def test_corrections_that_only_others_have_are_not_told(fair: Snapshot) -> None:
    assert ask(fair, "samovr kettel").understood.corrected == "samovar kettle"
    found = our(fair, "samovr kettel", explain=True).understood
    assert found.corrected == found.text == "samovr kettle"
    assert {step.meant for step in found.steps} == {"kettle"}
    alone = our(fair, "samovr", explain=True).understood
    assert (alone.corrected, alone.text, alone.readings, alone.steps) == (None, "samovr", (), ())


def test_completions_that_only_others_have_are_not_told(fair: Snapshot) -> None:
    assert ask(fair, "silver sam", typing=True).understood.text == "silver samovar"
    found = our(fair, "silver sam", typing=True, explain=True).understood
    assert (found.text, found.steps) == ("silver sam", ())
    assert our(fair, "copper kett", typing=True).understood.text == "copper kettle"


def test_a_wider_answer_does_not_tell_the_words_of_others(fair: Snapshot) -> None:
    far = replace(WORDS_ONLY, min_cosine=0.999)
    found = ask(fair, "samovr", far, scope=OURS, relax=True)
    assert found.relaxed is not None
    assert found.relaxed.text == "samovr"


def test_where_nothing_is_hidden_a_wider_answer_is_told_as_to_anybody(fair: Snapshot) -> None:
    strict = replace(WORDS_ONLY, min_coverage=1.0)
    white = AnyOf("color", ("white",))

    def dropped(scope: Filter | None) -> tuple[str, ...]:
        text = "copper zyzzyva samovar linen"
        found = ask(fair, text, strict, scope=scope, filter=white, relax=True)
        assert found.relaxed is not None
        return found.relaxed.dropped

    assert dropped(Exists("attributes.shop")) == dropped(None)
    assert "zyzzyva" not in dropped(None)
    assert "zyzzyva" in dropped(Exists("color"))


def test_only_what_is_inside_is_capped(fair: Snapshot) -> None:
    few = RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0, neighbours=3)
    white = And((OURS, AnyOf("color", ("white",))))
    for scope, capped in ((None, True), (OURS, True), (white, False)):
        found = search(Query("copper", scope=scope), fair, HashingEmbedder(64), few)
        assert found.capped == capped


def test_columns_of_others_have_no_names_but_may_be_asked_for(fair: Snapshot) -> None:
    seen = Visible.of(fair, OURS).snapshot.columns
    assert "attributes.vault_code" in fair.columns.names()
    assert "attributes.vault_code" not in seen.names()
    assert "attributes.vault_code" not in seen.kinds()
    (facet,) = our(fair, "", facets=(FacetRequest("attributes.vault_code"),)).facets
    assert facet.values == ()
    with pytest.raises(BadQueryError) as told:
        our(fair, "", facets=(FacetRequest("attributes.vault_cod"),))
    assert "vault_code" not in str(told.value)
    with pytest.raises(BadQueryError) as told:
        our(fair, "", filter=AnyOf("attributes.vault_cod", ("x",)))
    assert "vault_code" not in str(told.value)


@pytest.mark.parametrize(
    "scope",
    [
        AnyOf("tenant", ("ours",)),
        Not(AnyOf("tenant", ("ours",))),
        And((OURS, Written("tenant", "ours"))),
        AnyOf("price", ("cheap",)),
    ],
)
def test_a_scope_that_does_not_fit_the_index_is_refused_and_never_matches(
    fair: Snapshot, scope: Filter
) -> None:
    nothing = Curation.none()
    attempts: list[Callable[[], object]] = [
        lambda: ask(fair, "", scope=scope),
        lambda: ask(fair, "", scope=scope, filter=OURS, limit=0, relax=True),
        lambda: suggest(SuggestionRequest(""), fair, WORDS_ONLY, nothing, scope),
        lambda: similar("ours-1", fair, WORDS_ONLY, limit=3, scope=scope),
        lambda: Visible.of(fair, scope).row("ours-1"),
    ]
    for attempt in attempts:
        with pytest.raises(ForbiddenError) as told:
            attempt()
        assert "the key's filter" in str(told.value)
        assert "vault_code" not in str(told.value)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("shop:ours", 7),
        ("attributes.shop:ours", 7),
        ("NOT shop:theirs", 7),
        ("shop:ours AND (color:white OR vault_code:x)", 1),
        ("vault_code:x OR color:white", 2),
        ("shop:ours AND NOT color:white", 6),
        ("color:nowhere OR price > 12", 3),
    ],
)
def test_a_scope_may_name_attributes_as_the_feed_does(
    fair: Snapshot, written: str, count: int
) -> None:
    assert len(Visible.of(fair, parse_filter(written))) == count


def test_a_place_can_be_a_scope(build: Build, layout: IndexLayout) -> None:
    places = {"ours": "52.5,13.4", "theirs": "48.8,2.3"}
    build([stock(shop, 1, "Kettle", location=place) for shop, place in places.items()])
    berlin = Near(Spot(52.5, 13.4), 10_000)
    visible = Visible.of(open_snapshot(layout), berlin)
    assert [visible.snapshot.products.id(int(row)) for row in visible.rows] == ["ours-1"]


def test_a_scope_that_nothing_fulfils_shows_nothing(fair: Snapshot) -> None:
    nobody = AnyOf("attributes.shop", ("closed",))
    found = ask(fair, "", scope=nobody, facets=(FacetRequest("brand"),), survey=True, relax=True)
    assert (found.total, found.facets[0].values, dict(found.present)) == (0, (), {})
    assert len(Visible.of(fair, nobody)) == 0
    suggested = suggest(SuggestionRequest("k"), fair, WORDS_ONLY, Curation.none(), nobody)
    assert suggested == Suggestions(None, (), (), (), ())


def test_what_is_remembered_of_a_request_is_of_one_scope(fair: Snapshot) -> None:
    memory = Memory()
    for scope, total in ((None, 8), (OURS, 0), (None, 8)):
        query = Query("samovar", scope=scope)
        found = search(query, fair, HashingEmbedder(64), WORDS_ONLY, memory=memory)
        assert found.total == total


# Similar products and suggestions.


def test_neither_the_product_nor_what_resembles_it_is_outside(fair: Snapshot) -> None:
    near = replace(WORDS_ONLY, strictness=0.0)
    assert similar("theirs-1", fair, near, limit=50)
    with pytest.raises(ProductNotFoundError, match="has no product with id 'theirs-1'"):
        similar("theirs-1", fair, near, limit=50, scope=OURS)
    for same_group in (False, True):
        found = similar("ours-6", fair, near, limit=50, scope=OURS, same_group=same_group)
        assert {hit.id.partition("-")[0] for hit in found} <= {"ours"}


def suggested(snapshot: Snapshot, text: str, *popular: str) -> tuple[Suggestions, Suggestions]:
    """For whoever sees all, and inside."""
    queries = tuple(PopularQuery(text=it, count=9) for it in popular)
    key = snapshot.analyzer.terms
    curation = Curation.compile(SuggestionsDocument(queries=queries), lambda it: tuple(key(it)))
    asked = SuggestionRequest(text)
    return (
        suggest(asked, snapshot, WORDS_ONLY, curation),
        suggest(asked, snapshot, WORDS_ONLY, curation, OURS),
    )


def test_queries_are_suggested_that_a_product_inside_has_all_words_of(fair: Snapshot) -> None:
    everybody, ours = suggested(fair, "s", "samovar", "copper samovar", "copper kettle")
    assert {"samovar", "silver samovar"} <= {it.text.lower() for it in everybody.queries}
    assert ours.queries == ()
    everybody, ours = suggested(fair, "", "samovar", "copper samovar", "copper kettle")
    assert [it.text for it in everybody.queries] == [
        "copper kettle",
        "copper samovar",
        "samovar",
    ]
    assert [it.text for it in ours.queries] == ["copper kettle"]
    everybody, ours = suggested(fair, "copper k")
    assert [it.text for it in ours.queries] == [it.text for it in everybody.queries] != []
    everybody, ours = suggested(fair, "linen ")
    assert not any("samovar" in it.text for it in ours.queries)


def test_values_and_products_that_are_suggested_are_inside(fair: Snapshot) -> None:
    for text in ("", "linen", "samovar", "l"):
        _, ours = suggested(fair, text)
        assert [it.value for it in ours.brands] == []
        assert all(product["id"].startswith("ours") for product in ours.products)
    assert [it["id"] for it in suggested(fair, "linen")[1].products] == ["ours-6"]


def test_a_beginning_is_not_corrected_to_what_only_others_have(build: Build, layout: Any) -> None:
    build(
        [stock("ours", n, f"Copper kettle {n}") for n in range(80)]
        + [stock("theirs", n, f"Silver samovar {n}") for n in range(80)]
    )
    snapshot = open_snapshot(layout)
    for typed, meant in (("samivar ", "samovar"), ("smovar", "samovar")):
        everybody, ours = suggested(snapshot, typed)
        assert everybody.corrected == meant
        assert (ours.corrected, ours.queries, ours.products) == (None, (), ())
    for typed, meant in (("kattle ", "kettle"), ("kttle", "kettle")):
        everybody, ours = suggested(snapshot, typed)
        assert ours.corrected == everybody.corrected == meant
        assert [it.text for it in ours.queries] == [it.text for it in everybody.queries]


def test_the_likeliest_correction_is_the_likeliest_inside(build: Build, layout: Any) -> None:
    build(
        [stock("ours", n, "Copper kettle") for n in range(80)]
        + [stock("theirs", n, "Copper kettla") for n in range(200)]
    )
    everybody, ours = suggested(open_snapshot(layout), "kettlx ")
    assert (everybody.corrected, ours.corrected) == ("kettla", "kettle")


def test_what_goes_on_behind_other_words_is_inside(fair: Snapshot) -> None:
    everybody, ours = suggested(fair, "cosy linen sam")
    assert {it.text for it in everybody.queries} == {"cosy linen samovar"}
    assert ours.queries == ()


def test_suggestions_inside_are_found_behind_many_of_others(build: Build, layout: Any) -> None:
    shades = [f"{a}{b}rella" for a in "bdfgk" for b in ("alo", "ime", "une", "osi")]
    build(
        [stock("theirs", n, f"Lamp {shades[n % 20]}") for n in range(100)]
        + [stock("ours", n, "Lamp tripod") for n in range(2)]
    )
    everybody, ours = suggested(open_snapshot(layout), "lamp ")
    assert not any("tripod" in it.text for it in everybody.queries)
    assert {it.text.lower() for it in ours.queries} == {"lamp", "lamp tripod"}


def test_what_changes_outside_changes_nothing_inside(build: Build, layout: Any) -> None:
    """All that is no text: prices, stock, ratings, places, and in which groups and shops."""

    def answers(price: int, **fields: Any) -> list[object]:
        build(
            [stock("ours", n, f"Copper kettle {n}", price=f"{n} EUR") for n in range(1, 9)]
            + [
                stock("theirs", n, f"Copper pot {n}", price=f"{price + n} EUR", **fields)
                for n in range(8)
            ]
        )
        snapshot = open_snapshot(layout)
        facets = tuple(map(FacetRequest, ("price", "rating", "item_group_id", "availability")))
        found: list[object] = []
        for text in ("", "copper", "copper kettle 3", "pot", "coper"):
            result = search(
                Query(text, scope=OURS, facets=facets, grouping=Grouping(), survey=True),
                snapshot,
                HashingEmbedder(64),
                RankingPolicy(),
            )
            found.append(replace(result, stage_ms={}))
            found.append(suggested(snapshot, text)[1])
        found.append(similar("ours-1", snapshot, RankingPolicy(), limit=9, scope=OURS))
        return found

    one = answers(5)
    other = answers(
        900, rating=4.5, availability="out_of_stock", item_group_id="pots", location="1,1"
    )
    assert one == other

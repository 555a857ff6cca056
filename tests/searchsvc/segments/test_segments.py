"""Who is in which segment, and which of its boosts are in force."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.events.event import EventKind
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.explanation import Part, explain_segments
from searchsvc.segments.profile import Interaction, Profile
from searchsvc.segments.segments import Reason, Segments
from tests.searchsvc.segments.shoppers import (
    DAY,
    NOW,
    did,
    document,
    is_in,
    moment,
    names,
    past,
    situation,
)

PRODUCTS = [
    {"id": f"{brand}{n}", "title": f"{brand} jacket {n}", "brand": brand, "price": f"{10 * n} EUR"}
    for brand in ("Acme", "Zeta")
    for n in range(1, 5)
]
GERMAN = {"fact": "country", "eq": "DE"}
LIKE = {"affinities": {"brand": {"Acme": 1.3}}, "threshold": 0.2}
BUY, VIEW, CLICK, CART = (
    EventKind.PURCHASE, EventKind.VIEW, EventKind.CLICK, EventKind.ADD_TO_CART
)  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("segments")
    (folder / "feed.jsonl").write_bytes(b"\n".join(map(orjson.dumps, PRODUCTS)))
    layout = IndexLayout.of(folder, "shop")
    reindex(str(folder / "feed.jsonl"), layout, IndexSettings(), HashingEmbedder(64))
    return open_snapshot(layout)


def boosts(segments: Segments, /, **given: Any) -> list[str]:
    now = situation(segments, **given)
    return [segments.rules[it].name for it in segments.boosts(segments.active(now), now)]


def boosting(**boost: Any) -> Segments:
    """A segment for everybody that has one boost."""
    rule = {"filter": "brand:Acme", "weight": 0.5, "name": "acme", **boost}
    everybody = {"not": {"fact": "nobody", "exists": True}}
    return compile_segments(document({"name": "all", "when": everybody, "boosts": [rule]}), None)


def test_there_are_four_ways_into_a_segment_and_one_is_told() -> None:
    every_way = {"when": GERMAN, "listed": True, "like": LIKE}
    segments = compile_segments(document({"name": "a", "title": "All", **every_way}), None)
    given: dict[str, Any] = {
        "segments": ("a",),
        "profile": Profile(segments=frozenset({"a"})),
        "context": {"country": "de"},
    }
    for reason, left_out in zip(Reason, [*given, None], strict=True):
        (active,) = segments.active(situation(segments, **given), alike={"a"})
        assert (active.name, active.title, active.why) == ("a", "All", reason)
        assert active.rule == ("country is 'DE'" if reason is Reason.RULE else "")
        if left_out:
            del given[left_out]
    assert names(segments) == []


def test_without_consent_nobody_is_in_a_segment() -> None:
    segments = compile_segments(document({"name": "a", "when": GERMAN, "listed": True}), None)
    given: dict[str, Any] = {
        "segments": ("a",),
        "profile": Profile(segments=frozenset({"a"})),
        "context": {"country": "DE"},
    }
    assert names(segments, **given) == ["a"]
    assert names(segments, alike=("a",), consent=False, **given) == []


def test_a_list_counts_only_where_the_segment_says_that_it_has_one() -> None:
    listed = Profile(segments=frozenset({"a", "b"}))
    segments = compile_segments(document({"name": "a"}, {"name": "b", "listed": True}), None)
    assert names(segments, profile=listed) == ["b"]


def test_similar_affinities_count_only_for_a_segment_that_has_some() -> None:
    segments = compile_segments(document({"name": "a"}, {"name": "b", "like": LIKE}), None)
    assert names(segments, alike=("a", "b")) == ["b"]


def test_nobody_is_in_a_segment_that_is_not_enabled_however_named() -> None:
    rule = {"filter": "brand:Acme", "weight": 1}
    segments = compile_segments(
        document(
            {"name": "a", "enabled": False, "boosts": [rule]}, {"name": "b", "boosts": [rule]}
        ),
        None,
    )
    assert names(segments, segments=("a", "b", "unknown")) == ["b"]
    assert [it.segment for it in segments.rules] == ["b"]
    assert boosts(segments, segments=("b",)) == ["brand:Acme"]


def test_segments_are_told_in_the_order_of_the_document() -> None:
    segments = compile_segments(document(*({"name": it} for it in "cab")), None)
    assert names(segments, segments=("a", "b", "c")) == ["c", "a", "b"]


def test_without_a_document_there_is_nothing() -> None:
    none = Segments.none()
    assert (none.document.segments, none.rules, none.inert) == ((), (), ())
    assert names(none, segments=("a",)) == []
    assert boosts(none) == []


@pytest.mark.parametrize(
    ("now", "in_force"),
    [
        ("2026-09-30T21:59:59.999+00:00", []),
        ("2026-09-30T22:00:00+00:00", ["acme"]),
        ("2027-03-31T21:59:59.999+00:00", ["acme"]),
        ("2027-03-31T22:00:00+00:00", []),
    ],
)
def test_a_boost_is_in_force_from_its_first_day_to_its_last_there(
    now: str, in_force: list[str]
) -> None:
    rule = {"filter": "brand:Acme", "weight": 1, "name": "acme"}
    winter = {"from": "2026-10-01", "until": "2027-03-31"}
    segment = {"name": "a", "boosts": [rule | winter]}
    segments = compile_segments(document(segment, timezone="Europe/Berlin"), None)
    assert boosts(segments, segments=("a",), now_ms=moment(now)) == in_force


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("Rain jacket, red", True),
        ("jacket rain", True),
        ("wellies", True),
        ("jacket", False),
        ("", False),
    ],
)
def test_a_boost_may_be_limited_to_queries_with_all_words_of_one_text(
    query: str,
    fits: bool,  # noqa: FBT001 - a parameter
) -> None:
    segments = boosting(when={"query": ["rain jacket", "Wellies"]})
    assert boosts(segments, text=query) == ["acme"] * fits


def test_words_have_the_endings_of_the_language(snapshot: Snapshot) -> None:
    rule = {"filter": "brand:Acme", "weight": 1, "when": {"query": ["rain jackets"]}}
    segment = {"name": "a", "when": {"searched": ["umbrellas"]}, "boosts": [rule]}
    segments = compile_segments(document(segment), snapshot)
    profile = Profile(searched=("hat", "red umbrella"))
    assert boosts(segments, profile=profile, text="raining jacket") == ["brand:Acme"]
    assert names(segments, profile=Profile(searched=("hat",))) == []


@pytest.mark.parametrize(
    ("filters", "context", "fits"),
    [
        ("product_type:'Clothing > Jackets'", {}, True),
        ("product_type:'Clothing > Jackets > Rain'", {}, True),
        ("google_product_category:'clothing >  JACKETS'", {}, True),
        ("price < 10 AND (product_type:Shoes OR product_type:'Clothing > Jackets')", {}, True),
        ({"field": "product_type", "any_of": ["Hats", "Clothing > Jackets"]}, {}, True),
        ("product_type:Clothing", {}, False),
        ("product_type:'Clothing > Jackets and coats'", {}, False),
        ("NOT product_type:'Clothing > Jackets'", {}, False),
        ("brand:'Clothing > Jackets'", {}, False),
        ("price < 10", {}, False),
        (None, {"category": "Clothing > Jackets > Rain"}, True),
        (None, {"category": "Clothing"}, False),
        (None, {"category": True}, False),
        (None, {}, False),
    ],
)
def test_a_boost_may_be_limited_to_a_category_and_those_below(
    filters: Any,
    context: dict[str, Any],
    fits: bool,  # noqa: FBT001 - a parameter
) -> None:
    segments = boosting(when={"category": ["Hats > Caps", "Clothing > Jackets"]})
    assert boosts(segments, filters=filters, context=context) == ["acme"] * fits


def test_a_boost_that_is_limited_twice_needs_both() -> None:
    segments = boosting(when={"category": ["Jackets"], "query": ["rain"]})
    category = {"category": "jackets"}
    assert boosts(segments, text="rain", context=category) == ["acme"]
    assert boosts(segments, text="rain") == boosts(segments, context=category) == []


def test_words_of_the_query_make_a_member_for_this_search_only() -> None:
    condition = {"query": ["rain jacket"]}
    assert is_in(condition, text="red rain jacket")
    assert not is_in(condition, text="red jacket", profile=Profile(searched=("rain jacket",)))


def test_an_earlier_search_must_have_all_words_of_one_text() -> None:
    condition = {"searched": ["rain jacket", "wellies"]}
    assert is_in(condition, profile=Profile(searched=("hat", "jacket for rain")))
    assert not is_in(condition, profile=Profile(searched=("jacket", "rain")))
    assert not is_in(condition, text="rain jacket", profile=Profile())
    assert not is_in(condition)


def deed(when: dict[str, Any], snapshot: Snapshot, **given: Any) -> bool:
    segments = compile_segments(document({"name": "a", "when": when}), snapshot)
    return names(segments, **given) == ["a"]


def test_what_was_bought_counts_each_time_and_nothing_else_does(snapshot: Snapshot) -> None:
    twice = {"bought": "brand:Acme", "at_least": 2}
    assert deed(twice, snapshot, profile=past(did("Acme1", BUY), did("Acme1", BUY)))
    assert not deed(twice, snapshot, profile=past(did("Acme1", BUY), did("Zeta1", BUY)))
    for kind in (VIEW, CLICK, CART):
        assert not deed(twice, snapshot, profile=past(did("Acme1", BUY), did("Acme2", kind)))


def test_what_was_viewed_counts_once_for_each_product(snapshot: Snapshot) -> None:
    two = {"viewed": "brand:Acme", "at_least": 2}
    assert deed(two, snapshot, profile=past(did("Acme1", VIEW), did("Acme2", CLICK)))
    assert not deed(two, snapshot, profile=past(did("Acme1", VIEW), did("Acme1", CLICK)))
    assert not deed(two, snapshot, profile=past(did("Acme1", VIEW), did("Acme2", BUY)))


def test_what_the_request_says_was_viewed_counts_without_any_profile(snapshot: Snapshot) -> None:
    two = {"viewed": "brand:Acme", "at_least": 2, "within_days": 1}
    assert deed(two, snapshot, viewed=("Acme1", "Acme2"))
    assert deed(two, snapshot, viewed=("Acme1",), profile=past(did("Acme2", VIEW, 0.5)))
    assert not deed(two, snapshot, viewed=("Acme1",), profile=past(did("Acme2", VIEW, 2)))
    assert not deed(two, snapshot, viewed=("Acme1", "Acme1", "gone"))


def test_the_past_is_in_order_though_a_clock_dated_some_of_it_ahead(snapshot: Snapshot) -> None:
    ahead = past(did("Acme2", VIEW, -0.5), did("Acme3", VIEW, 0.5))
    ours = compile_segments(document(), snapshot)
    viewed = situation(ours, profile=ahead, viewed=("Acme1",)).viewed
    assert list(viewed.ages) == [-NOW - DAY // 2, -NOW, -NOW + DAY // 2]
    shown = ("Acme2", "Acme1", "Acme3")
    assert list(viewed.rows) == [snapshot.products.row(name) for name in shown]
    assert list(viewed.since(NOW + 1)) == list(viewed.rows[:1])


def test_a_product_that_the_catalogue_does_not_have_counts_for_nothing(snapshot: Snapshot) -> None:
    anything = {"bought": "NOT brand:Acme"}
    assert not deed(anything, snapshot, profile=past(did("gone", BUY)))
    assert deed(anything, snapshot, profile=past(did("gone", BUY), did("Zeta2", BUY)))


def test_the_past_is_looked_back_at_to_the_millisecond(snapshot: Snapshot) -> None:
    lately = {"bought": "brand:Acme", "within_days": 1.5}
    for late, expected in ((0, True), (1, False)):
        time = NOW - DAY * 3 // 2 - late
        profile = Profile(interactions=(Interaction("Acme1", BUY, time),), first_ms=time)
        assert deed(lately, snapshot, profile=profile) is expected


interactions = st.lists(
    st.builds(
        did,
        st.sampled_from([*(str(it["id"]) for it in PRODUCTS), "gone"]),
        st.sampled_from(list(EventKind)),
        st.integers(-2, 9),
    ),
    max_size=12,
)


@given(
    interactions,
    st.sampled_from(["bought", "viewed"]),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(1, 9)),
    st.lists(st.sampled_from(["Acme1", "Acme2", "Zeta1", "gone"]), max_size=3),
)
def test_deeds_are_counted_as_obviously_as_one_would(
    snapshot: Snapshot,
    done: list[Interaction],
    deed_: str,
    at_least: int,
    within: int | None,
    viewed: list[str],
) -> None:
    wanted = [
        it
        for it in done
        if it.product_id.startswith("Acme")
        and it.kind in ({BUY} if deed_ == "bought" else {VIEW, CLICK})
        and (within is None or it.time_ms >= NOW - within * DAY)
    ]
    if deed_ == "bought":
        count = len(wanted)
    else:
        seen = {it.product_id for it in wanted} | {it for it in viewed if it.startswith("Acme")}
        count = len(seen)
    condition = {deed_: "brand:Acme", "at_least": at_least}
    condition |= {} if within is None else {"within_days": within}
    found = deed(condition, snapshot, profile=past(*done), viewed=tuple(viewed))
    assert found == (count >= at_least)


def test_an_explanation_tells_of_every_segment_and_every_part_of_its_rule() -> None:
    rule = {
        "or": [
            {"and": [GERMAN, {"fact": "orders", "gte": 3}]},
            {"not": {"fact": "device", "eq": "mobile"}},
        ]
    }
    boost = {"filter": "brand:Acme", "weight": 1}
    segments = compile_segments(
        document({"name": "a", "when": rule, "boosts": [boost]}, {"name": "b", "boosts": [boost]}),
        None,
    )
    context = {"country": "DE", "device": "phone"}
    first, second = explain_segments(segments, situation(segments, context=context))
    assert first.active is not None
    assert (first.name, first.active.why, first.boosts) == ("a", Reason.RULE, (0,))
    assert first.parts == (
        Part(0, "one of", holds=True),
        Part(1, "all of", holds=False),
        Part(2, "country is 'DE'", holds=True),
        Part(2, "orders >= 3", holds=False),
        Part(1, "not", holds=True),
        Part(2, "device is 'mobile'", holds=False),
    )
    assert (second.active, second.parts, second.boosts) == (None, (), ())

"""Proposals: planted groups become segments, strangers do not, and nobody is recognized."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from searchsvc.errors import BadLiveSettingsError
from searchsvc.events.event import EventKind
from searchsvc.learned.likeness import HALF_KNOWN, Centroid, confidence, metric_of
from searchsvc.learned.tastes import tastes_from, tastes_of
from searchsvc.learning import people as people_module
from searchsvc.learning.accepting import accepted
from searchsvc.learning.clustering import LEAST_STABILITY
from searchsvc.learning.differences import LEAST_PEOPLE, Difference
from searchsvc.learning.discovery import AFFINITIES_PER_FIELD, discover
from searchsvc.learning.evidence import DAY_MS, TASTE_HALF_LIFE_DAYS, Evidence
from searchsvc.learning.holdings import Holdings
from searchsvc.learning.learn import learn
from searchsvc.learning.naming import name_of, title_of
from searchsvc.learning.people import People
from searchsvc.learning.proposals import Proposal, ProposalsDocument, names_of, proposals_file
from searchsvc.learning.propose import boost_of, propose
from searchsvc.livefile import NO_FILE
from searchsvc.segments.compiler import check_segments
from searchsvc.segments.document import BoostRule, SegmentRule, SegmentsDocument
from searchsvc.segments.profile import Interaction
from tests.searchsvc.learning.shop import BRANDS, DAY, RECORDS, Shoppers, interactions, purchases

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from searchsvc.state.interactions import Interactions

GROUPED = Shoppers(count=150, orders=10, brand=3.5, groups=3)


@pytest.fixture(scope="module")
def grouped() -> Interactions:
    return purchases(GROUPED)


@pytest.fixture(scope="module")
def proposed(grouped: Interactions, shop: Snapshot) -> ProposalsDocument:
    listed = {
        "bolt-lovers": {key for user, key in enumerate(grouped.user_keys) if user % 3 == 1},
        "few": set(grouped.user_keys[: LEAST_PEOPLE - 1]),
        "unknown": {"f" * 64},
    }
    return propose(grouped, shop, learn(grouped, shop, 7), listed)


def tastes(grouped: Interactions, shop: Snapshot) -> Holdings:
    evidence = Evidence.of(grouped, shop)
    bought = evidence.pairs(TASTE_HALF_LIFE_DAYS, math.inf)
    return Holdings.of(learn(grouped, shop, 0), bought, len(grouped.user_keys))


def test_planted_groups_are_proposed_by_what_sets_them_apart(proposed: ProposalsDocument) -> None:
    discovered = [it for it in proposed.proposals if it.like is not None]
    assert {it.findings[0].value for it in discovered} == {"Acme", "Bolt", "Crow"}
    assert {it.name.split("-")[0] for it in discovered} == {"acme", "bolt", "crow"}
    assert proposed.agreement is not None
    assert proposed.agreement > 0.8
    for it in discovered:
        assert it.stability is not None
        assert it.stability >= LEAST_STABILITY
        assert 40 <= it.people <= 60
        brand = it.findings[0].value
        assert it.boosts[0].boost.filter == {"field": "brand", "eq": brand}
        assert it.like is not None
        assert (
            max(it.like.affinities["brand"], key=it.like.affinities["brand"].__getitem__) == brand
        )


def test_a_listed_segment_is_proposed_what_its_members_buy(proposed: ProposalsDocument) -> None:
    found = proposed.find("bolt-lovers")
    assert found is not None
    assert found.like is None
    assert found.people == 50
    assert found.findings[0].value == "Bolt"
    assert str(found.findings[0]).startswith("brand is Bolt: bought ")
    assert f"purchases of {found.findings[0].people} people" in str(found.findings[0])


def test_of_a_few_people_there_is_a_note_and_no_figure(proposed: ProposalsDocument) -> None:
    assert proposed.find("few") is None
    assert proposed.find("unknown") is None
    assert [note.split(":")[0] for note in proposed.notes] == ["few", "unknown"]
    assert all(
        finding.people >= LEAST_PEOPLE for it in proposed.proposals for finding in it.findings
    )


def test_a_proposal_is_taken_into_the_document_and_compiles(
    proposed: ProposalsDocument, shop: Snapshot
) -> None:
    acme = next(it for it in proposed.proposals if it.name.startswith("acme"))
    document = accepted(SegmentsDocument(), acme, "acme-fans")
    assert check_segments(document, shop).segments[0].name == "acme-fans"
    assert document.segments[0].like == acme.like
    assert [it.filter for it in document.segments[0].boosts] == [
        it.boost.filter for it in acme.boosts
    ]


def test_the_members_of_a_group_are_alike_as_the_search_has_it(
    grouped: Interactions, shop: Snapshot
) -> None:
    holdings = tastes(grouped, shop)
    model = holdings.model
    found = discover(holdings, holdings)
    newest = int(grouped.times_ms.max())
    for it in found.groups:
        centroid = Centroid.of(it.affinities, it.threshold, model)
        assert centroid is not None
        for user in range(0, len(grouped.user_keys), 10):
            mine = np.flatnonzero(grouped.users == user).tolist()
            history = [
                Interaction(
                    grouped.product_ids[grouped.products[place]],
                    EventKind.PURCHASE,
                    int(grouped.times_ms[place]),
                )
                for place in mine
            ]
            known = tastes_of(history, model, newest + 400 * DAY)  # no event since
            assert known is not None
            likeness = centroid.likeness(known)
            if abs(likeness - it.threshold) > 1e-4:
                assert centroid.fits(known) == it.members[user]


@pytest.mark.parametrize("seed", range(3))
def test_shoppers_without_tastes_are_proposed_no_segments(shop: Snapshot, seed: int) -> None:
    given = purchases(Shoppers(count=150, orders=10), seed + 20)
    found = propose(given, shop, learn(given, shop, 0), {})
    assert found.proposals == ()
    assert found.notes[0].startswith("no segments discovered: ")


def test_tastes_that_nobody_shares_make_no_segments(shop: Snapshot) -> None:
    given = purchases(Shoppers(count=38, orders=30, brand=2.0, colour=2.0))
    found = propose(given, shop, learn(given, shop, 0), {})
    assert "two halves of" in found.notes[0] or not found.proposals


def test_it_takes_people_who_are_known_well_enough(shop: Snapshot) -> None:
    given = purchases(Shoppers(count=300, orders=4, brand=3.0))  # eight purchases of each
    found = propose(given, shop, learn(given, shop, 0), {})
    assert found.notes == ("no segments discovered: 0 people have 10 purchases, it takes 40",)


def test_groups_that_are_too_small_are_not_told_of(shop: Snapshot) -> None:
    given = purchases(Shoppers(count=60, orders=20, brand=4.0, groups=6))  # ten people in each
    found = propose(given, shop, learn(given, shop, 0), {})
    assert all(it.people >= LEAST_PEOPLE for it in found.proposals)
    assert all(
        len(values) <= AFFINITIES_PER_FIELD
        for it in found.proposals
        if it.like
        for values in it.like.affinities.values()
    )


def test_of_very_many_people_a_sample_is_compared(
    grouped: Interactions, shop: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_module, "MOST_PEOPLE", 80)
    holdings = tastes(grouped, shop)
    people = People.of(holdings)
    assert len(people) == 80
    assert np.all(np.diff(people.users) > 0)
    nobody = People.of(tastes(interactions([]), shop))
    points, axes = nobody.points()
    assert (points.shape, len(axes)) == ((0, 0), 0)


def test_the_same_events_give_the_same_proposals(
    grouped: Interactions, shop: Snapshot, proposed: ProposalsDocument
) -> None:
    again = propose(grouped, shop, learn(grouped, shop, 7), {})
    discovered = [it for it in proposed.proposals if it.like is not None]
    assert list(again.proposals) == discovered


def test_the_proposals_are_kept_in_a_file_without_users(
    proposed: ProposalsDocument, grouped: Interactions, layout: IndexLayout
) -> None:
    layout.root.mkdir(parents=True)
    file = proposals_file(layout)
    assert file.read() == (ProposalsDocument(), NO_FILE)
    file.replace(proposed)
    assert file.read()[0] == proposed
    text = layout.proposals_file.read_text("utf-8")
    assert not any(key in text for key in grouped.user_keys)
    assert json.loads(text)["time_ms"] == 7


def difference(field: str, value: str, low: float = 2.0) -> Difference:
    return Difference(field, value, low * 1.5, low, low * 2, 300, 40, 0.1)


def test_a_boost_weighs_what_the_lower_bound_is_worth(shop: Snapshot) -> None:
    model = learn(interactions([]), shop, 0)
    found = boost_of(difference("brand", "Acme"), model)
    assert found == BoostRule(
        filter={"field": "brand", "eq": "Acme"}, weight=0.17, name="brand: Acme"
    )
    sure = boost_of(difference("brand", "Acme", 1e3), model)
    assert sure is not None
    assert sure.weight == 1
    assert boost_of(difference("words", "shoe"), model) is None
    assert boost_of(difference("brand", "Acme", 1.01), model) is None


def test_a_price_band_is_boosted_by_its_bounds(shop: Snapshot) -> None:
    model = learn(interactions([]), shop, 0)
    edges = model.band_edges.tolist()
    wanted = [
        boost_of(difference("price", band), model) for band in ("lowest", "middle", "highest")
    ]
    assert [it.filter for it in wanted if it] == [
        {"field": "effective_price", "lt": edges[0]},
        {"field": "effective_price", "gte": edges[1], "lt": edges[2]},
        {"field": "effective_price", "gte": edges[3]},
    ]


def test_a_title_names_kinds_and_prices() -> None:
    found = [
        difference("product_type", "Home > Garden"),
        difference("price", "low"),
        difference("words", "garden"),
        difference("brand", "Garden"),
        difference("words", "rose"),
        difference("words", "tin"),
    ]
    assert title_of(found) == "Garden, garden, rose; low prices"
    assert title_of([difference("price", "high")]) == "high prices"
    assert title_of([]) == "alike"


@pytest.mark.parametrize(
    ("title", "taken", "expected"),
    [
        ("Garden, Stühle; low prices", (), "garden-stuhle"),
        ("rose", ("rose", "rose-2"), "rose-3"),
        ("茶", (), "segment"),
        ("x" * 100, (), "x" * 48),
    ],
)
def test_a_name_is_one_that_a_segment_may_have(
    title: str, taken: tuple[str, ...], expected: str
) -> None:
    assert name_of(title, taken) == expected
    SegmentRule(name=expected)


def proposal(**changes: object) -> Proposal:
    base = {"name": "vip", "title": "VIP", "people": 30, "purchases": 400}
    return Proposal.model_validate({**base, **changes})


BOOST = {
    "boost": {"filter": "brand:Acme", "weight": 0.3},
    "finding": {
        "field": "brand",
        "value": "Acme",
        "ratio": 2,
        "low": 1.5,
        "high": 3,
        "purchases": 99,
        "people": 25,
    },
}


def test_accepting_keeps_what_a_person_wrote() -> None:
    before = SegmentsDocument.model_validate(
        {
            "strength": 30,
            "segments": [
                {
                    "name": "vip",
                    "when": {"fact": "loyalty", "eq": "gold"},
                    "boosts": [
                        {"filter": "brand:Acme", "weight": 1},
                        {"filter": "brand:Bolt", "weight": -0.5, "from": "2026-01-01"},
                    ],
                },
                {"name": "other"},
            ],
        }
    )
    after = accepted(before, proposal(boosts=[BOOST]), "vip")
    assert after.strength == 30
    assert after.segments[1] == before.segments[1]
    vip = after.segments[0]
    assert vip.when == before.segments[0].when
    assert vip.like is None
    assert [(it.filter, it.weight) for it in vip.boosts] == [
        ("brand:Bolt", -0.5),
        ("brand:Acme", 0.3),
    ]
    assert accepted(after, proposal(boosts=[BOOST]), "vip") == after


def test_a_list_that_no_segment_uses_gets_one() -> None:
    found = accepted(SegmentsDocument(), proposal(boosts=[BOOST]), "vip").segments[0]
    assert (found.name, found.title, found.listed) == ("vip", "VIP", True)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(BadLiveSettingsError, match="segments.0.name"):
        accepted(SegmentsDocument(), proposal(), "Not a name")


def test_names_are_told_for_messages() -> None:
    assert names_of([proposal(), proposal(name="b")]) == "vip, b"
    assert names_of([]) == "none"


def test_likeness_grows_with_what_is_known_and_is_of_the_liked_only(
    shop: Snapshot, grouped: Interactions
) -> None:
    model = learn(grouped, shop, 0)
    assert Centroid.of({"brand": {"Nobody": 1.0}}, 0.5, model) is None
    assert Centroid.of({"id": {"p000": 1.0}}, 0.5, model) is None
    centroid = Centroid.of({"brand": {"Acme": 1.0}, "id": {"p000": 9.0}}, 0.5, model)
    assert centroid is not None
    assert np.linalg.norm(centroid.direction) == pytest.approx(1)
    of_brand = {
        brand: [row for row, record in enumerate(RECORDS) if record["brand"] == brand]
        for brand in BRANDS
    }

    def likeness(brand: str, count: int) -> float:
        rows = np.array(of_brand[brand][:count])
        found = tastes_from(model, rows, np.ones(count))
        assert found is not None
        return centroid.likeness(found)

    assert 0 < likeness("Acme", 1) < likeness("Acme", 10) < likeness("Acme", 30) <= 1
    assert likeness("Bolt", 30) == 0
    assert confidence(HALF_KNOWN) == 0.5
    metric = metric_of(model)
    named = {
        name: metric[np.array(model.field_of) == place]
        for place, name in enumerate(it.name for it in model.fields)
    }
    assert not named["id"].any()
    assert named["brand"].all()
    assert DAY_MS == 86_400_000


def test_the_same_people_are_no_second_segment() -> None:
    like = {"affinities": {"brand": {"Acme": 1.0}}, "threshold": 0.2}
    found = proposal(like=like, boosts=[BOOST])
    once = accepted(SegmentsDocument(), found, "fans", title="Friends of Acme")
    assert once.segments[0].title == "Friends of Acme"
    with pytest.raises(BadLiveSettingsError, match="is the segment 'fans' already"):
        accepted(once, found, "vip")
    assert accepted(once, found, "fans") == once

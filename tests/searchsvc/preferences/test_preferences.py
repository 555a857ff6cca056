"""Preferences and gains: sums of their parts, and reasons that add up to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.learned.tastes import Tastes
from searchsvc.preferences.alignment import Alignment
from searchsvc.preferences.gains import Gains
from searchsvc.preferences.patterns import Patterns
from searchsvc.preferences.preferences import Preferences
from searchsvc.preferences.session import Session
from searchsvc.query.filters import AnyOf, Between
from searchsvc.query.query import Boost, Query
from searchsvc.ranking.reason import Reason, ReasonKind
from searchsvc.segments.segments import SegmentBoost
from tests.searchsvc.preferences.taught import field, teach

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from searchsvc.learned.model import Learned
    from tests.conftest import Build

BRANDS = ("Acme", "Bolt", "Cord")
RECORDS: list[dict[str, Any]] = [
    {"id": f"p{n}", "title": f"thing {n}", "brand": BRANDS[n % 3], "price": f"{n} EUR"}
    for n in range(8)
]
MODEL = teach(
    {
        f"p{n}": {"brand": [BRANDS[n % 3]], "words": [f"w{n % 4}", f"v{n % 5}", "thing"]}
        for n in range(7)
    }
)
WEIGHTS = st.floats(-1, 1, width=32) | st.sampled_from([0.1, 0.2, -0.3, 0.0])
RULES = st.builds(
    lambda brands, weight: SegmentBoost("s", "/".join(brands), AnyOf("brand", brands), weight),
    st.lists(st.sampled_from(BRANDS), min_size=1, max_size=2, unique=True).map(tuple),
    WEIGHTS,
)
BOOSTS = st.builds(
    lambda low, weight: Boost(Between("price", low, 9), weight), st.integers(0, 8), WEIGHTS
)
FULL = 0.3


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def tastes(model: Learned, values: list[float]) -> Tastes:
    given = np.array(values, np.float32)
    return Tastes(model, given, given, 1.0)


@st.composite
def made(draw: st.DrawFn, snapshot: Snapshot) -> Preferences:
    parts: dict[str, Any] = {"strength": draw(st.sampled_from([0.0, 1.0, 37.5, 60.0, 100.0]))}
    if draw(st.booleans()):
        rules = draw(st.lists(RULES, min_size=1, max_size=4))
        numbers = st.lists(st.integers(0, len(rules) - 1), unique=True)
        parts["patterns"] = Patterns.compile(rules, snapshot)
        parts["active"] = tuple(sorted(draw(numbers)))
    if draw(st.booleans()):
        parts["alignment"] = Alignment.of(MODEL, snapshot)
        if draw(st.booleans()):
            values = st.lists(
                WEIGHTS | st.floats(-0.0078125, 0.0078125, width=32),
                min_size=len(MODEL.values),
                max_size=len(MODEL.values),
            )
            parts["tastes"] = tastes(MODEL, draw(values))
    if draw(st.booleans()):
        weight = draw(st.sampled_from([0.01, 0.5, 1.0]))
        parts["session"] = Session.of(["p1", "p5"], snapshot, 0.2, weight)
    return Preferences(**parts)


QUIET = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(st.data())
def test_shares_are_the_sum_of_the_parts_by_the_strength(
    snapshot: Snapshot, data: st.DataObject
) -> None:
    preferences = data.draw(made(snapshot))
    rows = np.array(data.draw(st.lists(st.integers(0, 7), max_size=8)), np.int64)
    expected = np.zeros(len(rows))
    if preferences.patterns is not None:
        totals = preferences.patterns.totals(preferences.active)
        expected += totals[preferences.patterns.pattern_of[rows]]
    if preferences.alignment is not None and preferences.tastes is not None:
        expected += preferences.alignment.affinities(preferences.tastes, rows)
    if preferences.session is not None:
        expected += preferences.session.shares(rows)
    found = preferences.shares(rows)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected * preferences.strength / 100, atol=1e-5)
    if preferences.are_none:
        assert not found.any()


@QUIET
@given(st.data())
def test_reasons_add_up_to_the_shares(snapshot: Snapshot, data: st.DataObject) -> None:
    preferences = data.draw(made(snapshot))
    every = np.arange(len(snapshot.products), dtype=np.int64)
    for row, share in zip(every.tolist(), preferences.shares(every).tolist(), strict=True):
        reasons = preferences.reasons(row)
        assert sum(reason.gain for reason in reasons) == pytest.approx(share, abs=1e-5)
        assert all(reason.gain for reason in reasons)
        # Nothing is blown up by parts that cancel each other.
        assert all(abs(reason.gain) <= 1.0 + 1e-6 for reason in reasons)


@QUIET
@given(st.data(), st.lists(BOOSTS, max_size=3))
def test_the_reasons_of_a_hit_add_up_to_its_boost(
    snapshot: Snapshot, data: st.DataObject, boosts: list[Boost]
) -> None:
    preferences = data.draw(made(snapshot)) if data.draw(st.booleans()) else None
    gains = Gains.of(Query("", boosts=tuple(boosts)), snapshot, preferences)
    if gains is None:
        return
    every = np.arange(len(snapshot.products), dtype=np.int64)
    shares = gains.shares(every)
    for row in every.tolist():
        gained = float(np.float32(FULL) * np.clip(shares[row], -1, 1))
        reasons = gains.reasons(row, FULL)
        assert sum(reason.gain for reason in reasons) == pytest.approx(gained, abs=1e-5)
        assert all(abs(reason.gain) <= FULL + 1e-6 for reason in reasons)
        sizes = [abs(reason.gain) for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)


def test_preferences_without_effect_are_none(snapshot: Snapshot) -> None:
    patterns = Patterns.compile([SegmentBoost("s", "b", AnyOf("brand", BRANDS), 1.0)], snapshot)
    alignment = Alignment.of(MODEL, snapshot)
    liked = tastes(MODEL, [0.5] * len(MODEL.values))
    for preferences in (
        Preferences(),
        Preferences(patterns=patterns),  # in no segment
        Preferences(alignment=alignment),  # nothing is known
        Preferences(tastes=liked),  # of a model that is gone
        Preferences(0.0, patterns, (0,), alignment, liked),
    ):
        assert preferences.are_none
        assert Gains.of(Query("x"), snapshot, preferences) is None
        assert preferences.everywhere() is None or not preferences.strength
    assert not Preferences(1.0, patterns, (0,)).are_none
    assert not Preferences(alignment=alignment, tastes=liked).are_none


def test_segments_and_boosts_choose_what_is_looked_at_tastes_and_session_do_not(
    snapshot: Snapshot,
) -> None:
    rule = SegmentBoost("s", "b", AnyOf("brand", ("Acme",)), 1.0)
    parts: dict[str, Any] = {
        "alignment": Alignment.of(MODEL, snapshot),
        "tastes": tastes(MODEL, [0.5] * len(MODEL.values)),
        "session": Session.of(["p1"], snapshot, 0.2, 0.5),
    }
    personal = Preferences(50.0, Patterns.compile([rule], snapshot), (0,), **parts)
    dear = Boost(Between("price", 6, 9), 0.8)
    gains = Gains.of(Query("", boosts=(dear,)), snapshot, personal)
    assert gains is not None
    acme = [0.5 * (n % 3 == 0) for n in range(8)]
    expected = [min(1.0, it + 0.8 * (n >= 6)) for n, it in enumerate(acme)]
    assert gains.everywhere().tolist() == pytest.approx(expected)
    alone = Gains.of(Query(""), snapshot, Preferences(**parts))
    assert alone is not None
    assert not alone.everywhere().any()


def test_each_reason_says_what_it_is(snapshot: Snapshot) -> None:
    rule = SegmentBoost("regulars", "Acme first", AnyOf("brand", ("Acme",)), 0.5)
    values = [{"Acme": 0.25, "w0": 0.375, "v0": 0.006}.get(it, 0.0) for it in _names(MODEL)]
    personal = Preferences(
        100.0,
        Patterns.compile([rule], snapshot),
        (0,),
        Alignment.of(MODEL, snapshot),
        tastes(MODEL, values),
        Session.of(["p0"], snapshot, 0.2, 0.5),
    )
    wanted = Boost(Between("price", 0, 3), -0.25, "cheap")
    gains = Gains.of(Query("", boosts=(wanted,)), snapshot, personal)
    assert gains is not None
    # 0.5 of the segment, 0.252 + 0.125 of tastes, 0.5 of the session, less 0.25: more than one.
    total = 0.5 + 0.25 + 0.375 / 3 + 0.006 / 3 + 0.5 - 0.25
    told = gains.reasons(0, FULL)
    assert [(it.kind, it.name, it.segment) for it in told] == [
        (ReasonKind.SEGMENT, "Acme first", "regulars"),
        (ReasonKind.SESSION, "resembles what was viewed", None),
        (ReasonKind.REQUEST, "cheap", None),
        (ReasonKind.TASTE, "brand: Acme", None),
        (ReasonKind.TASTE, "words: w0", None),
        (ReasonKind.TASTE, "other traits", None),
    ]
    parts = [0.5, 0.5, -0.25, 0.25, 0.125, 0.002]
    expected = [it / total * FULL for it in parts]
    assert [it.gain for it in told] == pytest.approx(expected, abs=1e-4)
    assert gains.reasons(7, FULL)[0].kind is ReasonKind.SESSION  # unknown to the model


def test_no_reason_names_a_product_that_somebody_had_to_do_with(snapshot: Snapshot) -> None:
    """A token is no secret: who knows one could list what its owner bought."""
    rows = {"p0": {"id": ["p0"], "item_group_id": ["g1"], "brand": ["Acme"]}}
    fields = [field("id"), field("item_group_id"), field("brand")]
    model = teach(rows, fields=fields)
    worth = {"p0": 0.4, "g1": 0.2, "Acme": 0.1}
    liked = tastes(model, [worth[name] for name in _names(model)])
    personal = Preferences(100.0, None, (), Alignment.of(model, snapshot), liked)
    told = personal.reasons(snapshot.products.row("p0") or 0)
    assert [it.name for it in told] == ["brand: Acme", "other traits"]
    assert sum(it.gain for it in told) == pytest.approx(0.7, abs=1e-6)


def _names(model: Learned) -> list[str]:
    return [model.values[number] for number in range(len(model.values))]


def test_a_boost_without_a_name_is_called_one(snapshot: Snapshot) -> None:
    query = Query(
        "", boosts=(Boost(AnyOf("brand", BRANDS), 0.5), Boost(AnyOf("brand", BRANDS), 0))
    )
    gains = Gains.of(query, snapshot, None)
    assert gains is not None
    assert gains.reasons(0, FULL) == (
        Reason(ReasonKind.REQUEST, "boost", pytest.approx(FULL / 2)),
    )


def test_what_gains_nothing_has_no_reasons(snapshot: Snapshot) -> None:
    gains = Gains.of(Query("", boosts=(Boost(AnyOf("brand", BRANDS), 0.5),)), snapshot, None)
    assert gains is not None
    assert gains.reasons(0, 0.0) == ()


def test_a_reason_in_a_few_words() -> None:
    assert Reason(ReasonKind.SEGMENT, "waterproof", 0.125, "coast").summary() == (
        "segment coast: waterproof +0.1250"
    )
    assert Reason(ReasonKind.TASTE, "brand: Acme", -0.01).summary() == "taste brand: Acme -0.0100"

"""Tastes: lifts against the formula, one trait after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.storage import StringTable
from searchsvc.events.event import EventKind
from searchsvc.learned.model import Learned, LearnedFrom, TraitField
from searchsvc.learned.tastes import FULL_LOG_ODDS, lifts_of, tastes_from, tastes_of
from searchsvc.segments.profile import Interaction

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86_400_000


def field(name: str, *, signed: bool, in_use: bool = True) -> TraitField:
    return TraitField(
        name=name, smoothing=10, ceiling=2, signed=signed, weight=2, error=0.1, in_use=in_use
    )


# Product a is of brand Acme and is red, b of Bolt without a colour, c of Acme, red and blue.
MODEL = Learned(
    origin=LearnedFrom(
        time_ms=2_000 * DAY,
        newest_ms=2_000 * DAY,
        generation="g",
        events=1,
        users=1,
        orders=1,
        held_out=1,
        half_life_days=180,
        event_weights={"purchase": 1.0, "view": 0.05},
    ),
    fields=(field("brand", signed=True), field("color", signed=False, in_use=False)),
    ids=StringTable.of(["a", "b", "c"]),
    popularity=np.zeros(3, np.float32),
    values=StringTable.of(["Acme", "Bolt", "blue", "red"]),
    field_of=np.array([0, 0, 1, 1], np.int16),
    shares=np.array([0.25, 0.75, 0.5, 0.5], np.float32),
    starts=np.array([0, 2, 3, 6]),
    traits=np.array([0, 3, 1, 0, 2, 3], np.int32),
    parts=np.array([1, 1, 1, 1, 0.5, 0.5], np.float32),
    band_edges=np.empty(0),
)
TRAITS = {0: ["Acme", "red"], 1: ["Bolt"], 2: ["Acme", "blue", "red"]}
HISTORY = st.lists(st.tuples(st.integers(0, 2), st.floats(0.01, 5)), min_size=1, max_size=20)


@given(HISTORY)
def test_lifts_are_those_of_the_formula(history: Sequence[tuple[int, float]]) -> None:
    products = np.array([product for product, _ in history])
    weights = np.array([weight for _, weight in history])
    found = lifts_of(MODEL, products, weights)
    total = {
        "brand": sum(weight for _, weight in history),
        "color": sum(weight for product, weight in history if product != 1),
    }
    for trait in range(4):
        kind = MODEL.fields[MODEL.field_of[trait]]
        value, share = MODEL.values[trait], float(MODEL.shares[trait])
        count = sum(weight for product, weight in history if value in TRAITS[product])
        lift = math.log((count + 10 * share) / ((total[kind.name] + 10) * share)) / 2
        expected = min(max(lift, -1 if kind.signed else 0), 1)
        assert found[trait] == pytest.approx(expected, abs=1e-6)


def test_who_buys_as_everybody_does_has_no_taste() -> None:
    rows, weights = np.array([0, 1]), np.array([25.0, 75.0])
    assert lifts_of(MODEL, rows, weights)[:2] == pytest.approx(0, abs=1e-6)


def test_a_field_that_is_not_in_use_is_worth_nothing() -> None:
    found = tastes_from(MODEL, np.array([2]), np.array([3.0]))
    assert found is not None
    assert found.purchases == 3
    assert found.lifts[2] > 0
    assert found.values[2:] == pytest.approx(0)
    assert found.values[:2] == pytest.approx(found.lifts[:2] * 2 / FULL_LOG_ODDS)


def test_older_and_lesser_events_count_less() -> None:
    now = 1_000 * DAY
    history = [
        Interaction("a", EventKind.PURCHASE, now - 180 * DAY),
        Interaction("a", EventKind.VIEW, now + DAY),  # clocks differ; it is not from the future
        Interaction("a", EventKind.CLICK, now),  # of no weight in this model
        Interaction("gone", EventKind.PURCHASE, now),
    ]
    found = tastes_of(history, MODEL, now)
    assert found is not None
    assert found.purchases == pytest.approx(0.5 + 0.05)


def test_ages_are_those_at_the_newest_event_of_the_model_however_much_later_it_is() -> None:
    newest = MODEL.origin.newest_ms
    history = [
        Interaction("a", EventKind.PURCHASE, newest + 30 * DAY),
        Interaction("b", EventKind.PURCHASE, newest - 180 * DAY),
    ]
    found = [tastes_of(history, MODEL, newest + days * DAY) for days in (0, 40, 4_000)]
    assert [it and it.purchases for it in found] == [pytest.approx(1.5)] * 3


def test_nothing_known_is_no_taste() -> None:
    assert tastes_of([], MODEL, 0) is None
    assert tastes_of([Interaction("gone", EventKind.PURCHASE, 0)], MODEL, 0) is None
    assert tastes_of([Interaction("a", EventKind.CLICK, 0)], MODEL, 0) is None

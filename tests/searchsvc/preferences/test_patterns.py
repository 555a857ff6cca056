"""Patterns: the same numbers as adding up the masks of all boosts, whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.preferences.patterns import Patterns
from searchsvc.query.filters import AnyOf, Between, Filter, Not
from searchsvc.query.mask import row_mask
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.segments import SegmentBoost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.layout import IndexLayout
    from tests.conftest import Build

BRANDS = ("Acme", "Bolt", "Cord", "Dune", "Edge")
RECORDS: list[dict[str, Any]] = [
    {
        "id": f"p{n:03}",
        "title": "thing",
        "brand": BRANDS[n % 5],
        "price": f"{n * 7 % 101}.00 EUR",
        "seats": n % 4,
    }
    for n in range(120)
]
CONDITIONS: st.SearchStrategy[Filter] = st.one_of(
    st.lists(st.sampled_from([*BRANDS, "Nobody"]), min_size=1, max_size=3).map(
        lambda brands: AnyOf("brand", tuple(brands))
    ),
    st.tuples(st.integers(0, 110), st.integers(0, 60)).map(
        lambda it: Between("price", it[0], it[0] + it[1])
    ),
    st.sampled_from(BRANDS).map(lambda brand: Not(AnyOf("brand", (brand,)))),
)
RULES = st.builds(
    SegmentBoost,
    segment=st.sampled_from(["a", "b"]),
    name=st.just("rule"),
    condition=CONDITIONS,
    weight=st.floats(-1, 1, width=32),
    inert=st.sampled_from([False, False, False, True]),
)
QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS)
    return open_snapshot(layout)


def added_up(
    rules: list[SegmentBoost], active: tuple[int, ...], snapshot: Snapshot
) -> NDArray[np.float64]:
    """The sum of the weights of the active rules that each product fulfils."""
    total = np.zeros(len(snapshot.products))
    for number in active:
        rule = rules[number]
        if not rule.inert:
            mask = row_mask(rule.condition, snapshot.columns, len(snapshot.products))
            total += mask * rule.weight
    return total


@QUIET
@given(st.data())
def test_totals_are_the_sum_of_the_masks(snapshot: Snapshot, data: st.DataObject) -> None:
    rules = data.draw(st.lists(RULES, min_size=1, max_size=12))
    active = tuple(
        number for number in range(len(rules)) if data.draw(st.booleans(), f"rule {number}")
    )
    patterns = Patterns.compile(rules, snapshot)
    found = patterns.totals(active)[patterns.pattern_of]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, added_up(rules, active, snapshot), atol=1e-5)


@pytest.mark.parametrize("count", [29, 30, 31, 60, 61, 64, 200])
def test_many_rules_are_told_apart(snapshot: Snapshot, count: int) -> None:
    """Codes of so many bits fit into no number: they are made smaller every thirty rules."""
    rules = [
        SegmentBoost(
            "s", f"rule {n}", Between("price", n % 101, n % 101 + n % 13), (n % 9 - 4) / 4
        )
        for n in range(count)
    ]
    patterns = Patterns.compile(rules, snapshot)
    for active in (tuple(range(count)), (0,), (count - 1,), tuple(range(0, count, 7))):
        found = patterns.totals(active)[patterns.pattern_of]
        np.testing.assert_allclose(found, added_up(rules, active, snapshot), atol=1e-4)
    for row in range(0, len(snapshot.products), 11):
        expected = [
            number
            for number, rule in enumerate(rules)
            if row_mask(rule.condition, snapshot.columns, len(snapshot.products))[row]
        ]
        assert patterns.fulfilled_by(row, tuple(range(count))) == tuple(expected)


def test_products_that_fulfil_the_same_share_a_pattern(snapshot: Snapshot) -> None:
    brands = [SegmentBoost("s", brand, AnyOf("brand", (brand,)), 0.5) for brand in BRANDS[:2]]
    patterns = Patterns.compile(brands, snapshot)
    assert patterns.fulfilled.shape == (3, 2)  # the one, the other, neither
    assert (patterns.pattern_of.dtype, patterns.pattern_of.nbytes) == (np.int32, 4 * len(RECORDS))


def test_nothing_fulfils_an_inert_rule(snapshot: Snapshot) -> None:
    document = SegmentsDocument.model_validate(
        {
            "segments": [
                {
                    "name": "s",
                    "boosts": [
                        {"filter": "nowhere:x", "weight": 1},
                        {"filter": "brand:Acme", "weight": 0.5},
                    ],
                }
            ]
        }
    )
    rules = compile_segments(document, snapshot).rules
    assert [rule.inert for rule in rules] == [True, False]
    patterns = Patterns.compile(rules, snapshot)
    found = patterns.totals((0, 1))[patterns.pattern_of]
    assert set(found[:5].tolist()) == {0.5, 0.0}
    assert patterns.fulfilled_by(0, (0, 1)) == (1,)


def test_only_active_rules_are_told(snapshot: Snapshot) -> None:
    rules = [SegmentBoost("s", "all", Between("price", 0, 200), 0.1)] * 3
    patterns = Patterns.compile(rules, snapshot)
    assert patterns.fulfilled_by(3, (0, 2)) == (0, 2)
    assert patterns.fulfilled_by(3, ()) == ()
    assert patterns.totals(()).tolist() == [0.0] * len(patterns.fulfilled)


def test_totals_are_kept_for_the_next_shopper_of_the_same_segments(snapshot: Snapshot) -> None:
    rules = [SegmentBoost("s", brand, AnyOf("brand", (brand,)), 0.5) for brand in BRANDS]
    patterns = Patterns.compile(rules, snapshot)
    assert patterns.totals((0, 2)) is patterns.totals((0, 2))
    assert patterns.totals((0, 2)) is not patterns.totals((0, 3))

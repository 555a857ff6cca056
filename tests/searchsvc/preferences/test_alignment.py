"""Alignment: a model on the products of whatever generation there is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.learned.tastes import Tastes, tastes_from
from searchsvc.preferences.alignment import Alignment
from searchsvc.ranking.prior import prior_share
from tests.searchsvc.preferences.taught import field, teach, worth

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from searchsvc.learned.model import Learned
    from tests.conftest import Build

IDS = ["a", "B", "ä", "c d", "z", "10", "9"]
SHELF: list[dict[str, Any]] = [{"id": name, "title": "thing"} for name in IDS]
TRAITS = {
    "a": {"brand": ["Acme"], "words": ["red", "thing"]},
    "ä": {"brand": ["Bolt"], "words": ["thing"]},
    "z": {"brand": ["Acme"]},
    "gone": {"brand": ["Acme"], "words": ["red"]},
    "10": {},
}
SOLD = {"a": 9.0, "ä": 3.0, "gone": 100.0}


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(SHELF)
    return open_snapshot(layout)


def tastes(model: Learned, values: dict[str, float]) -> Tastes:
    """Those that are worth so much for each trait, by its value."""
    given = np.array(
        [values.get(model.values[n], 0.0) for n in range(len(model.values))], np.float32
    )
    return Tastes(model, given, given, 1.0)


def by_id(snapshot: Snapshot, values: Any) -> dict[str, float]:
    return {snapshot.products.id(row): float(value) for row, value in enumerate(values)}


def every_row(snapshot: Snapshot) -> Any:
    return np.arange(len(snapshot.products), dtype=np.int64)


def test_products_are_found_by_their_ids_wherever_they_stand(snapshot: Snapshot) -> None:
    model = teach(TRAITS)
    alignment = Alignment.of(model, snapshot)
    assert alignment.product_of.dtype == np.int32
    for row, product in enumerate(alignment.product_of.tolist()):
        name = snapshot.products.id(row)
        assert (product == -1) == (name not in TRAITS)
        assert product == -1 or model.ids[product] == name


def test_a_model_of_the_same_products_is_aligned_row_by_row(snapshot: Snapshot) -> None:
    alignment = Alignment.of(teach({name: {} for name in IDS}), snapshot)
    assert alignment.product_of.tolist() == list(range(len(IDS)))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from([*IDS, "gone", "new", "\U0001f600", "é"]),
        st.dictionaries(
            st.sampled_from(["brand", "words"]),
            st.lists(st.sampled_from("uvwxy"), min_size=1, max_size=4, unique=True),
        ),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from("uvwxy"), st.floats(-1, 1, width=32)),
    st.lists(st.integers(0, len(IDS) - 1), max_size=9),
)
def test_affinities_are_those_of_each_product_alone(
    snapshot: Snapshot,
    traits: dict[str, dict[str, list[str]]],
    values: dict[str, float],
    rows: list[int],
) -> None:
    model = teach(traits)
    alignment, liked = Alignment.of(model, snapshot), tastes(model, values)
    expected = worth(model, liked.values)
    found = alignment.affinities(liked, np.array(rows, np.int64))
    assert (found.dtype, found.shape) == (np.float32, (len(rows),))
    names = [snapshot.products.id(row) for row in rows]
    assert found.tolist() == pytest.approx([expected.get(it, 0.0) for it in names], abs=1e-6)
    for row, name in zip(rows, names, strict=True):
        told = alignment.traits(liked, row)
        assert [(kind, value) for kind, value, _ in told] == [
            (kind, value) for kind, values in traits.get(name, {}).items() for value in values
        ]
        assert max(-1.0, min(1.0, sum(it for _, _, it in told))) == pytest.approx(
            expected.get(name, 0.0), abs=1e-6
        )


def test_affinities_are_bounded(snapshot: Snapshot) -> None:
    model = teach({"a": {"brand": ["Acme"], "words": ["red"]}, "z": {"brand": ["Bolt"]}})
    liked = tastes(model, {"Acme": 0.8, "red": 0.7, "Bolt": -0.6})
    alignment = Alignment.of(model, snapshot)
    found = by_id(snapshot, alignment.affinities(liked, every_row(snapshot)))
    assert {name: round(it, 6) for name, it in found.items() if it} == {"a": 1.0, "z": -0.6}


def test_whoever_bought_a_brand_likes_its_other_products(snapshot: Snapshot) -> None:
    model = teach(TRAITS, SOLD)
    bought = model.ids.find("gone")
    liked = tastes_from(model, np.array([bought]), np.ones(1))
    assert liked is not None
    found = by_id(snapshot, Alignment.of(model, snapshot).affinities(liked, every_row(snapshot)))
    assert found["a"] > found["z"] > 0 > found["ä"]
    assert found["10"] == found["B"] == 0  # without traits, and unknown


def test_what_does_not_help_this_shop_counts_nothing(snapshot: Snapshot) -> None:
    model = teach(TRAITS, fields=[field("brand", in_use=False), field("words", weight=0)])
    liked = tastes_from(model, np.array([0]), np.ones(1))
    assert liked is not None
    assert not Alignment.of(model, snapshot).affinities(liked, every_row(snapshot)).any()


def test_popularity_is_a_share_of_the_best_of_this_snapshot(snapshot: Snapshot) -> None:
    popularity = Alignment.of(teach(TRAITS, SOLD), snapshot).popularity
    share = by_id(snapshot, popularity.share)
    assert share["a"] == pytest.approx(1.0)  # what is gone is no measure
    assert share["ä"] == pytest.approx(math.log1p(3) / math.log1p(9))
    assert {name for name, it in share.items() if it} == {"a", "ä"}
    sold = by_id(snapshot, popularity.sold)
    assert {name: it for name, it in sold.items() if not math.isnan(it)} == {"a": 9, "ä": 3}
    known = {snapshot.products.id(row) for row in np.flatnonzero(popularity.known)}
    assert known == set(TRAITS) - {"gone"}


def test_a_few_purchases_tell_next_to_nothing_of_what_sells(snapshot: Snapshot) -> None:
    for sold, believed in ((0.05, 0.0025), (20.0, 0.5), (2_000.0, 0.99)):
        taught = teach(TRAITS, {"a": sold, "ä": sold / 2})
        model = replace(taught, origin=taught.origin.model_copy(update={"popularity_prior": 20.0}))
        popularity = Alignment.of(model, snapshot).popularity
        share = by_id(snapshot, popularity.share)
        assert share["a"] == pytest.approx(believed, rel=0.01)
        assert popularity.believed == pytest.approx(believed, rel=0.01)
        assert 0 < share["ä"] < share["a"]


def test_what_is_not_believed_is_left_to_the_feed(build: Build, layout: IndexLayout) -> None:
    build([{"id": name, "title": "x", "popularity": n} for name, n in (("a", 9), ("b", 0))])
    shelf = open_snapshot(layout)
    taught = teach({"a": {}, "b": {}}, {"b": 1.0})
    sure = prior_share(shelf, Alignment.of(taught, shelf).popularity)
    assert by_id(shelf, sure) == pytest.approx({"a": 0.0, "b": 1.0}, abs=1e-6)
    origin = taught.origin.model_copy(update={"popularity_prior": 99.0})
    unsure = prior_share(shelf, Alignment.of(replace(taught, origin=origin), shelf).popularity)
    assert by_id(shelf, unsure) == pytest.approx({"a": 0.99, "b": 0.01}, abs=1e-6)


@pytest.mark.parametrize("sold", [{}, {"gone": 4.0}])
def test_where_nothing_was_sold_nothing_is_popular(
    snapshot: Snapshot, sold: dict[str, float]
) -> None:
    popularity = Alignment.of(teach(TRAITS, sold), snapshot).popularity
    assert not popularity.share.any()
    assert np.isnan(popularity.sold).all()


def test_a_model_of_another_shop_knows_nothing(snapshot: Snapshot) -> None:
    model = teach({"x": {"brand": ["Acme"]}}, {"x": 3.0})
    alignment = Alignment.of(model, snapshot)
    liked = tastes(model, {"Acme": 1.0})
    assert not alignment.affinities(liked, every_row(snapshot)).any()
    assert alignment.traits(liked, 0) == []
    assert not alignment.popularity.known.any()


def test_what_events_taught_goes_before_what_the_feed_says(
    build: Build, layout: IndexLayout
) -> None:
    records = [
        {"id": "feed", "title": "thing", "popularity": 50},
        {"id": "new", "title": "thing", "popularity": 100},
        {"id": "sold", "title": "thing"},
    ]
    build(records)
    shelf = open_snapshot(layout)
    learned = Alignment.of(teach({"feed": {}, "sold": {}}, {"sold": 2.0}), shelf).popularity
    prior = by_id(shelf, prior_share(shelf, learned))
    assert prior == pytest.approx({"feed": 0.0, "new": 1.0, "sold": 1.0}, abs=1e-6)
    told = by_id(shelf, prior_share(shelf, None))
    assert (told["new"], told["sold"]) == (1.0, 0.0)
    assert 0 < told["feed"] < 1

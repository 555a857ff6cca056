"""Learning as a whole: the same events give the same bytes, and nothing of a person is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.events.event import EventKind
from searchsvc.learned.file import LearnedFile
from searchsvc.learned.tastes import tastes_from, tastes_of
from searchsvc.learning.learn import learn
from searchsvc.segments.profile import Interaction
from tests.searchsvc.learning.shop import DAY, RECORDS, START, Shoppers, interactions, purchases

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot


def test_the_same_events_give_the_same_bytes(shop: Snapshot, layout: IndexLayout) -> None:
    layout.root.mkdir(parents=True)
    given = purchases(Shoppers(count=60, brand=3.0))
    stages: list[str] = []
    LearnedFile(layout).replace(learn(given, shop, 5, stages.append))
    first = layout.learned_file.read_bytes()
    LearnedFile(layout).replace(learn(given, shop, 5))
    assert layout.learned_file.read_bytes() == first
    assert stages == ["matching products", "traits", "held-out purchases", "weights"]
    read = LearnedFile(layout).read()
    assert read is not None
    assert read.origin.time_ms == 5
    assert read.origin.newest_ms == given.times_ms.max()
    assert read.origin.events == len(given.users)
    assert not any(key.encode() in first for key in given.user_keys)


def test_what_is_not_in_use_is_left_out_of_what_serves(
    shop: Snapshot, layout: IndexLayout
) -> None:
    layout.root.mkdir(parents=True)
    given = purchases(Shoppers(count=200, brand=3.0))
    model = learn(given, shop, 0)
    used = {place for place, it in enumerate(model.fields) if it.in_use}
    assert 0 < len(used) < len(model.fields)
    LearnedFile(layout).replace(model.of_fields_in_use())
    served = LearnedFile(layout).read()
    assert served is not None
    assert len(served.traits) < len(model.traits)
    assert set(served.field_of[served.traits].tolist()) == used
    rows, weights = np.array([3, 3, 17, 80]), np.array([1.0, 0.3, 1.0, 0.5])
    whole, part = tastes_from(model, rows, weights), tastes_from(served, rows, weights)
    assert whole is not None
    assert part is not None
    np.testing.assert_array_equal(part.values, whole.values)


def test_a_model_that_uses_nothing_serves_no_traits(shop: Snapshot, layout: IndexLayout) -> None:
    layout.root.mkdir(parents=True)
    LearnedFile(layout).replace(learn(interactions([]), shop, 0).of_fields_in_use())
    served = LearnedFile(layout).read()
    assert served is not None
    assert len(served.traits) == 0
    assert len(served.starts) == len(RECORDS) + 1


def test_a_shop_without_events_has_a_model_that_uses_nothing(
    shop: Snapshot, layout: IndexLayout
) -> None:
    layout.root.mkdir(parents=True)
    model = learn(interactions([]), shop, 0)
    assert (model.origin.events, model.origin.users, model.origin.held_out) == (0, 0, 0)
    assert not model.popularity.any()
    assert not any(field.in_use for field in model.fields)
    LearnedFile(layout).replace(model)
    assert LearnedFile(layout).read() is not None


def test_products_that_are_gone_are_passed_over(shop: Snapshot) -> None:
    given = purchases(Shoppers(count=40))
    renamed = replace(given, product_ids=tuple(f"gone-{it}" for it in given.product_ids))
    assert learn(renamed, shop, 0).origin.events == 0


def test_who_bought_a_brand_has_a_taste_for_it(shop: Snapshot) -> None:
    model = learn(purchases(Shoppers(count=200, brand=3.0)), shop, 0)
    bought = [record["id"] for record in RECORDS if record["brand"] == "Crow"][:6]
    history = [Interaction(it, EventKind.PURCHASE, START) for it in bought]
    tastes = tastes_of(history, model, START + DAY)
    assert tastes is not None
    liked = {model.values[trait] for trait in np.flatnonzero(tastes.values > 0.1).tolist()}
    assert "Crow" in liked
    assert not liked & {"Acme", "Bolt", "Dune", "Echo", "Fern"}

"""The counterfactual estimate: it finds the better ranking where plain counts do not."""

from __future__ import annotations

import numpy as np
import pytest

from searchsvc.outcomes.counterfactual import Replayed, estimate, gains
from tests.searchsvc.outcomes.clicks import World, replayed


def test_gains_are_the_discounts_of_ndcg() -> None:
    np.testing.assert_allclose(gains(np.array([1, 3, 0])), [1.0, 0.5, 0.0])


def test_weighted_choices_recover_the_truth_where_plain_counts_do_not() -> None:
    """What was shown is a bad ranking; plain counts prefer it to a better one all the same."""
    world = World.make(30, 1.0, seed=7)
    shown, better = world.noisy_orders(0.35, 8), world.noisy_orders(0.12, 9)
    truth = world.value(better) - world.value(shown)
    assert truth > 0.03
    found = estimate(replayed(world.clicks(shown, 20_000, 10), shown, better), 1.0)
    assert found.naive.difference < 0
    assert found.naive.p < 0.01
    assert found.snips.difference > 0
    assert found.snips.p < 0.01
    assert found.snips.low < truth < found.snips.high
    assert found.snips.a == pytest.approx(world.value(shown), abs=0.02)
    assert found.snips.b == pytest.approx(world.value(better), abs=0.02)
    wanted = float(world.wanted.sum(axis=1).mean())
    assert found.ips.a == pytest.approx(world.value(shown) * wanted, rel=0.03)
    assert found.ips.b == pytest.approx(world.value(better) * wanted, rel=0.03)
    assert found.clipped == 0.0


def test_without_a_bias_all_estimators_agree() -> None:
    world = World.make(20, 0.0, seed=1)
    a, b = world.noisy_orders(0.3, 2), world.noisy_orders(0.1, 3)
    found = estimate(replayed(world.clicks(a, 2_000, 4), a, b), 0.0)
    assert found.naive == found.snips
    assert found.effective == pytest.approx(found.choices)
    assert found.snips.difference == pytest.approx(world.value(b) - world.value(a), abs=0.02)


def test_figures_are_those_by_hand() -> None:
    searches = [
        Replayed("ann", [(1, 1, 3), (4, 0, 1)]),
        Replayed("ann", []),
        Replayed("bob", [(2, 3, 3)]),
    ]
    found = estimate(searches, 1.0, clip=3.0)
    assert (found.users, found.searches, found.choices) == (2, 3, 3)
    # Weights 1, 3 (cut from 4) and 2; gains 1, 0, 0.5 and 0.5, 1, 0.5.
    assert found.naive.a == pytest.approx(1.5 / 3)
    assert found.naive.b == pytest.approx(2.0 / 3)
    assert found.ips.a == pytest.approx((1 + 0 + 1) / 3)
    assert found.ips.b == pytest.approx((0.5 + 3 + 1) / 3)
    assert found.snips.a == pytest.approx(2 / 6)
    assert found.snips.b == pytest.approx(4.5 / 6)
    assert found.snips.difference == pytest.approx(2.5 / 6)
    assert found.clipped == pytest.approx(1 / 3)
    assert found.effective == pytest.approx(36 / 14)


def test_users_are_the_sample() -> None:
    """The same choices of one user instead of twenty tell less."""
    one = [Replayed("ann", [(1, 2, 1)])] * 20
    many = [Replayed(f"user {number}", [(1, 2, 1)]) for number in range(20)]
    assert estimate(one, 1.0).snips.p == 1.0
    assert estimate(many, 1.0).snips.p < 0.001


def test_equal_rankings_do_not_differ() -> None:
    world = World.make(10, 1.0, seed=1)
    a = world.noisy_orders(0.3, 2)
    found = estimate(replayed(world.clicks(a, 300, 3), a, a), 1.0)
    for value in (found.naive, found.ips, found.snips):
        assert (value.difference, value.low, value.high, value.p) == (0, 0, 0, 1)


def test_without_choices_there_is_nothing_to_estimate() -> None:
    with pytest.raises(ValueError, match="nothing was chosen"):
        estimate([Replayed("ann", [])], 1.0)

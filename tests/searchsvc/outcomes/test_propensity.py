"""The propensity: recovered from a world whose looking is known."""

from __future__ import annotations

import numpy as np
import pytest

from searchsvc.outcomes.propensity import Exposure, estimate_decay, propensities
from tests.searchsvc.outcomes.clicks import World, exposures


def test_looking_falls_as_a_power_of_the_position() -> None:
    np.testing.assert_allclose(propensities(np.array([1, 2, 10]), 1.0), [1.0, 0.5, 0.1])
    np.testing.assert_allclose(propensities(np.array([1, 9]), 0.0), [1.0, 1.0])


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0, 1.6])
def test_the_true_power_is_found_from_two_rankings(eta: float) -> None:
    world = World.make(40, eta, seed=1)
    one, other = world.noisy_orders(0.3, 2), world.noisy_orders(0.3, 3)
    found = estimate_decay(
        exposures([(one, world.clicks(one, 8_000, 4)), (other, world.clicks(other, 5_000, 5))])
    )
    assert found is not None
    assert found.error < 0.05
    assert found.eta == pytest.approx(eta, abs=3 * found.error + 1e-6)
    assert found.choices > 1_000


def test_how_much_products_are_wanted_makes_no_difference() -> None:
    """The best products stand first, which a plain ratio of clicks takes for looking."""
    world = World.make(40, 0.7, seed=1)
    one, other = world.noisy_orders(0.05, 2), world.noisy_orders(0.05, 3)
    logs = exposures([(it, world.clicks(it, 8_000, 4)) for it in (one, other)])
    found = estimate_decay(logs)
    assert found is not None
    assert found.eta == pytest.approx(0.7, abs=3 * found.error)
    clicks = np.bincount([it.position for it in logs], [it.chosen for it in logs])
    plain = -np.log(clicks[10] / clicks[1]) / np.log(10)
    assert plain > 0.7 + 10 * found.error


def test_the_estimate_is_the_best_of_all_powers() -> None:
    rows = [
        Exposure(("q", "a"), 1, 50, 9),
        Exposure(("q", "a"), 4, 70, 5),
        Exposure(("q", "b"), 2, 50, 3),
        Exposure(("q", "b"), 3, 70, 4),
    ]

    def likelihood(eta: float) -> float:
        total = 0.0
        for pair in (rows[:2], rows[2:]):
            weights = [it.shown * it.position**-eta for it in pair]
            total += sum(
                it.chosen * np.log(weight / sum(weights))
                for it, weight in zip(pair, weights, strict=True)
            )
        return total

    found = estimate_decay(rows)
    assert found is not None
    grid = np.arange(0, 5, 0.001)
    assert found.eta == pytest.approx(grid[np.argmax([*map(likelihood, grid)])], abs=0.001)
    bend = likelihood(found.eta + 1e-3) + likelihood(found.eta - 1e-3) - 2 * likelihood(found.eta)
    assert found.error == pytest.approx((-bend / 1e-6) ** -0.5, rel=1e-3)
    assert found.choices == 21


def test_one_ranking_alone_tells_nothing() -> None:
    world = World.make(5, 1.0, seed=1)
    orders = world.noisy_orders(0.1, 2)
    assert estimate_decay(exposures([(orders, world.clicks(orders, 500, 3))])) is None
    assert estimate_decay([]) is None
    unshown = [Exposure(("q", "a"), 1, 9, 3), Exposure(("q", "a"), 2, 0, 0)]
    assert estimate_decay(unshown) is None
    unwanted = [Exposure(("q", "a"), 1, 9, 0), Exposure(("q", "a"), 2, 9, 0)]
    assert estimate_decay(unwanted) is None


def test_what_no_power_explains_ends_at_the_bounds() -> None:
    upwards = [Exposure(("q", "a"), 1, 9, 1), Exposure(("q", "a"), 2, 9, 9)]
    found = estimate_decay(upwards)
    assert found is not None
    assert found.eta == pytest.approx(0, abs=1e-6)
    only_first = [Exposure(("q", "a"), 1, 99, 99), Exposure(("q", "a"), 2, 99, 0)]
    found = estimate_decay(only_first)
    assert found is not None
    assert found.eta == pytest.approx(5, abs=1e-6)

"""The conditional logit: known weights are found, and the errors are honest."""

from __future__ import annotations

import numpy as np
import pytest

from searchsvc.learning.logit import PRIOR_DEVIATION, Choices, _derivatives, fit


def choices(weights: list[float], count: int, seed: int = 1, alternatives: int = 5) -> Choices:
    random = np.random.default_rng(seed)
    features = random.uniform(-1, 1, (count, alternatives, len(weights)))
    odds = features @ np.array(weights) + random.gumbel(size=(count, alternatives))
    chosen = odds.argmax(axis=1)
    rows = np.arange(count)
    features[rows, 0], features[rows, chosen] = features[rows, chosen], features[rows, 0].copy()
    return Choices(
        features, np.ones((count, alternatives), np.bool_), np.arange(count, dtype=np.int32)
    )


def test_known_weights_are_found_within_their_errors() -> None:
    truth = [2.0, 0.5, 0.0, -1.0]
    found = fit(choices(truth, 20_000))
    assert np.all(np.abs(found.weights - truth) < 4 * found.errors)
    assert np.all(found.errors < 0.05)


def test_the_errors_are_the_spread_of_repeated_samples() -> None:
    fits = [fit(choices([1.0, 0.0], 400, seed)) for seed in range(60)]
    spread = np.std([found.weights for found in fits], axis=0)
    np.testing.assert_allclose(np.mean([it.errors for it in fits], axis=0), spread, rtol=0.3)


def test_without_choices_the_weights_are_what_was_believed_before() -> None:
    found = fit(choices([1.0, 1.0], 0))
    np.testing.assert_array_equal(found.weights, 0)
    np.testing.assert_allclose(found.errors, PRIOR_DEVIATION)


def test_where_the_search_starts_changes_nothing() -> None:
    given = choices([2.0, 0.5, -1.0], 700)
    far = fit(given, np.array([-3.0, 5.0, 2.0]))
    np.testing.assert_allclose(far.weights, fit(given).weights, atol=1e-6)
    np.testing.assert_allclose(far.errors, fit(given).errors, atol=1e-6)


def test_the_hessian_is_the_slope_of_the_gradient() -> None:
    given = choices([1.0, -0.5], 700)
    given.valid[::3, 1:3] = False
    at = np.array([0.4, 0.2])
    _, hessian = _derivatives(given, at)
    for place, shift in enumerate(np.eye(2) * 1e-5):
        above, below = (_derivatives(given, at + it)[0].sum(axis=0) for it in (shift, -shift))
        np.testing.assert_allclose(hessian[place], (below - above) / 2e-5, rtol=1e-5)


def test_few_choices_give_weak_weights() -> None:
    few, many = fit(choices([3.0], 5)), fit(choices([3.0], 5_000))
    assert 0 < few.weights[0] < many.weights[0]
    assert few.errors[0] > many.errors[0]


def test_the_same_person_a_hundred_times_is_no_hundred_people() -> None:
    given = choices([0.5], 50)
    repeated = Choices(
        np.repeat(given.features, 20, axis=0),
        np.repeat(given.valid, 20, axis=0),
        np.repeat(given.people, 20),
    )
    strangers = Choices(
        repeated.features, repeated.valid, np.arange(len(repeated.people), dtype=np.int32)
    )
    assert fit(repeated).errors[0] > 3 * fit(strangers).errors[0]


def test_an_alternative_that_was_none_changes_nothing() -> None:
    given = choices([1.0, -0.5], 200)
    junk = np.random.default_rng(9).uniform(-1, 1, (200, 2, 2))
    more = Choices(
        np.concatenate((given.features, junk), axis=1),
        np.concatenate((given.valid, np.zeros((200, 2), np.bool_)), axis=1),
        given.people,
    )
    np.testing.assert_allclose(fit(more).weights, fit(given).weights)
    np.testing.assert_allclose(fit(more).errors, fit(given).errors)


def test_a_perfect_feature_has_a_finite_weight() -> None:
    features = np.zeros((3_000, 4, 1))
    features[:, 0] = 1
    found = fit(Choices(features, np.ones((3_000, 4), np.bool_), np.arange(3_000, dtype=np.int32)))
    assert 3 < found.weights[0] < 20
    assert found.weights[0] > 2 * found.errors[0]


def test_a_part_of_the_features_is_fitted_alone() -> None:
    given = choices([1.0, -0.5, 0.2], 300)
    alone = Choices(given.features[:, :, [0, 2]], given.valid, given.people)
    assert fit(given.of([0, 2])).weights == pytest.approx(fit(alone).weights)

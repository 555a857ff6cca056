from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.relevance.statistics import (
    EXACT_QUERIES,
    bootstrap_means,
    percentile_interval,
    randomization_p,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

few = st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=7)


def column(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)[:, None]


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([1.0], 1.0),  # one query: both signs are as extreme
        ([1.0, 1.0, 1.0], 2 / 8),  # only all plus and all minus
        ([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 2 / 64),
        ([0.0, 0.0, 0.0], 1.0),
        ([3.0, 1.0], 2 / 4),
        ([0.3, -0.3], 1.0),
        ([0.1, 0.2, -0.3], 1.0),  # sums to 0 but for rounding
    ],
)
def test_p_values_of_small_cases_are_those_counted_by_hand(
    differences: list[float], expected: float
) -> None:
    assert randomization_p(column(differences)) == pytest.approx([expected])


@given(few)
def test_the_exact_test_counts_every_sign_pattern(differences: list[float]) -> None:
    values = np.array(differences, np.float64)
    sums = [abs(np.dot(signs, values)) for signs in product((1, -1), repeat=len(values))]
    least = abs(values.sum()) - 1e-9 * np.abs(values).sum()
    expected = sum(total >= least for total in sums) / len(sums)
    assert randomization_p(column(differences)) == pytest.approx([expected])


@given(st.lists(st.floats(-1, 1, width=16), min_size=1, max_size=20))
def test_the_order_of_the_systems_does_not_change_the_p_value(differences: list[float]) -> None:
    values = column(differences)
    assert randomization_p(values, resamples=200) == randomization_p(-values, resamples=200)


def test_random_patterns_come_near_the_exact_p_value() -> None:
    rng = np.random.default_rng(3)
    exact = column(list(rng.normal(0.4, 1, EXACT_QUERIES)))
    # A query without a difference changes nothing but pushes the test over its exact limit.
    sampled = np.vstack([exact, [[0.0]]])
    assert randomization_p(sampled) == pytest.approx(randomization_p(exact), abs=0.02)


def test_under_the_null_p_values_are_uniform() -> None:
    differences = np.random.default_rng(5).normal(0, 1, (40, 600))
    p = randomization_p(differences, resamples=1_000)
    for level in (0.05, 0.25, 0.5, 0.75):
        deviation = 4 * np.sqrt(level * (1 - level) / 600)
        assert np.mean(p <= level) == pytest.approx(level, abs=deviation)


def test_a_clear_difference_has_the_smallest_p_value() -> None:
    differences = np.ones((50, 1))
    assert randomization_p(differences, resamples=999) == pytest.approx([1 / 1_000])


def test_p_values_agree_with_scipy() -> None:
    from scipy.stats import permutation_test  # noqa: PLC0415 - only an oracle

    values = np.random.default_rng(11).normal(0.3, 1, 10)
    theirs = permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert randomization_p(values[:, None]) == pytest.approx([theirs.pvalue])


def test_bootstrap_means_have_the_mean_and_the_standard_error_of_theory() -> None:
    values = np.random.default_rng(2).random((80, 3))
    means = bootstrap_means(values)
    assert means.shape == (10_000, 3)
    error = values.std(axis=0) / np.sqrt(80)
    assert means.mean(axis=0) == pytest.approx(values.mean(axis=0), abs=5 * error.max() / 100)
    assert means.std(axis=0) == pytest.approx(error, rel=0.05)


def test_all_columns_share_their_draws() -> None:
    values = np.random.default_rng(4).random((30, 1))
    means = bootstrap_means(np.hstack([values, values + 0.25]), resamples=500)
    assert means[:, 1] - means[:, 0] == pytest.approx(np.full(500, 0.25))


def test_intervals_cover_the_true_mean_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(8)
    samples = rng.random((60, 400))  # 400 studies of a mean of one half
    interval = percentile_interval(bootstrap_means(samples, resamples=1_000))
    covered = np.mean((interval.low <= 0.5) & (interval.high >= 0.5))
    assert 0.90 <= covered <= 0.99


@given(few)
def test_an_interval_lies_within_the_values_and_around_their_mean(values: list[float]) -> None:
    interval = percentile_interval(bootstrap_means(column(values), resamples=400))
    assert min(values) - 1e-12 <= interval.low[0] <= interval.high[0] <= max(values) + 1e-12


def test_a_wider_confidence_is_a_wider_interval() -> None:
    means = bootstrap_means(np.random.default_rng(6).random((25, 1)))
    narrow, wide = percentile_interval(means, confidence=0.5), percentile_interval(means)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_equal_seeds_give_equal_results() -> None:
    values = np.random.default_rng(7).random((50, 2))
    assert np.array_equal(bootstrap_means(values), bootstrap_means(values))
    assert not np.array_equal(bootstrap_means(values), bootstrap_means(values, seed=1))
    assert np.array_equal(randomization_p(values - 0.5), randomization_p(values - 0.5))


def test_many_queries_are_resampled_in_blocks_with_the_asked_number() -> None:
    values = np.linspace(0, 1, 9_000)[:, None]
    means = bootstrap_means(values, resamples=1_000)
    assert means.shape == (1_000, 1)
    assert means.std() == pytest.approx(values.std() / np.sqrt(9_000), rel=0.15)
    assert randomization_p(values, resamples=700) == pytest.approx([1 / 701])


@pytest.mark.parametrize("values", [np.empty((0, 2)), np.ones(3)])
def test_no_queries_or_no_matrix_is_refused(values: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="expected one row for each"):
        bootstrap_means(values)
    with pytest.raises(ValueError, match="expected one row for each"):
        randomization_p(values)

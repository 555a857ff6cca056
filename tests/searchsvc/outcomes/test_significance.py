"""The tests of significance: against tables, scipy, and all divisions of small groups."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchsvc.outcomes.significance import (
    chi_square_tail,
    holm,
    permutation_p,
    ratios,
    resamples_for,
    share_mismatch_p,
)

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@pytest.mark.parametrize(
    ("degrees", "statistic", "p"),
    [  # from a printed table of critical values
        (1, 3.841, 0.05),
        (1, 10.828, 0.001),
        (2, 5.991, 0.05),
        (3, 7.815, 0.05),
        (4, 13.277, 0.01),
        (5, 20.515, 0.001),
        (9, 16.919, 0.05),
        (9, 2.088, 0.99),
    ],
)
def test_the_tail_is_that_of_the_tables(degrees: int, statistic: float, p: float) -> None:
    assert chi_square_tail(statistic, degrees) == pytest.approx(p, rel=2e-3)


@settings(deadline=None)  # scipy takes its time to be imported
@given(st.floats(0, 2_000), st.integers(1, 12))
def test_the_tail_is_that_of_scipy(statistic: float, degrees: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = float(stats.chi2.sf(statistic, degrees))
    assert chi_square_tail(statistic, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_users_divided_as_planned_are_no_mismatch_and_a_lost_tenth_is_one() -> None:
    assert share_mismatch_p([5_000, 5_000], [0.5, 0.5]) == 1.0
    assert share_mismatch_p([5_030, 4_970], [50, 50]) > 0.5
    assert share_mismatch_p([5_000, 4_500], [0.5, 0.5]) < 1e-6
    assert share_mismatch_p([900, 100], [90, 10]) == 1.0
    assert share_mismatch_p([0, 0], [0.5, 0.5]) == 1.0
    assert share_mismatch_p([7], [1.0]) == 1.0


def test_holm_corrects_as_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    nan = float("nan")
    corrected = holm([0.02, nan, 0.03])
    assert corrected[::2] == pytest.approx([0.04, 0.04])
    assert np.isnan(corrected[1])


@given(st.lists(st.floats(0, 1), max_size=10))
def test_a_corrected_p_is_never_less_and_keeps_the_order(ps: list[float]) -> None:
    corrected = holm(ps)
    for one, more in zip(ps, corrected, strict=True):
        assert one <= more <= min(1.0, len(ps) * one + 1e-12)
    by_p = sorted(zip(ps, corrected, strict=True))
    assert [it for _, it in by_p] == sorted(corrected)


def test_ratios_are_quotients_of_columns() -> None:
    sums = np.array([[6.0, 3.0, 0.0], [1.0, 4.0, 2.0]])
    found = ratios(sums, [(0, 1), (0, 2)])
    np.testing.assert_array_equal(found, [[2.0, np.nan], [0.25, 0.5]])


def exact_p(ones: Matrix, others: Matrix, numerator: int, denominator: int) -> float:
    """Over all divisions."""
    everybody = np.concatenate([ones, others])

    def difference(chosen: tuple[int, ...]) -> float:
        rest = [it for it in range(len(everybody)) if it not in chosen]
        parts = everybody[list(chosen)].sum(axis=0), everybody[rest].sum(axis=0)
        one, other = (part[numerator] / part[denominator] for part in parts)
        return abs(float(one - other))

    observed = difference(tuple(range(len(ones))))
    all_of_them = list(combinations(range(len(everybody)), len(ones)))
    return float(np.mean([difference(it) >= observed * (1 - 1e-9) for it in all_of_them]))


@pytest.mark.parametrize("seed", range(4))
def test_a_permutation_test_comes_near_the_exact_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ones = np.column_stack([np.ones(5), rng.integers(1, 6, 5), rng.random(5)])
    others = np.column_stack([np.ones(6), rng.integers(1, 6, 6), rng.random(6) + 0.3])
    found = permutation_p(ones, others, [(2, 0), (2, 1)])
    assert found[0] == pytest.approx(exact_p(ones, others, 2, 0), abs=0.02)
    assert found[1] == pytest.approx(exact_p(ones, others, 2, 1), abs=0.02)


def test_equal_groups_do_not_differ_and_far_ones_do() -> None:
    same = np.column_stack([np.ones(40), np.arange(40.0)])
    assert permutation_p(same, same, [(1, 0)]) == 1.0
    assert permutation_p(same, same + np.array([0.0, 60.0]), [(1, 0)]) < 0.001
    constant = np.ones((9, 2))
    assert permutation_p(constant, constant[:4], [(1, 0)]) == 1.0


def test_of_groups_that_are_alike_one_in_twenty_seems_to_differ() -> None:
    rng = np.random.default_rng(5)
    ps = []
    for trial in range(120):
        users = np.column_stack([np.ones(60), rng.exponential(size=60) ** 2])
        ps.append(permutation_p(users[:25], users[25:], [(1, 0)], seed=trial)[0])
    assert 1 <= np.count_nonzero(np.array(ps) < 0.05) <= 14  # 6 expected


def test_where_nothing_is_to_be_measured_there_is_no_p() -> None:
    some = np.array([[1.0, 0.0, 2.0], [1.0, 0.0, 3.0]])
    none = np.empty((0, 3))
    assert np.isnan(permutation_p(some, none, [(2, 0)]))
    assert np.isnan(permutation_p(none, none, [(2, 0)]))
    assert np.isnan(permutation_p(some, some, [(0, 1)]))


def test_many_users_are_resampled_less_often() -> None:
    assert resamples_for(0) == resamples_for(100) == 10_000
    assert resamples_for(50_000) == 4_000
    assert resamples_for(10**9) == 1_000

"""Clustering: planted groups are found, and noise has none."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.learning.clustering import (
    LEAST_STABILITY,
    adjusted_rand,
    cluster,
    spherical_k_means,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def planted(groups: int, each: int, noise: float, seed: int = 1) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    points = np.repeat(np.eye(groups, 12), each, axis=0)
    points = points + random.normal(0, noise, points.shape)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_planted_groups_are_found(groups: int) -> None:
    points = planted(groups, 60, 0.1)
    found = cluster(points)
    assert found is not None
    assert len(found.centres) == groups
    assert adjusted_rand(found.nearest(points), np.repeat(np.arange(groups), 60)) > 0.95
    assert found.stabilities.min() >= LEAST_STABILITY
    assert found.agreement > 0.9
    np.testing.assert_allclose(np.linalg.norm(found.centres, axis=1), 1, rtol=1e-5)
    again = cluster(points)
    assert again is not None
    np.testing.assert_array_equal(again.centres, found.centres)


def test_noise_has_no_stable_groups() -> None:
    points = np.random.default_rng(3).normal(size=(400, 12)).astype(np.float32)
    assert cluster(points / np.linalg.norm(points, axis=1, keepdims=True)) is None


def test_fewer_distinct_points_than_clusters_are_no_failure() -> None:
    points = np.repeat(np.eye(2, 4, dtype=np.float32), 10, axis=0)
    centres = spherical_k_means(points, 4, np.random.default_rng(0))
    assert np.isfinite(centres).all()
    assert (points @ centres.T).max(axis=1) == pytest.approx(1)


LABELS = st.integers(2, 25).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.integers(0, 3), min_size=n, max_size=n).map(np.array) for _ in range(2)]
    )
)


@given(LABELS)
def test_the_adjusted_rand_index_is_that_of_counting_pairs(
    labels: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
) -> None:
    ours, theirs = labels
    pairs = list(combinations(range(len(ours)), 2))
    a = sum(ours[i] == ours[j] for i, j in pairs)
    b = sum(theirs[i] == theirs[j] for i, j in pairs)
    both = sum(ours[i] == ours[j] and theirs[i] == theirs[j] for i, j in pairs)
    chance = a * b / len(pairs)
    most = (a + b) / 2
    expected = 1.0 if most == chance else (both - chance) / (most - chance)
    assert adjusted_rand(ours, theirs) == pytest.approx(expected)
    assert adjusted_rand(ours, ours) == pytest.approx(1)

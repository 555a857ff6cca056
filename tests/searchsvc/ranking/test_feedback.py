"""Pseudo-relevance feedback, against its definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.ranking.feedback import resemblance

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIMENSION = 16


def unit_rows(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, _DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def descending(count: int, seed: int) -> NDArray[np.float32]:
    scores = np.random.default_rng(seed).uniform(-1, 5, count)
    return np.sort(scores)[::-1].astype(np.float32)


@given(st.integers(1, 40), st.integers(0, 1_000))
def test_it_is_the_cosine_to_the_weighted_mean_of_the_ten_best(count: int, seed: int) -> None:
    vectors, scores = unit_rows(count, seed), descending(count, seed)
    centre = np.zeros(_DIMENSION)
    for vector, score in zip(vectors[:10].astype(float), scores[:10].tolist(), strict=True):
        centre += math.exp(10 * (score - float(scores[0]))) * vector
    expected = vectors.astype(float) @ centre / np.linalg.norm(centre)
    found = resemblance(vectors, scores)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)


@given(st.integers(11, 40), st.integers(0, 1_000))
def test_what_is_not_among_the_best_changes_nothing_for_the_others(count: int, seed: int) -> None:
    vectors, scores = unit_rows(count, seed), descending(count, seed)
    alone = resemblance(vectors[:10], scores[:10])
    np.testing.assert_array_equal(resemblance(vectors, scores)[:10], alone)


def test_what_belongs_together_gains_more_than_a_stray_match() -> None:
    cluster = np.eye(_DIMENSION, dtype=np.float32)[[0, 0, 0, 5, 0]]
    found = resemblance(cluster, np.array([1.0, 0.99, 0.98, 0.97, 0.5], np.float32))
    assert found[4] == found[0] > found[3]


def test_one_candidate_resembles_itself() -> None:
    np.testing.assert_allclose(resemblance(unit_rows(1, 3), np.ones(1, np.float32)), 1, rtol=1e-6)


def test_opposites_have_no_mean_to_resemble() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0, 1]], np.float32)
    # Of the third only e to the power of -1000 counts, which is none.
    found = resemblance(vectors, np.array([1, 1, -99], np.float32))
    assert found.tolist() == [0, 0, 0]


def test_nothing_resembles_nothing() -> None:
    nothing = resemblance(np.empty((0, _DIMENSION), np.float32), np.empty(0, np.float32))
    assert nothing.shape == (0,)
    assert nothing.dtype == np.float32

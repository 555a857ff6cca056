"""Ridge regression on bags, against the normal equations written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from indexer.build import ridge
from indexer.build.ridge import Bags, fit_ridge

PIECES = 7
bags_of_pieces = st.lists(
    st.lists(st.integers(0, PIECES - 1), min_size=1, max_size=5), min_size=1, max_size=20
)


def bags_of(texts: list[list[int]]) -> Bags:
    bounds = np.cumsum([0, *(len(text) for text in texts)])
    return Bags(np.array([piece for text in texts for piece in text], np.int64), bounds)


def solved(
    texts: list[list[int]], targets: np.ndarray, prior: np.ndarray, strength: float
) -> np.ndarray:
    shares = np.zeros((len(texts), len(prior)))
    for number, text in enumerate(texts):
        for piece in text:
            shares[number, piece] += 1 / len(text)
    left = shares.T @ shares + strength * np.eye(len(prior))
    return np.linalg.solve(left, shares.T @ targets + strength * prior)


@settings(max_examples=40, deadline=None)
@given(texts=bags_of_pieces, strength=st.floats(0.05, 10), seed=st.integers(0, 99))
def test_the_vectors_solve_the_normal_equations(
    texts: list[list[int]], strength: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=(len(texts), 3)).astype(np.float32)
    prior = rng.normal(size=(PIECES, 3)).astype(np.float32)
    found = fit_ridge(bags_of(texts), targets, prior, strength)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, solved(texts, targets, prior, strength), atol=5e-3)


@given(prior=arrays.arrays(np.float32, (PIECES, 2), elements=st.floats(-1, 1, width=32)))
def test_a_piece_without_texts_keeps_its_prior(prior: np.ndarray) -> None:
    found = fit_ridge(bags_of([[0], [1, 0]]), np.ones((2, 2), np.float32), prior, 0.1)
    np.testing.assert_array_equal(found[2:], prior[2:])


def test_cores_and_blocks_of_columns_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    texts = [rng.integers(0, PIECES, size=4).tolist() for _ in range(50)]
    targets = rng.normal(size=(50, 130)).astype(np.float32)
    prior = rng.normal(size=(PIECES, 130)).astype(np.float32)
    expected = fit_ridge(bags_of(texts), targets, prior, 0.1)
    monkeypatch.setattr(ridge, "available_cores", lambda: 1)
    np.testing.assert_array_equal(fit_ridge(bags_of(texts), targets, prior, 0.1), expected)


def test_targets_that_the_prior_meets_change_nothing() -> None:
    prior = np.eye(3, dtype=np.float32)
    found = fit_ridge(bags_of([[0], [1, 2]]), np.array([prior[0], prior[1:].mean(0)]), prior, 0.1)
    np.testing.assert_array_equal(found, prior)

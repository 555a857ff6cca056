"""One-bit codes: the parts of a scan, against plain arithmetic."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.vectors.signs import SignedQuery, Signs, pack


@given(st.integers(0, 99), st.integers(1, 200))
def test_bits_are_packed_lowest_first_and_filled_up_with_zeros(seed: int, width: int) -> None:
    bits = np.random.default_rng(seed).random((5, width)) < 0.5
    words = pack(bits)
    assert words.shape == (5, -(-width // 64))
    for row, packed in zip(bits, words.tolist(), strict=True):
        number = sum(word << 64 * place for place, word in enumerate(packed))
        assert number == sum(1 << place for place in np.flatnonzero(row).tolist())


@given(st.integers(0, 99), st.integers(1, 200))
def test_the_planes_of_a_query_are_its_rounded_components(seed: int, width: int) -> None:
    query = np.random.default_rng(seed).standard_normal(width).astype(np.float32)
    signed = SignedQuery.of(query)
    rounded = np.zeros(width, np.int64)
    for plane, value in zip(signed.planes.tolist(), (1, 2, 4, -8), strict=True):
        for place in range(width):
            rounded[place] += value * (plane[place // 64] >> place % 64 & 1)
    assert signed.total == rounded.sum()
    step = np.abs(query).max() / 7.5
    np.testing.assert_allclose(rounded * step, query, atol=step * 0.51)


def test_an_empty_query_and_no_difference_are_zero() -> None:
    signed = SignedQuery.of(np.zeros(8, np.float32))
    assert (signed.total, signed.planes.tolist()) == (0, [[0]] * 4)
    signs = Signs.of(np.zeros((2, 8), np.float32))
    assert (signs.words.tolist(), signs.factors.tolist()) == ([[0], [0]], [0, 0])


def test_the_estimate_is_right_on_average_along_the_difference() -> None:
    rng = np.random.default_rng(0)
    differences = (rng.standard_normal((50, 384)) * 0.02).astype(np.float32)
    signs = Signs.of(differences)
    bits = np.unpackbits(signs.words.view(np.uint8), axis=1, bitorder="little")
    directions = (2.0 * bits - 1) * (signs.factors * (2 / 65_535))[:, None]
    along = np.einsum("nd,nd->n", differences, directions)
    np.testing.assert_allclose(along, (differences**2).sum(axis=1), rtol=0.01)

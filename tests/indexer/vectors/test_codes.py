"""Eight-bit codes against arithmetic on the vectors themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.errors import SnapshotCorruptError
from indexer.vectors.codes import CodedQuery, Codes, similarities


def units(seed: int, count: int, dimension: int) -> NDArray[np.float32]:
    points = np.random.default_rng(seed).standard_normal((count, dimension))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@given(st.integers(0, 99), st.integers(1, 400))
def test_no_component_is_further_off_than_half_a_step(seed: int, dimension: int) -> None:
    vectors = units(seed, 20, dimension)
    codes = Codes.of(vectors)
    step = np.abs(vectors).max(axis=1, keepdims=True) / 127
    assert (np.abs(codes.widen() - vectors) <= step * 0.505 + 1e-5).all()


@given(st.integers(0, 99), st.integers(1, 400))
def test_a_similarity_is_the_inner_product_of_what_the_codes_stand_for(
    seed: int, dimension: int
) -> None:
    codes = Codes.of(units(seed, 30, dimension))
    query = units(seed + 1, 1, dimension)[0]
    rows = np.random.default_rng(seed).integers(30, size=50)
    found = similarities(codes, CodedQuery.of(query), rows)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, codes.widen()[rows].astype(np.float64) @ query, atol=6e-5)


def test_the_cosine_of_a_sentence_embedding_is_right_to_a_thousandth() -> None:
    vectors, query = units(3, 5_000, 384), units(4, 1, 384)[0]
    found = similarities(Codes.of(vectors), CodedQuery.of(query), np.arange(5_000))
    assert np.abs(found - vectors @ query).std() < 5e-4


@pytest.mark.parametrize("dimension", [1, 384, 1_024, 20_000])
def test_the_greatest_sum_does_not_overflow(dimension: int) -> None:
    ones = np.full((1, dimension), 1 / np.sqrt(dimension), np.float32)
    found = similarities(Codes.of(ones), CodedQuery.of(ones[0]), np.array([0]))
    assert found[0] == pytest.approx(1, abs=0.02)


def test_zeros_are_similar_to_nothing() -> None:
    codes = Codes.of(np.zeros((2, 8), np.float32))
    query = CodedQuery.of(np.zeros(8, np.float32))
    assert similarities(codes, query, np.array([0, 1])).tolist() == [0, 0]
    assert similarities(codes, query, np.empty(0, np.int64)).shape == (0,)


def test_blocks_are_the_whole() -> None:
    vectors = units(0, 40_000, 8).astype(np.float16)
    whole = Codes.of(vectors.astype(np.float32))
    for found, expected in zip(Codes.of_all(vectors), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_codes_come_back_from_their_file_and_another_shape_is_refused(tmp_path: Path) -> None:
    codes = Codes.of(units(0, 10, 8))
    codes.write(tmp_path / "codes")
    for found, expected in zip(Codes.read(tmp_path / "codes", 10, 8), codes, strict=True):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(SnapshotCorruptError, match="codes of 9 vectors"):
        Codes.read(tmp_path / "codes", 9, 8)

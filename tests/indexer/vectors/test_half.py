import numpy as np

from indexer.vectors.half import cosines, widen


def test_every_finite_half_is_widened_exactly() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    np.testing.assert_array_equal(widen(finite), finite.astype(np.float32))


def test_the_shape_is_kept_and_slices_are_fine() -> None:
    half = np.random.default_rng(0).standard_normal((9, 6)).astype(np.float16)
    np.testing.assert_array_equal(widen(half[::2, 1:]), half[::2, 1:].astype(np.float32))


def test_cosines_are_inner_products() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((50, 12)).astype(np.float32)
    query = rng.standard_normal(12).astype(np.float32)
    np.testing.assert_allclose(cosines(rows, query), rows @ query, rtol=1e-4, atol=1e-5)

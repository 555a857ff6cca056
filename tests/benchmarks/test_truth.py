from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.truth import recall
from indexer.hits import Hits
from indexer.vectors.exact import ExactIndex


class Half:
    """An index that finds every other of the nearest."""

    def __init__(self, exact: ExactIndex) -> None:
        self._exact = exact

    def search(
        self, query: NDArray[np.float32], limit: int, mask: NDArray[np.bool_] | None = None
    ) -> Hits:
        hits = self._exact.search(query, limit, mask)
        return Hits(hits.rows[::2], hits.scores[::2])


@pytest.fixture
def vectors() -> NDArray[np.float16]:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(400, 16)).astype(np.float32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


@pytest.mark.parametrize("share", [None, 0.5, 0.05])
def test_the_exact_index_finds_all_and_half_of_it_half(
    vectors: NDArray[np.float16], share: float | None
) -> None:
    rng = np.random.default_rng(6)
    mask = None if share is None else rng.random(len(vectors)) < share
    queries = vectors[:5].astype(np.float32)
    cosines = queries @ vectors.astype(np.float32).T
    exact = ExactIndex(vectors)
    assert recall(exact, queries, cosines, mask) == 1
    halved: ExactIndex = Half(exact)  # type: ignore[assignment]
    assert recall(halved, queries, cosines, mask) == pytest.approx(0.5, abs=0.05)


def test_a_copy_of_a_product_is_as_good_as_it(vectors: NDArray[np.float16]) -> None:
    copies = np.repeat(vectors[:2], 150, axis=0)
    queries = vectors[:1].astype(np.float32)
    cosines = queries @ copies.astype(np.float32).T
    reverse = np.ascontiguousarray(copies[::-1])

    class Reversed:
        def search(
            self, query: NDArray[np.float32], limit: int, _mask: NDArray[np.bool_] | None
        ) -> Hits:
            hits = ExactIndex(reverse).search(query, limit)
            return Hits(len(copies) - 1 - hits.rows, hits.scores)

    assert recall(Reversed(), queries, cosines) == 1  # type: ignore[arg-type]

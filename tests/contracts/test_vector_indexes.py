"""Both vector indexes keep their protocol; the approximate one is compared with the exact one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.vectors import ivf
from indexer.vectors.calibration import Calibration, calibrate, nearest, recall_of
from indexer.vectors.codes import Codes
from indexer.vectors.exact import ExactIndex
from indexer.vectors.ivf import IvfIndex
from indexer.vectors.lists import Lists

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.vectors.protocol import VectorIndex

_ROWS, _DIMENSION = 2_000, 32


def unit(array: NDArray[np.float64]) -> NDArray[np.float32]:
    return (array / np.linalg.norm(array, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float16]:
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((40, _DIMENSION))
    points = centres[rng.integers(40, size=_ROWS)] + rng.standard_normal((_ROWS, _DIMENSION))
    return unit(points).astype(np.float16)


@pytest.fixture(scope="module")
def queries() -> NDArray[np.float32]:
    return unit(np.random.default_rng(8).standard_normal((40, _DIMENSION)))


@dataclass(frozen=True)
class Written:
    lists: Path
    codes: Path
    calibration: Calibration

    def open(self, scanned: int | None = None) -> IvfIndex:
        shape = (_ROWS, _DIMENSION)
        return IvfIndex.open(self.lists, self.codes, shape, scanned or self.calibration.scanned)


def write(directory: Path, vectors: NDArray[np.float16], queries: NDArray[np.float32]) -> Written:
    lists, codes = Lists.of(vectors), Codes.of_all(vectors)
    written = Written(
        directory / "lists.safetensors",
        directory / "codes.safetensors",
        calibrate(lists, codes, vectors, {"queries": queries}, 0.95),
    )
    lists.write(written.lists)
    codes.write(written.codes)
    return written


@pytest.fixture(scope="module")
def written(
    vectors: NDArray[np.float16],
    queries: NDArray[np.float32],
    tmp_path_factory: pytest.TempPathFactory,
) -> Written:
    return write(tmp_path_factory.mktemp("ivf"), vectors, queries)


@pytest.fixture(params=["exact", "ivf"])
def index(
    request: pytest.FixtureRequest, vectors: NDArray[np.float16], written: Written
) -> VectorIndex:
    return ExactIndex(vectors) if request.param == "exact" else written.open()


def test_scores_are_the_matrix_product(
    index: VectorIndex, vectors: NDArray[np.float16], queries: NDArray[np.float32]
) -> None:
    tolerance = 1e-6 if isinstance(index, ExactIndex) else 5e-3  # that of 8 bits for 32 components
    for query in queries:
        hits = index.search(query, 50)
        expected = vectors[hits.rows].astype(np.float64) @ query
        np.testing.assert_allclose(hits.scores, expected, atol=tolerance)
        assert len(np.unique(hits.rows)) == 50
        assert (np.diff(hits.scores) <= 0).all()


def test_most_of_the_nearest_are_found(
    index: VectorIndex, vectors: NDArray[np.float16], queries: NDArray[np.float32]
) -> None:
    shares = []
    for query in queries:
        nearest = np.argsort(-(vectors.astype(np.float64) @ query))[:100]
        shares.append(len(np.intersect1d(index.search(query, 100).rows, nearest)) / 100)
    assert np.mean(shares) >= 0.95


def test_similarities_are_the_scores_of_a_search(
    index: VectorIndex, queries: NDArray[np.float32]
) -> None:
    hits = index.search(queries[0], 30)
    np.testing.assert_array_equal(index.similarities(queries[0], hits.rows), hits.scores)


def test_a_similarity_does_not_depend_on_the_other_rows(
    index: VectorIndex, queries: NDArray[np.float32]
) -> None:
    rows = np.arange(0, _ROWS, 7, dtype=np.int64)
    together = index.similarities(queries[1], rows)
    alone = [index.similarities(queries[1], rows[place : place + 1])[0] for place in range(40)]
    np.testing.assert_array_equal(together[:40], alone)


@pytest.mark.parametrize("share", [0.0, 0.002, 0.3, 1.0])
def test_a_selection_is_searched_as_if_there_were_nothing_else(
    index: VectorIndex,
    vectors: NDArray[np.float16],
    queries: NDArray[np.float32],
    share: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mask = np.random.default_rng(3).random(_ROWS) < share
    # A small selection is always scored one by one; a large one may be found through the lists.
    for steps_per_score in (0, 10_000) if share > 0.1 else (0,):
        monkeypatch.setattr(ivf, "_STEPS_PER_SCORE", steps_per_score)
        shares = []
        for query in queries:
            hits = index.search(query, 50, mask)
            assert mask[hits.rows].all()
            np.testing.assert_array_equal(hits.scores, index.similarities(query, hits.rows))
            rows = np.flatnonzero(mask)
            nearest = rows[np.argsort(-(vectors[rows].astype(np.float64) @ query))[:50]]
            shares.append(len(np.intersect1d(hits.rows, nearest)) / max(len(nearest), 1))
        assert np.mean(shares) >= 0.95 or not mask.any()


def test_no_row_has_no_similarity(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    assert index.similarities(queries[0], np.empty(0, np.int64)).shape == (0,)


def test_threads_share_an_index(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    expected = [index.search(query, 20).rows for query in queries]
    wrong = []

    def work() -> None:
        for query, rows in zip(queries, expected, strict=True):
            if not np.array_equal(index.search(query, 20).rows, rows):
                wrong.append(query)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_more_than_the_catalogue_is_the_whole_catalogue_once(
    index: VectorIndex, queries: NDArray[np.float32]
) -> None:
    # With every list gone through, nothing can be missed.
    hits = index.search(queries[0], _ROWS + 10)
    assert sorted(hits.rows.tolist()) == list(range(_ROWS))


def test_two_builds_are_the_same_files(
    vectors: NDArray[np.float16], queries: NDArray[np.float32], written: Written, tmp_path: Path
) -> None:
    again = write(tmp_path, vectors, queries)
    assert again.calibration == written.calibration
    assert again.lists.read_bytes() == written.lists.read_bytes()
    assert again.codes.read_bytes() == written.codes.read_bytes()


def test_the_calibration_measures_what_the_index_does(
    vectors: NDArray[np.float16], queries: NDArray[np.float32], written: Written
) -> None:
    index, exact = written.open(), ExactIndex(vectors)
    shares = [
        len(np.intersect1d(index.search(query, 100).rows, exact.search(query, 100).rows)) / 100
        for query in queries
    ]
    assert written.calibration.recall["queries"] == pytest.approx(float(np.mean(shares)))
    assert written.calibration.recall["queries"] >= 0.95


@given(st.integers(1, 30))
def test_ties_break_by_row(copies: int) -> None:
    same = np.repeat(unit(np.ones((1, 8))).astype(np.float16), copies, axis=0)
    hits = ExactIndex(same).search(unit(np.ones(8)), 10)
    assert hits.rows.tolist() == list(range(min(copies, 10)))


def test_gathered_vectors_are_those_that_were_given(
    index: VectorIndex, vectors: NDArray[np.float16]
) -> None:
    rows = np.array([7, 3, 3, _ROWS - 1])
    gathered = index.gather(rows)
    assert gathered.dtype == np.float32
    np.testing.assert_allclose(gathered, vectors[rows].astype(np.float32), atol=3e-3)
    assert index.gather(np.empty(0, np.int64)).shape == (0, _DIMENSION)


def test_a_search_says_how_far_it_looked(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    few = np.zeros(_ROWS, np.bool_)
    few[:20] = True
    hits, looked = index.explore(queries[0], 5, few)
    assert (len(hits), looked.scored, looked.lists) == (5, 20, 0)
    hits, looked = index.explore(queries[0], 5)
    np.testing.assert_array_equal(hits.rows, index.search(queries[0], 5).rows)
    assert 5 <= looked.scored <= looked.passed <= _ROWS


def test_a_filter_that_goes_against_the_meaning_is_followed_further(
    queries: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ivf, "_STEPS_PER_SCORE", 10_000)  # not by scoring all
    rng = np.random.default_rng(5)
    centres, kinds = unit(rng.standard_normal((40, _DIMENSION))), rng.integers(40, size=20_000)
    many = unit(centres[kinds] + 0.15 * rng.standard_normal((20_000, _DIMENSION)))
    vectors = many.astype(np.float16)
    index = IvfIndex(Lists.of(vectors), Codes.of_all(vectors), 4_000)
    found = []
    for query in queries[:10]:
        farthest = np.argsort(centres @ query)[:16]
        away = np.isin(kinds, farthest)
        _, usual = index.explore(query, 100, np.arange(len(away)) % 10 < 4)
        hits, looked = index.explore(query, 100, away)
        assert looked.products > 1.5 * usual.products
        cosines = vectors[away].astype(np.float64) @ query
        nearest = np.flatnonzero(away)[np.argsort(-cosines)[:100]]
        found.append(len(np.intersect1d(hits.rows, nearest)) / 100)
    assert np.mean(found) >= 0.95


def test_what_cannot_be_reached_is_looked_for_everywhere(
    vectors: NDArray[np.float16], queries: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ivf, "_LEAST_CANDIDATES", 50)
    lists, codes = Lists.of(vectors), Codes.of_all(vectors)
    few = {"few": queries[:3]}
    reached = recall_of(IvfIndex(lists, codes, _ROWS), queries[:3], nearest(vectors, queries[:3]))
    assert calibrate(lists, codes, vectors, few, 1.01).recall["few"] >= reached - 0.005
    least = calibrate(lists, codes, vectors, few, 0.0)
    assert least.scanned == 1_000
    assert 0 < least.recall["few"] <= 1

"""What lists hold, and which files are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

from indexer.errors import SnapshotCorruptError
from indexer.vectors import clusters
from indexer.vectors.clusters import cluster
from indexer.vectors.lists import Lists

_ROWS, _DIMENSION = 2_500, 40


def units(count: int) -> NDArray[np.float16]:
    rng = np.random.default_rng(0)
    points = rng.standard_normal((20, _DIMENSION))[rng.integers(20, size=count)]
    points = points + rng.standard_normal((count, _DIMENSION)) * 0.5
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float16]:
    return units(_ROWS)


@pytest.fixture(scope="module")
def lists(vectors: NDArray[np.float16]) -> Lists:
    return Lists.of(vectors)


def test_each_row_is_in_one_list_ascending_and_no_list_is_empty(lists: Lists) -> None:
    assert sorted(lists.rows.tolist()) == list(range(_ROWS))
    assert (np.diff(lists.begins) > 0).all()
    for begin, end in zip(lists.begins, lists.begins[1:], strict=False):
        assert (np.diff(lists.rows[begin:end]) > 0).all()


def test_a_centroid_is_the_mean_of_its_list(lists: Lists, vectors: NDArray[np.float16]) -> None:
    means = lists.centroids.widen()
    for number, (begin, end) in enumerate(zip(lists.begins, lists.begins[1:], strict=False)):
        mean = vectors[lists.rows[begin:end]].astype(np.float32).mean(axis=0)
        np.testing.assert_allclose(means[number], mean, atol=4e-3)
    np.testing.assert_allclose(lists.norms, np.linalg.norm(means, axis=1), rtol=1e-6)


def test_signs_are_those_of_the_differences(lists: Lists, vectors: NDArray[np.float16]) -> None:
    numbers = np.repeat(np.arange(len(lists.norms)), np.diff(lists.begins))
    differences = vectors[lists.rows].astype(np.float32) - lists.centroids.widen()[numbers]
    bits = np.unpackbits(lists.signs.words.view(np.uint8), axis=1, bitorder="little")
    np.testing.assert_array_equal(bits[:, :_DIMENSION], differences > 0)
    assert not bits[:, _DIMENSION:].any()


@pytest.mark.parametrize("count", [1, 2, 31, 700])
def test_few_products_have_lists_too(count: int) -> None:
    found = Lists.of(units(count))
    assert sorted(found.rows.tolist()) == list(range(count))


def test_equal_vectors_are_no_trouble() -> None:
    found = Lists.of(np.repeat(units(1), 300, axis=0))
    assert sorted(found.rows.tolist()) == list(range(300))


def test_vectors_that_cancel_each_other_have_a_mean_that_can_be_divided_by() -> None:
    one = units(1)
    found = Lists.of(np.concatenate((one, -one)))
    opposite = int(np.abs(found.centroids.widen()).sum(axis=1).argmin())
    assert not found.centroids.codes[opposite].any()
    assert found.norms[opposite] == np.float32(1e-6)


@pytest.mark.parametrize("norm", [0.0, -1.0, np.nan])
def test_a_file_with_a_mean_of_no_length_is_read_with_a_short_one(
    lists: Lists, tmp_path: Path, norm: float
) -> None:
    norms = lists.norms.copy()
    norms[3] = norm
    lists._replace(norms=norms).write(tmp_path / "lists")
    found = Lists.read(tmp_path / "lists", _ROWS, _DIMENSION).norms
    norms[3] = 1e-6
    np.testing.assert_array_equal(found, norms)


def test_the_number_of_cores_does_not_change_the_clusters(vectors: NDArray[np.float16]) -> None:
    found = []
    for cores in (1, 4):
        with patch.object(clusters, "available_cores", lambda cores=cores: cores):
            found.append(cluster(vectors))
    np.testing.assert_array_equal(found[0].rows, found[1].rows)
    np.testing.assert_array_equal(found[0].begins, found[1].begins)
    np.testing.assert_array_equal(found[0].groups, found[1].groups)


def test_lists_come_back_from_their_file(lists: Lists, tmp_path: Path) -> None:
    lists.write(tmp_path / "lists")
    found = Lists.read(tmp_path / "lists", _ROWS, _DIMENSION)
    np.testing.assert_equal(found._asdict(), lists._asdict())


DAMAGES: list[tuple[str, Callable[[Lists], Lists]]] = [
    ("fewer rows", lambda it: it._replace(rows=it.rows[:-1])),
    (
        "another width",
        lambda it: it._replace(signs=it.signs._replace(words=it.signs.words[:, :0])),
    ),
    ("a row that is none", lambda it: it._replace(rows=np.where(it.rows == 7, _ROWS, it.rows))),
    ("a row below zero", lambda it: it._replace(rows=np.where(it.rows == 7, -1, it.rows))),
    ("a list that ends early", lambda it: it._replace(begins=it.begins[::-1].copy())),
    ("groups that end early", lambda it: it._replace(group_begins=it.group_begins // 2)),
    ("other numbers", lambda it: it._replace(norms=it.norms.astype(np.float64))),
]


@pytest.mark.parametrize(("what", "damage"), DAMAGES)
def test_what_machine_code_would_trip_over_is_refused(
    lists: Lists, tmp_path: Path, what: str, damage: Callable[[Lists], Lists]
) -> None:
    damage(lists).write(tmp_path / "lists")
    with pytest.raises(SnapshotCorruptError, match="searchsvc rollback"):
        Lists.read(tmp_path / "lists", _ROWS, _DIMENSION)
    assert what

"""Clusters of vectors that lie together, in two levels (FAISS)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import faiss
import numpy as np

from indexer.cores import available_cores
from indexer.vectors.half import widen

if TYPE_CHECKING:
    from numpy.typing import NDArray

GROUP_ROWS = 1_024
LIST_ROWS = 32
"""Finer lists need fewer vectors to be looked at, coarser ones fewer lists."""

_TRAINING_ROWS_PER_GROUP = 48
_GROUP_ROUNDS = 8
_LIST_ROUNDS = 6
_BLOCK_ROWS = 16_384
_SEED = 1


@dataclass(frozen=True, slots=True)
class Clusters:
    """Vectors in lists, lists in groups.

    Attributes:
        groups: float32 ``(groups, dimension)``, unit rows, the middle of each group.
        group_begins: int32 ``(groups + 1,)``, the first list of each group; the last is the end.
        begins: int32 ``(lists + 1,)``, where each list begins in `rows`; none is empty.
        rows: int32 ``(n,)``, list by list, ascending in each.
    """

    groups: NDArray[np.float32]
    group_begins: NDArray[np.int32]
    begins: NDArray[np.int32]
    rows: NDArray[np.int32]


def cluster(vectors: NDArray[np.float16]) -> Clusters:
    """Clusters of `vectors`, float16 ``(n, dimension)``, unit rows.

    Spherical k-means over evenly spaced rows makes groups of about a thousand, and k-means inside
    each group its lists, so that the time grows with the number of vectors; on catalogues it was
    no worse than as many lists found at once. Every call of FAISS runs in one thread over rows
    that do not depend on the number of cores: neither does the result.
    """
    groups = _train(_evenly(vectors, _TRAINING_ROWS_PER_GROUP), _count(vectors), _GROUP_ROUNDS)
    with ThreadPoolExecutor(available_cores()) as threads:
        blocks = range(0, len(vectors), _BLOCK_ROWS)
        nearest = threads.map(
            lambda begin: _nearest(groups, vectors[begin : begin + _BLOCK_ROWS]), blocks
        )
        assigned = np.concatenate(list(nearest))
        members = np.split(
            np.argsort(assigned, kind="stable").astype(np.int32),
            np.cumsum(np.bincount(assigned, minlength=len(groups)))[:-1],
        )
        split = list(threads.map(lambda rows: _split(vectors, rows), members))
    lists = [rows for parts in split for rows in parts]
    return Clusters(
        groups,
        _begins([len(parts) for parts in split]),
        _begins([len(rows) for rows in lists]),
        np.concatenate(lists),
    )


def _count(vectors: NDArray[np.float16]) -> int:
    return max(1, round(len(vectors) / GROUP_ROWS))


def _evenly(vectors: NDArray[np.float16], rows_per_group: int) -> NDArray[np.float32]:
    # Rows are in id order, so that a prefix would be one department.
    wanted = min(len(vectors), _count(vectors) * rows_per_group)
    return widen(vectors[np.linspace(0, len(vectors) - 1, wanted).astype(np.int64)])


def _train(vectors: NDArray[np.float32], count: int, rounds: int) -> NDArray[np.float32]:
    faiss.omp_set_num_threads(1)
    means = faiss.Kmeans(
        vectors.shape[1],
        count,
        niter=rounds,
        seed=_SEED,
        spherical=True,
        min_points_per_centroid=1,
        max_points_per_centroid=len(vectors),
    )
    means.train(vectors)
    return np.asarray(means.centroids, np.float32)


def _nearest(centroids: NDArray[np.float32], vectors: NDArray[np.float16]) -> NDArray[np.int64]:
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(centroids.shape[1])
    index.add(centroids)
    found: NDArray[np.int64] = index.search(widen(vectors), 1)[1][:, 0]
    return found


def _split(vectors: NDArray[np.float16], rows: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    """The lists of the group of `rows`."""
    count = max(1, round(len(rows) / LIST_ROWS))
    if count == 1:
        return [rows] if len(rows) else []
    inside = vectors[rows]
    assigned = _nearest(_train(widen(inside), count, _LIST_ROUNDS), inside)
    parts = [rows[assigned == part] for part in range(count)]
    return [part for part in parts if len(part)]


def _begins(sizes: list[int]) -> NDArray[np.int32]:
    begins = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=begins[1:])
    return begins

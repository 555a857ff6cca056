"""Inverted lists: which vectors lie near to which middle, and on which side of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.cores import available_cores
from indexer.errors import SnapshotCorruptError
from indexer.storage import read_arrays, write_arrays
from indexer.vectors.clusters import cluster
from indexer.vectors.codes import Codes
from indexer.vectors.half import widen
from indexer.vectors.signs import WORD_BITS, Signs

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from indexer.vectors.clusters import Clusters

_BLOCK_LISTS = 512
_LEAST_NORM = np.float32(1e-6)
"""Of a mean: vectors that cancel each other have one of length 0, which nothing divides by."""


class Lists(NamedTuple):
    """Vectors in lists, lists in groups.

    Attributes:
        groups: the middle of each group.
        group_begins: int32 ``(groups + 1,)``, the first list of each group; the last is the end.
        centroids: the mean of each list.
        norms: float32 ``(lists,)``, the length of each mean: short where its vectors disagree,
            but never 0.
        begins: int32 ``(lists + 1,)``, where each list begins in `rows`.
        rows: int32 ``(products,)``, list by list, ascending in each.
        signs: the differences of the vectors from their list's mean, in the order of `rows`.
    """

    groups: Codes
    group_begins: NDArray[np.int32]
    centroids: Codes
    norms: NDArray[np.float32]
    begins: NDArray[np.int32]
    rows: NDArray[np.int32]
    signs: Signs

    @classmethod
    def of(cls, vectors: NDArray[np.float16]) -> Lists:
        """Lists of `vectors`, float16 ``(products, dimension)``, unit rows."""
        clusters = cluster(vectors)
        blocks = range(0, len(clusters.begins) - 1, _BLOCK_LISTS)
        with ThreadPoolExecutor(available_cores()) as threads:
            done = threads.map(lambda first: _describe(clusters, vectors, first), blocks)
            centroids, norms, signs = zip(*done, strict=True)
        return cls(
            Codes.of(clusters.groups),
            clusters.group_begins,
            Codes.joined(centroids),
            np.concatenate(norms),
            clusters.begins,
            clusters.rows,
            Signs.joined(signs),
        )

    def write(self, path: Path) -> None:
        """Write them to `path`."""
        write_arrays(path, dict(_flat(self)))

    @classmethod
    def read(cls, path: Path, products: int, dimension: int) -> Lists:
        """The lists at `path`, mapped.

        Raises:
            SnapshotCorruptError: they are not lists of so many vectors of this dimension.
        """
        file = read_arrays(path)
        lists = cls(
            Codes(file.array("groups.codes"), file.array("groups.scales")),
            file.array("group_begins"),
            Codes(file.array("centroids.codes"), file.array("centroids.scales")),
            np.fmax(file.array("norms"), _LEAST_NORM),  # of a damaged file, too
            file.array("begins"),
            file.array("rows"),
            Signs(file.array("signs.words"), file.array("signs.factors")),
        )
        if not lists._is_sound(products, dimension):
            raise SnapshotCorruptError(
                f"{path.name} holds no inverted lists of {products} vectors of {dimension} "
                "dimensions. Go back with 'searchsvc rollback' or rebuild with "
                "'searchsvc reindex'."
            )
        return lists

    def _is_sound(self, products: int, dimension: int) -> bool:
        """Whether reading never leaves the arrays: machine code does not look."""
        groups, lists = len(self.group_begins) - 1, len(self.begins) - 1
        expected = {
            "groups.codes": ("int8", (groups, dimension)),
            "groups.scales": ("uint16", (groups,)),
            "group_begins": ("int32", (groups + 1,)),
            "centroids.codes": ("int8", (lists, dimension)),
            "centroids.scales": ("uint16", (lists,)),
            "norms": ("float32", (lists,)),
            "begins": ("int32", (lists + 1,)),
            "rows": ("int32", (products,)),
            "signs.words": ("uint64", (products, -(-dimension // WORD_BITS))),
            "signs.factors": ("uint16", (products,)),
        }
        return (
            {name: (array.dtype.name, array.shape) for name, array in _flat(self)} == expected
            and _is_partition(self.group_begins, lists)
            and _is_partition(self.begins, products)
            and 0 <= int(self.rows.min()) <= int(self.rows.max()) < products
        )


def _flat(lists: Lists) -> list[tuple[str, NDArray[Any]]]:
    flat: list[tuple[str, NDArray[Any]]] = []
    for name, value in lists._asdict().items():
        if isinstance(value, Codes | Signs):
            flat += [(f"{name}.{part}", array) for part, array in value._asdict().items()]
        else:
            flat.append((name, value))
    return flat


def _is_partition(begins: NDArray[np.int32], end: int) -> bool:
    return int(begins[0]) == 0 and int(begins[-1]) == end and bool((np.diff(begins) >= 0).all())


def _describe(
    clusters: Clusters, vectors: NDArray[np.float16], first: int
) -> tuple[Codes, NDArray[np.float32], Signs]:
    """Centroids, their norms and the signs of a block of lists."""
    begins = clusters.begins[first : first + _BLOCK_LISTS + 1]
    inside = widen(vectors[clusters.rows[begins[0] : begins[-1]]])
    sizes = np.diff(begins)
    sums = np.add.reduceat(inside, begins[:-1] - begins[0], axis=0)
    centroids = Codes.of((sums / sizes[:, None]).astype(np.float32))
    means = centroids.widen()
    norms = np.fmax(np.linalg.norm(means, axis=1).astype(np.float32), _LEAST_NORM)
    return centroids, norms, Signs.of(inside - np.repeat(means, sizes, axis=0))

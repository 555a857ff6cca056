"""Clustering by direction: spherical k-means, and how far two halves of the points agree on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLUSTERS = 8
LEAST_STABILITY = 0.7
"""Jaccard index of each cluster with what half of the points make of it. From 0.6 on there is a
pattern, from 0.75 on a stable cluster (Hennig: Cluster-wise assessment of cluster stability, 2007,
with samples larger than ours of a half)."""
_STARTS = 12
_MOST_ROUNDS = 40
_HALVINGS = 6
_SEED = 20_261_123


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """Clusters of points.

    Attributes:
        centres: float32 ``(clusters, dimension)``, of length 1.
        stabilities: float64 ``(clusters,)``, of each cluster; see `LEAST_STABILITY`.
        agreement: the adjusted Rand index of the clusters that two halves of the points make.
    """

    centres: NDArray[np.float32]
    stabilities: NDArray[np.float64]
    agreement: float

    def nearest(self, points: NDArray[np.float32]) -> NDArray[np.int64]:
        """The cluster of each of `points`: int64 ``(n,)``."""
        return _nearest(points, self.centres)


def cluster(points: NDArray[np.float32]) -> Clustering | None:
    """As many clusters as are found again from half of the points.

    Of two to `MOST_CLUSTERS` it is the greatest number of clusters each of which is stable: more
    would depend on who happened to be there. The same points give the same clusters.

    Args:
        points: float32 ``(n, dimension)``, of length 1.

    Returns:
        ``None`` where no number of clusters is stable.
    """
    for count in range(min(MOST_CLUSTERS, len(points) // 4), 1, -1):
        found = _tried(points, count, np.random.default_rng([_SEED, count]))
        if found.stabilities.min() >= LEAST_STABILITY:
            return found
    return None


def spherical_k_means(
    points: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """The centres of `count` clusters of unit vectors with the greatest sum of cosines.

    Lloyd's algorithm with cosines (Dhillon, Modha: Concept decompositions for large sparse text
    data, 2001), the best of several starts by k-means++.
    """
    best, best_sum = points[:count], -np.inf
    for _ in range(_STARTS):
        centres = _improved(points, _start(points, count, random))
        cosines = float((points @ centres.T).max(axis=1).sum())
        if cosines > best_sum:
            best, best_sum = centres, cosines
    return best


def adjusted_rand(ours: NDArray[np.int64], theirs: NDArray[np.int64]) -> float:
    """How far two clusterings of the same points agree: 1 fully, 0 as by chance.

    Hubert, Arabie: Comparing partitions, 1985.
    """
    table = np.zeros((int(ours.max()) + 1, int(theirs.max()) + 1))
    np.add.at(table, (ours, theirs), 1)
    together = _pairs(table)
    our_pairs, their_pairs = _pairs(table.sum(axis=1)), _pairs(table.sum(axis=0))
    by_chance = our_pairs * their_pairs / _pairs(np.array([len(ours)]))
    most = (our_pairs + their_pairs) / 2
    return 1.0 if most == by_chance else (together - by_chance) / (most - by_chance)


def _pairs(counts: NDArray[np.float64]) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _tried(points: NDArray[np.float32], count: int, random: np.random.Generator) -> Clustering:
    """`count` clusters of all points beside those of halves, over several halvings."""
    centres = spherical_k_means(points, count, random)
    whole = _nearest(points, centres)
    overlaps, agreements = [], []
    for _ in range(_HALVINGS):
        order = random.permutation(len(points))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        found = [
            _nearest(points, spherical_k_means(points[half], count, random)) for half in halves
        ]
        overlaps += [_overlaps(whole, of_half, count) for of_half in found]
        agreements.append(adjusted_rand(*found))
    return Clustering(centres, np.mean(overlaps, axis=0), float(np.mean(agreements)))


def _overlaps(
    ours: NDArray[np.int64], theirs: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """The Jaccard index of each of our clusters with the one of theirs that is most alike."""
    both = np.zeros((count, count))
    np.add.at(both, (ours, theirs), 1)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    overlaps: NDArray[np.float64] = (both / np.maximum(either, 1)).max(axis=1)
    return overlaps


def _nearest(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    nearest: NDArray[np.int64] = np.argmax(points @ centres.T, axis=1)
    return nearest


def _start(
    points: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    """Points far from one another (k-means++; Arthur, Vassilvitskii 2007)."""
    chosen = [int(random.integers(len(points)))]
    distances = 1 - points @ points[chosen[0]]
    for _ in range(count - 1):
        odds = np.maximum(distances.astype(np.float64), 0) + np.finfo(np.float32).tiny
        chosen.append(int(random.choice(len(points), p=odds / odds.sum())))
        distances = np.minimum(distances, 1 - points @ points[chosen[-1]])
    return points[chosen]


def _improved(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    before = np.full(len(points), -1)
    for _ in range(_MOST_ROUNDS):
        nearest = _nearest(points, centres)
        if np.array_equal(nearest, before):
            break
        before = nearest
        members = np.zeros((len(centres), len(points)), np.float32)
        members[nearest, np.arange(len(points))] = 1
        sums = members @ points
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        # A cluster that nobody is in stays where it is.
        centres = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), centres)
    return centres

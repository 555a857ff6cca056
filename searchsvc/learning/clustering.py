"""Clustering by direction: spherical k-means, and how far two halves of the points agree on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLUSTERS = 8
LEAST_STABILITY = 0.6
"""Adjusted Rand index of two halves; 0 is chance, 1 is the same clusters."""
_STARTS = 12
_MOST_ROUNDS = 40
_HALVINGS = 6
_SEED = 20_261_123


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """Clusters of points.

    Attributes:
        centres: float32 ``(clusters, dimension)``, of length 1.
        stability: the mean adjusted Rand index of the clusters that are found from two halves of
            the points, over several halvings.
    """

    centres: NDArray[np.float32]
    stability: float

    def nearest(self, points: NDArray[np.float32]) -> NDArray[np.int64]:
        """The cluster of each of `points`: int64 ``(n,)``."""
        nearest: NDArray[np.int64] = np.argmax(points @ self.centres.T, axis=1)
        return nearest


def cluster(points: NDArray[np.float32]) -> Clustering | None:
    """As many clusters as are found again from half of the points.

    Of two to `MOST_CLUSTERS` it is the greatest number whose clusters are stable: more would
    depend on who happened to be asked. The same points give the same clusters.

    Args:
        points: float32 ``(n, dimension)``, of length 1.

    Returns:
        ``None`` where no number of clusters is stable.
    """
    random = np.random.default_rng(_SEED)
    for count in range(min(MOST_CLUSTERS, len(points) // 4), 1, -1):
        stability = _stability(points, count, random)
        if stability >= LEAST_STABILITY:
            return Clustering(spherical_k_means(points, count, random), stability)
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


def _stability(points: NDArray[np.float32], count: int, random: np.random.Generator) -> float:
    agreements = []
    for _ in range(_HALVINGS):
        order = random.permutation(len(points))
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        ours, theirs = (
            np.argmax(points @ spherical_k_means(points[half], count, random).T, axis=1)
            for half in halves
        )
        agreements.append(adjusted_rand(ours, theirs))
    return float(np.mean(agreements))


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
        nearest = np.argmax(points @ centres.T, axis=1)
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

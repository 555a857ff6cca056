"""An ensemble of regression trees over a linear part, scored for all candidates at once.

A tree is not walked. Every comparison of every tree is made for every candidate, and one that
fails strikes out the leaves to the left of it; the leftmost leaf that is left is the one that a
walk would reach (Lucchese et al.: *QuickScorer: a fast algorithm to rank documents with additive
ensembles of regression trees*, SIGIR 2015). With at most eight leaves, the leaves of a tree are
the bits of a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_LEAVES = 8
"""Of one tree."""
LEAF = -1
"""In place of a feature."""

_ALL = 0xFF
_FIRST_BIT = np.array(
    [(byte & -byte).bit_length() - 1 if byte else 0 for byte in range(256)], np.int64
)


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """The trees as arrays of nodes, ``(nodes,)``; a node's children come after it.

    A score is ``features @ linear`` and what each tree adds.

    Attributes:
        roots: int32 ``(trees,)``, ascending; a tree's nodes follow its root.
        features: int32, the column that a node compares; `LEAF` for a leaf.
        thresholds: float32; a candidate whose feature is at most this goes left.
        left: int32, the left child; unused in a leaf.
        right: int32, likewise.
        values: float32, what a leaf adds to the score; unused elsewhere.
        linear: float32 ``(columns,)``.
    """

    roots: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    values: NDArray[np.float32]
    linear: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.roots)

    def check(self, columns: int) -> None:
        """See that every walk ends in a leaf.

        Args:
            columns: of the feature matrix.

        Raises:
            ValueError: the arrays do not describe trees; says which rule is broken.
        """
        nodes = len(self.features)
        arrays = (self.thresholds, self.left, self.right, self.values)
        _require(all(a.shape == (nodes,) for a in arrays), "node arrays of equal length")
        _require(len(self) > 0 and self.roots[0] == 0, "a tree that begins at node 0")
        _require(bool(np.all(np.diff(self.roots) > 0)), "roots in ascending order")
        inner = np.flatnonzero(self.features != LEAF)
        ends = np.append(self.roots[1:], nodes)
        end = ends[np.searchsorted(self.roots, inner, "right") - 1]
        for child in (self.left[inner], self.right[inner]):
            _require(bool(np.all((inner < child) & (child < end))), "children after their parent")
        parents = np.bincount(np.concatenate((self.left[inner], self.right[inner])), None, nodes)
        parents[self.roots] += 1
        _require(len(parents) == nodes and bool(np.all(parents == 1)), "one parent for each node")
        used = self.features[inner]
        _require(bool(np.all((used >= 0) & (used < columns))), f"features below {columns}")
        _require(self.linear.shape == (columns,), f"{columns} linear weights")
        numbers = np.concatenate((self.thresholds[inner], self.values, self.linear))
        _require(bool(np.isfinite(numbers).all()), "finite thresholds, values and weights")
        leaves = np.add.reduceat((self.features == LEAF).astype(np.int64), self.roots)
        _require(int(leaves.max()) <= MAX_LEAVES, f"at most {MAX_LEAVES} leaves in a tree")


def _require(holds: bool, expected: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise ValueError(f"expected {expected}")


class TreeEnsemble:
    """The sum of what the trees say and of the linear part."""

    def __init__(self, trees: Trees, columns: int) -> None:
        """Prepare `trees` for scoring.

        Args:
            trees: what to add up.
            columns: of the feature matrices.

        Raises:
            ValueError: see `Trees.check`.
        """
        trees.check(columns)
        comparisons: list[int] = []
        masks: list[int] = []
        begins: list[int] = []
        leaves: list[list[float]] = []
        self._constant = 0.0
        for root in trees.roots.tolist():
            if trees.features[root] == LEAF:
                self._constant += float(trees.values[root])
                continue
            begins.append(len(comparisons))
            leaves.append(_compile(trees, root, comparisons, masks))
        self._features = trees.features[comparisons]
        self._thresholds = trees.thresholds[comparisons][:, None]
        self._masks = np.array(masks, np.uint8)[:, None]
        self._begins = begins
        padded = [values + [0.0] * (MAX_LEAVES - len(values)) for values in leaves]
        self._leaves = np.array(padded, np.float32).ravel()
        self._linear = trees.linear
        self._bases = np.arange(len(leaves))[:, None] * MAX_LEAVES

    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Reranker.rerank`."""
        # Not by BLAS, whose sums depend on the number of rows; see `indexer.vectors.half`.
        linear: NDArray[np.float32] = np.einsum("ij,j->i", features, self._linear)
        if not self._begins:
            return (linear + np.float32(self._constant)).astype(np.float32)
        columns = np.ascontiguousarray(features.T)
        goes_left = columns[self._features] <= self._thresholds
        left_over = np.where(goes_left, np.uint8(_ALL), self._masks)
        reachable = np.bitwise_and.reduceat(left_over, self._begins, axis=0)
        values = self._leaves[_FIRST_BIT[reachable] + self._bases]
        constant = linear + self._constant
        scores: NDArray[np.float64] = values.sum(axis=0, dtype=np.float64) + constant
        return scores.astype(np.float32)


def _compile(trees: Trees, node: int, comparisons: list[int], masks: list[int]) -> list[float]:
    """Note the comparisons of the tree at `node`, each with the leaves left if it fails.

    Returns:
        The leaves' values from left to right.
    """
    leaves: list[float] = []

    def visit(node: int) -> None:
        if trees.features[node] == LEAF:
            leaves.append(float(trees.values[node]))
            return
        place = len(comparisons)
        comparisons.append(node)
        masks.append(_ALL)
        begin = len(leaves)
        visit(int(trees.left[node]))
        for leaf in range(begin, len(leaves)):
            masks[place] &= ~(1 << leaf)
        visit(int(trees.right[node]))

    visit(node)
    return leaves

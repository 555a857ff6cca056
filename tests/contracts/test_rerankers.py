"""Every reranker keeps the contract; the trees are compared with a walk from node to node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.single import SingleFeature
from searchsvc.reranking.trees import LEAF, MAX_LEAVES, TreeEnsemble, Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.reranking.protocol import Reranker

WIDTH = len(FEATURES)
# Quarters are exact, so that features meet thresholds and sums are sums.
_quarter = st.integers(-8, 8).map(lambda n: n / 4)
_matrix = st.integers(0, 12).flatmap(
    lambda rows: arrays.arrays(np.float32, (rows, WIDTH), elements=_quarter)
)
_leaf = st.tuples(_quarter)


def _split(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.integers(0, WIDTH - 1), _quarter, children, children)


def _leaves(tree: tuple[Any, ...]) -> int:
    return 1 if len(tree) == 1 else _leaves(tree[2]) + _leaves(tree[3])


_tree = st.recursive(_leaf, _split, max_leaves=MAX_LEAVES).filter(
    lambda tree: _leaves(tree) <= MAX_LEAVES
)
_forest = st.lists(_tree, min_size=1, max_size=6)
_linear = st.lists(_quarter, min_size=WIDTH, max_size=WIDTH)


def as_arrays(forest: list[tuple[Any, ...]], linear: list[float]) -> Trees:
    roots: list[int] = []
    nodes: list[list[float]] = []

    def add(tree: tuple[Any, ...]) -> int:
        place = len(nodes)
        nodes.append([LEAF, 0, 0, 0, 0])
        if len(tree) == 1:
            nodes[place][4] = tree[0]
        else:
            nodes[place][:2] = tree[:2]
            nodes[place][2:4] = [add(tree[2]), add(tree[3])]
        return place

    for tree in forest:
        roots.append(len(nodes))
        add(tree)
    table = np.array(nodes, np.float64).T
    return Trees(
        roots=np.array(roots, np.int32),
        features=table[0].astype(np.int32),
        thresholds=table[1].astype(np.float32),
        left=table[2].astype(np.int32),
        right=table[3].astype(np.int32),
        values=table[4].astype(np.float32),
        linear=np.array(linear, np.float32),
    )


class Walk:
    """The oracle: one candidate and one tree at a time, from node to node."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees

    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = [self._score(row) for row in features]
        return np.array(scores, np.float32)

    def _score(self, row: NDArray[np.float32]) -> float:
        trees = self._trees
        score = float(row.astype(np.float64) @ trees.linear)
        for root in trees.roots:
            node = root
            while trees.features[node] != LEAF:
                left = row[trees.features[node]] <= trees.thresholds[node]
                node = trees.left[node] if left else trees.right[node]
            score += float(trees.values[node])
        return score


@given(_forest, _linear, _matrix)
def test_the_trees_score_as_a_walk_does(
    forest: list[tuple[Any, ...]], linear: list[float], features: NDArray[np.float32]
) -> None:
    trees = as_arrays(forest, linear)
    found = TreeEnsemble(trees, WIDTH).rerank(features)
    np.testing.assert_array_equal(found, Walk(trees).rerank(features))


_FIXED = as_arrays(
    [(0, 0.25, (1.0,), (3, -0.5, (2.0,), (-1.5,))), (0.5,), (9, 0.0, (0.25,), (4.0,))],
    [0.5] * WIDTH,
)
RERANKERS: list[Reranker] = [
    TreeEnsemble(_FIXED, WIDTH),
    Walk(_FIXED),
    *(SingleFeature(name) for name in FEATURES),
]


@pytest.mark.parametrize("reranker", RERANKERS)
@given(_matrix, st.randoms())
def test_a_score_is_finite_and_depends_on_its_candidate_only(
    reranker: Reranker, features: NDArray[np.float32], random: Any
) -> None:
    before = features.copy()
    scores = reranker.rerank(features)
    assert scores.shape == (len(features),)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    order = list(range(len(features)))
    random.shuffle(order)
    np.testing.assert_array_equal(reranker.rerank(features[order]), scores[order])
    for place in range(len(features)):
        alone = reranker.rerank(features[place : place + 1])
        np.testing.assert_array_equal(alone, scores[place : place + 1])
    scores += 1  # what was given is not what is kept
    np.testing.assert_array_equal(features, before)

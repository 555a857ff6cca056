"""Trees as arrays: what is refused, and where a candidate on a threshold goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from searchsvc.reranking.trees import LEAF, MAX_LEAVES, TreeEnsemble, Trees

COLUMNS = 2


def ints(*values: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    return np.array(values, np.int32)


def floats(*values: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array(values, np.float32)


# feature 1 <= 0.5: 1.0, else 2.0; and 0.25 for everybody
GOOD = Trees(
    roots=ints(0, 3),
    features=ints(1, LEAF, LEAF, LEAF),
    thresholds=floats(0.5, 0, 0, 0),
    left=ints(1, 0, 0, 0),
    right=ints(2, 0, 0, 0),
    values=floats(0, 1, 2, 0.25),
    linear=floats(0, 0),
)


def chain(leaves: int) -> Trees:
    """A tree that parts with one leaf at each comparison."""
    inner = leaves - 1
    nodes = range(2 * leaves - 1)
    features = [0 if node % 2 == 0 and node < 2 * inner else LEAF for node in nodes]
    return Trees(
        roots=ints(0),
        features=ints(*features),
        thresholds=floats(*(node / 2 for node in nodes)),
        left=ints(*(node + 1 for node in nodes)),
        right=ints(*(node + 2 for node in nodes)),
        values=floats(*nodes),
        linear=floats(0, 0),
    )


def test_a_candidate_on_the_threshold_goes_left() -> None:
    above = np.nextafter(np.float32(0.5), np.float32(1))
    features = np.array([[9, 0.5], [9, above], [-9, -1]], np.float32)
    assert TreeEnsemble(GOOD, COLUMNS).rerank(features).tolist() == [1.25, 2.25, 1.25]


def test_trees_without_comparisons_are_a_constant() -> None:
    constant = replace(
        GOOD,
        roots=ints(0, 1),
        **{name: getattr(GOOD, name)[2:] for name in ("features", "thresholds", "left")},
        right=GOOD.right[2:],
        values=GOOD.values[2:],
        linear=floats(1, 0),
    )
    scores = TreeEnsemble(constant, COLUMNS).rerank(np.array([[0, 7], [3, 7]], np.float32))
    assert scores.tolist() == [2.25, 5.25]


def test_a_tree_of_the_greatest_size_reaches_each_of_its_leaves() -> None:
    trees = chain(MAX_LEAVES)
    features = np.array([[number, 0] for number in range(MAX_LEAVES)], np.float32)
    found = TreeEnsemble(trees, COLUMNS).rerank(features).tolist()
    leaves = trees.values[trees.features == LEAF].tolist()
    assert found == leaves


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (replace(GOOD, values=floats(1)), "node arrays of equal length"),
        (replace(GOOD, roots=ints()), "a tree that begins at node 0"),
        (replace(GOOD, roots=ints(1, 3)), "a tree that begins at node 0"),
        (replace(GOOD, roots=ints(0, 0)), "roots in ascending order"),
        (replace(GOOD, left=ints(0, 0, 0, 0)), "children after their parent"),  # a loop
        (replace(GOOD, right=ints(3, 0, 0, 0)), "children after their parent"),  # another tree
        (replace(GOOD, right=ints(9, 0, 0, 0)), "children after their parent"),
        (replace(GOOD, right=ints(1, 0, 0, 0)), "one parent for each node"),
        (replace(GOOD, features=ints(2, LEAF, LEAF, LEAF)), "features below 2"),
        (replace(GOOD, features=ints(-2, LEAF, LEAF, LEAF)), "features below 2"),
        (replace(GOOD, linear=floats(0)), "2 linear weights"),
        (replace(GOOD, linear=floats(0, np.inf)), "finite"),
        (replace(GOOD, thresholds=floats(np.nan, 0, 0, 0)), "finite"),
        (replace(GOOD, values=floats(0, 1, np.inf, 0)), "finite"),
        (chain(MAX_LEAVES + 1), f"at most {MAX_LEAVES} leaves"),
    ],
)
def test_arrays_that_are_no_trees_are_refused(broken: Trees, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        TreeEnsemble(broken, COLUMNS)

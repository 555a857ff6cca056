"""Lists and codes after changes, beside those of a full build."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.vectors.calibration import nearest, recall_of
from indexer.vectors.codes import Codes
from indexer.vectors.ivf import IvfIndex
from indexer.vectors.lists import Lists
from indexer.vectors.merging import merge_codes, merge_lists

_ROWS, _DIMENSION = 3_000, 70  # a dimension that leaves bits of the last word unused


def units(rng: np.random.Generator, count: int) -> NDArray[np.float16]:
    centres = np.random.default_rng(1).standard_normal((30, _DIMENSION))
    points = centres[rng.integers(30, size=count)] + rng.standard_normal((count, _DIMENSION))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float16)


def assert_same(found: Lists, expected: Lists) -> None:
    np.testing.assert_equal(found._asdict(), expected._asdict())


class Change:
    """Products go, come and get other vectors."""

    def __init__(self, before: NDArray[np.float16], seed: int, share: float) -> None:
        rng = np.random.default_rng(seed)
        fate = rng.choice(3, len(before), p=[1 - share, share / 2, share / 2])
        added = rng.random(len(before)) < share / 2
        # Each row of before, and behind some of them a new one, in this order.
        position = np.arange(len(before)) + np.cumsum(added) - added
        keep = fate != 1
        alive = np.zeros(len(before) + int(added.sum()), np.bool_)
        alive[position[keep]] = True
        alive[(position + 1)[added]] = True
        number = np.cumsum(alive) - 1
        self.moved = np.where(fate == 0, number[position], -1).astype(np.int32)
        rows = np.concatenate((number[position[fate == 2]], number[(position + 1)[added]]))
        self.rows = np.sort(rows).astype(np.int64)
        self.vectors = units(rng, len(self.rows))
        self.after = np.empty((int(alive.sum()), _DIMENSION), np.float16)
        kept = self.moved >= 0
        self.after[self.moved[kept]] = before[kept]
        self.after[self.rows] = self.vectors


@pytest.fixture(scope="module")
def before() -> NDArray[np.float16]:
    return units(np.random.default_rng(0), _ROWS)


@pytest.fixture(scope="module")
def base(before: NDArray[np.float16]) -> tuple[Lists, Codes]:
    return Lists.of(before), Codes.of_all(before)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_codes_are_those_of_a_full_build(
    before: NDArray[np.float16], base: tuple[Lists, Codes], share: float
) -> None:
    change = Change(before, 5, share)
    merged = merge_codes(base[1], change.moved, change.rows, change.vectors)
    for found, expected in zip(merged, Codes.of_all(change.after), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_without_a_change_nothing_changes(base: tuple[Lists, Codes]) -> None:
    same = np.arange(_ROWS, dtype=np.int32)
    none = np.empty(0, np.int64), np.empty((0, _DIMENSION), np.float16)
    merged = merge_lists(base[0], same, *none)
    assert_same(merged, base[0])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000), st.floats(0, 1))
def test_each_row_is_in_one_list_and_lists_are_ascending(seed: int, share: float) -> None:
    before = units(np.random.default_rng(0), 300)
    lists = Lists.of(before)
    change = Change(before, seed, share)
    merged = merge_lists(lists, change.moved, change.rows, change.vectors)
    assert sorted(merged.rows.tolist()) == list(range(len(change.after)))
    assert merged.begins[-1] == len(change.after)
    for begin, end in zip(merged.begins, merged.begins[1:], strict=False):
        assert (np.diff(merged.rows[begin:end]) > 0).all()


def test_what_was_added_and_taken_away_again_leaves_what_was_there(
    before: NDArray[np.float16], base: tuple[Lists, Codes]
) -> None:
    added = units(np.random.default_rng(3), 50)
    rows = np.arange(_ROWS, _ROWS + 50)
    same = np.arange(_ROWS, dtype=np.int32)
    more = merge_lists(base[0], same, rows, added)
    back = np.concatenate((same, np.full(50, -1, np.int32)))
    none = np.empty(0, np.int64), np.empty((0, _DIMENSION), np.float16)
    again = merge_lists(more, back, *none)
    assert_same(again, base[0])
    # A product that comes back with the vector that it had goes where it was.
    moved = same.copy()
    gone = np.arange(0, _ROWS, 9)
    moved[gone] = -1
    once_more = merge_lists(base[0], moved, gone, before[gone])
    at = np.argsort(once_more.rows), np.argsort(base[0].rows)
    same_list = once_more.signs.words[at[0]] == base[0].signs.words[at[1]]
    assert same_list.all(axis=1).mean() > 0.97


def test_changes_cost_little_recall(
    before: NDArray[np.float16], base: tuple[Lists, Codes]
) -> None:
    change = Change(before, 7, 0.2)
    queries = units(np.random.default_rng(9), 60).astype(np.float32)
    truth = nearest(change.after, queries)
    given = change.moved, change.rows, change.vectors
    merged = IvfIndex(merge_lists(base[0], *given), merge_codes(base[1], *given), 1_000)
    built = IvfIndex(Lists.of(change.after), Codes.of_all(change.after), 1_000)
    assert recall_of(merged, queries, truth) >= recall_of(built, queries, truth) - 0.02
